"""The web configuration file, in the format that Prometheus' exporters share."""
