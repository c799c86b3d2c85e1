"""The table of a client's nodes: every node that is named, and no fact that is not known."""

from __future__ import annotations

from waexporter.model import (
    Gateway,
    OnPremisesDetails,
    Problem,
    State,
    Status,
    Support,
    SupportNode,
    Topology,
    Verdict,
)
from waexporter.polling.on_premises.node_table import list_nodes

GATEWAYS = (
    Gateway("core1", "coreapp", Status.CONNECTED),
    Gateway("core2", "coreapp", Status.UNREACHABLE, "Could not resolve host"),
    Gateway("core3", "coreapp", Status.DISCONNECTED),
    Gateway("master1", "primary_master", Status.CONNECTING),
    Gateway("master2", "", Status.OTHER, "dreaming"),
)
DAY = 1_798_675_200.0  # 2026-12-31


def verdict_on(*gateways: Gateway, problems: tuple[Problem, ...] = ()) -> Verdict:
    return Verdict(State.OK, problems, details=OnPremisesDetails(Topology.MULTICONNECT, gateways=gateways))


def test_without_support_there_is_only_what_health_says() -> None:
    table = list_nodes(verdict_on(*GATEWAYS), [])

    assert table.columns == ("node", "role", "status")
    assert [row.cells for row in table.rows] == [
        ("core1", "coreapp", "connected"),
        ("core2", "coreapp", "unreachable: Could not resolve host"),
        ("core3", "coreapp", "disconnected"),
        ("master1", "primary_master", "connecting"),
        ("master2", None, "other: dreaming"),
    ]


def test_a_spare_that_is_not_connected_is_no_fault_unless_a_problem_names_it() -> None:
    table = list_nodes(verdict_on(*GATEWAYS), [])
    troubled = list_nodes(
        verdict_on(*GATEWAYS, problems=(Problem("node_dead", "core3 is dead", node="core3"),)), []
    )

    assert [row.is_well for row in table.rows] == [True, False, None, None, None]
    assert [row.is_well for row in troubled.rows] == [True, False, False, None, None]


def test_support_adds_what_it_knows_and_the_rest_is_not_known() -> None:
    nodes = (
        SupportNode(
            "core1", "coreapp", "2.53.3", "MYSQL", DAY, (("data", 3 * 2**30), ("logs", 2**29)), (0, 2)
        ),
        SupportNode("core9", "coreapp", shards=(), are_shards_all=False),
    )

    table = list_nodes(verdict_on(*GATEWAYS[:2]), [Support(nodes, clustered=True)])

    assert [row.cells[3:] for row in table.rows] == [
        ("2.53.3", "0, 2", "MYSQL", "data 3.0 GiB, logs 0.5 GiB", "2026-12-31"),
        (None, None, None, None, None),
        (None, "some that can't be read", None, None, None),
    ]
    assert table.rows[2].cells[:3] == ("core9", "coreapp", None)
    assert table.rows[2].is_well is None


def test_the_node_of_a_single_client_is_one_row_whatever_it_is_called() -> None:
    support = Support((SupportNode("wacore", "coreapp", "2.53.3"),), clustered=False)

    table = list_nodes(verdict_on(Gateway("", "", Status.CONNECTED)), [support])

    assert [row.cells[:4] for row in table.rows] == [("the only one", "coreapp", "connected", "2.53.3")]


def test_without_any_reading_there_are_no_rows() -> None:
    assert list_nodes(Verdict(State.UNKNOWN), []).rows == ()
