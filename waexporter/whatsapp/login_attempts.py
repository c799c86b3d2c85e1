"""How the logins at one target ended, and when the next one may be sent.

Thirty wrong logins in an hour lock the address out, right password or not, so logins are bounded whatever the
answers are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Account, Reason
from waexporter.whatsapp.pause import Pause

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Credentials, Instant
    from waexporter.whatsapp.current_credentials import CurrentCredentials

# Seconds after a login that merely failed; the first one is tried again at once. No thirty in an hour either.
RETRY_PAUSE = (20.0, 160.0)
# Seconds that a login waits at most because an answer asks for it: a 429, and any other. A page of
# maintenance may ask for an hour, and a login is needed soon once the client is well again.
LONGEST_ASKED_FOR = (300.0, 60.0)
PASSWORD_CHANGE_REQUIRED = 1024


class LoginAttempts:
    """The logins of one target so far; used under the lock of the login."""

    def __init__(self, credentials: CurrentCredentials, clock: Callable[[], Instant]) -> None:
        self._credentials = credentials
        self._clock = clock
        self.ended = 0  # attempts
        self._results = dict(Account().logins)
        self._used = credentials.current  # by the last attempt
        self._pause = Pause()
        self._retry = Pause(*RETRY_PAUSE)
        self._last_error: ApiError | None = None
        self._last_error_at: Instant | None = None

    @property
    def results(self) -> tuple[tuple[str, int], ...]:
        """The number of attempts by result."""
        return tuple(self._results.items())

    def begin(self) -> Credentials:
        """Return the credentials for the attempt that begins."""
        self._used = self._credentials.current
        return self._used

    def has_another_password(self) -> bool:
        """Return whether there is another password than that of the last attempt."""
        return self._credentials.has_another("password", self._used)

    def raise_last_error(self, ended_before: int) -> None:
        """Raise the error of the last attempt, if there were more than `ended_before`, or in its pause."""
        if self._last_error is None or (self.ended == ended_before and not self._is_paused()):
            return
        # A copy: one error raised again and again would gather the frames of every poll.
        error = _copy(self._last_error)
        error.asked_at = self._last_error_at if self.ended == ended_before else None
        raise error

    def _is_paused(self) -> bool:
        now = self._clock().steady
        if now >= max(self._pause.ends, self._retry.ends):
            return False
        # With another password the next login is another one.
        return not (isinstance(self._last_error, RefusedError) and self.has_another_password())

    def record_success(self) -> None:
        """Count a login that gave a token, and end every pause."""
        self._pause, self._retry, self._last_error = Pause(), Pause(*RETRY_PAUSE), None
        self._results["ok"] += 1
        self._credentials.is_accepted = True

    def record_failure(self, error: ApiError, *, has_good_token: bool) -> ApiError:
        """Count a failed login, pause where another one would do harm, and return the error to raise."""
        refused = isinstance(error, RefusedError)
        limited = error.reason is Reason.RATE_LIMITED
        self._results["refused" if refused else "rate_limited" if limited else "failed"] += 1
        now, longest = self._clock().steady, LONGEST_ASKED_FOR[0 if limited else 1]
        least = min(error.retry_after or 0.0, longest)
        # An unreadable answer may have left a token; and with a good one at hand nothing is urgent.
        if refused or limited or isinstance(error, BodyError) or has_good_token:
            self._pause.begin(now, least)
        elif self._last_error is not None and _may_have_arrived(error):
            self._retry.begin(now, least)
        elif least:
            self._retry.ends = now + least
        self._last_error = _copy(error, _explain(error, self._used))
        self._last_error_at = self._clock()
        self._credentials.is_accepted &= not refused
        self._last_error.retry_after = least or None
        return _copy(self._last_error)


def _may_have_arrived(error: ApiError) -> bool:
    """Return whether a login may have reached the client: one that did not counts for nothing there."""
    return not isinstance(error, UnreachableError) or error.may_have_arrived


def _explain(error: ApiError, credentials: Credentials) -> str:
    # The answer to a wrong login might repeat it.
    password = credentials.password.reveal() if credentials.password is not None else ""
    words = str(error).replace(password or "\0", "<secret>")
    if not isinstance(error, RefusedError):
        return f"the login failed: {words}"
    if error.code == PASSWORD_CHANGE_REQUIRED:
        return (
            f"the account {credentials.username!r} must change its password at its first login (code 1024): "
            'change it once by POST /v1/users/login with the body {"new_password": "..."} and configure the '
            "new one here; waexporter never changes a password by itself"
        )
    return (
        f"the login of {credentials.username!r} was refused ({words}); the next one is tried in some minutes"
    )


def _copy(error: ApiError, words: str = "") -> ApiError:
    copy = type(error)(words or str(error), reason=error.reason, code=error.code, status=error.status)
    copy.retry_after, copy.is_foreign = error.retry_after, error.is_foreign
    copy.phases = error.phases
    return copy
