"""Families as bytes, in the Prometheus text format 0.0.4 and in OpenMetrics 1.0.

Sample lines are the same in both formats; only a family's HELP and TYPE differ. So sample lines are rendered
once, when a reading arrives, and a page is made of ready fragments.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from waexporter.model import Fragment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.model import Family, Head

# The sample names that a family of each type may have; no other family on a page may use them.
SUFFIXES = {
    "counter": ("_total", "_created"),
    "summary": ("", "_count", "_sum", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "gauge": ("",),
    "unknown": ("",),
}


def claimed_names(head: Head) -> tuple[str, ...]:
    """Return the names that a family claims on a page: its own, and those of its samples."""
    return claimed_names_of(head.name, head.type)


@lru_cache(maxsize=4096)
def claimed_names_of(name: str, metric_type: str) -> tuple[str, ...]:
    """Return the names that a family with this name and type claims."""
    return tuple({name, *(name + suffix for suffix in SUFFIXES[metric_type])})


def render_head(head: Head, *, openmetrics: bool) -> bytes:
    """Render HELP and TYPE."""
    name, metric_type, help_text = head
    text = help_text.replace("\\", "\\\\").replace("\n", "\\n")
    if openmetrics:
        text = text.replace('"', '\\"')
    else:
        name += "_total" if metric_type == "counter" else ""
        metric_type = "untyped" if metric_type == "unknown" else metric_type
    return encode(f"# HELP {name} {text}\n# TYPE {name} {metric_type}\n")


def render_series(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """Render a series: its name and its labels, without a value."""
    inner = ",".join(f'{label}="{escape_label_value(value)}"' for label, value in labels)
    return f"{name}{{{inner}}}" if inner else name


def render_family(family: Family, common: tuple[tuple[str, str], ...] = ()) -> Fragment:
    """Render all samples of a family, each with the labels `common` before its own labels."""
    name = family.head.name
    lines = [
        f"{render_series(name + sample.suffix, (*common, *sample.labels))} {sample.value!r}\n"
        for sample in family.samples
    ]
    return Fragment(family.head, encode("".join(lines)))


def escape_label_value(value: str) -> str:
    """Escape a label's value."""
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return value


def encode(text: str) -> bytes:
    """Encode for a page; a lone surrogate, which JSON may have, becomes a question mark."""
    return text.encode("utf-8", "replace")
