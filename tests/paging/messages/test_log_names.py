"""The log names the alerts of pages, within a line."""

from __future__ import annotations

import pytest

from tests.paging.shapes import alert, fired, foreign, resolved
from waexporter.paging.messages.log_names import name_alerts, name_pages
from waexporter.paging.model import Doubt, Item, ItemKind, Page

DOWN = alert("WhatsAppDown", "orders")


@pytest.mark.parametrize(
    ("items", "names"),
    [
        (fired(DOWN), ["WhatsAppDown of orders"]),
        ((*fired(DOWN), *fired(DOWN)), ["WhatsAppDown of orders"]),
        ((Item(DOWN, ItemKind.REMINDED),), ["WhatsAppDown of orders still"]),
        (resolved(alert("WhatsAppDown", "eu", ends_at=2e9)), ["WhatsAppDown of eu resolved"]),
        (fired(foreign({"alertname": "Down", "instance": "db:9100"})), ["Down of db:9100"]),
        (
            fired(foreign({"alertname": "WaExporterWatchdogMissing", "source": "eu"})),
            ["WaExporterWatchdogMissing of eu"],
        ),
        (fired(foreign({})), ["an alert without a name"]),
        (fired(foreign({"alertname": "A\nB" + "x" * 100})), ["A B" + "x" * 57 + "…"]),
        (
            fired(*(alert("WhatsAppDown", f"c{number}") for number in range(1000))),
            [*(f"WhatsAppDown of c{number}" for number in range(5)), "995 more"],
        ),
        ((), []),
    ],
    ids=range(10),
)
def test_alerts_are_named_with_their_targets(items: tuple[Item, ...], names: list[str]) -> None:
    assert name_alerts(items) == names


def test_an_alert_that_a_webhook_left_out_is_named_as_well() -> None:
    page = Page("thread", fired(DOWN), doubts=(Doubt(alert("WhatsAppSettingsChanged", "orders"), 0.0),))

    assert name_pages([page]) == ["WhatsAppDown of orders", "WhatsAppSettingsChanged of orders not heard of"]
