"""Who we are to a client: an API key, a login, or both.

`Auth.flow` is a generator that yields the requests to send and is sent their replies, so the whole protocol
is written (and tested) without a socket. What it guards, all from observed behaviour of the API: every login
leaves a token on the server for seven days; thirty wrong logins in an hour lock the address out, right
password or not; and an API key may be good for /health only.
"""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Account, Reason
from waexporter.whatsapp import payloads
from waexporter.whatsapp.exchange import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from waexporter.model import Auth as Credentials
    from waexporter.model import Instant, Secret

    Flow = Generator[Request, Reply, Reply]

LOGIN_PATH = "/v1/users/login"
LOGOUT_PATH = "/v1/users/logout"
KEY_PATHS = frozenset({"/v1/health", "/v1/metrics", "/v1/stats/app", "/v1/stats/db"})
FIRST_PAUSE = 120.0  # seconds without a login after a refused one; doubles with each further refusal
LONGEST_PAUSE = 3600.0
RENEW_SHARE = (0.75, 0.15)  # a token is renewed after 75 % of its life, plus up to 15 % by chance
SHORTEST_LIFE = (
    3600.0  # seconds; a token that ends sooner (or has ended: clocks differ) is used until it is refused
)
PASSWORD_CHANGE_REQUIRED = 1024


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires: float  # wall clock
    renew: float  # wall clock


@dataclass(slots=True)
class _Pause:
    """A time in which a login is not tried; each one is twice as long as the one before."""

    length: float = 0.0  # seconds
    ends: float = float("-inf")  # steady clock

    def begin(self, now: float) -> None:
        self.length = min(self.length * 2 or FIRST_PAUSE, LONGEST_PAUSE)
        self.ends = now + self.length


