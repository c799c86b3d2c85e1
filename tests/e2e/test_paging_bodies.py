"""Whatever is posted as a webhook: pages are taken, the rest is refused and counted, and the daemon lives."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.paging import (
    PATH,
    deliver,
    firing,
    messages_about,
    post,
    try_to_deliver,
    wait_for_end,
    webhook,
    write_pager,
)
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 8 * 1024 * 1024  # bytes


class Pair(NamedTuple):
    """A daemon, and the one client that it pages through."""

    exporter: Exporter
    client: SimulatedClient


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(Options(users=USERS, health_per_minute=None)))
        client = stack.enter_context(SimulatedClient(simulator.url))
        file = write_pager(tmp_path_factory.mktemp("bodies"), {"support-line": client})
        yield Pair(stack.enter_context(Exporter.run(file)), client)


@pytest.fixture(scope="module", autouse=True)
def stalled(pair: Pair) -> Iterator[socket.socket]:
    """Begin a body that does not go on; what comes of it takes its time, and the last test asks for it."""
    with begin(pair.exporter, webhook(firing("Slow")), 100, agent="stalled") as connection:
        yield connection


def begin(exporter: Exporter, body: bytes, sent: int, *, agent: str) -> socket.socket:
    """Deliver so many bytes of a body, and hold the line."""
    host, port = exporter.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=60)
    head = (
        f"POST {PATH} HTTP/1.1\r\nhost: {host}\r\nuser-agent: {agent}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body[:sent])
    return connection


def counted(exporter: Exporter, result: str) -> float:
    return exporter.page().value("waexporter_webhooks_total", result=result) or 0.0


def assert_still_pages(pair: Pair, name: str) -> None:
    deliver(pair.exporter, webhook(firing(name)))
    (page,) = wait_for_end(pair.exporter, name)
    assert page["state"] == "accepted"
    assert len(messages_about(pair.client, name)) == 1
    assert pair.exporter.page().value("waexporter_crashes_total") == 0


def test_ten_thousand_alerts_in_one_body_are_one_message_that_counts_them(pair: Pair) -> None:
    exporter, client = pair
    alerts = [firing("Flood", number=f"{number:05}") for number in range(10_000)]

    deliver(exporter, webhook(*alerts))
    (page,) = wait_for_end(exporter, "Flood")

    (text,) = messages_about(client, "Flood")
    assert (page["state"], page["alerts"]) == ("accepted", 10_000)
    assert "10000 alerts" in text
    assert len(text) <= 4096


@pytest.mark.parametrize(
    ("body", "status", "result"),
    [
        (b"", 400, "invalid"),
        (b"page everybody", 400, "invalid"),
        (b"[]", 400, "invalid"),
        (b"\xff\xfe", 400, "invalid"),
        (webhook(firing("Halved"))[:300], 400, "invalid"),
        (b'{"version": "4"}', 400, "invalid"),
        (b"[" * 1_000_000, 400, "invalid"),
        (b" " * (LARGEST + 1), 413, "too_large"),
    ],
    ids=[
        "empty",
        "not-json",
        "another-shape",
        "not-text",
        "cut-off",
        "without-alerts",
        "too-deep",
        "too-large",
    ],
)
def test_a_body_that_is_no_webhook_is_refused_and_counted(
    pair: Pair, request: pytest.FixtureRequest, body: bytes, status: int, result: str
) -> None:
    before = counted(pair.exporter, result)

    said = try_to_deliver(pair.exporter, body)

    # Whoever is told that a body is too large may be cut off before they have read it.
    assert said == status or (said is None and status == 413)
    wait_for(lambda: counted(pair.exporter, result), until=lambda count: count == before + 1)
    assert_still_pages(pair, f"After{abs(hash(request.node.name))}")


@pytest.mark.parametrize(
    ("name", "oddity"),
    [
        ("Half", {"fingerprint": "\ud800", "annotations": {"summary": "\udfff"}}),
        ("Endless", {"startsAt": "9999-12-31T23:59:59-23:59"}),
        ("Ancient", {"startsAt": "0001-01-01T00:00:00+23:59"}),
        ("Nameless", {"labels": {"alertname": "Nameless", "\0": "\0"}, "fingerprint": ""}),
    ],
)
def test_an_alert_that_is_odd_pages_or_is_refused(pair: Pair, name: str, oddity: dict[str, object]) -> None:
    body = json.dumps(json.loads(webhook(firing(name))) | {"alerts": [firing(name) | oddity]}).encode()

    status = post(pair.exporter, body)

    assert status in {200, 400}
    if status == 200:
        wait_for_end(pair.exporter, name)
        assert len(messages_about(pair.client, name)) == 1
    assert_still_pages(pair, f"After{name}")


def test_a_sender_that_hangs_up_amid_a_body_leaves_nothing_behind(pair: Pair) -> None:
    body = webhook(firing("Vanished"))

    begin(pair.exporter, body, len(body) - 1, agent="gone").close()

    assert_still_pages(pair, "AfterVanished")
    assert messages_about(pair.client, "Vanished") == []


def test_a_body_that_stops_on_its_way_is_answered_503_so_that_it_comes_again(
    pair: Pair, stalled: socket.socket
) -> None:
    answer = stalled.recv(4096)

    assert answer.startswith(b"HTTP/1.1 503 ")
    refused = pair.exporter.get("/api/v1/pages").json()["refused"]
    failed = {each["agent"]: each["webhooks"] for each in refused if each["agent"] in {"stalled", "gone"}}
    assert [each["status"] for each in refused if each["agent"] == "stalled"] == [503]
    assert failed["stalled"] == 1
    assert counted(pair.exporter, "failed") == sum(failed.values())  # beside one whose sender hung up
    assert messages_about(pair.client, "Slow") == []
    deliver(pair.exporter, webhook(firing("Slow")))
    wait_for_end(pair.exporter, "Slow")
    assert len(messages_about(pair.client, "Slow")) == 1
