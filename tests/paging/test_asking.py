"""Asking Alertmanager: what is asked, what is understood, and what one that does not answer costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from structlog.testing import capture_logs

from tests.paging.fakes import WALL, HandClock
from waexporter.errors import UnreachableError
from waexporter.paging.alerts import Group, Kind
from waexporter.paging.asking import Alertmanager, read_alerts, read_start
from waexporter.whatsapp.exchange import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = Group("key", "on\\.call", {"target": 'a "line"\\', "näme": "x"})
STARTED = "2023-11-14T22:13:20.123Z"


class FakeAlertmanager:
    """Answers as it was told to."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Exception] = {
            "/api/v2/alerts": Reply(200, b"[]"),
            "/api/v2/status": Reply(200, json.dumps({"uptime": STARTED}).encode()),
        }
        self.asked: list[str] = []

    def read(self, timeout: float, suffix: str) -> Reply:
        assert 0 < timeout < 5
        self.asked.append(suffix)
        reply = self.replies[urlsplit(suffix).path]
        if isinstance(reply, Exception):
            raise reply
        return reply


def is_watchdog(labels: Mapping[str, str]) -> bool:
    return labels.get("alertname") == "Watchdog"


def alert(
    fingerprint: str, state: str = "active", *, name: str = "Down", **status: object
) -> dict[str, object]:
    labels = {"alertname": name, **GROUP.labels}
    return {"fingerprint": fingerprint, "labels": labels, "status": {"state": state, **status}}


def test_it_is_asked_for_the_group_alone() -> None:
    source = FakeAlertmanager()

    answer = Alertmanager(source, HandClock(), is_watchdog).ask(GROUP)

    asked = urlsplit(source.asked[0])
    assert asked.path == "/api/v2/alerts"
    assert parse_qsl(asked.query) == [
        ("active", "true"),
        ("silenced", "true"),
        ("inhibited", "true"),
        ("unprocessed", "true"),
        ("receiver", "on\\.call"),
        ("filter", 'target="a \\"line\\"\\\\"'),
    ]
    assert answer is not None
    assert (answer.kinds, answer.started_at, answer.at) == ({}, 1_700_000_000.123, WALL)


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ([alert("a")], {"a": Kind.FIRED}),
        ([alert("a", "unprocessed")], {"a": Kind.FIRED}),
        ([alert("a", "suppressed", silencedBy=["s"], inhibitedBy=["i"])], {"a": Kind.SILENCED}),
        ([alert("a", "suppressed", silencedBy=[], inhibitedBy=["i"])], {"a": Kind.INHIBITED}),
        ([alert("a", "suppressed", mutedBy=["night"])], {"a": Kind.SILENCED}),
        ([alert("a", name="Watchdog")], {}),
        ([alert("a") | {"labels": {"target": "another"}}], {}),
        ([alert("a") | {"labels": None}], {}),
        ([alert("a") | {"status": None}], {"a": Kind.FIRED}),
        ([alert("a") | {"fingerprint": 7}], {"unread 0": Kind.FIRED}),
        ([17, alert("b")], {"b": Kind.FIRED}),
    ],
)
def test_how_each_alert_stands_is_understood(said: list[object], kinds: dict[str, Kind]) -> None:
    assert read_alerts(json.dumps(said).encode(), GROUP, is_watchdog) == kinds


@pytest.mark.parametrize(
    ("body", "start"),
    [
        (b'{"uptime": "2023-11-14T22:13:20Z"}', 1_700_000_000.0),
        (b'{"uptime": 17}', None),
        (b"{}", None),
        (b"hello", None),
    ],
)
def test_its_start_is_known_or_not(body: bytes, start: float | None) -> None:
    assert read_start(body) == start


FAILURES = [
    UnreachableError("no connection"),
    Reply(404, b"[]"),
    Reply(200, b"{}"),
    Reply(200, b"\xff"),
    Reply(302, b""),
]


@pytest.mark.parametrize("failure", FAILURES, ids=["unreachable", "404", "no list", "no text", "redirect"])
def test_one_that_can_not_be_asked_rests_and_is_said_once(failure: Reply | Exception) -> None:
    source, clock = FakeAlertmanager(), HandClock()
    source.replies["/api/v2/alerts"] = failure
    alertmanager = Alertmanager(source, clock, is_watchdog)

    with capture_logs() as said:
        answers = [alertmanager.ask(GROUP), alertmanager.ask(GROUP)]
        clock.move(16.0)
        answers.append(alertmanager.ask(GROUP))
    asked = len(source.asked)
    source.replies["/api/v2/alerts"] = Reply(200, b"[]")
    clock.move(16.0)

    assert answers == [None, None, None]
    assert (asked, len(said)) == (2, 1)
    assert alertmanager.ask(GROUP) is not None


def test_without_its_start_it_is_believed() -> None:
    source = FakeAlertmanager()
    source.replies["/api/v2/status"] = UnreachableError("no connection")

    answer = Alertmanager(source, HandClock(), is_watchdog).ask(GROUP)

    assert answer is not None
    assert answer.knows_of(0.0)
