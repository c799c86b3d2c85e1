"""A claim counts as long as its reading may be served; the type of fewer targets loses."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from waexporter.model import Endpoint, Fragment, Head, Part
from waexporter.polling.claims import Claims, EndpointFamilies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.metrics.election import FamilyKey

APP, WEB, DB = Endpoint.APP, Endpoint.WEB, Endpoint.DB
GAUGE, COUNTER = ("x", "gauge"), ("x", "counter")
LATER = 45.0


@cache
def heads_of(*kinds: tuple[str, str]) -> tuple[Head, ...]:
    """Return the same object for the same families, as a translator does from poll to poll."""
    return tuple(Head(name, kind, "w") for name, kind in kinds)


def part(*kinds: tuple[str, str], source: str = "") -> Part:
    heads = heads_of(*kinds)
    return Part(source, tuple(Fragment(head, b"") for head in heads), len(heads), heads)


def said(*kinds: tuple[str, str]) -> tuple[Part, ...]:
    return (part(*kinds),)


def take(  # noqa: PLR0913, PLR0917 - a row
    claims: Claims, claimant: object, endpoint: Endpoint, parts: Iterable[Part], at: float, expires: float
) -> frozenset[FamilyKey]:
    statement = EndpointFamilies(endpoint, tuple(parts), has_replicas=endpoint is WEB)
    return claims.update(claimant, statement, at, expires)


def claims_of(**targets: tuple[str, str]) -> Claims:
    """Return the claims of targets that each have one family in `app`, at 0."""
    claims = Claims()
    for target, kind in targets.items():
        take(claims, target, APP, said(kind), 0.0, LATER)
    return claims


def test_nobody_loses_where_all_agree() -> None:
    assert claims_of(a=GAUGE, b=GAUGE, c=("y", "counter")).losers(0.0) == frozenset()


def test_a_target_is_told_at_once_that_it_is_the_odd_one() -> None:
    claims = claims_of(a=GAUGE, b=GAUGE)

    lost = take(claims, "c", APP, said(COUNTER, ("y", "gauge")), 0.0, LATER)

    assert lost == {COUNTER}


def test_a_target_is_told_of_no_family_that_another_one_loses() -> None:
    claims = claims_of(a=GAUGE, odd=COUNTER)

    lost = [take(claims, "b", APP, parts, 0.0, LATER) for parts in (said(GAUGE), said(("y", "gauge")), ())]

    assert lost == [frozenset()] * 3


def test_whoever_was_first_loses_as_soon_as_most_say_otherwise() -> None:
    claims = claims_of(a=GAUGE, b=COUNTER)
    before = claims.losers(0.0)

    take(claims, "c", APP, said(COUNTER), 0.0, LATER)

    assert before == {COUNTER}
    assert claims.losers(0.0) == {GAUGE}


def test_a_claim_that_loses_counts_on() -> None:
    claims = claims_of(a=GAUGE, b=GAUGE, c=COUNTER, d=COUNTER)
    before = claims.losers(0.0)

    take(claims, "e", APP, said(COUNTER), 0.0, LATER)

    assert before == {COUNTER}
    assert claims.losers(0.0) == {GAUGE}


def test_a_target_has_one_vote_however_many_sources_it_has() -> None:
    claims = claims_of(a=GAUGE, b=GAUGE)

    lost = take(claims, "c", WEB, [part(COUNTER, source=str(number)) for number in range(5)], 0.0, LATER)

    assert lost == {COUNTER}


def test_within_one_target_most_of_its_sources_decide() -> None:
    claims = Claims()
    take(claims, "a", WEB, [part(COUNTER, source="1")], 0.0, LATER)
    take(claims, "a", WEB, [part(GAUGE, source="2")], 0.0, LATER)

    take(claims, "a", WEB, [part(GAUGE, source="3")], 0.0, LATER)

    assert claims.losers(0.0) == {COUNTER}


@pytest.mark.parametrize(
    ("endpoint", "losers"), [(APP, {GAUGE}), (DB, {COUNTER})], ids=["its endpoint", "another one"]
)
def test_what_a_target_says_anew_replaces_what_it_said_at_that_endpoint(
    endpoint: Endpoint, losers: set[tuple[str, str]]
) -> None:
    claims = claims_of(a=COUNTER, b=COUNTER, c=GAUGE, d=GAUGE, e=GAUGE)
    take(claims, "c", endpoint, said(("z", "gauge")), 0.0, LATER)

    take(claims, "d", endpoint, said(("z", "gauge")), 0.0, LATER)

    assert claims.losers(0.0) == losers


def test_a_claim_ends_with_what_it_is_made_on() -> None:
    claims = Claims()
    take(claims, "a", APP, said(COUNTER), 0.0, 10.0)
    take(claims, "b", APP, said(COUNTER), 0.0, 20.0)
    take(claims, "c", APP, said(GAUGE), 0.0, 30.0)

    assert [claims.losers(at) for at in (9.9, 19.9, 20.0)] == [{GAUGE}, {GAUGE}, frozenset()]


def test_a_claim_that_is_made_again_lasts_longer() -> None:
    claims = claims_of(a=COUNTER, b=GAUGE, c=GAUGE)
    for target in "abc":
        take(claims, target, APP, said(COUNTER if target == "a" else GAUGE), 40.0, 85.0)

    assert claims.losers(84.9) == {COUNTER}
    assert claims.losers(85.0) == frozenset()


def test_claims_are_the_same_whether_or_not_it_is_known_that_nothing_changed() -> None:
    claims = claims_of(a=COUNTER, b=GAUGE, c=GAUGE)
    take(claims, "a", APP, [replace(each, heads=()) for each in said(COUNTER)], 40.0, 85.0)
    take(claims, "b", APP, said(COUNTER), 40.0, 85.0)
    take(claims, "b", APP, said(COUNTER), 41.0, 86.0)

    assert claims.losers(42.0) == {GAUGE}
    assert claims.losers(LATER) == frozenset()


def test_what_is_forgotten_claims_nothing() -> None:
    claims = claims_of(a=COUNTER, b=GAUGE, c=GAUGE, d=COUNTER, e=COUNTER)

    claims.forget(["a", "d", "nobody"])

    assert claims.losers(0.0) == {COUNTER}
    claims.forget(["e"])
    assert claims.losers(0.0) == frozenset()


def test_claims_that_come_from_many_threads_are_all_counted() -> None:
    claims = Claims()
    begin = threading.Barrier(4)

    def claim(name: int) -> None:
        begin.wait(60)
        for turn in range(200):
            take(claims, name, APP, said(GAUGE if turn % 2 else COUNTER, (f"y{turn}", "gauge")), 0.0, LATER)

    threads = [threading.Thread(target=claim, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert claims.losers(0.0) == frozenset()
    assert take(claims, "odd", APP, said(COUNTER), 0.0, LATER) == {COUNTER}
