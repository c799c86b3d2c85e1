"""Pages read back by prometheus_client's own parsers, the strict one and the one for the older format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

Series = tuple[str, frozenset[tuple[str, str]]]


def read_text(page: str) -> dict[Series, float]:
    """Read a page of the text format; AssertionError when a series is there twice."""
    return _series(text_string_to_metric_families(page))


def read_openmetrics(page: str) -> dict[Series, float]:
    """Read an OpenMetrics page; ValueError when it breaks a rule."""
    return _series(openmetrics.text_string_to_metric_families(page))


def _series(metrics: Iterable[Metric]) -> dict[Series, float]:
    found: dict[Series, float] = {}
    for metric in metrics:
        for name, labels, value, *_ in metric.samples:
            series = (name, frozenset(labels.items()))
            assert series not in found, f"twice: {series}"
            found[series] = float(value)
    return found
