"""Who we are to a client: an API key, a login, both, or a token that never changes.

`Auth.flow` is a generator that yields the requests to send and is sent their replies, so the whole protocol
is written (and tested) without a socket. What it guards, all from observed behaviour of the API: every login
leaves a token on the server for seven days; thirty wrong logins in an hour lock the address out, right
password or not; and an API key may be good for /health only. So logins are bounded whatever the answers are,
and a token that is given up is logged out.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Account, Distrust, Reason
from waexporter.transport.exchange import Reply, Request, basic_auth
from waexporter.whatsapp.documents.envelope import check, is_refused, status_of
from waexporter.whatsapp.documents.login import read_login

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from waexporter.model import Credentials, Instant, Secret

    Flow = Generator[Request, Reply, Reply]
    Reread = Callable[[str, Secret], Secret | None]

LOGIN_PATH = "/v1/users/login"
LOGOUT_PATH = "/v1/users/logout"
KEY_PATHS = frozenset({"/v1/health", "/v1/metrics", "/v1/stats/app", "/v1/stats/db"})
FIRST_PAUSE = 120.0  # seconds without a login after a refused one; doubles with each further refusal
LONGEST_PAUSE = 3600.0
# After a login that merely failed; the first one is tried again at once. Not thirty in an hour either.
RETRY_PAUSE = (20.0, 160.0)
# Seconds that a login waits at most because an answer asks for it: a 429, and any other. A page of
# maintenance may ask for an hour, and a client that is well again is to be logged in to soon.
LONGEST_ASKED_FOR = (300.0, 60.0)
# Tokens that are refused soon after they were given are replaced at once so often: a client that restarts
# forgets them each time. From then on, these are the seconds from one token to the next.
QUICK_TOKENS = 3
TOKEN_PAUSE = (120.0, 600.0)
TOKEN_HELD = 1200.0  # seconds; a token that lasted so long is replaced at once when it is refused
DISTRUST_TIME = 1800.0  # seconds that what was seen of refused tokens is told
MANY_TOKENS = 5  # refused within that time: more than restarts account for
REREAD_PAUSE = 30.0  # seconds from one look at a secret's file to the next
LOGOUT_ATTEMPTS = 2
RENEW_SHARE = (0.75, 0.15)  # a token is renewed after 75 % of its life, plus up to 15 % by chance
ASSUMED_LIFE = 7 * 24 * 3600.0  # seconds; what the API's documentation says of tokens
SHORTEST_LIFE = (
    3600.0  # seconds; a token that ends sooner (or has ended: clocks differ) is used until it is refused
)
PASSWORD_CHANGE_REQUIRED = 1024


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    expires: float | None  # wall clock; None: not known
    renew: float  # wall clock
    refused_at: set[str] = field(default_factory=set)  # paths


@dataclass(slots=True)
class _Pause:
    """A time in which a login is not tried; each one is twice as long as the one before."""

    first: float = FIRST_PAUSE
    longest: float = LONGEST_PAUSE
    length: float = 0.0  # seconds
    ends: float = float("-inf")  # steady clock

    def begin(self, now: float, least: float = 0.0) -> None:
        self.length = min(self.length * 2 or self.first, self.longest)
        self.ends = now + max(self.length, least)


@dataclass(slots=True)
class _Pace:
    """How soon one token may follow another; the gap grows while they follow closely."""

    quick: int = QUICK_TOKENS  # that may still follow without a gap
    gap: float = 0.0  # seconds
    last: float = float("-inf")  # steady clock

    def allows(self, now: float) -> bool:
        return now - self.last >= self.gap

    def count(self, now: float) -> None:
        first, longest = TOKEN_PAUSE
        if now - self.last >= TOKEN_HELD:
            self.quick, self.gap = QUICK_TOKENS, 0.0
        elif self.quick > 1:
            self.quick -= 1
        else:
            self.gap = min(self.gap * 2 or first, longest)
        self.last = now


def _never(_name: str, _secret: Secret) -> None:
    """Read no file anew."""


class Auth:
    """The proof of identity towards one target, kept from request to request; safe to share by threads."""

    def __init__(
        self,
        credentials: Credentials,
        clock: Callable[[], Instant],
        chance: Callable[[], float],
        reread: Reread = _never,
    ) -> None:
        self._credentials = self._used = credentials  # used: by the last login
        self._clock = clock
        self._chance = chance
        self._reread = reread  # given a key of `auth` and its secret; None where its file gives none
        self._reread_from: dict[str, float] = {}  # by key of `auth`: steady clock
        self._login = threading.Lock()
        self._token: _Token | None = None
        self._given_up: deque[tuple[str, int]] = deque()  # tokens, and how often a logout was tried
        self._key_refused: set[str] = set()  # paths
        self._accepting: set[str] = set()  # paths that have accepted a token
        self._token_refused: dict[str, _Pause] = {}  # by path: even a new token was refused there
        self._pace = _Pace()
        self._pause = _Pause()
        self._retry = _Pause(*RETRY_PAUSE)
        self._attempts = 0  # that have ended
        self._last_error: ApiError | None = None
        self._last_error_at: Instant | None = None
        self._has_left = False
        self._results = dict(Account().logins)
        self._secrets_read = 0
        self._is_accepted = False
        self._refusals = 0
        # Tokens that were refused, and when that began (steady clock).
        self._lost: deque[tuple[_Token, float]] = deque(maxlen=MANY_TOKENS)
        self._contradicted = float("-inf")  # when a refused token was accepted (steady clock)

    def account(self) -> Account:
        """Tell what happened to the logins so far, when the token ends, and how tokens fare."""
        token = self._token
        expires = token.expires if token else None
        results = tuple(self._results.items())
        return Account(
            results,
            expires,
            self._refusals,
            self._distrust(),
            self._secrets_read,
            is_accepted=self._is_accepted,
        )

    def flow(self, request: Request, timeout: float) -> Flow:
        """Send `request` with the best proof there is; raises RefusedError when none is accepted.

        Waits no longer than `timeout` seconds for another thread's login.
        """
        ends = self._clock().steady + timeout
        if self._credentials.bearer_token is not None:
            return (yield from self._with_constant(request, "bearer_token"))
        if self._uses_key(request.path):
            reply = yield from self._with_constant(request, "api_key")
            if not is_refused(reply) or self._credentials.password is None:
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
        if token is not None:
            self._given_up.appendleft((token.text, 0))
        yield from self._clear_away()
        return Reply(200, b"")

    # --- what needs no login -------------------------------------------------------------------

    def _uses_key(self, path: str) -> bool:
        credentials = self._credentials
        is_taken = credentials.header is not None or path in KEY_PATHS
        return credentials.api_key is not None and is_taken and path not in self._key_refused

    def _with_constant(self, request: Request, name: str) -> Flow:
        used = self._credentials
        reply = yield _prove(request, used)
        if is_refused(reply) and self._has_another(name, used):
            reply = yield _prove(request, self._credentials)
        self._is_accepted |= _is_success(reply)
        return reply

    def _has_another(self, name: str, used: Credentials) -> bool:
        """Tell whether there is another secret than the one used; its file may hold one by now."""
        old: Secret | None = getattr(used, name)
        now = self._clock().steady
        if getattr(self._credentials, name) != old:
            return True  # another thread has read it
        if old is None or now < self._reread_from.get(name, now):
            return False
        self._reread_from[name] = now + REREAD_PAUSE
        new = self._reread(name, old)
        if new is None or new == old:
            return False
        self._credentials = _replaced(self._credentials, name, new)
        self._secrets_read += 1
        return True

    # --- tokens --------------------------------------------------------------------------------

    def _with_token(self, request: Request, ends: float) -> Flow:
        token = self._token
        if token is None or self._clock().wall >= token.renew:
            token = yield from self._renewed(token, ends)
        reply = yield from self._tried(request, token)
        if _is_token_refused(reply):
            reply = yield from self._tried_again(request, token, reply, ends)
        yield from self._clear_away()
        return reply

    def _tried(self, request: Request, token: _Token) -> Flow:
        reply = yield _with(request, f"Bearer {token.text}")
        if _is_token_refused(reply):
            self._count_refusal(request.path, token)
            return reply
        self._token_refused.pop(request.path, None)
        if _is_success(reply):
            self._accepting.add(request.path)
            if request.path in token.refused_at:
                token.refused_at.discard(request.path)
                self._contradicted = self._clock().steady
        return reply

    def _tried_again(self, request: Request, token: _Token, reply: Reply, ends: float) -> Flow:
        """Make the best of a refusal: a new token, unless that would be one login too many."""
        pause = self._token_refused.setdefault(request.path, _Pause())
        now = self._clock().steady
        if now < pause.ends:
            return reply
        # One of several webapps may refuse what others accept, and a kept connection leads to the same one.
        request = replace(request, wants_new_connection=True)
        if token is self._token and not self._pace.allows(now):
            return (yield from self._tried(request, token))
        fresh = yield from self._fresh(token, ends)
        reply = yield from self._tried(request, fresh)
        if _is_token_refused(reply):
            # No token is good enough for this path, so it shall not cost a login per poll.
            self._token_refused.setdefault(request.path, pause).begin(now)
        return reply

    def _count_refusal(self, path: str, token: _Token) -> None:
        if token is not self._token:
            return  # another thread has replaced it, and it was logged out
        token.refused_at.add(path)
        # A path that has never accepted a token may be none for this account.
        if path in self._accepting:
            self._refusals += 1
            if not self._lost or self._lost[-1][0] is not token:
                self._lost.append((token, self._clock().steady))

    def _distrust(self) -> Distrust | None:
        since = self._clock().steady - DISTRUST_TIME
        if self._contradicted > since:
            return Distrust.CONTRADICTORY
        # Renewed ahead of time, tokens are not refused at all.
        is_often = len(self._lost) == MANY_TOKENS and self._lost[0][1] > since
        return Distrust.SHORT_LIVED if is_often else None

    def _renewed(self, old: _Token | None, ends: float) -> Generator[Request, Reply, _Token]:
        """Log in ahead of time; while the old token is good, the request survives a failure to do so."""
        try:
            fresh = yield from self._fresh(old, ends)
        except ApiError:
            if old is None or not self._is_good(old):
                raise
            return old
        yield from self._clear_away()
        return fresh

    def _is_good(self, token: _Token | None) -> bool:
        return token is not None and (token.expires is None or self._clock().wall < token.expires)

    def _clear_away(self) -> Generator[Request, Reply, None]:
        """Log out tokens that were given up; a webapp may refuse one that another one knows."""
        while self._given_up:
            try:
                text, attempts = self._given_up.popleft()
            except IndexError:
                return  # another thread has taken the last one
            is_silent, is_done = False, False
            try:
                is_done = status_of((yield _log_out(text))) < HTTPStatus.BAD_REQUEST
            except ApiError:
                is_silent = True
            # What is left behind after that ends by itself in some days.
            if not is_done and attempts + 1 < LOGOUT_ATTEMPTS:
                self._given_up.append((text, attempts + 1))
            if is_silent:
                return

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
            if self._last_error is not None and (self._attempts != attempts or self._is_paused()):
                # A copy: one error raised again and again would gather the frames of every poll.
                error = _copy(self._last_error)
                error.asked_at = self._last_error_at if self._attempts == attempts else None
                raise error
            try:
                token = yield from self._logged_in(seen)
            except RefusedError:
                if not self._has_another("password", self._used):
                    raise
                token = yield from self._logged_in(seen)
            if seen is not None and seen.text != token.text:
                self._given_up.append((seen.text, 0))
            self._token = token
            return token

    def _is_paused(self) -> bool:
        now = self._clock().steady
        if now >= max(self._pause.ends, self._retry.ends):
            return False
        # With another password the next login is another one.
        return not (isinstance(self._last_error, RefusedError) and self._has_another("password", self._used))

    def _logged_in(self, seen: _Token | None) -> Generator[Request, Reply, _Token]:
        self._used = self._credentials
        try:
            reply = yield Request("POST", LOGIN_PATH, _basic(self._used))
            token = self._issue(reply)
        except ApiError as error:
            raise self._remember(error, seen) from error
        finally:
            self._attempts += 1
        self._pause, self._retry, self._last_error = _Pause(), _Pause(*RETRY_PAUSE), None
        self._pace.count(self._clock().steady)
        self._results["ok"] += 1
        self._is_accepted = True
        return token

    def _issue(self, reply: Reply) -> _Token:
        """Take the token of an answer, whatever else it says."""
        try:
            text, expires = read_login(reply.body if _is_success(reply) else b"")
        except BodyError:
            check(reply)
            raise
        now = self._clock().wall
        share, spread = RENEW_SHARE
        life = ASSUMED_LIFE if expires is None else max(expires - now, SHORTEST_LIFE)
        return _Token(text, expires, now + life * (share + spread * self._chance()))

    def _remember(self, error: ApiError, seen: _Token | None) -> ApiError:
        """Count a failed login, keep it for those who wait, and pause when asking again would hurt."""
        refused = isinstance(error, RefusedError)
        limited = error.reason is Reason.RATE_LIMITED
        self._results["refused" if refused else "rate_limited" if limited else "failed"] += 1
        now, longest = self._clock().steady, LONGEST_ASKED_FOR[0 if limited else 1]
        least = min(error.retry_after or 0.0, longest)
        # An unreadable answer may have left a token; and while a good one is at hand nothing is urgent.
        if refused or limited or isinstance(error, BodyError) or self._is_good(seen):
            self._pause.begin(now, least)
        elif self._last_error is not None and _has_arrived(error):
            self._retry.begin(now, least)
        elif least:
            self._retry.ends = now + least
        self._last_error = _copy(error, _explain(error, self._used))
        self._last_error_at = self._clock()
        self._is_accepted &= not refused
        self._last_error.retry_after = least or None
        return _copy(self._last_error)


def _log_out(token: str) -> Request:
    return Request("POST", LOGOUT_PATH, f"Bearer {token}")


def _has_arrived(error: ApiError) -> bool:
    """Tell whether a login may have reached the client: one that did not costs it nothing."""
    return not isinstance(error, UnreachableError) or error.may_have_arrived


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
    copy = type(error)(words or str(error), reason=error.reason, code=error.code, status=error.status)
    copy.retry_after, copy.is_foreign = error.retry_after, error.is_foreign
    copy.phases = error.phases
    return copy


def _basic(credentials: Credentials) -> str:
    return basic_auth(credentials.username or "", _reveal(credentials.password))


def _reveal(secret: Secret | None) -> str:
    return secret.reveal() if secret is not None else ""


def _with(request: Request, authorization: str) -> Request:
    return replace(request, authorization=authorization)


def _prove(request: Request, credentials: Credentials) -> Request:
    """Show what never changes: a token, or a key in its own header or in the API's."""
    if credentials.bearer_token is not None:
        return _with(request, f"Bearer {_reveal(credentials.bearer_token)}")
    key = _reveal(credentials.api_key)
    if credentials.header is not None:
        return replace(request, authorization=key, header=credentials.header)
    return _with(request, f"Apikey {key}")


def _replaced(credentials: Credentials, name: str, secret: Secret) -> Credentials:
    if name == "password":
        return replace(credentials, password=secret)
    if name == "api_key":
        return replace(credentials, api_key=secret)
    return replace(credentials, bearer_token=secret)


def _is_success(reply: Reply) -> bool:
    return HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES


def _is_token_refused(reply: Reply) -> bool:
    """Tell whether another token may be what is lacking; 403 is about what the account may do."""
    return status_of(reply) == HTTPStatus.UNAUTHORIZED
