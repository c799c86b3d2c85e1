"""What is known of a target, as families."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.metrics.samples import a_reading, found, labels, of_tally
from tests.places import hold
from waexporter.metrics import families
from waexporter.metrics import tally as tally_module
from waexporter.metrics.families import (
    account_families,
    login_families,
    verdict_families,
)
from waexporter.metrics.on_premises import cluster_families
from waexporter.metrics.tally import Tally
from waexporter.model import (
    Account,
    Endpoint,
    Family,
    Gateway,
    Health,
    OnPremisesDetails,
    Problem,
    State,
    Status,
    Success,
    Topology,
    Verdict,
)

HEADS = (*families.HEADS, *tally_module.HEADS, *cluster_families.HEADS)


def of_verdict(verdict: Verdict) -> tuple[Family, ...]:
    return (*verdict_families(verdict), *cluster_families.cluster_families(verdict))


# --- verdicts ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
def test_exactly_one_verdict_is_1(state: State) -> None:
    values = found(*of_verdict(Verdict(state)))

    held = {name: value for name, value in values.items() if name[0] == "whatsapp_verdict"}
    assert held == {
        ("whatsapp_verdict", labels(verdict=each)): int(each == state)
        for each in ("ok", "degraded", "down", "unknown")
    }


def test_an_unknown_client_has_only_up_and_the_verdict() -> None:
    names = {family.head.name for family in of_verdict(Verdict(State.UNKNOWN))}

    assert names == {"whatsapp_up", "whatsapp_verdict"}


def test_each_problem_is_exported_once_for_any_number_of_nodes() -> None:
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

    values = found(*of_verdict(Verdict(State.OK, up=True, details=OnPremisesDetails(gateways=gateways))))

    for node, role, status in (("n1", "coreapp", "connected"), ("n2", "", "unreachable")):
        held = {
            dict(name[1])["status"]: value
            for name, value in values.items()
            if name[0] == "whatsapp_gateway_status" and ("node", node) in name[1]
        }
        assert held == {each.value: int(each.value == status) for each in Status}
        assert ("whatsapp_gateway_status", labels(node=node, role=role, status=status)) in values


def test_only_known_numbers_are_exported() -> None:
    details = OnPremisesDetails(topology=Topology.MULTICONNECT, connected=3, expected=4, shards=4, covered=3)
    verdict = Verdict(State.OK, up=True, details=details)
    less = replace(details, expected=None, shards=None, covered=0)

    values = found(*of_verdict(verdict))
    fewer = found(*of_verdict(replace(verdict, details=less)))

    assert values["whatsapp_up", labels()] == 1
    assert values["whatsapp_topology_info", labels(topology="multiconnect")] == 1
    numbers = ("coreapps_connected", "coreapps_expected", "shards", "shards_covered")
    assert [values[f"whatsapp_{name}", labels()] for name in numbers] == [3, 4, 4, 3]
    assert [fewer.get((f"whatsapp_{name}", labels())) for name in numbers] == [3, None, None, 0]


def test_the_topology_of_a_client_that_is_down_is_not_exported() -> None:
    values = found(*of_verdict(Verdict(State.DOWN, details=OnPremisesDetails(topology=Topology.HA))))

    assert ("whatsapp_topology_info", labels(topology="ha")) not in values


def test_the_api_info_has_the_version_or_is_absent() -> None:
    said = found(
        *cluster_families.api_families(Health((), clustered=False, version="v2.45.1", api_status="stable"))
    )
    unsaid = found(*cluster_families.api_families(Health((), clustered=False, api_status="stable")))

    assert said == {("whatsapp_api_info", labels(version="v2.45.1", api_status="stable")): 1}
    assert unsaid == {}


def test_the_expiry_of_a_token_is_exported_if_known() -> None:
    assert found(*account_families(Account())) == {}
    assert found(*account_families(Account(token_expires=1.8e9))) == {
        ("whatsapp_token_expiry_timestamp_seconds", labels()): 1.8e9
    }


def test_logins_are_counted_by_result_from_zero() -> None:
    values = found(*login_families(Account()))

    results = ("ok", "refused", "rate_limited", "failed")
    assert values == {
        **{("waexporter_logins_total", labels(result=each)): 0 for each in results},
        ("waexporter_tokens_refused_total", labels()): 0,
    }


def test_refused_tokens_are_counted() -> None:
    values = found(*login_families(Account(tokens_refused=7)))

    assert values["waexporter_tokens_refused_total", labels()] == 7


# --- all of them -------------------------------------------------------------------------------


def test_every_own_family_is_reserved() -> None:
    tally = Tally().after(a_reading(Success()))
    verdict = Verdict(
        State.OK,
        (Problem("stale", "w"),),
        up=True,
        details=OnPremisesDetails(
            topology=Topology.HA,
            connected=1,
            expected=1,
            shards=1,
            covered=1,
            gateways=(Gateway("", "", Status.OTHER),),
        ),
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
