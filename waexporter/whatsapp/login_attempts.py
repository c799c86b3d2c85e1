"""How the logins at one target ended, and when the next one may be sent.

After thirty wrong logins in an hour, the address is locked out, even with the right password. So the number
of logins is limited whatever the answers are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.errors import ApiError, BodyError, RefusedError, UnreachableError
from waexporter.model import Account, Reason
from waexporter.whatsapp.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Credentials, Instant
    from waexporter.whatsapp.current_credentials import CurrentCredentials

# Seconds (first, longest) after a login that failed without being refused; after the first failure there is
# no pause. Here, too, there are fewer than thirty attempts in an hour.
RETRY_PAUSE = (20.0, 160.0)
# The longest Retry-After in seconds that is observed: in a 429, and in any other answer. A maintenance page
# may ask for an hour, but a login is needed soon after the client is well again.
MAX_RETRY_AFTER_LIMITED, MAX_RETRY_AFTER = 300.0, 60.0
PASSWORD_CHANGE_REQUIRED = 1024


class LoginAttempts:
    """The logins of one target so far; its users hold the login lock."""

    def __init__(self, credentials: CurrentCredentials, clock: Callable[[], Instant]) -> None:
        self._credentials = credentials
        self._clock = clock
        self.ended = 0  # attempts
        self._results = dict(Account().logins)
        self._used = credentials.current  # by the last attempt
        self._pause = Backoff()
        self._retry = Backoff(*RETRY_PAUSE)
        self._last_error: ApiError | None = None
        self._last_error_at: Instant | None = None

    @property
    def results(self) -> tuple[tuple[str, int], ...]:
        """The number of attempts, by result."""
        return tuple(self._results.items())

    def continue_counts(self, results: tuple[tuple[str, int], ...]) -> None:
        """Count on from the attempts of the client before this one."""
        for result, attempts in results:
            self._results[result] += attempts

    def begin(self) -> Credentials:
        """Begin an attempt; return the credentials for it."""
        self._used = self._credentials.current
        return self._used

    def has_another_password(self) -> bool:
        """Return whether the password has changed since the last attempt."""
        return self._credentials.has_another("password", self._used)

    def raise_last_error(self, ended_before: int) -> None:
        """Raise the error of the last attempt, if its pause lasts or another attempt has ended meanwhile.

        `ended_before` is the value of `ended` before the caller waited for the lock.
        """
        if self._last_error is None or (self.ended == ended_before and not self._is_paused()):
            return
        # A copy, since an error that is raised again and again collects the frames of every poll.
        error = _copy(self._last_error)
        error.asked_at = self._last_error_at if self.ended == ended_before else None
        raise error

    def _is_paused(self) -> bool:
        now = self._clock().steady
        if now >= max(self._pause.ends, self._retry.ends):
            return False
        # A new password may be accepted: the pause was for the old one.
        return not (isinstance(self._last_error, RefusedError) and self.has_another_password())

    def record_success(self) -> None:
        """Count a login that returned a token, and end every pause."""
        self._pause, self._retry, self._last_error = Backoff(), Backoff(*RETRY_PAUSE), None
        self._results["ok"] += 1
        self._credentials.is_accepted = True

    def record_failure(self, error: ApiError, *, has_good_token: bool) -> ApiError:
        """Count a failed login; begin a pause if another one would do harm; return the error to raise."""
        refused = isinstance(error, RefusedError)
        limited = error.reason is Reason.RATE_LIMITED
        self._results["refused" if refused else "rate_limited" if limited else "failed"] += 1
        now, longest = self._clock().steady, MAX_RETRY_AFTER_LIMITED if limited else MAX_RETRY_AFTER
        least = min(error.retry_after or 0.0, longest)
        # An unreadable answer may mean a token that is left behind; and with a good token nothing is urgent.
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
    """Return whether a login may have reached the client, which counts only those towards its limit."""
    return not isinstance(error, UnreachableError) or error.may_have_arrived


def _explain(error: ApiError, credentials: Credentials) -> str:
    # The answer to a wrong login may repeat the password.
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