class Auth:
    """The proof of identity towards one target, kept from request to request; safe to share by threads."""

    def __init__(
        self, credentials: Credentials, clock: Callable[[], Instant], chance: Callable[[], float]
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._chance = chance
        self._login = threading.Lock()
        self._token: _Token | None = None
        self._key_refused: set[str] = set()  # paths
        self._token_refused: dict[str, _Pause] = {}  # by path: even a new token was refused there
        self._pause = _Pause()
        self._attempts = 0  # that have ended
        self._last_error: ApiError | None = None
        self._has_left = False
        self._results = dict(Account().logins)

    def account(self) -> Account:
        """Tell what happened to the logins so far, and when the token ends."""
        token = self._token
        return Account(tuple(self._results.items()), token.expires if token else None)

    def flow(self, request: Request, timeout: float) -> Flow:
        """Send `request` with the best proof there is; raises RefusedError when none is accepted.

        Waits no longer than `timeout` seconds for another thread's login.
        """
        ends = self._clock().steady + timeout
        if self._uses_key(request.path):
            reply = yield _with(request, f"Apikey {_reveal(self._credentials.api_key)}")
            if not _is_refusal(reply) or self._credentials.password is None:
                return reply
            self._key_refused.add(request.path)
        if self._credentials.password is None:
            return (yield request)
        return (yield from self._with_token(request, ends))

    def end_logins(self, timeout: float) -> None:
        """Make no login any more, and wait for one under way; raises UnreachableError if it takes longer."""
        self._has_left = True
        with self._alone(self._clock().steady + timeout):
            pass

    def leave(self, timeout: float) -> Flow:
        """Log out for good, so that no token is left behind; does nothing without one."""
        self._has_left = True
        with self._alone(self._clock().steady + timeout):
            token, self._token = self._token, None
        if token is None:
            return Reply(200, b"")
        return (yield Request("POST", LOGOUT_PATH, f"Bearer {token.text}"))

    def _uses_key(self, path: str) -> bool:
        return self._credentials.api_key is not None and path in KEY_PATHS and path not in self._key_refused

    # --- tokens --------------------------------------------------------------------------------

    def _with_token(self, request: Request, ends: float) -> Flow:
        token = self._token
        if token is None or self._clock().wall >= token.renew:
            token = yield from self._renewed(token, ends)
        reply = yield _with(request, f"Bearer {token.text}")
        if reply.status != HTTPStatus.UNAUTHORIZED:
            self._token_refused.pop(request.path, None)
            return reply
        pause = self._token_refused.setdefault(request.path, _Pause())
        now = self._clock().steady
        if now < pause.ends:
            return reply
        fresh = yield from self._fresh(token, ends)
        reply = yield _with(request, f"Bearer {fresh.text}")
        if reply.status == HTTPStatus.UNAUTHORIZED:
            # No token is good enough for this path, so it shall not cost a login per poll; the old one may
            # still be good elsewhere, and would be left behind.
            pause.begin(now)
            yield from _log_out(token, fresh)
        else:
            self._token_refused.pop(request.path, None)
        return reply

    def _renewed(self, old: _Token | None, ends: float) -> Generator[Request, Reply, _Token]:
        """Log in ahead of time; while the old token is good, the request survives a failure to do so."""
        try:
            fresh = yield from self._fresh(old, ends)
        except ApiError:
            if old is None or not self._is_good(old):
                raise
            return old
        if old is not None:
            yield from _log_out(old, fresh)
        return fresh

    def _is_good(self, token: _Token | None) -> bool:
        return token is not None and self._clock().wall < token.expires

    # --- logins --------------------------------------------------------------------------------

    @contextmanager
    def _alone(self, ends: float) -> Iterator[None]:
        """Be the only thread that logs in or out, or wait for it until `ends` (steady clock)."""
        if not self._login.acquire(timeout=max(ends - self._clock().steady, 0.0)):
            raise UnreachableError("the login of another request took too long", reason=Reason.TIMEOUT)
        try:
            yield
        finally:
            self._login.release()

    def _fresh(self, seen: _Token | None, ends: float) -> Generator[Request, Reply, _Token]:
        """Give a newer token than `seen`; only one thread logs in, the others wait for what it got."""
        attempts = self._attempts
        with self._alone(ends):
            if self._has_left:
                raise UnreachableError("no login is made any more: this client has been left")
            if self._token is not None and self._token is not seen:
                return self._token
            is_paused = self._clock().steady < self._pause.ends
            if self._last_error is not None and (self._attempts != attempts or is_paused):
                # A copy: one error raised again and again would gather the frames of every poll.
                raise _copy(self._last_error)
            try:
                reply = yield Request("POST", LOGIN_PATH, _basic(self._credentials))
                payloads.check(reply)
                self._token = self._issue(reply)
            except ApiError as error:
                raise self._remember(error, seen) from error
            finally:
                self._attempts += 1
            self._pause, self._last_error = _Pause(), None
            self._results["ok"] += 1
            return self._token

    def _issue(self, reply: Reply) -> _Token:
        text, expires = payloads.read_login(reply.body)
        now = self._clock().wall
        share, spread = RENEW_SHARE
        life = max(expires - now, SHORTEST_LIFE)
        return _Token(text, expires, now + life * (share + spread * self._chance()))

    def _remember(self, error: ApiError, seen: _Token | None) -> ApiError:
        """Count a failed login, keep it for those who wait, and pause when asking again would hurt."""
        refused = isinstance(error, RefusedError)
        limited = error.reason is Reason.RATE_LIMITED
        self._results["refused" if refused else "rate_limited" if limited else "failed"] += 1
        # An unreadable answer may have left a token; and while a good one is at hand nothing is urgent.
        if refused or limited or isinstance(error, BodyError) or self._is_good(seen):
            self._pause.begin(self._clock().steady)
        self._last_error = _copy(error, _explain(error, self._credentials))
        return _copy(self._last_error)


def _log_out(old: _Token, new: _Token) -> Generator[Request, Reply, None]:
    if old.text != new.text:
        with suppress(ApiError):  # it ends by itself in some days if this fails
            yield Request("POST", LOGOUT_PATH, f"Bearer {old.text}")


def _explain(error: ApiError, credentials: Credentials) -> str:
    # The answer to a wrong login might repeat it.
    said = str(error).replace(_reveal(credentials.password) or "\0", "<secret>")
    if not isinstance(error, RefusedError):
        return f"the login failed: {said}"
    if error.code == PASSWORD_CHANGE_REQUIRED:
        return (
            f"the account {credentials.username!r} must change its password at its first login (code 1024): "
            'change it once by POST /v1/users/login with the body {"new_password": "..."} and configure the '
            "new one here; waexporter never changes a password by itself"
        )
    return (
        f"the login of {credentials.username!r} was refused ({said}); the next one is tried in some minutes"
    )


def _copy(error: ApiError, words: str = "") -> ApiError:
    return type(error)(words or str(error), reason=error.reason, code=error.code, status=error.status)


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.username}:{_reveal(credentials.password)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _reveal(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""


def _with(request: Request, authorization: str) -> Request:
    return replace(request, authorization=authorization)


def _is_refusal(reply: Reply) -> bool:
    return reply.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
