"""The source of the dashboards; `python -m grafana.source` writes them as JSON."""
