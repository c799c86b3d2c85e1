"""Scenarios in time, and the control routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from waexporter.simulator import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller


def _covered(caller: Caller) -> list[str]:
    return sorted(
        key.partition(":")[0]
        for key, node in caller.health().items()
        if node.get("gateway_status") == "connected"
    )


def test_the_story_of_a_single_client_loses_the_gateway_again_and_again(
    simulate: Callable[..., Caller],
) -> None:
    caller = simulate(scenario="story").become("monitor")

    seen = []
    for _ in range(6):
        seen.append(caller.health()["gateway_status"])
        caller.clock.move(40)

    assert seen == ["connected", "disconnected"] * 3


def test_queues_grow_while_the_story_goes_wrong_and_drain_afterwards(simulate: Callable[..., Caller]) -> None:
    caller = simulate(scenario="story").become("monitor")

    sizes = []
    for _ in range(4):
        caller.clock.move(39)
        sizes.append(caller.stats()["callback_queue_size"]["data"][0]["value"])
        caller.clock.move(1)

    assert [size > 10_000 for size in sizes] == [False, True, False, True]


def test_the_story_of_an_ha_cluster_moves_the_client_and_back(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="ha", scenario="story").become("monitor")

    seen = []
    for pause in (40, 30, 10, 40):
        seen.append(_covered(caller))
        caller.clock.move(pause)

    assert seen == [["core1"], [], ["core2"], ["core1"]]


def test_the_story_of_a_multiconnect_cluster_uncovers_a_shard(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="multiconnect", shards=2, scenario="story").become("monitor")

    seen = []
    for pause in (40, 30, 10, 40):
        seen.append(_covered(caller))
        caller.clock.move(pause)

    assert seen == [
        ["core1", "core2", "master1"],
        ["core2", "master1"],
        ["core2", "core3", "master1"],
        ["core1", "core2", "master1"],
    ]


def test_the_story_of_a_multiconnect_cluster_changes_the_webhook_and_changes_it_back(
    simulate: Callable[..., Caller],
) -> None:
    caller = simulate(topology="multiconnect", shards=2, scenario="story").become("boss")

    seen = []
    for _ in range(4):
        settings = caller.get("/v1/settings/application").json()["settings"]["application"]
        seen.append(settings["webhooks"]["url"])
        caller.clock.move(40)

    assert seen[0] == seen[2] != seen[1] == seen[3]


def test_speed_shortens_the_story(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="ha", scenario="story", speed=10).become("monitor")

    seen = []
    for pause in (4, 3, 1):
        seen.append(_covered(caller))
        caller.clock.move(pause)

    assert seen == [["core1"], [], ["core2"]]


def test_control_shows_the_state_without_passwords(single: Caller) -> None:
    caller = single
    caller.bring("overload", endpoint="/v1/messages")
    caller.clock.move(2)

    answer = caller.get("/_control")

    state = answer.json()
    assert state["scenario"] == "healthy"
    assert state["step"] == {"number": 0, "says": "All is well"}
    assert [(fault["fault"], fault["endpoint"], fault["age"]) for fault in state["faults"]] == [
        ("overload", "/v1/messages", 2),
    ]
    assert {user["name"]: user["must_change_password"] for user in state["users"]} == {
        "admin": True,
        "boss": False,
        "monitor": False,
    }
    assert "secret" not in answer.text
    assert "-password" not in answer.text


def test_control_says_which_step_of_the_story_it_is(simulate: Callable[..., Caller]) -> None:
    caller = simulate(scenario="story")

    caller.clock.move(41)
    step = caller.get("/_control").json()["step"]

    assert step == {"number": 1, "says": "The gateway is lost and callbacks pile up"}


def test_control_changes_the_scenario(simulate: Callable[..., Caller]) -> None:
    caller = simulate(scenario="gateway_down").become("monitor")

    before = caller.health()
    state = caller.call("POST", "/_control/scenario", {"name": "healthy"}).json()
    after = caller.health()

    assert before == {"gateway_status": "disconnected"}
    assert (state["scenario"], state["faults"]) == ("healthy", [])
    assert after == {"gateway_status": "connected"}


def test_control_expires_every_token(single: Caller) -> None:
    caller = single

    answer = caller.call("POST", "/_control/expire_tokens")

    assert answer.json()["expired"] >= 1
    assert caller.get("/v1/health").status_code == 401


def test_deleting_all_faults_leaves_none(single: Caller) -> None:
    caller = single
    caller.bring("overload")
    caller.bring("dead_node")

    state = caller.call("DELETE", "/_control/faults").json()

    assert state["faults"] == []
    assert caller.get("/v1/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "document", "words"),
    [
        ("faults", {"fault": "nothing"}, "fault must be one of"),
        ("faults", {"fault": "overload", "colour": 1}, "unknown: colour"),
        ("faults", {"fault": "dead_node", "node": "core9"}, "node must be one of core1:8f2c"),
        ("faults", {"fault": "slow_node", "seconds": -1}, "seconds must be a number"),
        ("faults", {"fault": "slow_node", "seconds": "2"}, "seconds must be a number"),
        ("faults", {"fault": "overload", "endpoint": 7}, "must be texts"),
        ("faults", ["overload"], "not a JSON object"),
        ("scenario", {"name": "nothing"}, "name must be one of"),
        ("groups/14155550100-1520000000/join", {"wa_id": "x"}, "wa_id must be"),
    ],
)
def test_control_explains_a_mistake(single: Caller, path: str, document: object, words: str) -> None:
    caller = single

    answer = caller.call("POST", f"/_control/{path}", document)

    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_a_fault_of_the_scenario_cannot_be_deleted_alone(simulate: Callable[..., Caller]) -> None:
    caller = simulate(scenario="overload")

    answer = caller.call("DELETE", "/_control/faults/overload")

    assert answer.status_code == 400
    assert "ends with the scenario" in answer.json()["error"]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_described_by_a_sentence(name: str) -> None:
    scenario = SCENARIOS[name]

    sentence = scenario.description

    assert sentence.endswith(".")
    assert set(scenario.steps) == {"single", "ha", "multiconnect"}
