"""How long a connection is kept, and requests on a connection that the other side has ended."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.transport.fixtures import get, get_twice_at_once
from tests.transport.servers import always, response
from waexporter.errors import UnreachableError
from waexporter.model import Instant, Reason
from waexporter.transport.connections import MAX_AGE, MAX_IDLE, TransportOptions
from waexporter.transport.exchange import Request

if TYPE_CHECKING:
    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation

OK = response(b"{}")
PATH = "/v1/health"


class World:
    """A clock that is moved by hand, and jitter from a list."""

    def __init__(self, *jitters: float) -> None:
        self.steady = 1000.0
        self._jitters = list(jitters)
        self.options = TransportOptions(self.clock, self.jitter)

    def clock(self) -> Instant:
        return Instant(1_700_000_000.0 + self.steady, self.steady)

    def jitter(self) -> float:
        return self._jitters.pop(0) if self._jitters else 0.0


@pytest.mark.parametrize(
    ("pauses", "connections"),
    [
        ([1.0] * 30, 1),
        ([30.0], 1),
        ([MAX_IDLE], 1),
        ([MAX_IDLE + 0.1], 2),
        ([240.0], 2),
        ([MAX_AGE / 2 - 0.1] * 2, 1),
        ([MAX_AGE / 2] * 2, 2),
        ([15.0] * 40, 11),
    ],
)
def test_a_connection_is_used_neither_when_it_was_idle_for_long_nor_when_it_is_old(
    pauses: list[float], connections: int, serve: Serve, connect: Connect
) -> None:
    world = World()
    server = serve(always(OK))
    client = connect(server.url, options=world.options)

    get(client, PATH, 20)
    for pause in pauses:
        world.steady += pause
        get(client, PATH, 20)

    assert server.connections == connections


@pytest.mark.parametrize(("jitter", "connections"), [(0.0, 1), (0.5, 1), (0.999, 2)])
def test_jitter_takes_up_to_a_third_off_the_age(
    jitter: float, connections: int, serve: Serve, connect: Connect
) -> None:
    world = World(jitter)
    server = serve(always(OK))
    client = connect(server.url, options=world.options)

    for _ in range(3):
        get(client, PATH, 20)
        world.steady += 20.1

    assert server.connections == connections


def test_connections_that_were_made_together_are_renewed_one_after_the_other(
    serve: Serve, connect: Connect
) -> None:
    together = threading.Barrier(2)
    used: list[int] = []

    def script(talk: Conversation) -> None:
        while talk.read_request():
            used.append(talk.number)
            together.wait(20)
            talk.write(OK)

    world = World(0.0, 0.999)
    server = serve(script)
    client = connect(server.url, options=world.options)
    get_twice_at_once(client, PATH)
    world.steady += 30.0
    get_twice_at_once(client, PATH)
    world.steady += 15.0

    get_twice_at_once(client, PATH)

    assert sorted(used[:4]) == [0, 0, 1, 1]
    assert server.connections == 3


def test_a_connection_that_was_idle_beneath_one_in_use_is_not_used_any_more(
    serve: Serve, connect: Connect
) -> None:
    together = threading.Barrier(2)
    late: list[int] = []

    def script(talk: Conversation) -> None:
        while request := talk.read_request():
            if b"/together" in request:
                together.wait(20)
            if b"/late" in request:
                late.append(talk.number)
            talk.write(OK)

    world = World()
    server = serve(script)
    client = connect(server.url, options=world.options)
    get_twice_at_once(client, "/together")
    for _ in range(5):
        world.steady += 10.0
        get(client, PATH, 20)

    get_twice_at_once(client, "/together/late")

    assert len(late) == 2
    assert max(late) == 2
    assert server.connections == 3


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", PATH, needs_new_connection=True),
        Request("POST", "/v1/messages", body=b"{}"),
        Request("POST", "/v1/users/logout"),
    ],
)
def test_a_new_connection_takes_the_place_of_a_kept_one(
    request_: Request, serve: Serve, connect: Connect
) -> None:
    has_ended = threading.Event()

    def script(talk: Conversation) -> None:
        while talk.read_request():
            talk.write(OK)
        if talk.number == 0:
            has_ended.set()

    server = serve(script)
    client = connect(server.url)
    get(client, PATH, 20)

    client.send(request_, 20)
    get(client, PATH, 20)

    assert has_ended.wait(20)
    assert server.connections == 2


def test_a_request_on_a_kept_connection_that_ends_silently_is_sent_once_more_and_not_twice(
    serve: Serve, connect: Connect
) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        if talk.number == 0:
            talk.write(OK)
            talk.read_request()
        talk.reset()

    server = serve(script)
    client = connect(server.url)
    get(client, PATH, 20)

    with pytest.raises(UnreachableError):
        get(client, PATH, 20)

    assert server.connections == 2


@pytest.mark.skipif(sys.platform != "linux", reason="acknowledgements are waited for on Linux only")
def test_a_kept_connection_that_was_forgotten_on_the_way_costs_time_but_no_answer(
    serve: Serve, connect: Connect
) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(OK)
        if talk.number == 0:
            talk.vanish()
            vanished.set()
            talk.wait()

    vanished = threading.Event()
    server = serve(script)
    client = connect(server.url)
    get(client, PATH, 20)
    assert vanished.wait(20)

    reply = get(client, PATH, 30)

    assert (reply.status, server.connections) == (200, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="acknowledgements are waited for on Linux only")
def test_a_target_that_vanishes_is_not_called_slow(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.vanish()
        vanished.set()
        talk.wait()

    vanished = threading.Event()
    client = connect(serve(script).url)

    with pytest.raises(UnreachableError, match="what is sent is not acknowledged") as caught:
        client.send(Request("POST", "/v1/messages", body=b"x" * 4_000_000), 30)

    assert vanished.is_set()
    assert (caught.value.reason, caught.value.may_have_arrived) == (Reason.UNREACHABLE, True)


def test_a_webapp_that_is_slow_on_a_kept_connection_is_waited_for(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(OK)
        talk.read_request()
        talk.wait(7.0)  # longer than an acknowledgement may take
        talk.write(OK)

    server = serve(script)
    client = connect(server.url)
    get(client, PATH, 20)

    reply = get(client, PATH, 30)

    assert (reply.status, server.connections) == (200, 1)
