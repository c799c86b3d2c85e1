"""Read label matchers as in PromQL, and write them in the form that fits into our rules."""

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

# Characters with a meaning in YAML, templates or printf, which have to be escaped.
_SPECIAL = re.compile(r"[`%#]|(?<=:) |[\x00-\x1f]")

# Labels that not every metric of the rules has: a selector with them finds nothing, and no alert says so.
_UNSUITABLE = MappingProxyType(
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
    """Return the matchers and "", or "" and why they can't be added to the rules.

    As in PromQL, they may be in braces, with a comma after the last one.
    """
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1].strip()
    found, position = [], 0
    while position < len(inner):
        matcher = _MATCHER.match(inner, position)
        if matcher is None:
            return "", _explain(text, inner[position:])
        if matcher["name"] in _UNSUITABLE:
            return "", f"{matcher['name']!r} can't be asked for: {_UNSUITABLE[matcher['name']]}"
        found.append(f"{matcher['name']}{matcher['operator']}{_quote(matcher)}")
        position = matcher.end()
    return ",".join(found), ""


def _quote(matcher: re.Match[str]) -> str:
    """Return a value in double quotes."""
    if matcher["raw"] is not None:
        inside = matcher["raw"].replace("\\", r"\\").replace('"', r"\"")
    elif matcher["single"] is not None:
        parts = re.findall(r"\\.|[^\\]", matcher["single"])
        inside = "".join({'"': r"\"", r"\'": "'"}.get(part, part) for part in parts)
    else:
        inside = matcher["double"]
    return '"' + _SPECIAL.sub(lambda found: f"\\x{ord(found[0]):02x}", inside) + '"'


def _explain(text: str, rest: str) -> str:
    words = f'{text!r} is not a list of label matchers such as job="waexporter",env=~"prod.*"'
    return f"{words}; in quotes, a backslash is written twice" if "\\" in rest else words
