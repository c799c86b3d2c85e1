"""One client in depth, from what is wrong down to its certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.client import api, callbacks, coreapp, database, glance, upkeep, webapp
from grafana.source.frame import Cover, alerts, framed, of_nodes

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard


def build() -> Dashboard:
    """Build the dashboard."""
    mine = 'target=~"$target"'
    return framed(
        Cover(
            "waexporter-client",
            "WhatsApp client",
            "One client in depth: what is wrong, since when, and what becomes of its messages.",
        ),
        of_nodes(),
        [
            alerts("Critical alerts", "red", mine, 'severity="critical"'),
            alerts("Warnings", "orange", mine, 'severity="warning"'),
        ],
        [
            ("", glance.PANELS),
            ("API: what callers get", api.PANELS),
            ("Coreapp: messages in and out", coreapp.PANELS),
            ("Callbacks: what your webhook takes", callbacks.PANELS),
            ("Database", database.PANELS),
            ("Webapp", webapp.PANELS),
            ("Upkeep: disks, builds, certificates, settings", upkeep.PANELS),
        ],
    )
