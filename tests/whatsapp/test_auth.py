"""The authentication, driven by hand: the requests that it sends, and how it takes the replies."""

from __future__ import annotations

import itertools
import json
import random
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Account, Credentials, Distrust, Instant, Reason, Secret
from waexporter.transport.exchange import Reply, Request
from waexporter.whatsapp.auth import Auth
from waexporter.whatsapp.current_credentials import REREAD_PAUSE
from waexporter.whatsapp.pause import FIRST_PAUSE, LONGEST_PAUSE
from waexporter.whatsapp.tokens import ASSUMED_LIFE, DISTRUST_TIME, QUICK_TOKENS, TOKEN_HELD, TOKEN_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.whatsapp.auth import Flow

KEY = Credentials(api_key=Secret("the-api-key-itself"))
LOGIN = Credentials(username="monitor", password=Secret("pa:ss wörd"))
STATIC = Credentials(bearer_token=Secret("the-token-itself"))
BOTH = replace(LOGIN, api_key=KEY.api_key)
APP = Request("GET", "/v1/stats/app")
DB = Request("GET", "/v1/stats/db")
SUPPORT = Request("GET", "/v1/support")
WEEK = 7 * 24 * 3600.0
GOOD = Reply(200, b"{}")
DENIED = Reply(401, b'{"errors":[{"code":1005,"title":"Access denied"}]}')
WRONG = Reply(401, b'{"errors":[{"code":1005,"title":"Access denied","details":"Invalid user"}]}')
BUSY = Reply(429, b'{"errors":[{"code":1015,"title":"Too many requests"}]}')
CHANGE = Reply(401, b'{"errors":[{"code":1024,"title":"Password change required"}]}')
REFUSED_WELL = Reply(200, b'{"errors":[{"code":1005,"title":"Access denied"}]}')
SILENCE = UnreachableError("no complete answer in time", reason=Reason.TIMEOUT)
SILENCE.may_have_arrived = True


