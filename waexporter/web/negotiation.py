"""Which format and which encoding a client asks for (RFC 9110, sections 12.4 and 12.5); pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What a metrics page may be: the charset and `escaping` a client names change nothing we send.
_OPENMETRICS = ("application/openmetrics-text", "1.0.0")
_TEXT = ("text/plain", "0.0.4")
_JSON = ("application/json", None)
_MARKDOWN = ("text/markdown", None)
_HTML = ("text/html", None)

_QUALITY = re.compile(r"0(?:\.\d*)?|1(?:\.0*)?|\.\d+", re.ASCII)
_NAMED = 3  # the specificity from which on a range names the type itself
_SEPARATOR = re.compile(r"[,;=]")


@dataclass(frozen=True, slots=True)
class Range:
    """One element of an Accept or Accept-Encoding header, in lower case."""

    name: str
    version: str | None
    quality: float


def wants_openmetrics(accept: str) -> bool:
    """Tell whether OpenMetrics 1.0.0 is preferred; in doubt it is not, and nobody is refused."""
    return _prefers(accept, _OPENMETRICS, _TEXT)


def prefers_json(accept: str) -> bool:
    """Tell whether an error had better be JSON than plain text."""
    return _prefers(accept, _JSON, ("text/plain", None))


def prefers_markdown(accept: str) -> bool:
    """Tell whether a document had better be Markdown than a page."""
    return _prefers(accept, _MARKDOWN, _HTML)


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether the client takes gzip and doesn't like the plain page better."""
    qualities: dict[str, float] = {}
    for coding in _ranges(accept_encoding):
        name = coding.name.removeprefix("x-")
        qualities[name] = max(coding.quality, qualities.get(name, 0.0))
    gzip = qualities.get("gzip", qualities.get("*", 0.0))
    return gzip > 0.0 and gzip >= qualities.get("identity", 0.0)


def _prefers(accept: str, offer: tuple[str, str | None], fallback: tuple[str, str | None]) -> bool:
    """Compare two offers; at equal quality the offer wins only if it alone is called by its name."""
    ranges = _ranges(accept)
    quality, named = _weight(ranges, offer)
    return quality > 0.0 and (quality, named) > _weight(ranges, fallback)


def _weight(ranges: tuple[Range, ...], offer: tuple[str, str | None]) -> tuple[float, bool]:
    """Give the quality of an offer by its most specific range, and whether that range names it."""
    matches = [(_specificity(each, offer), each.quality) for each in ranges]
    specificity, quality = max(matches, default=(0, 0.0))
    return (quality, specificity >= _NAMED) if specificity else (0.0, False)


def _specificity(asked: Range, offer: tuple[str, str | None]) -> int:
    """Rank a range for an offer: 0 doesn't match, 1 `*/*`, 2 `type/*`, 3 the type, 4 with its version."""
    media, version = offer
    if asked.version is not None and version is not None and asked.version != version:
        return 0
    ranks = {"*/*": 1, media.partition("/")[0] + "/*": 2, media: 4 if asked.version else 3}
    return ranks.get(asked.name, 0)


def _ranges(header: str) -> tuple[Range, ...]:
    """Read a header; an element that is malformed is left out."""
    read = (_range(element) for element in _unquoted(header.lower()).split(","))
    return tuple(each for each in read if each is not None)


def _range(element: str) -> Range | None:
    name, *rest = (part.strip() for part in element.split(";"))
    pairs = (part.partition("=") for part in rest)
    parameters = {key.strip(): value.strip() for key, _, value in pairs}
    quality = parameters.get("q", "1")
    if not name or not _QUALITY.fullmatch(quality):
        return None
    return Range(name, parameters.get("version"), float(quality))


def _unquoted(header: str) -> str:
    """Take the quotes off quoted strings, whose separators separate nothing."""
    pieces = header.split('"')
    pieces[1::2] = [_SEPARATOR.sub("_", piece) for piece in pieces[1::2]]
    return "".join(pieces)
