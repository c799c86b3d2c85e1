"""Tokens that are refused: when they are replaced, and what is reported of it."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING

import pytest

from tests.whatsapp.upstream import (
    APP,
    BASIC,
    DB,
    DENIED,
    GOOD,
    LOGIN,
    REFUSED_WELL,
    SILENCE,
    SUPPORT,
    World,
    get_line,
    logout_line,
    poll_for,
)
from waexporter.errors import ApiError, UnreachableError
from waexporter.model import Distrust
from waexporter.transport.exchange import Reply, Request
from waexporter.whatsapp.backoff import FIRST_PAUSE
from waexporter.whatsapp.tokens import DISTRUST_TIME, GOOD_TOKEN_LIFE, QUICK_TOKENS, TOKEN_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable


# --- refused tokens ------------------------------------------------------------------------------


def test_a_refused_token_is_replaced_once() -> None:
    world = World(LOGIN)
    world.send()
    old = {"Bearer T1"}
    world.upstream.at = lambda request: (
        DENIED if request.authorization in old and request.path == APP.path else GOOD
    )
    world.upstream.take()

    replies = [world.send(), world.send()]

    assert replies == [GOOD, GOOD]
    new = get_line(APP.path, "Bearer T2")
    assert world.upstream.take() == [
        *[get_line(APP.path, "Bearer T1"), BASIC, new],
        *[logout_line("T1")],
        new,
    ]


@pytest.mark.parametrize("status", [403, 404, 429, 500])
def test_no_other_failure_costs_a_login(status: int) -> None:
    world = World(LOGIN)
    world.send()
    world.upstream.at = lambda _: Reply(status, b"")
    world.upstream.take()

    reply = world.send()

    assert reply.status == status
    assert world.upstream.take() == [get_line(APP.path, "Bearer T1")]


def test_where_a_new_token_is_refused_too_logins_become_rare_and_leave_no_token_behind() -> None:
    world = World(LOGIN)
    world.send()
    world.upstream.at = lambda request: DENIED if request.path == APP.path else GOOD
    world.upstream.take()

    replies = [world.send()]
    world.clock.move(FIRST_PAUSE - 1)
    replies.append(world.send())
    world.clock.move(1)
    replies.append(world.send())
    world.clock.move(FIRST_PAUSE + 1)
    replies.append(world.send())

    assert replies == [DENIED] * 4
    path = APP.path
    assert world.upstream.take() == [
        *[get_line(path, "Bearer T1"), BASIC, get_line(path, "Bearer T2"), logout_line("T1")],
        get_line(path, "Bearer T2"),
        *[get_line(path, "Bearer T2"), BASIC, get_line(path, "Bearer T3"), logout_line("T2")],
        get_line(path, "Bearer T3"),
    ]


def test_a_path_that_refuses_every_token_does_not_hinder_the_others() -> None:
    world = World(LOGIN)
    world.upstream.at = lambda request: DENIED if request.path == APP.path else GOOD
    world.send(APP)
    world.upstream.take()

    reply = world.send(DB)

    assert reply is GOOD
    assert world.upstream.take() == [get_line(DB.path, "Bearer T2")]


def test_a_path_that_accepts_a_token_again_is_forgiven() -> None:
    world = World(LOGIN)
    world.upstream.at = lambda _: DENIED
    world.send()
    world.upstream.at = lambda _: GOOD
    world.send()
    world.clock.move(GOOD_TOKEN_LIFE)
    world.upstream.at = lambda request: DENIED if request.authorization == "Bearer T2" else GOOD

    reply = world.send()

    assert reply is GOOD


# --- tokens that some refuse ---------------------------------------------------------------------


def _webapps(world: World, *answers: Reply) -> None:
    """Put webapps behind one address that answer in turn; some know no token at all."""
    turns = itertools.cycle(answers)
    world.upstream.at = lambda _: next(turns)


def test_behind_one_webapp_of_three_that_refuses_tokens_logins_are_few_and_polls_go_on() -> None:
    world = World(LOGIN)
    _webapps(world, GOOD, GOOD, DENIED)

    outcomes = poll_for(world, 240.0)

    asked = world.upstream.take()
    logins, logouts = (
        sum(each.startswith(f"POST /v1/users/{what}") for each in asked) for what in _BOTH_WAYS
    )
    assert (logins, logouts >= logins - 1) == (1 + QUICK_TOKENS + 1, True)
    assert outcomes.count(GOOD) == len(outcomes)
    account = world.auth.account()
    assert account.distrust is Distrust.CONTRADICTORY
    assert account.tokens_refused > logins


def test_a_client_that_forgets_its_tokens_some_times_within_minutes_loses_no_request() -> None:
    world = World(LOGIN)
    known = {"Bearer T1"}
    world.upstream.at = lambda request: GOOD if request.authorization in known else DENIED

    replies = []
    for number in range(QUICK_TOKENS + 1):
        known = {f"Bearer T{number + 1}"}
        replies.append(world.send())

    assert replies == [GOOD] * (QUICK_TOKENS + 1)
    assert world.results() == {"ok": QUICK_TOKENS + 1}


def test_tokens_that_go_on_being_refused_are_replaced_ever_more_seldom() -> None:
    world = World(LOGIN)
    world.upstream.at = _seldom(1.0)(world)
    logins = []

    for _ in range(3600):
        before = world.results().get("ok", 0)
        world.send()
        logins += [world.clock.steady - 50.0] if world.results()["ok"] > before else []
        world.clock.move(1.0)

    assert logins == [0.0, 1.0, 2.0, 3.0, 123.0, 363.0, 843.0, 1443.0, 2043.0, 2643.0, 3243.0]


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_refused_token_is_shown_again_over_a_new_connection(
    is_replaced: bool,  # noqa: FBT001 - a column of the table
) -> None:
    world = World(LOGIN)
    world.upstream.at = _seldom(1.0)(world)
    for _ in range(1 if is_replaced else 1 + QUICK_TOKENS):
        world.send()
        world.clock.move(1.0)
    before = world.results()
    wanted: list[bool] = []

    def answer(request: Request) -> Reply:
        if request.path != APP.path:
            return GOOD
        wanted.append(request.needs_new_connection)
        return GOOD if request.needs_new_connection else DENIED

    world.upstream.at = answer

    reply = world.send()

    assert reply is GOOD
    assert wanted == [False, True]
    assert (world.results() != before) is is_replaced


def test_a_path_whose_first_answer_comes_from_another_webapp_is_requested_once_more() -> None:
    world = World(LOGIN)
    world.upstream.at = _by_turns(GOOD, GOOD, DENIED)(world)
    poll_for(world, 60.0)
    answers = iter([DENIED, GOOD])
    world.upstream.at = lambda _: next(answers)

    reply = world.send(SUPPORT)

    assert reply is GOOD


_BOTH_WAYS = ("login", "logout")


def _seldom(seconds: float) -> Callable[[World], Callable[[Request], Reply]]:
    """Make a client that refuses each token `seconds` after it was first seen."""

    def begin(world: World) -> Callable[[Request], Reply]:
        seen: dict[str, float] = {}

        def answer(request: Request) -> Reply:
            first = seen.setdefault(request.authorization, world.clock.steady)
            return DENIED if world.clock.steady - first >= seconds else GOOD

        return answer

    return begin


def _by_turns(*replies: Reply | ApiError) -> Callable[[World], Callable[[Request], Reply | ApiError]]:
    def begin(_: World) -> Callable[[Request], Reply | ApiError]:
        turns = itertools.cycle(replies)
        return lambda _: next(turns)

    return begin


def _at_random(seed: int) -> Callable[[World], Callable[[Request], Reply | ApiError]]:
    def begin(_: World) -> Callable[[Request], Reply | ApiError]:
        generator = random.Random(seed)  # noqa: S311 - a test that can be repeated
        return lambda _: generator.choice((GOOD, GOOD, DENIED, REFUSED_WELL, SILENCE, Reply(500, b"")))

    return begin


_PATTERNS = {
    "refuses every token": _by_turns(DENIED),
    "refuses every second time": _by_turns(GOOD, DENIED),
    "refuses every third time": _by_turns(GOOD, GOOD, DENIED),
    "refuses twice, then accepts": _by_turns(DENIED, DENIED, GOOD),
    "refuses with a 200": _by_turns(GOOD, REFUSED_WELL),
    "refuses and is silent": _by_turns(DENIED, SILENCE),
    "refuses tokens at once": _seldom(1.0),
    "refuses tokens after half a minute": _seldom(30.0),
    "refuses tokens after five minutes": _seldom(300.0),
    **{f"does anything (seed {seed})": _at_random(seed) for seed in range(5)},
}


@pytest.mark.parametrize("pattern", _PATTERNS)
def test_logins_are_bounded_whatever_a_client_makes_of_their_tokens(pattern: str) -> None:
    world = World(LOGIN)
    world.upstream.at = _PATTERNS[pattern](world)
    poll_for(world, 3600.0)
    first_hour = world.results()["ok"]

    poll_for(world, 3600.0)

    assert first_hour <= 1 + QUICK_TOKENS + 7
    assert world.results()["ok"] - first_hour <= 3600 / TOKEN_PAUSE[1] + 1


def test_every_token_that_was_given_up_is_logged_out() -> None:
    world = World(LOGIN)
    world.upstream.at = _by_turns(GOOD, GOOD, DENIED)(world)
    poll_for(world, 7200.0)
    last = f"T{world.upstream.tokens}"

    asked = world.upstream.take()

    given_up = {each.rpartition(" ")[2] for each in asked if "logout" in each}
    assert given_up == {f"T{number}" for number in range(1, world.upstream.tokens + 1)} - {last}


@pytest.mark.parametrize("failure", [DENIED, SILENCE, Reply(500, b""), Reply(503, b""), Reply(404, b"")])
def test_a_logout_that_meets_the_wrong_webapp_is_tried_once_more(failure: Reply | ApiError) -> None:
    world = World(LOGIN)
    world.send()
    outcomes = iter([failure, failure, GOOD])

    def answer(request: Request) -> Reply | ApiError:
        if request.path.endswith("logout"):
            return next(outcomes)
        return DENIED if request.authorization == "Bearer T1" else GOOD

    world.upstream.at = answer

    world.send(), world.send()

    assert world.upstream.take().count(logout_line("T1")) == 2


def test_leaving_by_the_wrong_webapp_is_tried_once_more() -> None:
    world = World(LOGIN)
    world.send()
    answers = iter([DENIED, GOOD])
    world.upstream.at = lambda _: next(answers)
    world.upstream.take()

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == [logout_line("T1")] * 2


def test_leaving_logs_out_what_was_given_up_and_not_yet_logged_out() -> None:
    world = World(LOGIN)
    world.send()
    flow = world.auth.flow(APP, 10.0)
    next(flow)
    flow.send(DENIED)
    flow.send(Reply(200, b'{"users":[{"token":"T2"}]}'))
    with pytest.raises(UnreachableError):
        flow.throw(SILENCE)  # the request with the new token
    world.upstream.take()

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == [logout_line("T2"), logout_line("T1")]


def test_a_token_that_held_for_long_is_replaced_at_once() -> None:
    world = World(LOGIN)
    refused: set[str] = set()
    world.upstream.at = lambda request: DENIED if request.authorization in refused else GOOD
    world.send()

    for number in range(1, 20):
        world.clock.move(GOOD_TOKEN_LIFE)
        refused.add(f"Bearer T{number}")
        assert world.send() is GOOD

    assert world.results() == {"ok": 20}
    assert world.auth.account().distrust is None


def test_tokens_that_are_refused_soon_one_after_another_are_reported() -> None:
    world = World(LOGIN)
    world.upstream.at = _seldom(30.0)(world)

    poll_for(world, 600.0)

    assert world.auth.account().distrust is Distrust.SHORT_LIVED


def test_distrust_ends_some_time_after_tokens_are_trusted_again() -> None:
    world = World(LOGIN)
    _webapps(world, GOOD, GOOD, DENIED)
    poll_for(world, 240.0)
    _webapps(world, GOOD)
    world.clock.move(DISTRUST_TIME - 60)
    world.send()
    before = world.auth.account().distrust

    world.clock.move(120)
    world.send()

    assert before is Distrust.CONTRADICTORY
    assert world.auth.account().distrust is None


def test_a_path_that_never_accepted_a_token_says_nothing_against_tokens() -> None:
    world = World(LOGIN)
    world.upstream.at = lambda request: DENIED if request.path == SUPPORT.path else GOOD

    for _ in range(100):
        world.send(APP), world.send(SUPPORT)
        world.clock.move(60)

    account = world.auth.account()
    assert (account.tokens_refused, account.distrust) == (0, None)


@pytest.mark.parametrize(
    ("reply", "is_new"),
    [
        (DENIED, True),
        (Reply(401, b""), True),
        (Reply(401, b"<html>"), True),
        (REFUSED_WELL, True),
        (Reply(500, DENIED.body), True),
        (Reply(401, b'{"errors":[{"code":1024}]}'), True),
        (Reply(401, b'{"errors":[{"code":1014}]}'), False),
        (Reply(403, DENIED.body), False),
        (Reply(200, b'{"errors":[{"code":1014}]}'), False),
        (Reply(200, b'{"errors":[]}'), False),
    ],
)
def test_the_code_of_the_api_outweighs_the_status(
    reply: Reply,
    is_new: bool,  # noqa: FBT001 - a column of the table
) -> None:
    world = World(LOGIN)
    world.send()
    world.upstream.at = lambda request: reply if request.authorization == "Bearer T1" else GOOD
    world.upstream.take()

    world.send()

    assert (BASIC in world.upstream.take()) is is_new
