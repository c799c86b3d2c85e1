"""What is asked of a client and what it answered, before either means anything."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API; the path begins with /v1 and is relative to the target's url."""

    method: str
    path: str
    authorization: str = field(default="", repr=False)
    body: bytes | None = field(default=None, repr=False)

    def hide(self, text: bytes) -> bytes:
        """Blot the credentials of this request out of an answer that repeats them; errors are logged."""
        secret = self.authorization.partition(" ")[2].encode()
        if not secret:
            return text
        # JSON may write a slash as `\/`.
        return text.replace(secret, b"<secret>").replace(secret.replace(b"/", rb"\/"), b"<secret>")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status and its whole body, after decompression."""

    status: int
    body: bytes = field(repr=False)
    content_type: str = ""
    location: str = ""
    phases: tuple[tuple[str, float], ...] = ()  # (connect | tls | wait | body, seconds)
