"""Whether the exporter itself is healthy: it polls in time and keeps the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.exporter import glance, polls, process, sources
from grafana.source.frame import Cover, Row, alerts, framed, of_exporters_and_clients

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

_ABOUT = 'alertname=~"WaExporter.*"'


def build() -> Dashboard:
    """Build the dashboard."""
    return framed(
        Cover(
            "waexporter-exporter",
            "waexporter",
            "Whether waexporter itself is healthy: it polls, in time, and keeps what it gets.",
        ),
        of_exporters_and_clients(),
        alerts(_ABOUT, by=()),
        [
            Row("", glance.PANELS),
            Row("Polls over time", polls.POLLS, closed=True),
            Row("Accounts", polls.LOGINS, closed=True),
            Row("What was read", polls.READ, closed=True),
            Row("Configuration", sources.PANELS, closed=True),
            Row("Process", process.PANELS, closed=True),
        ],
    )
