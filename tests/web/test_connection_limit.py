"""Which connection is closed for a newcomer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.web.connection_limit import ConnectionRefusal, find_peer, make_room


class FakeTransport(asyncio.Transport):
    """Remembers that it was aborted."""

    is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


@dataclass(eq=False)
class FakeConnection:
    peer: str
    waits_since: float | None
    transport: asyncio.Transport = field(default_factory=FakeTransport)


def enter(connections: set[FakeConnection], newcomer: FakeConnection, limit: int) -> tuple[bool, list[str]]:
    """Let a connection in; return whether it has its place, and who lost theirs."""
    lost: list[str] = []
    connections.add(newcomer)
    has_place = make_room(connections, newcomer, limit, lambda _, peer, __: lost.append(peer))  # type: ignore[arg-type]
    return has_place, lost


def test_below_the_limit_nothing_is_closed() -> None:
    connections = {FakeConnection("a", 1.0), FakeConnection("a", 2.0)}

    assert enter(connections, FakeConnection("a", 3.0), 3) == (True, [])


def test_the_client_with_most_connections_loses_the_one_that_has_waited_longest() -> None:
    oldest, old, new = (FakeConnection("many", since) for since in (2.0, 3.0, 4.0))
    patient = FakeConnection("one", 1.0)
    connections = {oldest, old, new, patient}

    assert enter(connections, FakeConnection("two", 5.0), 4) == (True, ["many"])
    assert oldest not in connections
    assert {old, new, patient} <= connections


def test_a_client_with_many_connections_takes_the_place_of_nobody_else() -> None:
    connections = {FakeConnection("one", 1.0), *(FakeConnection("many", None) for _ in range(3))}

    assert enter(connections, FakeConnection("many", 5.0), 4) == (False, [])


def test_a_connection_that_is_being_answered_is_not_closed_for_a_client_with_as_many() -> None:
    connections = {FakeConnection(f"client {number}", None) for number in range(4)}

    assert enter(connections, FakeConnection("late", 5.0), 4) == (False, [])


def test_a_connection_that_is_being_answered_is_closed_for_a_client_with_fewer() -> None:
    connections = {FakeConnection("one", 1.0), *(FakeConnection("many", None) for _ in range(3))}

    assert enter(connections, FakeConnection("late", 5.0), 4) == (True, ["many"])


def test_a_closed_connection_is_named_with_its_reason() -> None:
    told: list[tuple[ConnectionRefusal, str, str]] = []
    old, new = FakeConnection("a", 1.0), FakeConnection("b", 2.0)

    make_room({old, new}, new, 1, lambda *what: told.append(what))

    assert told == [(ConnectionRefusal.LIMIT, "a", "")]
    assert isinstance(old.transport, FakeTransport)
    assert old.transport.is_aborted


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.floats(0, 100)), max_size=60),
    st.integers(1, 8),
)
def test_at_most_one_connection_more_than_allowed_waits_for_its_client(
    arrivals: list[tuple[str, float | None]], limit: int
) -> None:
    connections: set[FakeConnection] = set()
    busy = 0

    for peer, since in arrivals:
        has_place, _ = enter(connections, FakeConnection(peer, since), limit)
        busy += since is None and not has_place

    assert len(connections) <= limit + busy + 1


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, peer: str) -> None:
    assert find_peer(address) == peer
