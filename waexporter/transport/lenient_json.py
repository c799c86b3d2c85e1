"""The one way of being liberal with what a client says: take what makes sense, and count what does not.

Every document of the API is read through here. What the decoder refuses as a whole is decoded again by one
that forgives; a map or a list is understood in each of the ways in which PHP writes it; and whatever is left
out is noted with its place, so that it can be counted and told.
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

# What the decoder raises for bytes that are not the document. Its texts quote shapes, never values.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_Said = TypeVar("_Said")
_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder()
_DEEPEST = 64  # levels; the API's documents have ten
_LARGEST_MENDED = 1 << 20  # characters of a document that is mended token by token: half a second's work
_LONGEST_NUMBER = 400  # characters; a double has at most 309 digits before the point
_LONGEST_ANSWER = 8192  # bytes of an answer in which a sign is looked for though it is no JSON
_MOST_BEGINNINGS = 32  # braces at which a document is looked for, behind what was printed before it
TOLD = 8  # losses that are told in words; all are counted
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_HALF = re.compile("[\ud800-\udfff]")
_LATER = re.compile(r'\{\s*"')  # a document among other braces, such as those of a script
_TEXT = r'"(?:[^"\\]|\\.)*"'
_STRUCTURE = re.compile(rf"{_TEXT}|[\[\]{{}}]", re.DOTALL)
_TOKEN = re.compile(rf'{_TEXT}|[^\s,:\[\]{{}}"]+', re.DOTALL)
_VALUE = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?|true|false|null", re.ASCII)
_OPENING = re.compile(r'("(?:[^"\\]|\\.)*)("?)|[\[\]{}]', re.DOTALL)  # a text may be cut off
_GAP = re.compile(rf"({_TEXT})|(:)(?=\s*[,}}\]])|,(?=\s*[,}}\]])", re.DOTALL)
_BAD_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|(.))', re.DOTALL)


# --- bytes -------------------------------------------------------------------------------------


def parse(body: bytes, key: str) -> dict[str, Any] | None:
    """Return the document in `body` that has `key` at its top; None where there is none.

    What is understood beside strict JSON: bytes that are not UTF-8 (taken for Latin-1), a byte order mark,
    halves of characters, control characters, numbers and nesting without end, words that are no values, and
    anything printed before the document or behind it, as PHP does with its warnings.
    """
    try:
        document = _ANYTHING.decode(body)
    except UNREADABLE:
        # A web page may be large and full of braces: without the key there is nothing to look for.
        is_there = b'"%s"' % key.encode() in body
        document = _longest(found for found in _salvage(body) if key in found[0]) if is_there else None
    return document if isinstance(document, dict) and key in document else None


def parse_answer(body: bytes) -> dict[str, Any]:
    """Return the document in `body` whatever its keys are, and as far as it goes; empty where there is none.

    Beside what `parse` understands: a document that ends too early. It is for answers in which one sign is
    looked for, not for documents in which what is absent means something.
    """
    try:
        document = _ANYTHING.decode(body)
    except UNREADABLE:
        document = _longest(_salvage(body[:_LONGEST_ANSWER], is_cut=True))
    return document if isinstance(document, dict) else {}


def _longest(found: Iterable[tuple[dict[str, Any], int]]) -> dict[str, Any] | None:
    """Return the longest document: what is printed around it may quote parts of one."""
    return max(found, key=itemgetter(1), default=(None, 0))[0]


def _salvage(body: bytes, *, is_cut: bool = False) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield every map in what the strict decoder refused, with its length in characters.

    `is_cut`: the text may end within one.
    """
    text = body.decode("utf-8", "surrogateescape")
    text = _NOT_UTF8.sub(lambda found: chr(ord(found[0]) - 0xDC00), text)
    for attempt, start in enumerate(_beginnings(text)):
        if attempt >= _MOST_BEGINNINGS:
            return
        found, length = _decode_cut(text, start) if is_cut else _decode(text, start)
        if isinstance(found, dict) and found:
            yield found, length


def _beginnings(text: str) -> Iterator[int]:
    """Yield where a document may begin: at its first brace, and at later ones where words come before it."""
    start = text.find("{")
    has_words = bool(text[: max(start, 0)].strip("\ufeff \t\r\n"))
    while start >= 0:
        yield start
        later = _LATER.search(text, start + 1) if has_words else None
        start = later.start() if later else -1


def _decode(text: str, start: int) -> tuple[object, int]:
    """Return what begins there and its length, mended where it is no JSON; nothing if that does not help."""
    try:
        found, end = _FORGIVING.raw_decode(text, start)
        return _whole(found), end - start
    except (ValueError, RecursionError):
        pass
    if len(text) > _LARGEST_MENDED:
        return None, 0
    try:
        found, end = _FORGIVING.raw_decode(_flatten(_mend(text[start:])))
        return _whole(found), end
    except (ValueError, RecursionError):
        return None, 0


