"""What became of alerts that a delivery left out: ask Alertmanager, decide, conclude."""
