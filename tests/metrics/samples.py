"""Readings, and what their families hold, for the tests of families."""

from __future__ import annotations

from waexporter.metrics.tally import Tally, tally_families
from waexporter.model import (
    Endpoint,
    Failure,
    Family,
    Instant,
    Reading,
    Success,
)
from waexporter.polling.on_premises import COLLECTORS

Found = dict[tuple[str, frozenset[tuple[str, str]]], float]


def found(*given: Family) -> Found:
    return {
        (family.head.name + sample.suffix, frozenset(sample.labels)): sample.value
        for family in given
        for sample in family.samples
    }


def labels(**pairs: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairs.items())


def a_reading(outcome: Success | Failure, endpoint: Endpoint = Endpoint.APP) -> Reading:
    return Reading("t", endpoint, Instant(1.7e9, 5.0), 0.25, outcome)


def of_tally(endpoint: Endpoint, tally: Tally, before: Tally | None = None) -> tuple[Family, ...]:
    return tuple(tally_families(endpoint, COLLECTORS[endpoint].answer, tally, before))
