"""Addresses of `pager.fallback` without their secrets; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, unquote_plus, urlsplit

from waexporter.transport.exchange import secret_pattern
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from waexporter.model import Secret

_SEPARATORS: Final = re.compile("[/?&=:@#;,]")
_SHORTEST_SECRET: Final = 6  # characters; a shorter part is no secret
_LONGEST_SCHEME: Final = 40  # characters


def redact_address(address: Secret) -> str:
    """Return only the scheme of an address, and the host if it is HTTP: other parts may be secret."""
    scheme = address.reveal().partition("://")[0].lower()
    if scheme not in {"http", "https"}:
        return printable(f"{scheme}://…", _LONGEST_SCHEME)
    return printable(f"{scheme}://{urlsplit(address.reveal()).hostname or ''}/…")


def redact_secrets(words: str, address: str) -> str:
    """Replace the parts of an address that may be secret in the words of its reply, which may repeat them."""
    split = urlsplit(address)
    given = "/".join((split.netloc.rpartition("@")[0], split.path, split.query, split.fragment))
    parts = {
        part for each in (given, unquote(given), unquote_plus(given)) for part in _SEPARATORS.split(each)
    }
    text = words.encode(errors="replace")
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST_SECRET:
            text = re.sub(secret_pattern(part), b"<secret>", text)
    return text.decode(errors="replace")
