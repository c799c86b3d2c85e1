"""The other side of an Auth, driven by hand, and its answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.clocks import HandClock
from waexporter.errors import ApiError, UnreachableError
from waexporter.model import Credentials, Reason, Secret
from waexporter.transport.exchange import Reply, Request
from waexporter.whatsapp.auth import Auth

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


class Upstream:
    """The other side: issues the tokens T1, T2, ..., answers as set, and records the requests."""

    def __init__(self, clock: HandClock) -> None:
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
        self.clock = HandClock(steady=50.0)
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


def get_line(path: str, proof: str) -> str:
    return f"GET {path} {proof}"


def logout_line(token: str) -> str:
    return f"POST /v1/users/logout Bearer {token}"


def poll_for(world: World, seconds: float, interval: float = 5.0) -> list[Reply | str]:
    """Send requests again and again; return the results."""
    outcomes: list[Reply | str] = []
    for _ in range(int(seconds / interval)):
        try:
            outcomes.append(world.send())
        except ApiError as error:
            outcomes.append(str(error))
        world.clock.move(interval)
    return outcomes


def until_next_login(world: World) -> float:
    """Send a request every ten seconds until a login is tried; return how long that took."""
    waited = 0.0
    world.upstream.take()
    while BASIC not in world.upstream.take():
        world.clock.move(10)
        waited += 10
        with pytest.raises(ApiError):
            world.send()
    return waited
