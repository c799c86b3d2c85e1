"""The web configuration file, in the format that Prometheus' exporters share, and how commands use it."""
