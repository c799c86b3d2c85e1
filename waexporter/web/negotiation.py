"""Content negotiation: the format and the encoding that a client prefers (RFC 9110, 12.4 and 12.5); pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The formats on offer: a charset or `escaping` in the header changes nothing in the response.
_OPENMETRICS = ("application/openmetrics-text", "1.0.0")
_TEXT = ("text/plain", "0.0.4")
_JSON = ("application/json", None)
_MARKDOWN = ("text/markdown", None)
_HTML = ("text/html", None)

_QUALITY = re.compile(r"0(?:\.\d*)?|1(?:\.0*)?|\.\d+", re.ASCII)
_NAMED = 3  # the specificity from which a range names the type itself
_SEPARATOR = re.compile(r"[,;=]")


@dataclass(frozen=True, slots=True)
class Range:
    """One element of an Accept or Accept-Encoding header, in lower case."""

    name: str
    version: str | None
    quality: float


def wants_openmetrics(accept: str) -> bool:
    """Return whether OpenMetrics 1.0.0 is preferred to the text format."""
    return _prefers(accept, _OPENMETRICS, _TEXT)


def prefers_json(accept: str) -> bool:
    """Return whether JSON is preferred to plain text."""
    return _prefers(accept, _JSON, ("text/plain", None))


def prefers_markdown(accept: str) -> bool:
    """Return whether Markdown is preferred to HTML."""
    return _prefers(accept, _MARKDOWN, _HTML)


def prefers_html(accept: str) -> bool:
    """Return whether HTML is preferred to plain text, as by a browser."""
    return _prefers(accept, _HTML, ("text/plain", None))


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether gzip is accepted, with at least the quality of `identity` (no encoding)."""
    qualities: dict[str, float] = {}
    for coding in _read_ranges(accept_encoding):
        name = coding.name.removeprefix("x-")
        qualities[name] = max(coding.quality, qualities.get(name, 0.0))
    gzip = qualities.get("gzip", qualities.get("*", 0.0))
    return gzip > 0.0 and gzip >= qualities.get("identity", 0.0)


def _prefers(accept: str, offer: tuple[str, str | None], fallback: tuple[str, str | None]) -> bool:
    """Return whether the offer is preferred; at equal quality, only if the header names it alone."""
    ranges = _read_ranges(accept)
    quality, named = _weight(ranges, offer)
    return quality > 0.0 and (quality, named) > _weight(ranges, fallback)


def _weight(ranges: tuple[Range, ...], offer: tuple[str, str | None]) -> tuple[float, bool]:
    """Return the quality of an offer by its most specific range, and whether that range has its name."""
    matches = [(_specificity(each, offer), each.quality) for each in ranges]
    specificity, quality = max(matches, default=(0, 0.0))
    return (quality, specificity >= _NAMED) if specificity else (0.0, False)


def _specificity(range_: Range, offer: tuple[str, str | None]) -> int:
    """Return how specific a range is: 0 no match, 1 `*/*`, 2 `type/*`, 3 the type, 4 with its version."""
    media, version = offer
    if range_.version is not None and version is not None and range_.version != version:
        return 0
    ranks = {"*/*": 1, media.partition("/")[0] + "/*": 2, media: 4 if range_.version else 3}
    return ranks.get(range_.name, 0)


def _read_ranges(header: str) -> tuple[Range, ...]:
    """Read the elements of a header; malformed ones are left out."""
    read = (_read_range(element) for element in _unquoted(header.lower()).split(","))
    return tuple(each for each in read if each is not None)


def _read_range(element: str) -> Range | None:
    name, *rest = (part.strip() for part in element.split(";"))
    pairs = (part.partition("=") for part in rest)
    parameters = {key.strip(): value.strip() for key, _, value in pairs}
    quality = parameters.get("q", "1")
    if not name or not _QUALITY.fullmatch(quality):
        return None
    return Range(name, parameters.get("version"), float(quality))


def _unquoted(header: str) -> str:
    """Return the header without quotes, and with the separators inside quoted strings replaced."""
    pieces = header.split('"')
    pieces[1::2] = [_SEPARATOR.sub("_", piece) for piece in pieces[1::2]]
    return "".join(pieces)
