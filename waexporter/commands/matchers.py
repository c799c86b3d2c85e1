"""Label matchers as people paste them out of a query, in the form in which our rules can hold them."""

from __future__ import annotations

import re
from types import MappingProxyType

_ESCAPE = r"\\(?:[abfnrtv\\]|[0-7]{3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})"
_DOUBLE = rf'"(?P<double>(?:[^"\\\n]|{_ESCAPE}|\\")*)"'
_SINGLE = rf"'(?P<single>(?:[^'\\\n]|{_ESCAPE}|\\')*)'"
_RAW = r"`(?P<raw>[^`]*)`"
_MATCHER = re.compile(
    r"\s*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*"
    rf"(?:{_DOUBLE}|{_SINGLE}|{_RAW})\s*(?:,|$)"
)

# What means something to YAML, to a template or to printf around it is written in another way.
_TAKEN = re.compile(r"[`%#]|(?<=:) |[\x00-\x1f]")

# Labels that not every metric of the rules has: what asks for them finds nothing, and no alert says so.
_MISSING = MappingProxyType(
    {
        "__name__": "the rules name their metrics themselves",
        "instance": "what the rules record has no such label: choose by job, or by a label of all exporters",
        "pod": "what the rules record has no such label: choose by job, or by a label of all exporters",
        "target": "what is about waexporter itself has no such label",
        "node": "only what is about nodes has such a label",
        "collector": "only what is about polls has such a label",
    }
)


def read_matchers(text: str) -> tuple[str, str]:
    """Return the matchers in one form and "", or "" and why they can't be added to the rules.

    Braces around them and a comma behind the last may be there, as PromQL has it.
    """
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    found, place = [], 0
    while place < len(inner):
        matcher = _MATCHER.match(inner, place)
        if matcher is None:
            return "", _explain(text, inner[place:])
        if matcher["name"] in _MISSING:
            return "", f"{matcher['name']!r} can't be asked for: {_MISSING[matcher['name']]}"
        found.append(f"{matcher['name']}{matcher['operator']}{_quote(matcher)}")
        place = matcher.end()
    return ",".join(found), ""


def _quote(matcher: re.Match[str]) -> str:
    """Write a value in double quotes."""
    if matcher["raw"] is not None:
        inside = matcher["raw"].replace("\\", r"\\").replace('"', r"\"")
    elif matcher["single"] is not None:
        parts = re.findall(r"\\.|[^\\]", matcher["single"])
        inside = "".join({'"': r"\"", r"\'": "'"}.get(part, part) for part in parts)
    else:
        inside = matcher["double"]
    return '"' + _TAKEN.sub(lambda found: f"\\x{ord(found[0]):02x}", inside) + '"'


def _explain(text: str, rest: str) -> str:
    words = f'{text!r} is not a list of label matchers such as job="waexporter",env=~"prod.*"'
    return f"{words}; in quotes, a backslash is written twice" if "\\" in rest else words
