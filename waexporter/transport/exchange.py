"""An HTTP request and its reply, before its body is parsed; credentials in replies are redacted."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.timefmt import to_seconds
from waexporter.transport.lenient_json import JSON_STRING

if TYPE_CHECKING:
    from waexporter.model import Credentials

# A server that asks for a longer pause may be mistaken, and its readings would become as old as the pause.
MAX_RETRY_AFTER = 3600.0  # seconds

_REDACTED = b"<secret>"
_MIN_REDACTED = 8  # bytes; a shorter secret occurs in too many answers, and protects nothing anyway
_MIN_UNMISTAKABLE = 12  # bytes; a shorter secret may be a part of another word by chance
# The start of a word; the characters before it may belong to an escape sequence.
_BEGIN = rb"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9A-Fa-f]{4}))"
_END = rb"(?![A-Za-z0-9])"
_PLAIN = re.compile("[A-Za-z0-9]+")  # characters that JSON and URLs never escape
# A string of JSON, and the colon that makes it a key.
_TEXT = re.compile(rf"({JSON_STRING})(\s*:)?".encode(), re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its path is relative to the url of the server."""

    method: str
    path: str
    authorization: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)
    needs_new_connection: bool = False  # a new one may lead to another server behind a load balancer
    header: str = "Authorization"  # the name of the header with the authorization
    content_type: str = "application/json"  # of the body
    # Whether only the status is needed: headers and a body that can't be read are left out of the reply.
    accepts_partial_reply: bool = False

    @property
    def secret(self) -> str:
        """The secret part of the authorization: the value without its scheme, if it has one."""
        scheme, blank, proof = self.authorization.partition(" ")
        return proof if blank else scheme

    def redact(self, text: bytes, kept_words: frozenset[str] = frozenset()) -> bytes:
        """Replace the credentials of this request in an answer that repeats them, since answers are logged.

        Nothing else in the answer changes: not the keys of JSON, and not the strings in `kept_words`.
        """
        secret = self.secret
        size = len(secret.encode())
        # A cheap test comes first: answers are large, and seldom repeat a secret.
        if size < _MIN_REDACTED or max(_PLAIN.findall(secret), key=len, default="").encode() not in text:
            return text
        is_json = text.lstrip().startswith((b"{", b"["))
        spelling = secret_pattern(secret, is_json=is_json)
        parts = re.compile(spelling if size >= _MIN_UNMISTAKABLE else _BEGIN + spelling + _END)
        if not is_json or not parts.search(text):
            return parts.sub(_REDACTED, text)
        kept = {b'"%s"' % word.encode() for word in kept_words}
        return _TEXT.sub(
            lambda found: found[0] if found[2] or found[1] in kept else parts.sub(_REDACTED, found[1]), text
        )


def secret_pattern(secret: str, *, is_json: bool = False) -> bytes:
    """Return the pattern of a secret in an answer: unescaped, or escaped as in JSON or a URL."""
    return b"".join(_spell(letter, is_json=is_json) for letter in secret)


def _spell(letter: str, *, is_json: bool) -> bytes:
    """Return the pattern of one character of a secret: itself, or an escape of JSON or of a URL."""
    raw = re.escape(letter.encode())
    if _PLAIN.fullmatch(letter):
        return raw
    units = letter.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u{units[start : start + 4]}" for start in range(0, len(units), 4)).encode()
    quoted = b"".join(b"%%%02x" % byte for byte in letter.encode())
    # In JSON these two are always escaped: alone they end a string, or begin an escape sequence.
    slash = rb"\\" if is_json and letter in '"\\' else rb"\\?"
    return rb"(?:(?i:%s|%s)|%s%s)" % (escaped, quoted, slash, raw)


def basic_auth(username: str, password: str) -> str:
    """Return the value of an Authorization header with the scheme Basic."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def authorize(credentials: Credentials) -> str:
    """Return the value of an Authorization header: with a token, or a password; empty without any."""
    if credentials.bearer_token is not None:
        return f"Bearer {credentials.bearer_token.reveal()}"
    if credentials.password is not None:
        return basic_auth(credentials.username or "", credentials.password.reveal())
    return ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status and its body, after decompression."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""
    retry_after: float | None = None  # seconds that it asks to wait; None: it does not say
    phases: tuple[tuple[str, float], ...] = ()  # (login | dns | connect | tls | wait | body, seconds)
    date: float | None = None  # the server's time, in seconds since the epoch; None: it does not say

    @property
    def is_success(self) -> bool:
        """Whether its status is a 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def read_retry_after(value: str, now: float) -> float | None:
    """Read a Retry-After header; return seconds, counted from `now` (wall clock) if it is a date, or None."""
    value = value.strip()
    seconds = float(value) if re.fullmatch("[0-9]+", value) else _seconds_until(value, now)
    return min(seconds, MAX_RETRY_AFTER) if seconds > 0 else None


def read_date(value: str) -> float | None:
    """Read a date of HTTP; return seconds since the epoch, or None if it is no date."""
    try:
        return to_seconds(parsedate_to_datetime(value))
    except (TypeError, ValueError, OverflowError):
        return None


def _seconds_until(value: str, now: float) -> float:
    """Return the seconds until a date of HTTP; 0 if it is no date."""
    date = read_date(value)
    return 0.0 if date is None else date - now
