"""A lenient parser for malformed JSON: it reads what makes sense, and counts what does not.

Every document of a client is parsed here. A body that the strict decoder refuses is decoded again by a
lenient one; maps and lists are read in each of the forms in which PHP writes them; and every part that is
left out is recorded with its place, to be counted and shown.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from waexporter.model import Drop

# The decoder raises these for bytes that are not the document. Their texts quote shapes, never values.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_Value = TypeVar("_Value")
_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder()
_MAX_DEPTH = 64  # levels; the API's documents have ten
_MAX_REPAIRED = 1 << 20  # characters of a document that is repaired token by token, which takes half a second
_MAX_NUMBER_LENGTH = 400  # characters; a double has at most 309 digits before the point
_MAX_ANSWER = 8192  # bytes of an answer that are searched for a document although it is not JSON
_MAX_STARTS = 32  # braces at which a document is looked for, after the text that was printed before it
_MAX_READ = 4 * _MAX_REPAIRED  # characters that are read, from all braces together
MAX_DESCRIBED = 8  # losses that are described in words; all are counted
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_LATER_START = re.compile(r'\{\s*"')  # a document, unlike other braces, such as those of a script
# A string of JSON, also one that is cut off. No character is looked at twice, even if it has many escapes.
JSON_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'  # for patterns with re.DOTALL
_STRUCTURE = re.compile(rf"{JSON_STRING}|[\[\]{{}}]", re.DOTALL)
_TOKEN = re.compile(rf'{JSON_STRING}|[^\s,:\[\]{{}}"]+', re.DOTALL)
_VALUE = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null", re.ASCII)
_OPENING = re.compile(r'("(?:[^"\\]|\\.)*)("?)|[\[\]{}]', re.DOTALL)  # a string may be cut off
_GAP = re.compile(rf"({JSON_STRING})|(:)(?=\s*[,}}\]])|,(?=\s*[,}}\]])", re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|(.))', re.DOTALL)


# --- bytes -------------------------------------------------------------------------------------


def parse(body: bytes, key: str) -> dict[str, Any] | None:
    """Return the document in `body` that has `key` at its top; None if there is none.

    Accepted in addition to strict JSON: bytes that are not UTF-8 (read as Latin-1), a byte order mark, lone
    surrogates, control characters, numbers and nesting of any size, words that are not JSON values, and text
    before or after the document, such as PHP's warnings.
    """
    try:
        document = _ANYTHING.decode(body)
    except DECODE_ERRORS:
        # A web page may be large and full of braces: without the key it is not searched.
        has_key = b'"%s"' % key.encode() in body
        document = _longest(found for found in _salvage(body) if key in found[0]) if has_key else None
    return document if isinstance(document, dict) and key in document else None


def parse_answer(body: bytes) -> dict[str, Any]:
    """Return the document in `body`, whatever its keys are; an empty one if there is none.

    Unlike `parse`, this also accepts a document that is cut off. Use it to look for one key of an answer, not
    for documents in which an absent key has a meaning.
    """
    try:
        document = _ANYTHING.decode(body)
    except DECODE_ERRORS:
        document = _longest(_salvage(body[:_MAX_ANSWER], is_cut=True))
    return document if isinstance(document, dict) else {}


def _longest(found: Iterable[tuple[dict[str, Any], int]]) -> dict[str, Any] | None:
    """Return the longest document, since the text around it may quote parts of it."""
    return max(found, key=itemgetter(1), default=(None, 0))[0]


def _salvage(body: bytes, *, is_cut: bool = False) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield every map in a body that the strict decoder refused, with its length in characters.

    With `is_cut`, a map may be cut off at the end of the text.
    """
    text = body.decode("utf-8", "surrogateescape")
    text = _NOT_UTF8.sub(lambda found: chr(ord(found[0]) - 0xDC00), text)
    read = 0
    for attempt, start in enumerate(_starts(text)):
        if attempt >= _MAX_STARTS or read > _MAX_READ:
            return
        found, length = _decode_cut(text, start) if is_cut else _decode(text, start)
        if isinstance(found, dict) and found:
            yield found, length
        read += length


def _starts(text: str) -> Iterator[int]:
    """Yield where a document may start: at the first brace, and at later ones if text comes before it."""
    start = text.find("{")
    has_words = bool(text[: max(start, 0)].strip("\ufeff \t\r\n"))
    while start >= 0:
        yield start
        later = _LATER_START.search(text, start + 1) if has_words else None
        start = later.start() if later else -1


def _decode(text: str, start: int) -> tuple[object, int]:
    """Return the value at `start` and its length; if it is not JSON, repair it.

    If that fails, return None and the number of characters that were read.
    """
    try:
        found, end = _LENIENT.raw_decode(text, start)
        return _replace_lone_surrogates(found), end - start
    except (ValueError, RecursionError) as error:
        end = getattr(error, "pos", len(text))
    if len(text) > _MAX_REPAIRED:
        return None, end - start
    try:
        found, end = _LENIENT.raw_decode(_flatten(_repair(text[start:])))
        return _replace_lone_surrogates(found), end
    except (ValueError, RecursionError):
        return None, len(text) - start


