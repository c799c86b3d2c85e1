"""How the simulated numbers move."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.simulator.readings import counters
from waexporter.simulator.statistics import coreapp, traffic
from waexporter.simulator.statistics.counters import Meter, Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller

_DAY = 86_400


def _rate(caller: Caller, node: str, family: str) -> float:
    """Measure a family's increase over a minute, in events per second."""
    before = caller.stats()[node][family]["data"][0]["value"]
    caller.clock.move(60)
    after = caller.stats()[node][family]["data"][0]["value"]
    return float(after - before) / 60


@pytest.mark.parametrize("path", ["stats/app", "metrics"])
def test_counters_never_fall(single: Caller, path: str) -> None:
    caller = single

    readings = []
    for pause in (0, 1, 13, 41, 307, 2820, 40_000):
        caller.clock.move(pause)
        answer = caller.get(f"/v1/{path}").json()
        readings.append(counters(answer["metrics"] if path == "metrics" else answer["stats"]["app"]))

    falls = [key for old, new in pairwise(readings) for key in old if new[key] < old[key]]
    assert falls == []
    assert sum(readings[-1].values()) > sum(readings[0].values())


def test_the_same_seed_and_time_give_the_same_numbers(simulate: Callable[..., Caller]) -> None:
    first = simulate(seed=7).become("monitor")
    second = simulate(seed=7).become("monitor")
    other = simulate(seed=8).become("monitor")

    numbers = first.stats()

    assert second.stats() == numbers
    assert other.stats() != numbers


def test_a_mean_duration_is_believable(single: Caller) -> None:
    caller = single

    app = caller.stats()

    for timing in (family for family in coreapp.APP if isinstance(family, Timing)):
        counts = app[f"{timing.name}_count"]["data"]
        sums = app[f"{timing.name}_sum"]["data"]
        for row, count, total in zip(timing.rows, counts, sums, strict=True):
            assert count.get("labels") == total.get("labels")
            if count["value"] > 100:
                assert total["value"] / count["value"] == pytest.approx(row[2], rel=0.2)


def test_messages_are_not_decoded_before_they_arrive(single: Caller) -> None:
    caller = single

    app = caller.stats()
    came, decoded = (
        app[name]["data"][0]["value"] for name in ("in_message_from_server", "in_message_decoded")
    )

    assert 0.99 * came < decoded <= came


def test_there_are_a_few_errors_among_the_results(single: Caller) -> None:
    caller = single

    results = {
        sample["labels"]["result"]: sample["value"]
        for sample in caller.stats()["endpoint_requests"]["data"]
        if sample["labels"]["method"] == "messages"
    }

    assert 0 < results["1016"] < results["ok"] / 100


def test_with_more_traffic_all_counters_are_higher(simulate: Callable[..., Caller]) -> None:
    usual, busy = (simulate(traffic=traffic).become("monitor") for traffic in (1.0, 40.0))

    apps = [sum(counters(caller.stats()).values()) for caller in (usual, busy)]
    webs = [sum(counters(caller.get("/v1/metrics").json()["metrics"]).values()) for caller in (usual, busy)]

    assert 39 < apps[1] / apps[0] < 41
    assert 39 < webs[1] / webs[0] < 41


def test_nothing_has_been_counted_when_a_process_begins() -> None:
    meter = Meter(1, "fresh", 1_700_000_000.0, 1_700_000_000.0)

    document = meter.read(coreapp.APP)

    assert set(counters(document).values()) == {0}


def test_traffic_is_higher_by_day_than_by_night() -> None:
    midnight = 20_000 * _DAY

    by_day = traffic.passed(1, "x", midnight + 12 * 3600, midnight + 16 * 3600)
    by_night = traffic.passed(1, "x", midnight, midnight + 4 * 3600)

    assert by_day > 1.5 * by_night
    assert min(traffic.strength(1, "x", midnight + second) for second in range(0, _DAY, 97)) > 0


