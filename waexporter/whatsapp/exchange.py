"""What is asked of a client and what it answered, before either means anything."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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

    def hide(self, text: bytes) -> bytes:
        """Blot the credentials of this request out of an answer that repeats them; errors are logged.

        What else the answer says stays as it is, whatever the credentials look like.
        """
        secret = self.authorization.partition(" ")[2].encode()
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
    phases: tuple[tuple[str, float], ...] = ()  # (connect | tls | wait | body, seconds)
