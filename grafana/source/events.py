"""Rare events: their number over time, and a line that shows when there were none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.panels import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from grafana.source.selection import Gain


# They are rare, so that finer steps show nothing more, and of many clients cost much.
_STEP = "1m"


def events(of: Callable[[Gain], str], *labels: str, known: str, none: str) -> Query:
    """Return queries that count events over time by `labels`: the ten most frequent kinds in the time shown.

    `of` returns the expression for a way to count. Without events there is a line of zeros named `none`, as
    far as there is anything of `known`.
    """
    # A whole number: one page reads better as 1 than as 1.33, or as 0.02 a second.
    return ranked(f"round({of(_around)})", f"round({of(_throughout)})", *labels, known=known, none=none)


def ranked(now: str, most: str, *labels: str, known: str, none: str) -> Query:
    """Return `now` for the ten series whose `most` is largest, and above 0."""
    ten = f"({now}) and on ({', '.join(labels)}) topk(10, ({most}) > 0)"
    parts = ", ".join(f'"{label}"' for label in labels)
    named = f'label_join({ten}, "series", " ", {parts})'
    return Query(
        f'{named} or on () label_replace(0 * max({known}), "series", "{none}", "", "")', "{{series}}", _STEP
    )


def _around(selector: str) -> str:
    return f"increase({selector}[$__rate_interval])"


def _throughout(selector: str) -> str:
    return f"increase({selector}[$__range] @ end())"
