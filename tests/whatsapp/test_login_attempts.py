"""Logins that fail or are refused, and the pauses after them."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from tests.whatsapp.upstream import (
    APP,
    BASIC,
    BUSY,
    CHANGE,
    DENIED,
    GOOD,
    LOGIN,
    REFUSED_WELL,
    SILENCE,
    WRONG,
    World,
    get_line,
    poll_for,
    until_next_login,
)
from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Reason
from waexporter.transport.exchange import Reply
from waexporter.whatsapp.backoff import FIRST_PAUSE, MAX_PAUSE
from waexporter.whatsapp.tokens import ASSUMED_LIFE

# --- what a login is answered --------------------------------------------------------------------

_TOKEN_ALONE = Reply(200, b'{"users":[{"token":"T1"}]}')


def test_a_token_without_an_end_is_used_and_its_end_is_not_made_up() -> None:
    world = World(LOGIN)
    world.upstream.at_login = _TOKEN_ALONE

    reply = world.send()

    assert reply is GOOD
    assert world.upstream.take() == [BASIC, get_line(APP.path, "Bearer T1")]
    assert world.results() == {"ok": 1}
    assert world.auth.account().token_expires is None


@pytest.mark.parametrize(("age", "is_renewed"), [(0.749, False), (0.751, True)])
def test_a_token_without_an_end_is_renewed_as_if_it_had_the_documented_one(
    age: float,
    is_renewed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    world = World(LOGIN)
    world.upstream.at_login = _TOKEN_ALONE
    world.send()
    world.clock.move(age * ASSUMED_LIFE)
    world.upstream.at_login = None
    world.upstream.take()

    world.send()

    assert (BASIC in world.upstream.take()) is is_renewed


def test_a_token_without_an_end_is_used_until_it_is_refused() -> None:
    world = World(LOGIN)
    world.upstream.at_login = _TOKEN_ALONE
    world.send()
    world.upstream.at_login = SILENCE
    world.clock.move(3 * ASSUMED_LIFE)

    reply = world.send()

    assert reply is GOOD


def test_a_token_is_used_although_there_are_errors_beside_it() -> None:
    world = World(LOGIN)
    world.upstream.at_login = Reply(200, b'{"users":[{"token":"T1"}],"errors":[{"code":1000}]}')

    assert world.send() is GOOD


def test_a_login_refused_with_a_200_is_refused() -> None:
    world = World(LOGIN)
    world.upstream.at_login = REFUSED_WELL

    with pytest.raises(RefusedError, match="was refused"):
        world.send()

    assert world.results() == {"refused": 1}


_BAD_LOGINS: dict[str, tuple[Reply | ApiError, ...]] = {
    "no token": (Reply(200, b'{"users":[]}'),),
    "nothing": (Reply(200, b""),),
    "a web page": (Reply(200, b"<html>"),),
    "a redirect": (Reply(302, b"", location="https://elsewhere.example/login"),),
    "a refusal": (WRONG,),
    "a refusal with a 200": (REFUSED_WELL,),
    "a password to change": (CHANGE,),
    "an error": (Reply(500, b""),),
    "an overload": (Reply(503, b""),),
    "too many": (BUSY,),
    "silence": (SILENCE,),
    "an error and silence in turn": (Reply(500, b""), SILENCE),
    "all of it in turn": (Reply(200, b""), WRONG, Reply(500, b""), SILENCE, BUSY, Reply(302, b"")),
}


@pytest.mark.parametrize("case", _BAD_LOGINS)
def test_logins_are_bounded_whatever_they_are_answered(case: str) -> None:
    world = World(LOGIN)
    turns = itertools.cycle(_BAD_LOGINS[case])
    world.upstream.answer_login = lambda: next(turns)

    poll_for(world, 3600.0)

    assert sum(world.results().values()) < 30


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.TIMEOUT])
def test_a_login_that_never_reached_the_client_is_tried_at_every_request(reason: Reason) -> None:
    world = World(LOGIN)
    world.upstream.at_login = UnreachableError("no connection", reason=reason)
    poll_for(world, 3600.0)
    world.upstream.at_login = None

    reply = world.send()

    assert reply is GOOD


def test_a_login_that_failed_at_a_proxy_is_foreign() -> None:
    world = World(LOGIN)
    error = world.upstream.at_login = UnreachableError("the proxy demands a password (407)")
    error.is_foreign = True

    with pytest.raises(UnreachableError) as caught:
        world.send()

    assert caught.value.is_foreign


def test_a_client_that_was_only_slow_is_asked_again_within_minutes() -> None:
    world = World(LOGIN)
    world.upstream.at_login = Reply(502, b"")
    poll_for(world, 3600.0)
    world.upstream.at_login = None

    outcomes = poll_for(world, 165.0)

    assert GOOD in outcomes


@pytest.mark.parametrize(
    ("answer", "asked_for", "waits"),
    [
        (BUSY, None, 120),
        (BUSY, 5.0, 120),
        (BUSY, 200.0, 200),
        (BUSY, 3600.0, 300),
        (Reply(503, b"<html>"), 30.0, 30),
        (Reply(503, b"<html>"), 3600.0, 60),
        (Reply(200, b"{}"), 3600.0, 120),
    ],
)
def test_a_login_waits_as_long_as_the_client_asks_for_within_reason(
    answer: Reply, asked_for: float | None, waits: float
) -> None:
    world = World(LOGIN)
    world.upstream.at_login = replace(answer, retry_after=asked_for)
    with pytest.raises(ApiError) as caught:
        world.send()

    assert (caught.value.retry_after or 0.0) <= waits
    assert until_next_login(world) == waits


# --- refused logins ------------------------------------------------------------------------------


def test_after_refused_logins_the_pause_doubles_up_to_an_hour() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    with pytest.raises(RefusedError):
        world.send()

    pauses = [until_next_login(world) for _ in range(7)]

    assert pauses == [120, 240, 480, 960, 1920, MAX_PAUSE, MAX_PAUSE]
    assert world.results() == {"refused": 8}


def test_a_login_that_is_refused_for_months_is_still_only_refused() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG

    for _ in range(1100):
        with pytest.raises(RefusedError):
            world.send()
        world.clock.move(MAX_PAUSE)

    assert world.results() == {"refused": 1100}


def test_a_login_that_is_accepted_again_ends_the_doubling() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    with pytest.raises(RefusedError):
        world.send()
    until_next_login(world)
    world.clock.move(MAX_PAUSE)
    world.upstream.at_login = None
    world.send()
    world.upstream.at = lambda request: GOOD if request.authorization != "Bearer T1" else DENIED
    world.upstream.at_login = WRONG
    with pytest.raises(RefusedError):
        world.send()

    pause = until_next_login(world)

    assert pause == FIRST_PAUSE


def test_the_error_of_a_refused_login_has_the_words_of_the_api_and_not_the_password() -> None:
    world = World(LOGIN)
    world.upstream.at_login = Reply(
        401, '{"errors":[{"code":1005,"title":"Denied","details":"not pa:ss wörd"}]}'.encode()
    )

    with pytest.raises(RefusedError) as caught:
        world.send()

    assert str(caught.value) == (
        "the login of 'monitor' was refused (answered 401: 1005 Denied: not <secret>); "
        "the next one is tried in some minutes"
    )
    assert (caught.value.code, caught.value.status) == (1005, 401)


def test_a_first_login_that_must_change_its_password_is_told_what_to_do() -> None:
    world = World(LOGIN)
    world.upstream.at_login = CHANGE

    with pytest.raises(RefusedError, match=r"'monitor' must change its password .*new_password") as caught:
        world.send()

    assert caught.value.code == 1024
    assert world.upstream.take() == [BASIC]


def test_too_many_logins_pause_and_count_apart() -> None:
    world = World(LOGIN)
    world.upstream.at_login = BUSY
    with pytest.raises(ApiError) as caught:
        world.send()

    pauses = [until_next_login(world) for _ in range(2)]

    assert caught.value.reason is Reason.RATE_LIMITED
    assert pauses == [120, 240]
    assert world.results() == {"rate_limited": 3}


def test_an_unreadable_answer_to_a_login_pauses_since_it_may_have_left_a_token() -> None:
    world = World(LOGIN)
    world.upstream.at_login = Reply(200, b'{"users":[{"expires_after":"2099-01-01 00:00:00+00:00"}]}')
    with pytest.raises(BodyError, match="the login failed: the answer to the login has no token in it"):
        world.send()

    pause = until_next_login(world)

    assert pause == FIRST_PAUSE
    assert world.results() == {"failed": 2}


@pytest.mark.parametrize("failure", [SILENCE, Reply(500, b""), Reply(503, b"")])
def test_a_login_that_only_failed_is_tried_again_at_the_next_request(failure: Reply | ApiError) -> None:
    world = World(LOGIN)
    world.upstream.at_login = failure
    with pytest.raises(ApiError, match="the login failed: "):
        world.send()
    world.upstream.at_login = None

    reply = world.send()

    assert reply is GOOD
    assert world.results() == {"ok": 1, "failed": 1}


def test_an_error_raised_again_during_a_pause_gathers_nothing() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    caught = []

    for _ in range(3):
        with pytest.raises(RefusedError) as each:
            world.send()
        caught.append(each.value)

    assert len({id(error) for error in caught}) == 3
    assert len({str(error) for error in caught}) == 1
    assert caught[2].__cause__ is None
