"""Webapps behind a balancer of connections, on real sockets: all are seen, and what goes is not missed."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import pytest

from tests.transport.servers import Server, always, response
from waexporter.model import Endpoint, Instant, Limits, PollPlan, Success, Target
from waexporter.polling.poller import Poller
from waexporter.transport.connections import MAX_AGE, TransportOptions
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.transport.servers import Conversation

INTERVAL = 15.0


class Site:
    """Webapps, the balancer before them, and a poller of /v1/metrics with a clock moved by hand."""

    def __init__(self, ends: ExitStack) -> None:
        self._ends = ends
        self.webapps: list[Server] = []  # that new connections are led to, in turn
        self.steady = 1000.0
        self.balancer = ends.enter_context(Server(self._lead))
        plans = {Endpoint.WEB: PollPlan(INTERVAL, 20.0)}
        target = Target("t", self.balancer.url, plans=plans)
        surroundings = TransportOptions(self._now, lambda: 0.0)
        client = Client(target, Limits(), TlsContexts(), surroundings)
        ends.callback(client.close)
        self._poller = Poller(client, Endpoint.WEB, Limits(), self._now)

    def start(self, node: str) -> Server:
        """Start a webapp, to which new connections are led from now on."""
        said = {
            "metrics": {"web_uptime": {"type": "gauge", "data": [{"labels": {"node": node}, "value": 1}]}}
        }
        webapp = self._ends.enter_context(Server(always(response(json.dumps(said).encode()))))
        self.webapps.append(webapp)
        return webapp

    def poll(self, times: int) -> list[str]:
        """Poll on the timetable; gives who answered each time, and the reason where nobody did."""
        answered = []
        for _ in range(times):
            outcome = self._poller.poll().outcome
            answered.append(outcome.parts[0].source if isinstance(outcome, Success) else outcome.reason.value)
            self.steady += INTERVAL
        return answered

    def _now(self) -> Instant:
        return Instant(1_700_000_000.0 + self.steady, self.steady)

    def _lead(self, talk: Conversation) -> None:
        """Lead a connection to the next webapp that takes it."""
        webapps = self.webapps
        for turn in range(len(webapps)):
            with suppress(OSError):
                webapp = socket.create_connection(
                    ("127.0.0.1", webapps[(talk.number + turn) % len(webapps)].port), 20
                )
                with webapp:
                    talk.join(webapp)
                return


@pytest.fixture
def site() -> Iterator[Site]:
    with ExitStack() as ends:
        yield Site(ends)


def test_every_webapp_is_seen_in_turn_from_the_start(site: Site) -> None:
    for node in "abc":
        site.start(node)

    answered = site.poll(12)

    assert answered == ["a", "b", "c"] * 4


def test_a_webapp_that_dies_costs_no_poll_and_its_successor_is_seen(site: Site) -> None:
    webapps = [site.start(node) for node in "abc"]
    site.poll(12)

    webapps[1].close()
    without = site.poll(6)
    site.webapps.remove(webapps[1])
    site.start("d")
    later = site.poll(6)

    assert set(without) == {"a", "c"}
    assert set(later) == {"a", "c", "d"}


def test_an_address_that_leads_elsewhere_is_noticed_though_the_old_webapp_lives_on(site: Site) -> None:
    site.start("old")
    before = site.poll(3)

    site.webapps = []
    site.start("new")
    after = site.poll(int(MAX_AGE / INTERVAL))

    assert before == ["old"] * 3
    assert after == ["old", "old", "old", "new"]


def test_a_single_webapp_is_asked_for_a_connection_a_minute(site: Site) -> None:
    site.start("a")

    site.poll(3)
    before = site.balancer.connections
    answered = site.poll(40)

    assert answered == ["a"] * 40
    assert (before, site.balancer.connections - before) == (3, 10)


def test_a_webapp_that_came_back_under_another_name_is_soon_taken_for_a_single_one(site: Site) -> None:
    old = site.start("old")
    site.poll(4)
    site.webapps = []
    site.start("new")
    old.close()

    site.poll(40)
    before = site.balancer.connections
    site.poll(40)

    assert site.balancer.connections - before == 10