def _decode_cut(text: str, start: int) -> tuple[object, int]:
    """Return what begins there and its length, with what is left open at its end closed."""
    rest = text[start:]
    whole, closing = _close(rest)
    # What stands last may be a key whose value is cut off.
    for behind in ("", ":null"):
        found, length = _decode(f"{whole}{behind}{closing}", 0)
        if found is not None:
            return found, min(length, len(rest))
    return None, 0


def _close(text: str) -> tuple[str, str]:
    """Return a document with its last text ended, and the brackets that close what is open at its end."""
    closing: list[str] = []
    for found in _OPENING.finditer(text):
        if found[1] and not found[2]:  # without the half of an escape, behind which a text does not end
            return f'{text[: found.end()]}"', "".join(reversed(closing))
        if found[0] in "[{":
            closing.append("]" if found[0] == "[" else "}")
        elif found[0] in "]}":
            closing.pop()
            if not closing:
                return text[: found.end()], ""
    return text, "".join(reversed(closing))


def _number(text: str) -> float:
    """Return a number; infinity for one that no double holds."""
    if len(text) > _LONGEST_NUMBER:
        return math.inf
    return float(text) if set(text) & set(".eE") else int(text)


_FORGIVING = json.JSONDecoder(strict=False, parse_float=_number, parse_int=_number)


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON there is
    """Return the same document with nothing in its texts that can't be written: no half characters."""
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _mend(text: str) -> str:
    """Return the same with `null` in the place of what is no value in JSON, such as -nan, 007 or nothing."""
    text = _TOKEN.sub(lambda found: _token(found[0]), text)
    return _GAP.sub(lambda found: found[1] or (":null" if found[2] else ""), text)


def _token(token: str) -> str:
    if token.startswith('"'):
        # A backslash before a letter that means nothing is a backslash.
        return _BAD_ESCAPE.sub(lambda found: f"\\\\{found[1]}" if found[1] else found[0], token)
    return token if _VALUE.fullmatch(token) else "null"


def _flatten(text: str) -> str:
    """Return the same JSON with `null` in the place of everything that is nested too deeply."""
    parts: list[str] = []
    depth = copied = 0
    for found in _STRUCTURE.finditer(text):
        sign = found[0]
        if sign in "[{":
            depth += 1
            if depth == _DEEPEST:
                parts += [text[copied : found.start()], "null"]
        elif sign in "]}":
            if depth == _DEEPEST:
                copied = found.end()
            depth -= 1
    if depth < _DEEPEST:
        parts.append(text[copied:])
    return "".join(parts)


# --- values ------------------------------------------------------------------------------------


def as_map(said: object) -> dict[str, Any] | None:
    """Return a map; PHP writes an empty one as an empty list. None for anything else."""
    if isinstance(said, dict):
        return said
    return {} if said == [] else None


def as_list(said: object) -> list[Any] | None:
    """Return a list; PHP writes one with a gap as a map from numbers. None for anything else."""
    if isinstance(said, list):
        return said
    if isinstance(said, dict) and said and all(key.isdecimal() and key.isascii() for key in said):
        return [said[key] for key in sorted(said, key=lambda key: (len(key), key))]
    return None


# --- what is left out --------------------------------------------------------------------------


@dataclass(slots=True)
class Losses:
    """What is not understood while a document is read: counted by reason, and the first told in words."""

    counts: Counter[Drop] = field(default_factory=Counter)
    words: list[str] = field(default_factory=list)

    def add(self, drop: Drop, place: str, what: str, count: int = 1) -> None:
        """Note something that is left out, its place in the document, and what is the matter with it."""
        self.counts[drop] += count
        if len(self.words) < TOLD:
            self.words.append(f"{place}: {what}" if place else what)

    def read(self, said: _Said) -> Read[_Said]:
        """Return what was understood together with these losses."""
        return Read(said, tuple(self.counts.items()), tuple(self.words))


@dataclass(frozen=True, slots=True)
class Read(Generic[_Said]):
    """What was understood of a document, and what was not."""

    said: _Said
    dropped: Sequence[tuple[Drop, int]] = ()
    losses: tuple[str, ...] = ()  # the first few in words


def printable(text: str, limit: int = 200) -> str:
    """Make foreign text fit to be logged and shown: on one line, and not long."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text[: limit + 1])
    return clean if len(clean) <= limit else clean[:limit] + "…"


def kind(said: object) -> str:
    """Return what JSON calls a value, for a sentence: never the value itself."""
    names: Mapping[type, str] = {dict: "a map", list: "a list", str: "a text", bool: "a truth value"}
    return "nothing" if said is None else names.get(type(said), "a number")
