"""Draw the dashboards of what can happen with Grafana's published packages: `make screenshots`."""
