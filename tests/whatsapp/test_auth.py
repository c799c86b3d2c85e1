"""The authentication, driven by hand: the requests that it sends, and how it takes the replies."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.whatsapp.upstream import (
    APP,
    BASIC,
    BOTH,
    BUSY,
    DB,
    DENIED,
    GOOD,
    KEY,
    LOGIN,
    SILENCE,
    STATIC,
    SUPPORT,
    WEEK,
    WRONG,
    World,
    get_line,
    logout_line,
)
from waexporter.errors import ApiError, UnreachableError
from waexporter.model import Account, Credentials, Reason
from waexporter.transport.exchange import Reply, Request
from waexporter.whatsapp.backoff import FIRST_PAUSE

# --- keys ----------------------------------------------------------------------------------------


def test_without_credentials_a_request_goes_out_as_it_is() -> None:
    world = World(Credentials())

    reply = world.send(SUPPORT)

    assert reply is GOOD
    assert world.upstream.take() == ["GET /v1/support"]


@pytest.mark.parametrize("path", ["/v1/health", "/v1/metrics", "/v1/stats/app", "/v1/stats/db"])
def test_a_key_goes_where_keys_are_valid(path: str) -> None:
    world = World(KEY)

    world.send(Request("GET", path))

    assert world.upstream.take() == [get_line(path, "Apikey the-api-key-itself")]


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
    assert world.upstream.take() == [get_line(APP.path, "Apikey the-api-key-itself")] * 2


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
        get_line(APP.path, "Apikey the-api-key-itself"),
        BASIC,
        get_line(APP.path, "Bearer T1"),
        get_line(APP.path, "Bearer T1"),
        get_line(DB.path, "Apikey the-api-key-itself"),
    ]


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_other_failures_of_a_key_call_for_no_login(status: int) -> None:
    world = World(BOTH)
    world.upstream.at = lambda _: Reply(status, b"")

    reply = world.send()

    assert reply.status == status
    assert len(world.upstream.take()) == 1


# --- tokens --------------------------------------------------------------------------------------


def test_one_login_serves_many_requests() -> None:
    world = World(LOGIN)

    for _ in range(3):
        world.send()

    assert world.upstream.take() == [BASIC, *[get_line(APP.path, "Bearer T1")] * 3]
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

    renewal = [BASIC, logout_line("T1"), get_line(APP.path, "Bearer T2")]
    assert world.upstream.take() == (renewal if is_renewed else [get_line(APP.path, "Bearer T1")])


def test_a_token_that_is_given_again_is_not_logged_out() -> None:
    world = World(LOGIN)
    world.send()
    world.clock.move(0.8 * WEEK)
    world.upstream.tokens = 0
    world.upstream.take()

    world.send()

    assert world.upstream.take() == [BASIC, get_line(APP.path, "Bearer T1")]


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
    old = get_line(APP.path, "Bearer T1")
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


# --- several threads -----------------------------------------------------------------------------


class Meeting:
    """Two threads at one Auth: the first is held at its login until the second waits for it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()
        self.logins = 0
        self.outcomes: list[Reply | str] = []
        world.upstream.answer_login = self.answer_login

    def answer_login(self) -> Reply | ApiError | None:
        self.logins += 1
        self.has_begun.set()
        assert self.may_go_on.wait(60)
        return self.world.upstream.at_login

    def drive(self) -> None:
        try:
            self.outcomes.append(self.world.send())
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


def test_a_request_waits_for_a_login_no_longer_than_its_timeout() -> None:
    world = World(LOGIN)
    holder = world.auth.flow(APP, 10.0)
    next(holder)

    with pytest.raises(UnreachableError, match="the login of another request took too long") as caught:
        world.upstream.drive(world.auth.flow(APP, 0.02))

    assert caught.value.reason is Reason.TIMEOUT
    holder.close()


# --- the end -------------------------------------------------------------------------------------


def test_leaving_logs_out() -> None:
    world = World(LOGIN)
    world.send()
    world.upstream.take()

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == [logout_line("T1")]
    assert world.auth.account() == Account(
        (("ok", 1), ("refused", 0), ("rate_limited", 0), ("failed", 0)), None
    )


@pytest.mark.parametrize("credentials", [Credentials(), KEY, LOGIN, BOTH])
def test_leaving_without_a_token_sends_nothing(credentials: Credentials) -> None:
    world = World(credentials)

    world.upstream.drive(world.auth.log_out(1.0))

    assert world.upstream.take() == []


def test_a_token_that_could_not_be_logged_out_is_left_to_the_next_client() -> None:
    former, world = World(LOGIN), World(LOGIN)
    former.send()
    flow = former.auth.log_out(1.0)
    next(flow)
    with pytest.raises(StopIteration):
        flow.throw(UnreachableError("another certificate is presented now"))

    world.auth.add_tokens(former.auth.take_tokens())
    world.send()

    assert world.upstream.take().count(logout_line("T1")) == 1
    assert former.auth.take_tokens() == []


def test_the_next_client_counts_on() -> None:
    former, world = World(LOGIN), World(LOGIN)
    former.send()

    world.auth.continue_counts(replace(former.auth.account(), tokens_refused=3))
    world.send()

    assert (world.results(), world.auth.account().tokens_refused) == ({"ok": 2}, 3)


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
