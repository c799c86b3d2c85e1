"""Translate upstream names, units and labels to ours, by rule and not by a table of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

PREFIX = "whatsapp_"
_OURS = ("target", "le", "quantile", "job", "instance")
_OPERATORS = ("endpoint", "service", "pod", "container", "namespace")  # of the Prometheus Operator's monitors
RESERVED_LABELS = frozenset({*_OURS, *_OPERATORS})
RENAMED_LABELS = {"app": "coreapp"}  # later versions of the client use coreapp


@dataclass(frozen=True, slots=True)
class Unit:
    """The conversion of a value to its base unit; division is exact where a factor of 0.001 is not."""

    multiplier: int = 1
    divisor: int = 1

    def convert(self, value: float) -> float:
        """Return a value in the base unit."""
        return value * self.multiplier if self.divisor == 1 else value / self.divisor

    def convert_all(self, values: list[float]) -> list[float]:
        """Return values in the base unit."""
        if self.divisor != 1:
            divisor = self.divisor
            return [value / divisor for value in values]
        return values if self.multiplier == 1 else [value * self.multiplier for value in values]


PLAIN = Unit()
_UNITS = {
    "ms": ("seconds", Unit(divisor=1_000)),
    "us": ("seconds", Unit(divisor=1_000_000)),
    "kbytes": ("bytes", Unit(multiplier=1_024)),
}
_SUFFIXES = "count|sum|total|bucket|max|min|avg"
_UNIT = re.compile(rf"_(ms|us|kbytes)(?=$|_(?:{_SUFFIXES})(?:_|$))|(?<=_duration)_(ms|us)(?=_)")
_COUNT = re.compile(r"_count(_total)?$")
_PAIRED = re.compile(r"^(?P<stem>.+)_(?P<part>count|sum)$")

OVERRIDES = {
    "web_uptime": "web_uptime_seconds",  # the unit is in its help only: "Number of seconds since ..."
}


@dataclass(frozen=True, slots=True)
class Name:
    """Our name of an upstream metric, and its unit."""

    text: str  # without the prefix
    unit: Unit = PLAIN


@lru_cache(maxsize=4096)
def rename(upstream: str) -> Name:
    """Translate a name: its unit becomes the base unit, and illegal characters become underscores.

    A `_count` counts events, so its value has no unit, even if its name has one.
    """
    legal = sanitize_name(OVERRIDES.get(upstream, upstream))
    found = _UNIT.search(legal)
    if found is None:
        return Name(legal)
    word, unit = _UNITS[found.group(1) or found.group(2)]
    text = f"{legal[: found.start()]}_{word}{legal[found.end() :]}"
    return Name(text, PLAIN if _COUNT.search(legal) else unit)


def sanitize_name(name: str) -> str:
    """Return a name that is legal for Prometheus: letters, digits, underscores; no digit at its start."""
    text = re.sub(r"[^a-zA-Z0-9_]", "_", name) or "_"
    return f"_{text}" if text[0].isdigit() else text


def split_half(upstream: str) -> tuple[str, str] | None:
    """Return X and `count` or `sum` for `X_count` or `X_sum`; None for any other name."""
    found = _PAIRED.match(upstream)
    return (found["stem"], found["part"]) if found else None


def label_names(upstream: Iterable[str], taken: Collection[str]) -> Mapping[str, str]:
    """Map upstream label names to ours: legal, unique, and neither in `taken` nor reserved."""
    used = {*taken, *RESERVED_LABELS}
    names: dict[str, str] = {}
    # Names that are legal already come first, so that they keep their name.
    for changed, name in sorted((_sanitize_label(name) != name, name) for name in upstream):
        ours = _sanitize_label(name) if changed else name
        while ours in used:
            ours = f"exported_{ours}"
        used.add(ours)
        names[name] = ours
    return names


def _sanitize_label(name: str) -> str:
    # Names with two leading underscores belong to Prometheus.
    return re.sub(r"^__+", "_", sanitize_name(RENAMED_LABELS.get(name, name)))


# The types whose values can be read; any other type counts as unknown.
COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
TYPES = frozenset({COUNTER, GAUGE, HISTOGRAM})


def other_half(upstream: str) -> str | None:
    """Return the name of the other half of a pair: `X_sum` for `X_count`; None for any other name."""
    stem, part = split_half(upstream) or ("", "")
    return f"{stem}_{'sum' if part == 'count' else 'count'}" if part else None


def family_name(upstream: str, metric_type: str) -> str:
    """Return our name of the family that an upstream name becomes, a counter's without `_total`."""
    text = PREFIX + rename(upstream).text
    return text.removesuffix("_total") if metric_type == COUNTER else text
