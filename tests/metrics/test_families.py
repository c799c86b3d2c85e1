"""What is known of a target, as families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.places import hold
from waexporter.metrics import families
from waexporter.metrics.families import (
    AnswerKind,
    Tally,
    account_families,
    login_families,
    tally_families,
    verdict_families,
)
from waexporter.metrics.on_premises import cluster_families
from waexporter.model import (
    Account,
    Drop,
    Endpoint,
    Failure,
    Family,
    Gateway,
    Health,
    Instant,
    Problem,
    Reading,
    Reason,
    State,
    Status,
    Success,
    Topology,
    Verdict,
)
from waexporter.polling.on_premises import COLLECTORS

Found = dict[tuple[str, frozenset[tuple[str, str]]], float]
HEADS = (*families.HEADS, *cluster_families.HEADS)


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


def of_verdict(verdict: Verdict) -> tuple[Family, ...]:
    return (*verdict_families(verdict), *cluster_families.cluster_families(verdict))


def of_tally(endpoint: Endpoint, tally: Tally, before: Tally | None = None) -> tuple[Family, ...]:
    return tuple(tally_families(endpoint, COLLECTORS[endpoint].answer, tally, before))


# --- verdicts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_exactly_one_verdict_holds(state: State) -> None:
    values = found(*of_verdict(Verdict(state)))

    held = {name: value for name, value in values.items() if name[0] == "whatsapp_verdict"}
    assert held == {
        ("whatsapp_verdict", labels(verdict=each)): int(each == state)
        for each in ("ok", "degraded", "down", "unknown")
    }


def test_of_an_unknown_client_nothing_is_said_but_that() -> None:
    names = {family.head.name for family in of_verdict(Verdict(State.UNKNOWN))}

    assert names == {"whatsapp_up", "whatsapp_verdict"}


def test_each_problem_is_said_once_however_many_nodes_have_it() -> None:
    problems = (
        Problem("node_unreachable", "a", "n1"),
        Problem("node_unreachable", "b", "n2"),
        Problem("stale", "c"),
    )

    values = found(*of_verdict(Verdict(State.DEGRADED, problems)))

    held = {name: value for name, value in values.items() if name[0] == "whatsapp_problem"}
    assert held == {
        ("whatsapp_problem", labels(problem="node_unreachable")): 1,
        ("whatsapp_problem", labels(problem="stale")): 1,
    }


def test_each_node_has_exactly_one_of_all_statuses() -> None:
    gateways = (Gateway("n1", "coreapp", Status.CONNECTED), Gateway("n2", "", Status.UNREACHABLE))

    values = found(*of_verdict(Verdict(State.OK, up=True, gateways=gateways)))

    for node, role, status in (("n1", "coreapp", "connected"), ("n2", "", "unreachable")):
        held = {
            dict(name[1])["status"]: value
            for name, value in values.items()
            if name[0] == "whatsapp_gateway_status" and ("node", node) in name[1]
        }
        assert held == {each.value: int(each.value == status) for each in Status}
        assert ("whatsapp_gateway_status", labels(node=node, role=role, status=status)) in values


def test_numbers_that_are_known_are_said_and_nothing_else() -> None:
    verdict = Verdict(
        State.OK, up=True, topology=Topology.MULTICONNECT, connected=3, expected=4, shards=4, covered=3
    )

    values = found(*of_verdict(verdict))
    fewer = found(*of_verdict(replace(verdict, expected=None, shards=None, covered=0)))

    assert values["whatsapp_up", labels()] == 1
    assert values["whatsapp_topology_info", labels(topology="multiconnect")] == 1
    numbers = ("coreapps_connected", "coreapps_expected", "shards", "shards_covered")
    assert [values[f"whatsapp_{name}", labels()] for name in numbers] == [3, 4, 4, 3]
    assert [fewer.get((f"whatsapp_{name}", labels())) for name in numbers] == [3, None, None, 0]


def test_a_topology_that_is_only_remembered_is_not_said() -> None:
    values = found(*of_verdict(Verdict(State.DOWN, topology=Topology.HA)))

    assert ("whatsapp_topology_info", labels(topology="ha")) not in values


def test_the_api_names_its_version_or_nothing() -> None:
    said = found(
        *cluster_families.api_families(Health((), clustered=False, version="v2.45.1", api_status="stable"))
    )
    unsaid = found(*cluster_families.api_families(Health((), clustered=False, api_status="stable")))

    assert said == {("whatsapp_api_info", labels(version="v2.45.1", api_status="stable")): 1}
    assert unsaid == {}


def test_a_token_has_an_end_when_there_is_one() -> None:
    assert found(*account_families(Account())) == {}
    assert found(*account_families(Account(token_expires=1.8e9))) == {
        ("whatsapp_token_expiry_timestamp_seconds", labels()): 1.8e9
    }


def test_logins_are_counted_by_result_from_nothing_on() -> None:
    values = found(*login_families(Account()))

    results = ("ok", "refused", "rate_limited", "failed")
    assert values == {
        **{("waexporter_logins_total", labels(result=each)): 0 for each in results},
        ("waexporter_tokens_refused_total", labels()): 0,
    }


def test_refused_tokens_are_counted() -> None:
    values = found(*login_families(Account(tokens_refused=7)))

    assert values["waexporter_tokens_refused_total", labels()] == 7


# --- how the polls went ------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", Endpoint)
def test_counters_exist_at_nothing_before_the_first_poll_and_gauges_do_not(endpoint: Endpoint) -> None:
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
def test_a_failure_is_tallied_by_its_reason_and_keeps_when_the_last_success_was(reason: Reason) -> None:
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


def test_a_reading_that_the_client_was_not_asked_for_is_no_poll() -> None:
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
def test_what_is_given_of_a_change_makes_the_old_the_new(
    outcome: Success | Failure, missed: int, endpoint: Endpoint
) -> None:
    before = Tally().after(a_reading(Success(), endpoint))
    after = replace(before.after(a_reading(outcome, endpoint)), missed=missed)

    changed = {family.head: family for family in of_tally(endpoint, after, before)}
    old = {family.head: family for family in of_tally(endpoint, before)}

    assert {**old, **changed} == {family.head: family for family in of_tally(endpoint, after)}


def test_every_family_of_ours_is_reserved() -> None:
    tally = Tally().after(a_reading(Success()))
    verdict = Verdict(
        State.OK,
        (Problem("stale", "w"),),
        up=True,
        topology=Topology.HA,
        connected=1,
        expected=1,
        shards=1,
        covered=1,
        gateways=(Gateway("", "", Status.OTHER),),
    )
    given = [
        *of_verdict(verdict),
        *cluster_families.api_families(Health((), clustered=False, version="v")),
        *account_families(Account(token_expires=1.0)),
        *login_families(Account()),
        *of_tally(Endpoint.APP, tally),
    ]

    hold(
        {family.head.name for family in given},
        {head.name for head in HEADS},
        add="Make its Head a constant of the module, and name it in its HEADS: only those are reserved.",
        remove="No function gives it: remove its Head from HEADS of its module, or give it here.",
    )
    assert {family.head for family in given} == set(HEADS), "a Head is another one than the constant"
    assert len({head.name for head in HEADS}) == len(HEADS)