def test_a_counter_reset_begins_at_nothing_again_and_again(single: Caller) -> None:
    caller = single
    before = sum(counters(caller.stats()).values())

    caller.bring("counter_reset", seconds=60)
    at_once = sum(counters(caller.stats()).values())
    caller.clock.move(59)
    grown = sum(counters(caller.stats()).values())
    caller.clock.move(1)
    again = sum(counters(caller.stats()).values())

    assert before > grown > 0
    assert (at_once, again) == (0, 0)


def test_a_coreapp_that_was_dead_begins_anew(ha: Caller) -> None:
    caller = ha
    before = sum(counters(caller.stats()["core1:8f2c"]).values())
    caller.bring("dead_node", node="core1")
    caller.clock.move(20)

    caller.call("DELETE", "/_control/faults/dead_node")
    caller.clock.move(1)
    after = sum(counters(caller.stats()["core1:8f2c"]).values())

    assert 0 < after < before / 100


def test_a_spare_counts_from_its_takeover_on(ha: Caller) -> None:
    caller = ha
    caller.bring("failover")

    caller.clock.move(30)
    at_takeover = caller.stats()["core2:1d7a"]
    caller.clock.move(10)
    later = caller.stats()["core2:1d7a"]

    assert set(counters(at_takeover).values()) == {0}
    assert sum(counters(later).values()) > 0


def test_messages_stand_still_while_the_gateway_is_down(ha: Caller) -> None:
    caller = ha

    flowing = _rate(caller, "core1:8f2c", "in_message_from_server")
    caller.bring("gateway_down")
    standing = _rate(caller, "core1:8f2c", "in_message_from_server")
    caller.call("DELETE", "/_control/faults/gateway_down")
    flowing_again = _rate(caller, "core1:8f2c", "in_message_from_server")

    assert standing == 0
    assert flowing > 0.1
    assert flowing_again > 0.1


def test_queues_grow_without_end_while_the_fault_holds(single: Caller) -> None:
    caller = single
    caller.bring("growing_queues")

    caller.clock.move(240)
    app = caller.stats()
    db = caller.get("/v1/stats/db").json()["stats"]["db"]

    assert app["callback_queue_size"]["data"][0]["value"] > 100_000
    assert app["pending_callbacks"]["data"][0]["value"] > 100_000
    assert db["db_pending_callbacks"]["data"][0]["value"] > 100_000


def test_a_webapp_counts_the_calls_a_dead_coreapp_refused(simulate: Callable[..., Caller]) -> None:
    caller = simulate(topology="ha").become("monitor")

    def failed() -> int:
        samples = caller.get("/v1/metrics").json()["metrics"]["api_requests_coreapp_duration_ms_count"][
            "data"
        ]
        wanted = ("core1:6252", "failed_to_connect")
        return sum(s["value"] for s in samples if (s["labels"]["coreapp"], s["labels"]["result"]) == wanted)

    before = failed()
    caller.bring("dead_node", node="core1")
    caller.clock.move(60)
    during = failed()
    caller.call("DELETE", "/_control/faults/dead_node")
    caller.clock.move(60)

    assert (before, during, failed()) == (0, 5, 5)


@pytest.mark.parametrize("path", ["stats/app", "stats/db", "metrics"])
def test_drift_adds_families_nobody_knows(single: Caller, path: str) -> None:
    caller = single

    caller.bring("drift")
    answer = caller.get(f"/v1/{path}").json()
    caller.call("DELETE", "/_control/faults")
    after = caller.get(f"/v1/{path}").json()

    group = path.partition("/")[2]
    families = answer["stats"][group] if group else answer["metrics"]
    assert families["later_latency_ms"]["data"][0]["bucket"] == {"10": 3, "100": 8, "+Inf": 9}
    assert families["later_requests"]["data"][0]["value"] == "1200"
    assert "later_requests" not in (after["stats"][group] if group else after["metrics"])