class Clock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_700_000_000.0, 50.0

    def __call__(self) -> Instant:
        return Instant(self.wall, self.steady)

    def move(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


class Upstream:
    """The other side: issues the tokens T1, T2, ..., answers as set, and records the requests."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.tokens = 0
        self.life = WEEK
        self.at_login: Reply | ApiError | None = None  # None: gives a token
        self.answer_login: Callable[[], Reply | ApiError | None] = lambda: self.at_login
        self.at: Callable[[Request], Reply | ApiError] = lambda _: GOOD

    def answer(self, request: Request) -> Reply | ApiError:
        self.asked.append(f"{request.method} {request.path} {request.authorization}".removesuffix(" "))
        if request.path != "/v1/users/login":
            return self.at(request)
        assert request.body is None
        answer = self.answer_login()
        if answer is not None:
            return answer
        self.tokens += 1
        ends = datetime.fromtimestamp(self.clock.wall + self.life, UTC).isoformat(sep=" ")
        return Reply(
            200, json.dumps({"users": [{"token": f"T{self.tokens}", "expires_after": ends}]}).encode()
        )

    def drive(self, flow: Flow) -> Reply:
        """Run a flow as a client does, without sending anything."""
        try:
            request = next(flow)
            while True:
                answer = self.answer(request)
                request = flow.throw(answer) if isinstance(answer, ApiError) else flow.send(answer)
        except StopIteration as end:
            reply: Reply = end.value
            return reply

    def take(self) -> list[str]:
        """Return the requests since the last call."""
        asked, self.asked = self.asked, []
        return asked


class World:
    """An Auth, its clock, and the other side."""

    def __init__(self, credentials: Credentials, jitter: float = 0.0) -> None:
        self.clock = Clock()
        self.upstream = Upstream(self.clock)
        self.files: dict[str, Secret] = {}  # by key of `auth`: what its file holds by now
        self.looked: list[str] = []
        self.auth = Auth(credentials, self.clock, lambda: jitter, self._reread)

    def _reread(self, name: str, _old: Secret) -> Secret | None:
        self.looked.append(name)
        return self.files.get(name)

    def send(self, request: Request = APP) -> Reply:
        return self.upstream.drive(self.auth.flow(request, 10.0))

    def results(self) -> dict[str, int]:
        return {name: count for name, count in self.auth.account().logins if count}


NEW_BASIC = "POST /v1/users/login Basic bW9uaXRvcjpuZXc="
BASIC = "POST /v1/users/login Basic bW9uaXRvcjpwYTpzcyB3w7ZyZA=="


def _get(path: str, proof: str) -> str:
    return f"GET {path} {proof}"


def _log_out(token: str) -> str:
    return f"POST /v1/users/logout Bearer {token}"


# --- keys --------------------------------------------------------------------------------------


def test_without_credentials_a_request_goes_out_as_it_is() -> None:
    world = World(Credentials())

    reply = world.send(SUPPORT)

    assert reply is GOOD
    assert world.upstream.take() == ["GET /v1/support"]


@pytest.mark.parametrize("path", ["/v1/health", "/v1/metrics", "/v1/stats/app", "/v1/stats/db"])
def test_a_key_goes_where_keys_are_valid(path: str) -> None:
    world = World(KEY)

    world.send(Request("GET", path))

    assert world.upstream.take() == [_get(path, "Apikey the-api-key-itself")]


def test_a_key_goes_nowhere_else() -> None:
    world = World(KEY)

    world.send(SUPPORT)

    assert world.upstream.take() == ["GET /v1/support"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_alone_is_the_reply(status: int) -> None:
    world = World(KEY)
    world.upstream.at = lambda _: Reply(status, b"")

    first, second = world.send(), world.send()

    assert (first.status, second.status) == (status, status)
    assert world.upstream.take() == [_get(APP.path, "Apikey the-api-key-itself")] * 2


@pytest.mark.parametrize("status", [401, 403])
def test_where_a_key_is_refused_a_login_takes_its_place_for_good(status: int) -> None:
    world = World(BOTH)
    world.upstream.at = lambda request: (
        Reply(status, b"")
        if request.path == APP.path and request.authorization.startswith("Apikey")
        else GOOD
    )

    world.send(APP), world.send(APP), world.send(DB)

    assert world.upstream.take() == [
        _get(APP.path, "Apikey the-api-key-itself"),
        BASIC,
        _get(APP.path, "Bearer T1"),
        _get(APP.path, "Bearer T1"),
        _get(DB.path, "Apikey the-api-key-itself"),
    ]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_other_failures_of_a_key_call_for_no_login(status: int) -> None:
    world = World(BOTH)
    world.upstream.at = lambda _: Reply(status, b"")

    reply = world.send()

    assert reply.status == status
    assert len(world.upstream.take()) == 1


# --- tokens ------------------------------------------------------------------------------------


def test_one_login_serves_many_requests() -> None:
    world = World(LOGIN)

    for _ in range(3):
        world.send()

    assert world.upstream.take() == [BASIC, *[_get(APP.path, "Bearer T1")] * 3]
    assert world.results() == {"ok": 1}
    assert world.auth.account().token_expires == world.clock.wall + WEEK


def test_what_is_sent_keeps_its_method_and_body() -> None:
    world = World(LOGIN)
    flow = world.auth.flow(Request("POST", "/v1/messages", body=b"hello"), 10.0)
    next(flow)

    sent = flow.send(Reply(200, b'{"users":[{"token":"T1","expires_after":"2099-01-01 00:00:00+00:00"}]}'))

    assert sent == Request("POST", "/v1/messages", "Bearer T1", b"hello")


@pytest.mark.parametrize(
    ("jitter", "age", "is_renewed"),
    [(0.0, 0.749, False), (0.0, 0.751, True), (1.0, 0.899, False), (1.0, 0.901, True), (0.5, 0.824, False)],
)
def test_a_token_is_renewed_within_the_last_quarter_of_its_life(
    jitter: float,
    age: float,
    is_renewed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    world = World(LOGIN, jitter)
    world.send()
    world.clock.move(age * WEEK)
    world.upstream.take()

    world.send()

    renewal = [BASIC, _log_out("T1"), _get(APP.path, "Bearer T2")]
    assert world.upstream.take() == (renewal if is_renewed else [_get(APP.path, "Bearer T1")])


def test_a_token_that_is_given_again_is_not_logged_out() -> None:
    world = World(LOGIN)
    world.send()
    world.clock.move(0.8 * WEEK)
    world.upstream.tokens = 0
    world.upstream.take()

    world.send()

    assert world.upstream.take() == [BASIC, _get(APP.path, "Bearer T1")]


def test_a_logout_that_fails_after_a_renewal_changes_nothing() -> None:
    world = World(LOGIN)
    world.send()
    world.clock.move(0.8 * WEEK)
    world.upstream.at = lambda request: SILENCE if request.path.endswith("logout") else GOOD

    reply = world.send()

    assert reply is GOOD


@pytest.mark.parametrize("failure", [SILENCE, WRONG, BUSY, Reply(500, b""), Reply(200, b"{}")])
def test_a_renewal_that_fails_keeps_the_old_token_and_is_tried_again_after_a_pause(
    failure: Reply | ApiError,
) -> None:
    world = World(LOGIN)
    world.send()
    world.clock.move(0.8 * WEEK)
    world.upstream.at_login = failure
    world.upstream.take()

    replies = [world.send(), world.send()]
    world.clock.move(FIRST_PAUSE)
    replies.append(world.send())

    assert replies == [GOOD] * 3
    old = _get(APP.path, "Bearer T1")
    assert world.upstream.take() == [BASIC, old, old, BASIC, old]


def test_a_renewal_that_fails_after_the_old_token_has_ended_is_an_error() -> None:
    world = World(LOGIN)
    world.send()
    world.clock.move(WEEK + 1)
    world.upstream.at_login = SILENCE

    with pytest.raises(UnreachableError, match="the login failed: no complete answer in time") as caught:
        world.send()

    assert caught.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize("life", [-WEEK, 0.0, 5.0])
def test_a_token_that_has_ended_by_our_clock_is_used_until_it_is_refused(life: float) -> None:
    world = World(LOGIN)
    world.upstream.life = life

    for _ in range(5):
        world.send()
        world.clock.move(60)

    assert world.upstream.take().count(BASIC) == 1


# --- refused tokens ----------------------------------------------------------------------------


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
    new = _get(APP.path, "Bearer T2")
    assert world.upstream.take() == [
        *[_get(APP.path, "Bearer T1"), BASIC, new],
        *[_log_out("T1")],
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
    assert world.upstream.take() == [_get(APP.path, "Bearer T1")]


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
        *[_get(path, "Bearer T1"), BASIC, _get(path, "Bearer T2"), _log_out("T1")],
        _get(path, "Bearer T2"),
        *[_get(path, "Bearer T2"), BASIC, _get(path, "Bearer T3"), _log_out("T2")],
        _get(path, "Bearer T3"),
    ]


def test_a_path_that_refuses_every_token_does_not_hinder_the_others() -> None:
    world = World(LOGIN)
    world.upstream.at = lambda request: DENIED if request.path == APP.path else GOOD
    world.send(APP)
    world.upstream.take()

    reply = world.send(DB)

    assert reply is GOOD
    assert world.upstream.take() == [_get(DB.path, "Bearer T2")]


def test_a_path_that_accepts_a_token_again_is_forgiven() -> None:
    world = World(LOGIN)
    world.upstream.at = lambda _: DENIED
    world.send()
    world.upstream.at = lambda _: GOOD
    world.send()
    world.clock.move(TOKEN_HELD)
    world.upstream.at = lambda request: DENIED if request.authorization == "Bearer T2" else GOOD

    reply = world.send()

    assert reply is GOOD


# --- tokens that some refuse ---------------------------------------------------------------------


def _webapps(world: World, *answers: Reply) -> None:
    """Put webapps behind one address that answer in turn; some know no token at all."""
    turns = itertools.cycle(answers)
    world.upstream.at = lambda _: next(turns)


def _poll_for(world: World, seconds: float, interval: float = 5.0) -> list[Reply | str]:
    """Send requests again and again; return the results."""
    outcomes: list[Reply | str] = []
    for _ in range(int(seconds / interval)):
        try:
            outcomes.append(world.send())
        except ApiError as error:
            outcomes.append(str(error))
        world.clock.move(interval)
    return outcomes


def test_behind_one_webapp_of_three_that_refuses_tokens_logins_are_few_and_polls_go_on() -> None:
    world = World(LOGIN)
    _webapps(world, GOOD, GOOD, DENIED)

    outcomes = _poll_for(world, 240.0)

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


def test_a_path_whose_first_answer_is_a_strangers_is_asked_once_more() -> None:
    world = World(LOGIN)
    world.upstream.at = _by_turns(GOOD, GOOD, DENIED)(world)
    _poll_for(world, 60.0)
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
    _poll_for(world, 3600.0)
    first_hour = world.results()["ok"]

    _poll_for(world, 3600.0)

    assert first_hour <= 1 + QUICK_TOKENS + 7
    assert world.results()["ok"] - first_hour <= 3600 / TOKEN_PAUSE[1] + 1


def test_every_token_that_was_given_up_is_logged_out() -> None:
    world = World(LOGIN)
    world.upstream.at = _by_turns(GOOD, GOOD, DENIED)(world)
    _poll_for(world, 7200.0)
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

    assert world.upstream.take().count(_log_out("T1")) == 2


def test_leaving_by_the_wrong_webapp_is_tried_once_more() -> None:
    world = World(LOGIN)
    world.send()
    answers = iter([DENIED, GOOD])
    world.upstream.at = lambda _: next(answers)
    world.upstream.take()

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == [_log_out("T1")] * 2


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

    assert world.upstream.take() == [_log_out("T2"), _log_out("T1")]


def test_a_token_that_held_for_long_is_replaced_at_once() -> None:
    world = World(LOGIN)
    refused: set[str] = set()
    world.upstream.at = lambda request: DENIED if request.authorization in refused else GOOD
    world.send()

    for number in range(1, 20):
        world.clock.move(TOKEN_HELD)
        refused.add(f"Bearer T{number}")
        assert world.send() is GOOD

    assert world.results() == {"ok": 20}
    assert world.auth.account().distrust is None


def test_tokens_that_are_refused_soon_one_after_another_are_told_of() -> None:
    world = World(LOGIN)
    world.upstream.at = _seldom(30.0)(world)

    _poll_for(world, 600.0)

    assert world.auth.account().distrust is Distrust.SHORT_LIVED


def test_distrust_ends_some_time_after_tokens_are_trusted_again() -> None:
    world = World(LOGIN)
    _webapps(world, GOOD, GOOD, DENIED)
    _poll_for(world, 240.0)
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


# --- what a login is answered --------------------------------------------------------------------

_TOKEN_ALONE = Reply(200, b'{"users":[{"token":"T1"}]}')


def test_a_token_without_an_end_is_used_and_its_end_is_not_made_up() -> None:
    world = World(LOGIN)
    world.upstream.at_login = _TOKEN_ALONE

    reply = world.send()

    assert reply is GOOD
    assert world.upstream.take() == [BASIC, _get(APP.path, "Bearer T1")]
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

    _poll_for(world, 3600.0)

    assert sum(world.results().values()) < 30


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.TIMEOUT])
def test_a_login_that_never_reached_the_client_is_tried_at_every_request(reason: Reason) -> None:
    world = World(LOGIN)
    world.upstream.at_login = UnreachableError("no connection", reason=reason)
    _poll_for(world, 3600.0)
    world.upstream.at_login = None

    reply = world.send()

    assert reply is GOOD


def test_a_login_that_failed_at_a_proxy_is_no_word_of_the_client() -> None:
    world = World(LOGIN)
    error = world.upstream.at_login = UnreachableError("the proxy demands a password (407)")
    error.is_foreign = True

    with pytest.raises(UnreachableError) as caught:
        world.send()

    assert caught.value.is_foreign


def test_a_client_that_was_only_slow_is_asked_again_within_minutes() -> None:
    world = World(LOGIN)
    world.upstream.at_login = Reply(502, b"")
    _poll_for(world, 3600.0)
    world.upstream.at_login = None

    outcomes = _poll_for(world, 165.0)

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
    assert _until_next_login(world) == waits


# --- secrets that were replaced ------------------------------------------------------------------


def test_a_password_that_was_replaced_in_its_file_is_used_when_the_old_one_is_refused() -> None:
    world = World(LOGIN)
    world.files["password"] = Secret("new")
    world.upstream.answer_login = lambda: None if NEW_BASIC in world.upstream.asked else WRONG

    reply = world.send()

    assert reply is GOOD
    assert world.upstream.take() == [BASIC, NEW_BASIC, _get(APP.path, "Bearer T1")]


def test_a_password_that_is_replaced_later_ends_the_pause() -> None:
    world = World(LOGIN)
    world.upstream.answer_login = lambda: None if NEW_BASIC in world.upstream.asked else WRONG
    with pytest.raises(RefusedError):
        world.send()
    world.files["password"] = Secret("new")
    world.clock.move(REREAD_PAUSE)

    reply = world.send()

    assert reply is GOOD


@pytest.mark.parametrize("content", [None, LOGIN.password])
def test_a_file_without_another_password_changes_nothing_and_is_seldom_looked_at(
    content: Secret | None,
) -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    if content is not None:
        world.files["password"] = content

    _poll_for(world, 300.0, 1.0)

    assert world.results()["refused"] <= 3
    assert len(world.looked) <= 300 / REREAD_PAUSE


def test_another_wrong_password_is_tried_once() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    world.files["password"] = Secret("new")

    for _ in range(3):
        with pytest.raises(RefusedError):
            world.send()

    assert world.upstream.take() == [BASIC, NEW_BASIC]


_CONSTANT = {
    "api_key": (KEY, "Apikey the-api-key-itself", "Apikey a-new-secret"),
    "bearer_token": (STATIC, "Bearer the-token-itself", "Bearer a-new-secret"),
}


@pytest.mark.parametrize("name", _CONSTANT)
def test_a_key_or_token_that_was_replaced_in_its_file_is_used_when_the_old_one_is_refused(name: str) -> None:
    credentials, old, new = _CONSTANT[name]
    world = World(credentials)
    world.files[name] = Secret("a-new-secret")
    world.upstream.at = lambda request: DENIED if request.authorization == old else GOOD

    replies = [world.send(), world.send()]

    assert replies == [GOOD, GOOD]
    assert world.upstream.take() == [_get(APP.path, each) for each in (old, new, new)]


@pytest.mark.parametrize("name", _CONSTANT)
def test_a_key_or_token_that_stays_wrong_is_looked_for_seldom(name: str) -> None:
    world = World(_CONSTANT[name][0])
    world.upstream.at = lambda _: DENIED

    _poll_for(world, 300.0, 1.0)

    assert len(world.looked) == 300 / REREAD_PAUSE


def test_secrets_that_were_replaced_are_counted() -> None:
    world = World(STATIC)
    world.upstream.at = lambda _: DENIED
    counts = []

    for text in ("the-token-itself", "a-new-secret", "a-new-secret", "a-newer-secret"):
        world.files["bearer_token"] = Secret(text)
        world.send()
        counts.append(world.auth.account().secrets_read)
        world.clock.move(REREAD_PAUSE)

    assert counts == [0, 1, 1, 2]


# --- other doors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", [APP, SUPPORT, Request("POST", "/v1/messages", body=b"{}")])
def test_a_constant_token_is_shown_everywhere_and_costs_no_login(request_: Request) -> None:
    world = World(STATIC)
    world.upstream.at = lambda _: DENIED

    reply = world.send(request_)
    world.upstream.drive(world.auth.log_out(1.0))

    assert reply is DENIED
    assert world.upstream.take() == [f"{request_.method} {request_.path} Bearer the-token-itself"]


@pytest.mark.parametrize("request_", [APP, SUPPORT, Request("POST", "/v1/messages", body=b"{}")])
def test_a_key_in_a_header_of_its_own_is_shown_everywhere(request_: Request) -> None:
    world = World(replace(KEY, header="D360-API-KEY"))
    flow = world.auth.flow(request_, 10.0)

    sent = next(flow)

    assert (sent.header, sent.authorization) == ("D360-API-KEY", "the-api-key-itself")
    assert sent.redact(b'{"details":"not the-api-key-itself"}') == b'{"details":"not <secret>"}'
    assert (sent.method, sent.path, sent.body) == (request_.method, request_.path, request_.body)


# --- refused logins ----------------------------------------------------------------------------


def _until_next_login(world: World) -> float:
    """Send a request every ten seconds until a login is tried; return how long that took."""
    waited = 0.0
    world.upstream.take()
    while BASIC not in world.upstream.take():
        world.clock.move(10)
        waited += 10
        with pytest.raises(ApiError):
            world.send()
    return waited


def test_after_refused_logins_the_pause_doubles_up_to_an_hour() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    with pytest.raises(RefusedError):
        world.send()

    pauses = [_until_next_login(world) for _ in range(7)]

    assert pauses == [120, 240, 480, 960, 1920, LONGEST_PAUSE, LONGEST_PAUSE]
    assert world.results() == {"refused": 8}


def test_a_login_that_is_refused_for_months_is_still_only_refused() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG

    for _ in range(1100):
        with pytest.raises(RefusedError):
            world.send()
        world.clock.move(LONGEST_PAUSE)

    assert world.results() == {"refused": 1100}


def test_a_login_that_is_accepted_again_ends_the_doubling() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    with pytest.raises(RefusedError):
        world.send()
    _until_next_login(world)
    world.clock.move(LONGEST_PAUSE)
    world.upstream.at_login = None
    world.send()
    world.upstream.at = lambda request: GOOD if request.authorization != "Bearer T1" else DENIED
    world.upstream.at_login = WRONG
    with pytest.raises(RefusedError):
        world.send()

    pause = _until_next_login(world)

    assert pause == FIRST_PAUSE


def test_a_refused_login_is_told_with_the_words_of_the_api_and_without_the_password() -> None:
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

    pauses = [_until_next_login(world) for _ in range(2)]

    assert caught.value.reason is Reason.RATE_LIMITED
    assert pauses == [120, 240]
    assert world.results() == {"rate_limited": 3}


def test_an_unreadable_answer_to_a_login_pauses_since_it_may_have_left_a_token() -> None:
    world = World(LOGIN)
    world.upstream.at_login = Reply(200, b'{"users":[{"expires_after":"2099-01-01 00:00:00+00:00"}]}')
    with pytest.raises(BodyError, match="the login failed: the answer to the login has no token in it"):
        world.send()

    pause = _until_next_login(world)

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


# --- several threads ---------------------------------------------------------------------------


class Meeting:
    """Two threads at one Auth: the first is held at its login until the second waits for it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.logins = 0
        self.outcomes: list[Reply | str] = []

    def drive(self) -> None:
        flow = self.world.auth.flow(APP, 10.0)
        try:
            request = next(flow)
            while True:
                if request.path.endswith("login"):
                    self.logins += 1
                    self.has_begun.set()
                    assert self.may_go_on.wait(60)
                answer = self.world.upstream.answer(request)
                request = flow.throw(answer) if isinstance(answer, ApiError) else flow.send(answer)
        except StopIteration as end:
            self.outcomes.append(end.value)
        except ApiError as error:
            self.outcomes.append(str(error))

    def hold(self) -> None:
        first, second = (threading.Thread(target=self.drive) for _ in range(2))
        first.start()
        assert self.has_begun.wait(60)
        second.start()
        second.join(0.03)  # long enough to reach the lock; if it is not, the test can only pass too easily
        assert second.is_alive()
        self.may_go_on.set()
        first.join()
        second.join()


def test_a_thread_that_waited_takes_the_token_that_another_got() -> None:
    meeting = Meeting(World(LOGIN))

    meeting.hold()

    assert meeting.logins == 1
    assert meeting.outcomes == [GOOD, GOOD]


@pytest.mark.parametrize("failure", [SILENCE, WRONG, BUSY, Reply(500, b"")])
def test_a_thread_that_waited_shares_the_failure_of_another(failure: Reply | ApiError) -> None:
    world = World(LOGIN)
    world.upstream.at_login = failure
    meeting = Meeting(world)

    meeting.hold()

    assert meeting.logins == 1
    assert len(meeting.outcomes) == 2
    assert len(set(meeting.outcomes)) == 1


def test_a_flow_that_is_given_up_frees_the_login() -> None:
    world = World(LOGIN)
    flow = world.auth.flow(APP, 10.0)
    next(flow)

    flow.close()

    assert world.send() is GOOD


def test_nobody_waits_for_a_login_beyond_the_time_given() -> None:
    world = World(LOGIN)
    holder = world.auth.flow(APP, 10.0)
    next(holder)

    with pytest.raises(UnreachableError, match="the login of another request took too long") as caught:
        world.upstream.drive(world.auth.flow(APP, 0.02))

    assert caught.value.reason is Reason.TIMEOUT
    holder.close()


# --- the end -----------------------------------------------------------------------------------


def test_leaving_logs_out() -> None:
    world = World(LOGIN)
    world.send()
    world.upstream.take()

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == [_log_out("T1")]
    assert world.auth.account() == Account(
        (("ok", 1), ("refused", 0), ("rate_limited", 0), ("failed", 0)), None
    )


@pytest.mark.parametrize("credentials", [Credentials(), KEY, LOGIN, BOTH])
def test_leaving_without_a_token_asks_nothing(credentials: Credentials) -> None:
    world = World(credentials)

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == []


def test_after_leaving_no_login_is_made() -> None:
    world = World(LOGIN)
    world.upstream.drive(world.auth.log_out(1.0))

    with pytest.raises(UnreachableError, match="this client has been left"):
        world.send()

    assert world.upstream.take() == []


def test_nothing_that_prints_an_auth_prints_a_secret() -> None:
    world = World(BOTH)
    world.send(SUPPORT)

    said = f"{world.auth!r} {vars(world.auth)!r}"

    assert "T1" not in said
    assert "pa:ss" not in said
    assert "the-api-key" not in said


# --- what is known of the credentials ----------------------------------------------------------


def test_credentials_are_accepted_once_they_were_good_for_something_and_until_they_are_refused() -> None:
    world = World(LOGIN)
    seen = [world.auth.account().is_accepted]

    world.send()
    seen.append(world.auth.account().is_accepted)

    assert seen == [False, True]


def test_a_login_that_is_not_tried_yet_says_when_it_was_refused() -> None:
    world = World(LOGIN)
    world.upstream.at_login = WRONG
    began = world.clock()
    with pytest.raises(RefusedError) as first:
        world.send()
    world.clock.move(5.0)

    with pytest.raises(RefusedError) as second:
        world.send()

    assert (first.value.asked_at, second.value.asked_at) == (None, began)
