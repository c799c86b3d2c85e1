"""What nodes that go wrong look like."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Caller


def _brief(health: dict[str, dict[str, str]]) -> dict[str, str]:
    """Shorten a health document to host: status, an unreachable node's being its error code."""
    return {
        key.partition(":")[0]: node.get("gateway_status") or str(node["errors"][0]["code"])  # type: ignore[index]
        for key, node in health.items()
    }


def _primaries(health: dict[str, dict[str, str]]) -> list[str]:
    return [key.partition(":")[0] for key, node in health.items() if node.get("role") == "primary_master"]


_OF_HA = {"core1": "connected", "core2": "disconnected", "master1": "disconnected", "master2": "disconnected"}
_OF_TWO = {
    "core1": "connected",
    "core2": "connected",
    "core3": "disconnected",
    "master1": "connected",
    "master2": "disconnected",
}
_ALL_OF_TWO = tuple(_OF_TWO)


@pytest.mark.parametrize(
    ("fault", "parameters", "changed"),
    [
        ("dead_node", {}, {"core2": "1014"}),
        ("dead_node", {"node": "core1:8f2c"}, {"core1": "1014"}),
        ("dead_node", {"node": "master2"}, {"master2": "1014"}),
        ("shard_uncovered", {}, {"core1": "1014"}),
        ("duplicate_client", {}, {"core2": "connected"}),
        ("connecting", {}, {"core1": "connecting"}),
        ("gateway_down", {}, {"core1": "disconnected"}),
        ("unregistered", {}, dict.fromkeys(_OF_HA, "unregistered")),
        ("uninitialized", {"node": "core2"}, {"core2": "uninitialized"}),
        ("odd_status", {"node": "core1"}, {"core1": "hibernating"}),
        ("no_primary_master", {}, {}),
        ("failover", {}, {"core1": "1014"}),
    ],
)
def test_a_fault_of_a_node_shows_in_the_health_of_an_ha_cluster(
    ha: Caller,
    fault: str,
    parameters: dict[str, str],
    changed: dict[str, str],
) -> None:
    caller = ha

    caller.bring(fault, **parameters)
    during = caller.health()
    caller.call("DELETE", f"/_control/faults/{fault}")
    after = caller.health()

    assert _brief(during) == {**_OF_HA, **changed}
    assert _brief(after) == _OF_HA


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        ("dead_node", {"core3": "1014"}),
        ("shard_uncovered", {"core1": "1014"}),
        ("duplicate_client", {"core3": "connected"}),
        ("connecting", {"core1": "connecting"}),
        ("gateway_down", dict.fromkeys(_ALL_OF_TWO, "disconnected")),
        ("uninitialized", dict.fromkeys(_ALL_OF_TWO, "uninitialized")),
        ("no_primary_master", {"master1": "disconnected"}),
    ],
)
def test_a_fault_of_a_node_shows_in_the_health_of_a_multiconnect_cluster(
    multiconnect: Caller,
    fault: str,
    changed: dict[str, str],
) -> None:
    caller = multiconnect

    caller.bring(fault)

    assert _brief(caller.health()) == {**_OF_TWO, **changed}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("connecting", "connecting"),
        ("gateway_down", "disconnected"),
        ("unregistered", "unregistered"),
        ("uninitialized", "uninitialized"),
        ("odd_status", "hibernating"),
    ],
)
def test_a_fault_of_a_node_shows_in_the_health_of_a_single_client(
    single: Caller,
    fault: str,
    status: str,
) -> None:
    caller = single

    caller.bring(fault)

    assert caller.health() == {"gateway_status": status}


@pytest.mark.parametrize("path", ["health", "stats/app", "stats/db", "support"])
def test_a_single_client_with_a_dead_coreapp_answers_500(single: Caller, path: str) -> None:
    caller = single

    caller.bring("dead_node")
    answer = caller.get(f"/v1/{path}")

    assert answer.status_code == 500
    assert answer.json()["errors"] == [
        {
            "code": 1014,
            "title": "Internal error",
            "details": "Connection refused. Please check if wacore is running: core1:6252",
        },
    ]
    assert caller.get("/v1/metrics").status_code == 200


def test_a_dead_node_is_left_out_of_statistics(ha: Caller) -> None:
    caller = ha

    caller.bring("dead_node", node="master2")
    app = caller.stats()
    db = caller.get("/v1/stats/db").json()["stats"]["db"]

    assert "master2:0b3e" not in {*app, *db}
    assert len(app) == len(db) == 3


def test_the_spare_takes_the_shard_of_a_dead_coreapp_after_the_interval(multiconnect: Caller) -> None:
    caller = multiconnect
    caller.bring("dead_node", node="core1")

    caller.clock.move(29.9)
    before = caller.health()
    caller.clock.move(0.1)
    after = caller.health()
    support = caller.get("/v1/support").json()["support"]

    assert _brief(before) == {**_OF_TWO, "core1": "1014"}
    assert _brief(after) == {**_OF_TWO, "core1": "1014", "core3": "connected"}
    assert support["core3:aa10"]["shards"] == [[0, 0]]


def test_nobody_takes_a_shard_while_there_is_no_primary_master(multiconnect: Caller) -> None:
    caller = multiconnect
    caller.bring("no_primary_master")
    caller.bring("dead_node", node="core1")

    caller.clock.move(300)

    assert _brief(caller.health()) == {**_OF_TWO, "core1": "1014", "master1": "disconnected"}


def test_an_uncovered_shard_stays_uncovered(multiconnect: Caller) -> None:
    caller = multiconnect
    caller.bring("shard_uncovered")

    caller.clock.move(300)

    assert _brief(caller.health()) == {**_OF_TWO, "core1": "1014"}


def test_the_second_master_becomes_primary_when_the_first_stays_dead(ha: Caller) -> None:
    caller = ha
    caller.bring("dead_node", node="master1")

    before = _primaries(caller.health())
    caller.clock.move(30)
    after = _primaries(caller.health())

    assert (before, after) == ([], ["master2"])


def test_a_failover_shows_zero_then_two_primary_masters_and_moves_the_client(ha: Caller) -> None:
    caller = ha
    caller.bring("failover")

    seen = []
    for _ in range(3):
        health = caller.health()
        seen.append((_primaries(health), _brief(health)["core1"], _brief(health)["core2"]))
        caller.clock.move(15)

    assert seen == [
        ([], "1014", "disconnected"),
        (["master1", "master2"], "1014", "disconnected"),
        (["master2"], "disconnected", "connected"),
    ]


def test_without_a_primary_master_there_are_no_settings_and_no_database_statistics(ha: Caller) -> None:
    caller = ha.become("boss")

    caller.bring("no_primary_master")
    settings = caller.get("/v1/settings/application")
    db = caller.get("/v1/stats/db").json()["stats"]["db"]

    assert (settings.status_code, settings.json()["errors"][0]["code"]) == (500, 1017)
    assert set(map(str, db.values())) == {"{}"}


@pytest.mark.parametrize("path", ["health", "stats/app", "stats/db", "support"])
def test_every_answer_waits_for_a_slow_node(single: Caller, path: str) -> None:
    caller = single
    caller.bring("slow_node", seconds=0.1)

    begun = time.monotonic()
    answer = caller.get(f"/v1/{path}")
    slow = time.monotonic() - begun

    assert answer.status_code == 200
    assert 0.1 <= slow < 15