def _decode_cut(text: str, start: int) -> tuple[object, int]:
    """Return the value at `start` and its length; brackets that are open at its end are closed."""
    rest = text[start:]
    closed, closing = _close(rest)
    # The last string may be a key whose value is cut off.
    for suffix in ("", ":null"):
        found, length = _decode(f"{closed}{suffix}{closing}", 0)
        if found is not None:
            return found, min(length, len(rest))
    return None, len(rest)


def _close(text: str) -> tuple[str, str]:
    """Return a document with its last string closed, and the brackets that close the rest."""
    closing: list[str] = []
    for found in _OPENING.finditer(text):
        if found[1] and not found[2]:  # half an escape sequence at the end is dropped
            return f'{text[: found.end()]}"', "".join(reversed(closing))
        if found[0] in "[{":
            closing.append("]" if found[0] == "[" else "}")
        elif found[0] in "]}":
            closing.pop()
            if not closing:
                return text[: found.end()], ""
    return text, "".join(reversed(closing))


def _number(text: str) -> float:
    """Return a number; infinity if it is too large for a double."""
    if len(text) > _MAX_NUMBER_LENGTH:
        return math.inf
    return float(text) if set(text) & set(".eE") else int(text)


_LENIENT = json.JSONDecoder(strict=False, parse_float=_number, parse_int=_number)


def _replace_lone_surrogates(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value without lone surrogates in its strings, since these can't be encoded."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_replace_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_replace_lone_surrogates(key): _replace_lone_surrogates(item) for key, item in value.items()}
    return value


def _repair(text: str) -> str:
    """Replace everything that is not a JSON value by `null`: -nan, 007, or a missing value."""
    text = _TOKEN.sub(lambda found: _repair_token(found[0]), text)
    return _GAP.sub(lambda found: found[1] or (":null" if found[2] else ""), text)


def _repair_token(token: str) -> str:
    if token.startswith('"'):
        # A backslash that begins no escape sequence is a backslash.
        return _BAD_ESCAPE.sub(lambda found: f"\\\\{found[1]}" if found[1] else found[0], token)
    return token if _VALUE.fullmatch(token) else "null"


def _flatten(text: str) -> str:
    """Replace by `null` everything that is nested too deeply."""
    parts: list[str] = []
    depth = copied = 0
    for found in _STRUCTURE.finditer(text):
        sign = found[0]
        if sign in "[{":
            depth += 1
            if depth == _MAX_DEPTH:
                parts += [text[copied : found.start()], "null"]
        elif sign in "]}":
            if depth == _MAX_DEPTH:
                copied = found.end()
            depth -= 1
    if depth < _MAX_DEPTH:
        parts.append(text[copied:])
    return "".join(parts)


# --- values ------------------------------------------------------------------------------------


def as_map(value: object) -> dict[str, Any] | None:
    """Return a value if it is a map, else None; an empty list is a map, since PHP writes an empty one so."""
    if isinstance(value, dict):
        return value
    return {} if value == [] else None


def as_list(value: object) -> list[Any] | None:
    """Return a value if it is a list, else None; so is a map with indices as keys: PHP's list with a gap."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and all(key.isdecimal() and key.isascii() for key in value):
        return [value[key] for key in sorted(value, key=lambda key: (len(key), key))]
    return None


def list_maps(value: object) -> list[dict[str, Any]]:
    """Return the maps in a list; a single map may be written without a list."""
    return [each for each in as_list(value) or [value] if isinstance(each, dict)]


# --- what is left out --------------------------------------------------------------------------


@dataclass(slots=True)
class Losses:
    """The parts of a document that could not be read: counted by reason, the first ones described."""

    counts: Counter[Drop] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    def add(self, drop: Drop, place: str, what: str, count: int = 1) -> None:
        """Record a part that is left out: its place in the document, and what is wrong with it."""
        # Only the first ones are described, to keep a log line short.
        self.counts[drop] += count
        if len(self.words) < MAX_DESCRIBED:
            self.words.append(f"{place}: {what}" if place else what)

    def attach_to(self, value: _Value) -> Parsed[_Value]:
        """Return a parsed value with these losses."""
        return Parsed(value, tuple(self.counts.items()), tuple(self.words))


@dataclass(frozen=True, slots=True)
class Parsed(Generic[_Value]):
    """A parsed document, and what was left out of it."""

    value: _Value
    dropped: Sequence[tuple[Drop, int]] = ()
    losses: tuple[str, ...] = ()  # descriptions of the first ones


def printable(text: str, limit: int = 200) -> str:
    """Return untrusted text in a form that can be logged and shown: on one line, and not long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"


def json_type(value: object) -> str:
    """Return words for the type of a JSON value, such as `a map`; never the value itself."""
    names: Mapping[type, str] = {dict: "a map", list: "a list", str: "a text", bool: "a truth value"}
    return "nothing" if value is None else names.get(type(value), "a number")
