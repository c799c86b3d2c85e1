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
_SHORTEST_UNMISTAKABLE = 12  # bytes; what is shorter may be part of another word by chance
# Where a word begins; the letters before it may be those of an escape.
_BEGIN = rb"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))"
_END = rb"(?![A-Za-z0-9])"
_PLAIN = re.compile("[A-Za-z0-9]+")  # what no writer has reason to spell otherwise
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
    content_type: str = "application/json"  # of the body
    is_done_by_status: bool = False  # once the status has come, the answer is given as far as it can be read

    @property
    def secret(self) -> str:
        """What of the authorization is nobody else's business: in a header of its own there is no scheme."""
        scheme, blank, proof = self.authorization.partition(" ")
        return proof if blank else scheme

    def hide(self, text: bytes) -> bytes:
        """Blot the credentials of this request out of an answer that repeats them; errors are logged.

        What else the answer says stays as it is, whatever the credentials look like.
        """
        secret = self.secret
        size = len(secret.encode())
        # A cheap look first: answers are large, and seldom repeat anything.
        if size < _SHORTEST_HIDDEN or max(_PLAIN.findall(secret), key=len, default="").encode() not in text:
            return text
        is_json = text.lstrip().startswith((b"{", b"["))
        spelling = spelling_of(secret, is_json=is_json)
        parts = re.compile(spelling if size >= _SHORTEST_UNMISTAKABLE else _BEGIN + spelling + _END)
        if not is_json or not parts.search(text):
            return parts.sub(_HIDDEN, text)
        return _TEXT.sub(
            lambda found: found[0] if found[2] or found[1] in _OWN_WORDS else parts.sub(_HIDDEN, found[1]),
            text,
        )


def spelling_of(secret: str, *, is_json: bool = False) -> bytes:
    """Return the pattern of a secret as an answer may repeat it: as it is, or escaped as JSON or URLs do."""
    return b"".join(_spell(letter, is_json=is_json) for letter in secret)


def _spell(letter: str, *, is_json: bool) -> bytes:
    """Return the pattern of what may stand for a letter of a secret: itself, an escape of JSON or a URL."""
    raw = re.escape(letter.encode())
    if _PLAIN.fullmatch(letter):
        return raw
    units = letter.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)).encode()
    quoted = b"".join(b"%%%02x" % byte for byte in letter.encode())
    # In JSON these two never stand for themselves: they end a text, or begin an escape.
    slash = rb"\\" if is_json and letter in '"\\' else rb"\\?"
    return rb"(?:(?i:%s|%s)|%s%s)" % (escaped, quoted, slash, raw)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status and its body, after decompression."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""
    retry_after: float | None = None  # seconds for which it asks not to be asked; None: it does not say
    phases: tuple[tuple[str, float], ...] = ()  # (login | dns | connect | tls | wait | body, seconds)
    date: float | None = None  # the time on its own clock, in seconds since the epoch; None: it does not say


def read_retry_after(said: str, now: float) -> float | None:
    """Read a Retry-After of seconds or of a date, at the wall clock's time; None where it says nothing."""
    said = said.strip()
    seconds = float(said) if re.fullmatch("[0-9]+", said) else _seconds_until(said, now)
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None


def read_date(said: str) -> float | None:
    """Read a date of HTTP, as seconds since the epoch; None where it is none."""
    try:
        moment = parsedate_to_datetime(said)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds_until(said: str, now: float) -> float:
    """Return the seconds until a date of HTTP; 0 where it is none."""
    date = read_date(said)
    return 0.0 if date is None else date - now
