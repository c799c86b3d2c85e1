"""How the polls of an endpoint went, as families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.metrics.samples import Found, a_reading, found, labels, of_tally
from waexporter.metrics.tally import AnswerKind, Tally
from waexporter.model import (
    Drop,
    Endpoint,
    Failure,
    Instant,
    Reason,
    Success,
)
from waexporter.polling.on_premises import COLLECTORS


@pytest.mark.parametrize("endpoint", Endpoint)
def test_before_the_first_poll_counters_are_zero_and_gauges_absent(endpoint: Endpoint) -> None:
    of = endpoint.value

    values = found(*of_tally(endpoint, Tally()))

    counters: Found = {
        ("waexporter_polls_total", labels(collector=of)): 0,
        ("waexporter_polls_missed_total", labels(collector=of)): 0,
        **{("waexporter_poll_failures_total", labels(collector=of, reason=each)): 0 for each in Reason},
    }
    of_documents = (Drop.MALFORMED, Drop.NOT_A_NUMBER, Drop.OUT_OF_RANGE)
    if endpoint not in {Endpoint.CERTIFICATES, Endpoint.CANARY}:
        counters |= {
            ("waexporter_dropped_samples_total", labels(collector=of, reason=each)): 0
            for each in (Drop if COLLECTORS[endpoint].answer is AnswerKind.STATISTICS else of_documents)
        }
    assert values == counters


def test_a_success_is_tallied() -> None:
    outcome = Success(dropped=((Drop.CLASH, 2), (Drop.SAMPLES, 3)), unknown_families=4)

    tally = Tally().after(a_reading(outcome)).after(a_reading(outcome))
    values = found(*of_tally(Endpoint.APP, tally))

    assert values["waexporter_polls_total", labels(collector="app")] == 2
    assert values["waexporter_poll_success", labels(collector="app")] == 1
    assert values["waexporter_poll_duration_seconds", labels(collector="app")] == 0.25
    assert values["waexporter_last_success_timestamp_seconds", labels(collector="app")] == 1.7e9
    assert values["waexporter_unknown_families", labels(collector="app")] == 4
    assert values["waexporter_dropped_samples_total", labels(collector="app", reason="clash")] == 4
    assert values["waexporter_dropped_samples_total", labels(collector="app", reason="samples")] == 6
    assert values["waexporter_dropped_samples_total", labels(collector="app", reason="duplicate")] == 0


@pytest.mark.parametrize("reason", Reason)
def test_a_failure_is_tallied_by_its_reason_and_keeps_the_time_of_the_last_success(reason: Reason) -> None:
    tally = Tally().after(a_reading(Success())).after(a_reading(Failure(reason, "words")))

    values = found(*of_tally(Endpoint.APP, tally))

    failures = {
        dict(name[1])["reason"]: value
        for name, value in values.items()
        if name[0] == "waexporter_poll_failures_total"
    }
    assert failures == {each.value: int(each is reason) for each in Reason}
    assert values["waexporter_poll_success", labels(collector="app")] == 0
    assert values["waexporter_last_success_timestamp_seconds", labels(collector="app")] == 1.7e9


def test_a_reading_without_a_request_is_no_poll() -> None:
    refused = Failure(Reason.REFUSED, "words")
    tally = Tally().after(a_reading(refused))

    after = tally.after(replace(a_reading(refused), asked_at=Instant(1.7e9, 4.0)))

    assert after is tally


def test_a_success_that_leaves_nodes_out_counts_as_a_stale_node_too() -> None:
    tally = Tally().after(a_reading(Success(flaws=(Failure(Reason.STALE_NODE, "n1, n2"),))))

    values = found(*of_tally(Endpoint.APP, tally))

    assert values["waexporter_poll_failures_total", labels(collector="app", reason="stale_node")] == 1
    assert values["waexporter_poll_success", labels(collector="app")] == 1


OUTCOMES = (
    Success(),
    Success(dropped=((Drop.CLASH, 2),), flaws=(Failure(Reason.STALE_NODE, "n"),), unknown_families=1),
    Failure(Reason.TIMEOUT, "words"),
)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("missed", [0, 2])
@pytest.mark.parametrize("endpoint", [Endpoint.APP, Endpoint.HEALTH])
def test_the_changed_families_turn_the_old_page_into_the_new_one(
    outcome: Success | Failure, missed: int, endpoint: Endpoint
) -> None:
    before = Tally().after(a_reading(Success(), endpoint))
    after = replace(before.after(a_reading(outcome, endpoint)), missed=missed)

    changed = {family.head: family for family in of_tally(endpoint, after, before)}
    old = {family.head: family for family in of_tally(endpoint, before)}

    assert {**old, **changed} == {family.head: family for family in of_tally(endpoint, after)}
