"""The authentication of requests: an API key, a login, both, or a token that never changes.

`Auth.flow` is a generator that yields requests and receives their replies, so the whole protocol is written
(and tested) without a socket. Its limits come from the API's observed behaviour: every login leaves a token
on the server for seven days; after thirty wrong logins in an hour, the address is locked out, even with the
right password; and an API key may be accepted by /health only. So the number of logins is limited whatever
the answers are, and a token that is replaced is logged out.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Account, Reason
from waexporter.transport.exchange import Reply, Request, basic_auth
from waexporter.whatsapp.current_credentials import CurrentCredentials, add_static_secret
from waexporter.whatsapp.documents.envelope import check, is_refused, status_of
from waexporter.whatsapp.documents.login import read_login
from waexporter.whatsapp.login_attempts import LoginAttempts
from waexporter.whatsapp.tokens import TokenPace, TokenRefusals, issue_token

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from waexporter.model import Credentials, Instant
    from waexporter.whatsapp.current_credentials import Reread
    from waexporter.whatsapp.tokens import Token

    Flow = Generator[Request, Reply, Reply]

LOGIN_PATH = "/v1/users/login"
LOGOUT_PATH = "/v1/users/logout"
LOGOUT_ATTEMPTS = 2


class Auth:
    """The authentication towards one target, kept from request to request; safe to share by threads."""

    def __init__(
        self,
        credentials: Credentials,
        clock: Callable[[], Instant],
        jitter: Callable[[], float],
        reread: Reread | None = None,
    ) -> None:
        self._clock = clock
        self._jitter = jitter
        self._credentials = CurrentCredentials(credentials, clock, reread)
        self._key_refused: set[str] = set()  # paths
        self._login = threading.Lock()
        self._is_closed = False
        self._attempts = LoginAttempts(self._credentials, clock)
        self._token: Token | None = None
        self._pace = TokenPace()
        self._refusals = TokenRefusals(clock)
        self._to_log_out: deque[tuple[str, int]] = deque()  # old tokens, and how often a logout was tried

    def account(self) -> Account:
        """Return the results of the logins so far, when the token expires, and how tokens are treated."""
        token = self._token
        return Account(
            self._attempts.results,
            token.expires if token else None,
            self._refusals.count,
            self._refusals.find_distrust(),
            self._credentials.secrets_read,
            is_accepted=self._credentials.is_accepted,
        )

    def continue_counts(self, before: Account) -> None:
        """Count on from the logins and refused tokens of the client before this one."""
        self._attempts.continue_counts(before.logins)
        self._refusals.count += before.tokens_refused

    def take_tokens(self) -> list[str]:
        """Return the tokens that are not logged out yet, and forget them; nobody may use this any more."""
        tokens = [text for text, _ in self._to_log_out]
        self._to_log_out.clear()
        return tokens

    def add_tokens(self, tokens: Iterable[str]) -> None:
        """Log out tokens of the client before this one, after the next request with a token."""
        self._to_log_out.extend((text, 0) for text in tokens)

    def flow(self, request: Request, timeout: float) -> Flow:
        """Authenticate and send `request`; return its reply, even if that refuses all credentials.

        Waits at most `timeout` seconds for another thread's login. Raises the ApiError of a failed login, and
        any error that is thrown into the generator.
        """
        deadline = self._clock().steady + timeout
        if self._credentials.current.bearer_token is not None:
            return (yield from self._with_static_secret(request, "bearer_token"))
        if self._credentials.takes_key(request.path) and request.path not in self._key_refused:
            reply = yield from self._with_static_secret(request, "api_key")
            if not is_refused(reply) or self._credentials.current.password is None:
                return reply
            self._key_refused.add(request.path)
        if self._credentials.current.password is None:
            return (yield request)
        return (yield from self._with_token(request, deadline))

    def end_logins(self, timeout: float) -> None:
        """Allow no further login, and wait for a running one; raise UnreachableError after `timeout`."""
        self._is_closed = True
        with self._login_lock(self._clock().steady + timeout):
            pass

    def log_out(self, timeout: float) -> Flow:
        """Log out, so that no token is left on the server, and allow no further login."""
        self._is_closed = True
        with self._login_lock(self._clock().steady + timeout):
            token, self._token = self._token, None
        if token is not None:
            self._to_log_out.appendleft((token.text, 0))
        yield from self._log_out_old_tokens()
        return Reply(200, b"")

    # --- without a login -----------------------------------------------------------------------

    def _with_static_secret(self, request: Request, name: str) -> Flow:
        used = self._credentials.current
        reply = yield add_static_secret(request, used)
        if is_refused(reply) and self._credentials.has_another(name, used):
            reply = yield add_static_secret(request, self._credentials.current)
        self._credentials.is_accepted |= reply.is_success
        return reply

    # --- tokens --------------------------------------------------------------------------------

    def _with_token(self, request: Request, deadline: float) -> Flow:
        token = self._token
        if token is None or self._clock().wall >= token.renew:
            token = yield from self._renew(token, deadline)
        reply = yield from self._try_token(request, token)
        if _is_token_refused(reply):
            reply = yield from self._retry(request, token, reply, deadline)
        yield from self._log_out_old_tokens()
        return reply

    def _try_token(self, request: Request, token: Token) -> Flow:
        reply = yield replace(request, authorization=f"Bearer {token.text}")
        if not _is_token_refused(reply):
            self._refusals.record_answer(request.path, token, is_success=reply.is_success)
        elif token is self._token:  # else another thread has replaced it, and it was logged out
            self._refusals.record_refusal(request.path, token)
        return reply

    def _retry(self, request: Request, token: Token, reply: Reply, deadline: float) -> Flow:
        """Send a refused request again with a new token, unless that would be one login too many."""
        pause = self._refusals.pause_at(request.path)
        now = self._clock().steady
        if now < pause.ends:
            return reply
        # One of several webapps may refuse what others accept; a kept connection would lead to it again.
        request = replace(request, needs_new_connection=True)
        if token is self._token and not self._pace.allows(now):
            return (yield from self._try_token(request, token))
        newer = yield from self._log_in_once(token, deadline)
        reply = yield from self._try_token(request, newer)
        if _is_token_refused(reply):
            self._refusals.begin_pause(request.path, pause, now)
        return reply

    def _renew(self, old: Token | None, deadline: float) -> Generator[Request, Reply, Token]:
        """Return a new token; if the login fails, return the old one as long as it is valid."""
        try:
            newer = yield from self._log_in_once(old, deadline)
        except ApiError:
            if old is None or not old.is_valid(self._clock().wall):
                raise
            return old
        yield from self._log_out_old_tokens()
        return newer

    def _log_out_old_tokens(self) -> Generator[Request, Reply, None]:
        """Log out replaced tokens; try again later if it fails, since another webapp may know the token."""
        while self._to_log_out:
            try:
                text, attempts = self._to_log_out.popleft()
            except IndexError:
                return  # another thread has taken the last one
            has_failed, is_done = False, False
            try:
                reply = yield Request("POST", LOGOUT_PATH, f"Bearer {text}")
                is_done = status_of(reply) < HTTPStatus.BAD_REQUEST
            except ApiError:
                has_failed = True
            # After the last attempt the token stays on the server, until it expires in some days.
            if not is_done and attempts + 1 < LOGOUT_ATTEMPTS:
                self._to_log_out.append((text, attempts + 1))
            if has_failed:
                return

    # --- logins --------------------------------------------------------------------------------

    @contextmanager
    def _login_lock(self, deadline: float) -> Iterator[None]:
        """Hold the login lock; raise UnreachableError if it is not free by `deadline` (steady clock)."""
        if not self._login.acquire(timeout=max(deadline - self._clock().steady, 0.0)):
            raise UnreachableError("the login of another request took too long", reason=Reason.TIMEOUT)
        try:
            yield
        finally:
            self._login.release()

    def _log_in_once(self, seen: Token | None, deadline: float) -> Generator[Request, Reply, Token]:
        """Return a newer token than `seen`; one thread logs in, the others wait and use its token."""
        ended = self._attempts.ended
        with self._login_lock(deadline):
            if self._is_closed:
                raise UnreachableError("no login is made any more: this client has been left")
            if self._token is not None and self._token is not seen:
                return self._token
            self._attempts.raise_last_error(ended)
            try:
                token = yield from self._log_in(seen)
            except RefusedError:
                if not self._attempts.has_another_password():
                    raise
                token = yield from self._log_in(seen)
            if seen is not None and seen.text != token.text:
                self._to_log_out.append((seen.text, 0))
            self._token = token
            return token

    def _log_in(self, seen: Token | None) -> Generator[Request, Reply, Token]:
        used = self._attempts.begin()
        password = used.password.reveal() if used.password is not None else ""
        try:
            reply = yield Request("POST", LOGIN_PATH, basic_auth(used.username or "", password))
            token = self._read_token(reply)
        except ApiError as error:
            has_good_token = seen is not None and seen.is_valid(self._clock().wall)
            raise self._attempts.record_failure(error, has_good_token=has_good_token) from error
        finally:
            self._attempts.ended += 1
        self._attempts.record_success()
        self._pace.count(self._clock().steady)
        return token

    def _read_token(self, reply: Reply) -> Token:
        """Return the token in an answer, even if errors are in it, too; raise an ApiError without a token."""
        try:
            text, expires = read_login(reply.body if reply.is_success else b"")
        except BodyError:
            check(reply)
            raise
        return issue_token(text, expires, self._clock().wall, self._jitter())


def _is_token_refused(reply: Reply) -> bool:
    """Return whether a reply refuses the token; 403 refuses the account, which another token can't change."""
    return status_of(reply) == HTTPStatus.UNAUTHORIZED
