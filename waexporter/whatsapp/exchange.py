"""What is asked of a client and what it answered, before either means anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

# Who asks for more patience than this may be mistaken, and what we know would be as old.
LONGEST_RETRY_AFTER = 3600.0  # seconds

_HIDDEN = b"<secret>"
_SHORTEST_HIDDEN = 8  # bytes; what is shorter is part of too much that is said, and keeps no secret anyway
# A text of JSON, and the colon that makes it a key.
_TEXT = re.compile(rb'("(?:[^"\\]|\\.)*")(\s*:)?', re.DOTALL)
# Values that mean something: a key of these letters would turn an outage into a riddle.
_OWN_WORDS = frozenset(
    b'"%s"' % word.encode()
    for word in (
        *("connected", "connecting", "disconnected", "uninitialized", "unregistered"),
        *("primary_master", "secondary_master", "coreapp", "counter", "histogram"),
    )
)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API; the path begins with /v1 and is relative to the target's url."""

    method: str
    path: str
    authorization: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)
    wants_new_connection: bool = False  # behind a balancer it may lead to another webapp
    header: str = "Authorization"  # that carries the authorization

    @property
    def secret(self) -> str:
        """What of the authorization is nobody else's business: in a header of its own there is no scheme."""
        scheme, blank, proof = self.authorization.partition(" ")
        return proof if blank else scheme

    def hide(self, text: bytes) -> bytes:
        """Blot the credentials of this request out of an answer that repeats them; errors are logged.

        What else the answer says stays as it is, whatever the credentials look like.
        """
        secret = self.secret.encode()
        # JSON may write a slash as `\/`.
        spellings = {secret, secret.replace(b"/", rb"\/")}
        if len(secret) < _SHORTEST_HIDDEN or not any(spelling in text for spelling in spellings):
            return text
        parts = re.compile(rb"(?<![A-Za-z0-9])(?:%s)(?![A-Za-z0-9])" % b"|".join(map(re.escape, spellings)))
        if not text.lstrip().startswith((b"{", b"[")):
            return parts.sub(_HIDDEN, text)
        return _TEXT.sub(
            lambda found: found[0] if found[2] or found[1] in _OWN_WORDS else parts.sub(_HIDDEN, found[1]),
            text,
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status and its whole body, after decompression."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""
    retry_after: float | None = None  # seconds for which it asks not to be asked; None: it does not say
    phases: tuple[tuple[str, float], ...] = ()  # (connect | tls | wait | body, seconds)


def read_retry_after(said: str, now: float) -> float | None:
    """Read a Retry-After of seconds or of a date, at the wall clock's time; None where it says nothing."""
    said = said.strip()
    seconds = float(said) if re.fullmatch("[0-9]+", said) else _seconds_until(said, now)
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def _seconds_until(date: str, now: float) -> float:
    """Return the seconds until a date of HTTP; 0 where it is none."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (TypeError, ValueError, OverflowError):
        return 0.0
