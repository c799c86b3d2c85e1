"""Events that are rare: how many there were at each moment, and a line that says when there were none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.panels import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from grafana.source.selection import Gain


# They are rare, so that finer steps show nothing more, and of many clients cost much.
_STEP = "1m"


def events(of: Callable[[Gain], str], *labels: str, known: str, none: str) -> Query:
    """Count events around each moment by `labels`, the ten kinds that happened most in the time shown.

    `of` gives the expression for a way to count. While there are none, a line of zeros is called `none`, as
    far as there is anything of `known`.
    """
    # A whole number: one page reads better as 1 than as 1.33, or as 0.02 a second.
    return ranked(f"round({of(_around)})", f"round({of(_throughout)})", *labels, known=known, none=none)


def ranked(now: str, most: str, *labels: str, known: str, none: str) -> Query:
    """Show `now` of the ten for which `most` is largest, and above 0."""
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
