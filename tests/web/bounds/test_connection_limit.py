"""Which connection is closed for a newcomer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.web.bounds.connection_limit import ConnectionRefusal, ConnectionTable, find_peer


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


class World:
    """A table, and who lost their connections."""

    def __init__(self, limit: int, *connections: FakeConnection) -> None:
        self.lost: list[tuple[ConnectionRefusal, str, str]] = []
        self.table = ConnectionTable(limit, lambda *what: self.lost.append(what))
        for each in connections:
            self.table.add(each)

    def enter(self, newcomer: FakeConnection) -> tuple[bool, list[str]]:
        """Let a connection in; return whether it has its place, and who lost theirs."""
        self.table.add(newcomer)
        return self.table.make_room(newcomer), [peer for _, peer, _ in self.lost]


def is_aborted(connection: FakeConnection) -> bool:
    assert isinstance(connection.transport, FakeTransport)
    return connection.transport.is_aborted


def test_below_the_limit_nothing_is_closed() -> None:
    world = World(3, FakeConnection("a", 1.0), FakeConnection("a", 2.0))

    assert world.enter(FakeConnection("a", 3.0)) == (True, [])


def test_the_client_with_most_connections_loses_the_one_that_has_waited_longest() -> None:
    oldest, old, new = (FakeConnection("many", since) for since in (2.0, 3.0, 4.0))
    patient = FakeConnection("one", 1.0)
    world = World(4, patient, oldest, old, new)

    assert world.enter(FakeConnection("two", 5.0)) == (True, ["many"])
    assert [is_aborted(each) for each in (patient, oldest, old, new)] == [False, True, False, False]


def test_of_clients_with_equally_many_connections_the_one_that_waits_longest_is_closed() -> None:
    first, second, third = FakeConnection("a", 3.0), FakeConnection("b", 1.0), FakeConnection("c", 2.0)
    world = World(3, first, second, third)

    assert world.enter(FakeConnection("d", 5.0)) == (True, ["b"])
    assert is_aborted(second)


def test_a_connection_that_has_just_been_used_is_closed_last() -> None:
    first, second = FakeConnection("a", 1.0), FakeConnection("a", 2.0)
    world = World(2, first, second)

    first.waits_since = 3.0
    world.table.touch(first)
    world.enter(FakeConnection("a", 4.0))

    assert (is_aborted(first), is_aborted(second)) == (False, True)


def test_a_client_with_many_connections_takes_the_place_of_nobody_else() -> None:
    world = World(4, FakeConnection("one", 1.0), *(FakeConnection("many", None) for _ in range(3)))

    assert world.enter(FakeConnection("many", 5.0)) == (False, [])


def test_a_connection_that_is_being_answered_is_not_closed_for_a_client_with_as_many() -> None:
    world = World(4, *(FakeConnection(f"client {number}", None) for number in range(4)))

    assert world.enter(FakeConnection("late", 5.0)) == (False, [])


def test_a_connection_that_is_being_answered_is_closed_for_a_client_with_fewer() -> None:
    world = World(4, FakeConnection("one", 1.0), *(FakeConnection("many", None) for _ in range(3)))

    assert world.enter(FakeConnection("late", 5.0)) == (True, ["many"])


def test_a_closed_connection_is_named_with_its_reason() -> None:
    world = World(1, FakeConnection("a", 1.0))

    world.enter(FakeConnection("b", 2.0))

    assert world.lost == [(ConnectionRefusal.LIMIT, "a", "")]


def test_a_connection_that_ends_twice_leaves_one_place() -> None:
    gone, other = FakeConnection("a", 1.0), FakeConnection("b", 1.0)
    world = World(2, gone, other)

    for _ in range(2):
        world.table.discard(gone)
    world.table.touch(gone)

    assert len(world.table) == 1
    assert world.enter(FakeConnection("c", 2.0)) == (True, [])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.none() | st.floats(0, 100)), max_size=60),
    st.integers(1, 8),
)
def test_at_most_one_connection_more_than_allowed_waits_for_its_client(
    arrivals: list[tuple[str, float | None]], limit: int
) -> None:
    world = World(limit)
    busy = 0

    for peer, since in arrivals:
        has_place, _ = world.enter(FakeConnection(peer, since))
        busy += since is None and not has_place

    assert len(world.table) <= limit + busy + 1


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
