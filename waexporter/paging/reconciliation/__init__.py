"""What became of the alerts that are missing from a delivery: query Alertmanager, decide, record."""
