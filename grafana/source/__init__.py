"""The dashboards' source: typed builders in, JSON out; `python -m grafana.source` writes it."""
