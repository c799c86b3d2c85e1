"""Asking Alertmanager: what is asked, what is understood, and what one that does not answer costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
from structlog.testing import capture_logs

from tests.clocks import HandClock
from waexporter.errors import UnreachableError
from waexporter.paging.model import AlertGroup, ItemKind
from waexporter.paging.reconciliation.alertmanager_query import Alertmanager, read_age, read_alerts, try_query
from waexporter.paging.reconciliation.missing_alerts import GroupReply
from waexporter.transport.exchange import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = AlertGroup("key", "on\\.call", {"target": 'a "line"\\', "näme": "x"})
STARTED = 1_700_000_000.0
UPTIME = json.dumps({"uptime": "2023-11-14T22:13:20Z"}).encode()


class FakeAlertmanager:
    """Answers as it was told to."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Exception] = {
            "/api/v2/alerts": Reply(200, b"[]"),
            "/api/v2/status": Reply(200, UPTIME, date=STARTED + 90.0),
        }
        self.asked: list[str] = []

    def get_subpath(self, timeout: float, suffix: str) -> Reply:
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

    answer = Alertmanager(source, HandClock(), is_watchdog).query(GROUP)

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
    assert answer == GroupReply({}, age=90.0, has_seen_group=False)


def test_it_is_remembered_that_it_had_a_group() -> None:
    source = FakeAlertmanager()
    alertmanager = Alertmanager(source, HandClock(), is_watchdog)
    answers = []
    for body in ([], [alert("a")], []):
        source.replies["/api/v2/alerts"] = Reply(200, json.dumps(body).encode())
        answers.append(alertmanager.query(GROUP))

    assert [each.has_seen_group for each in answers if each] == [False, True, True]
    assert not alertmanager.has_seen(AlertGroup("another", GROUP.receiver))


@pytest.mark.parametrize(
    ("said", "kinds", "unread"),
    [
        ([alert("a")], {"a": ItemKind.FIRED}, 0),
        ([alert("a", "unprocessed")], {"a": ItemKind.FIRED}, 0),
        ([alert("a", "suppressed", silencedBy=["s"], inhibitedBy=["i"])], {"a": ItemKind.SILENCED}, 0),
        ([alert("a", "suppressed", silencedBy=[], inhibitedBy=["i"])], {"a": ItemKind.INHIBITED}, 0),
        ([alert("a", "suppressed", mutedBy=["night"])], {"a": ItemKind.SILENCED}, 0),
        ([alert("a", name="Watchdog")], {}, 0),
        ([alert("a") | {"labels": {"target": "another"}}], {}, 0),
        ([alert("a") | {"labels": None}], {"a": ItemKind.FIRED}, 0),
        ([alert("a") | {"labels": []}], {"a": ItemKind.FIRED}, 0),
        ([alert("a") | {"labels": {"target": None}}], {"a": ItemKind.FIRED}, 0),
        ([alert("a") | {"status": None}], {"a": ItemKind.FIRED}, 0),
        ([alert("a") | {"fingerprint": 7}], {}, 1),
        ([alert("a") | {"fingerprint": None}, alert("b")], {"b": ItemKind.FIRED}, 1),
        ([alert("a") | {"fingerprint": ""}], {}, 1),
        ([17, alert("b")], {"b": ItemKind.FIRED}, 1),
        ([None], {}, 1),
    ],
)
def test_how_each_alert_stands_is_understood_and_none_is_taken_to_be_gone(
    said: list[object], kinds: dict[str, ItemKind], unread: int
) -> None:
    assert read_alerts(json.dumps(said).encode(), GROUP, is_watchdog) == (kinds, unread)


@pytest.mark.parametrize(
    ("reply", "age"),
    [
        (Reply(200, UPTIME, date=STARTED + 7.0), 7.0),
        (Reply(200, UPTIME, date=STARTED - 0.9), 0.0),
        (Reply(200, UPTIME, date=STARTED - 2.0), None),
        (Reply(200, UPTIME), None),
        (Reply(500, UPTIME, date=STARTED + 7.0), None),
        (Reply(200, b'{"uptime": 17}', date=STARTED), None),
        (Reply(200, b"{}", date=STARTED), None),
        (Reply(200, b"hello", date=STARTED), None),
    ],
    ids=lambda each: None if isinstance(each, Reply) else str(each),
)
def test_since_when_it_runs_is_measured_on_its_own_clock_or_not_known(
    reply: Reply, age: float | None
) -> None:
    assert read_age(reply) == age


FAILURES = [
    UnreachableError("no connection"),
    Reply(404, b"[]"),
    Reply(200, b"{}"),
    Reply(200, b"\xff"),
    Reply(302, b""),
]


@pytest.mark.parametrize("failure", FAILURES, ids=["unreachable", "404", "no list", "no text", "redirect"])
def test_one_that_can_not_be_queried_pauses_and_is_logged_once(failure: Reply | Exception) -> None:
    source, clock = FakeAlertmanager(), HandClock()
    source.replies["/api/v2/alerts"] = failure
    alertmanager = Alertmanager(source, clock, is_watchdog)

    with capture_logs() as said:
        answers = [alertmanager.query(GROUP), alertmanager.query(GROUP)]
        clock.move(16.0)
        answers.append(alertmanager.query(GROUP))
    asked = len(source.asked)
    source.replies["/api/v2/alerts"] = Reply(200, b"[]")
    clock.move(16.0)

    assert answers == [None, None, None]
    assert (asked, len(said)) == (2, 1)
    assert alertmanager.query(GROUP) is not None


@pytest.mark.parametrize(
    "reply",
    [UnreachableError("no connection"), Reply(403, b"<html>"), Reply(200, UPTIME)],
    ids=["unreachable", "refused", "no date"],
)
def test_without_its_age_nothing_is_known_to_be_gone(reply: Reply | Exception) -> None:
    source = FakeAlertmanager()
    source.replies["/api/v2/status"] = reply

    answer = Alertmanager(source, HandClock(), is_watchdog).query(GROUP)

    assert answer is not None
    assert not answer.would_have(0.0)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[]", ""),
        (json.dumps([alert("a")]).encode(), ""),
        (b"<!doctype html><html>Sign in</html>", "the answer is no list of alerts"),
        (b'{"status": "error"}', "the answer is no list of alerts"),
        (b"", "the answer is no list of alerts"),
        (b"\xff", "the answer is no list of alerts"),
        (b"[1]", "an alert has no fingerprint"),
    ],
)
def test_trying_out_finds_what_asking_would(body: bytes, problem: str) -> None:
    source = FakeAlertmanager()
    source.replies["/api/v2/alerts"] = Reply(200, body)

    assert try_query(source, 3.0) == (problem, not problem or body == b"[1]")


@pytest.mark.parametrize("status", [Reply(403, b"<html>"), Reply(200, UPTIME)], ids=["refused", "no date"])
def test_trying_out_tells_whether_its_age_is_known(status: Reply) -> None:
    source = FakeAlertmanager()
    source.replies["/api/v2/status"] = status

    assert try_query(source, 3.0) == ("", False)
