"""One client in detail, from its problems to its certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import prometheus
from grafana_foundation_sdk.models.dashboard import RowPanel

from grafana.source.client import api, callbacks, coreapp, database, glance, upkeep, webapp
from grafana.source.frame import Cover, Row, alerts, framed, of_one_client
from grafana.source.selection import CHOSEN, NAMED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grafana_foundation_sdk.models.dashboard import Dashboard, Panel


def build() -> Dashboard:
    """Build the dashboard."""
    board = framed(
        Cover(
            "waexporter-client",
            "WhatsApp client",
            "One client in depth: what is wrong, since when, and what becomes of its messages.",
        ),
        of_one_client(),
        alerts(NAMED, by=()),
        [
            Row("", glance.PANELS),
            Row("API: what callers get", api.PANELS, closed=True),
            Row("Coreapp: messages in and out", coreapp.PANELS, closed=True),
            Row("Callbacks: what your webhook takes", callbacks.PANELS, closed=True),
            Row("Database", database.PANELS, closed=True),
            Row("Webapp", webapp.PANELS, closed=True),
            Row("Upkeep: disks, builds, certificates, settings", upkeep.PANELS, closed=True),
        ],
    )
    for panel in _panels(board):
        for asked in panel.targets or ():
            if isinstance(asked, prometheus.Dataquery):
                asked.expr = asked.expr.replace(CHOSEN, NAMED)
    return board


def _panels(board: Dashboard) -> Iterator[Panel]:
    for each in board.panels or ():
        if isinstance(each, RowPanel):
            yield from each.panels
        else:
            yield each
