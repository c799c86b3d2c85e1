"""Faults in the numbers: what a client counts while something goes wrong, and after it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.simulator.readings import counters
from waexporter.simulator.statistics.fault_effects import GROWTH, LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller

_APP = "/v1/stats/app"
_DB = "/v1/stats/db"
_WEB = "/v1/metrics"
_FIVE_MINUTES = 300.0


def _families(caller: Caller, path: str) -> dict[str, Any]:
    answer = caller.get(path).json()
    families: dict[str, Any] = answer["metrics"] if path == _WEB else answer["stats"][path.rpartition("/")[2]]
    return families


def _value(families: dict[str, Any], family: str, **labels: str) -> float:
    """Add up the samples that have these labels."""
    samples = families[family]["data"]
    return float(sum(each["value"] for each in samples if labels.items() <= each.get("labels", {}).items()))


class Growth(NamedTuple):
    """What was told before five minutes and after them."""

    before: dict[str, Any]
    after: dict[str, Any]

    def of(self, family: str, **labels: str) -> float:
        """Give how much samples with these labels have grown by."""
        return _value(self.after, family, **labels) - _value(self.before, family, **labels)


def _watch(caller: Caller, path: str) -> Growth:
    before = _families(caller, path)
    caller.clock.move(_FIVE_MINUTES)
    return Growth(before, _families(caller, path))


def test_a_webhook_that_fails_refuses_most_callbacks(single: Caller) -> None:
    caller = single
    name = "callback_requests_duration_ms_count"

    well = _watch(caller, _APP)
    caller.bring("webhook_fails")
    ill = _watch(caller, _APP)

    shares = [each.of(name, result="500") / each.of(name) for each in (well, ill)]
    assert shares[0] < 0.01
    assert 0.6 < shares[1] < 0.99


def test_an_older_version_counts_the_same_callbacks_without_their_durations(single: Caller) -> None:
    caller = single
    caller.bring("webhook_fails")
    caller.clock.move(_FIVE_MINUTES)

    app = caller.stats()

    assert app["callback_requests"]["data"] == app["callback_requests_duration_ms_count"]["data"]


def test_a_webhook_that_is_slow_takes_seconds_and_refuses_nothing(single: Caller) -> None:
    caller = single
    name = "callback_requests_duration_ms"

    caller.bring("webhook_slow")
    growth = _watch(caller, _APP)

    assert 3000 < growth.of(f"{name}_sum") / growth.of(f"{name}_count") < 30_000
    assert growth.of(f"{name}_count", result="500") / growth.of(f"{name}_count") < 0.01


def test_messages_are_refused_by_the_counters_of_the_webapp_and_the_coreapp(single: Caller) -> None:
    caller = single
    sent, asked = {"method": "POST_v1_messages"}, {"method": "messages"}

    caller.bring("sends_fail")
    web, app = _watch(caller, _WEB), _watch(caller, _APP)

    name = "api_requests_duration_ms_count"
    assert 0.3 < web.of(name, result="500", **sent) / web.of(name, **sent) < 0.9
    assert (
        0.3 < app.of("endpoint_requests", result="1014", **asked) / app.of("endpoint_requests", **asked) < 0.9
    )
    assert app.of("endpoint_requests", result="1016", **asked) / app.of("endpoint_requests", **asked) < 0.01


def test_queries_fail_those_that_write_the_most(single: Caller) -> None:
    caller = single

    caller.bring("queries_fail")
    growth = _watch(caller, _APP)

    shares = []
    for operation in ("select", "commit"):
        failed = growth.of("db_request_error_duration_us_count", operation=operation)
        shares.append(failed / (failed + growth.of("db_request_duration_us_count", operation=operation)))
    assert 0.1 < shares[0] < shares[1] < 0.95
    assert caller.health() == {"gateway_status": "connected"}


def test_slow_queries_take_hundreds_of_milliseconds(single: Caller) -> None:
    caller = single

    well = _watch(caller, _APP)
    caller.bring("queries_slow")
    ill = _watch(caller, _APP)

    name = "db_request_duration_us"
    means = [each.of(f"{name}_sum") / each.of(f"{name}_count") for each in (well, ill)]
    assert means[0] < 5000
    assert 200_000 < means[1] < 2_000_000


def test_without_idle_processes_the_limit_is_hit_again_and_again(single: Caller) -> None:
    caller = single

    caller.bring("processes_exhausted")
    growth = _watch(caller, _WEB)
    caller.call("DELETE", "/_control/faults")
    over = _families(caller, _WEB)

    during = growth.after
    assert growth.of("web_process_limit_hit") == pytest.approx(_FIVE_MINUTES, abs=2)
    assert _value(during, "web_idle_processes") == 0 < _value(over, "web_idle_processes")
    assert _value(during, "web_requests", state="handle-request") == _value(during, "web_total_processes")
    assert _value(during, "web_pending_connections") <= _value(during, "web_max_pending_connections")


def test_messages_pile_up_and_leave_when_it_is_over(single: Caller) -> None:
    caller = single
    callbacks = _value(caller.stats(), "callback_queue_size")

    caller.bring("messages_pile_up")
    caller.clock.move(40)
    app, db = _families(caller, _APP), _families(caller, _DB)
    caller.call("DELETE", "/_control/faults")

    assert min(_value(app, "pending_messages"), _value(db, "db_pending_messages")) > 10_000
    assert _value(app, "callback_queue_size") < 10 * callbacks
    assert _value(caller.stats(), "pending_messages") < 100


def test_statistics_may_be_lost_while_all_else_is_told(single: Caller) -> None:
    caller = single

    caller.bring("stats_lost")

    assert caller.stats() == {}
    assert caller.health() == {"gateway_status": "connected"}
    assert {"db_messages"} <= _families(caller, _DB).keys()


def test_one_coreapp_of_a_cluster_may_lose_its_statistics(multiconnect: Caller) -> None:
    caller = multiconnect

    caller.bring("stats_lost", node="core1")
    stats = caller.stats()

    assert stats["core1:8f2c"] == {}
    assert {"pending_messages", "endpoint_requests"} <= stats["core2:1d7a"].keys()


def test_a_fault_may_be_in_the_numbers_of_one_coreapp(multiconnect: Caller) -> None:
    caller = multiconnect

    caller.bring("messages_pile_up", node="core2")
    caller.clock.move(100)
    stats = caller.stats()

    pending = {key: _value(families, "pending_messages") for key, families in stats.items() if families}
    assert [key for key, value in pending.items() if value > 10_000] == ["core2:1d7a"]
    assert pending["master1:77aa"] == 0


def test_a_fault_may_be_in_the_numbers_of_one_endpoint(single: Caller) -> None:
    caller = single

    caller.bring("messages_pile_up", endpoint=_DB)
    caller.clock.move(100)

    assert _value(_families(caller, _DB), "db_pending_messages") > 10_000
    assert _value(caller.stats(), "pending_messages") < 100


@pytest.mark.parametrize("fault", [*GROWTH, "gateway_down"])
def test_no_counter_falls_when_a_fault_begins_ends_or_comes_again(single: Caller, fault: str) -> None:
    caller = single
    readings = []

    def read() -> None:
        readings.append(counters({**_families(caller, _APP), **_families(caller, _WEB)}))

    read()
    for _ in range(3):
        caller.bring(fault)
        read()
        caller.clock.move(47)
        read()
        caller.call("DELETE", "/_control/faults")
        read()
        caller.clock.move(13)
    read()

    falls = [key for old, new in pairwise(readings) for key in old if new[key] < old[key]]
    assert falls == []


def test_what_was_counted_in_a_fault_stays_and_no_more_is_added(single: Caller) -> None:
    caller = single
    name = "db_request_error_duration_us_count"

    caller.bring("queries_fail")
    during = _watch(caller, _APP)
    caller.call("DELETE", "/_control/faults")
    after = _watch(caller, _APP)

    assert after.before == during.after
    assert during.of(name) > 1000
    assert after.of(name) < during.of(name) / 100


def test_a_coreapp_that_starts_within_a_fault_counts_from_there(single: Caller) -> None:
    caller = single
    name = "db_request_error_duration_us_count"

    caller.bring("queries_fail")
    first = _watch(caller, _APP)
    caller.bring("counter_reset", seconds=3600)
    second = _watch(caller, _APP)

    assert _value(second.before, name) == 0
    assert second.of(name) == pytest.approx(first.of(name), rel=0.1)


def test_a_scenario_holds_a_fault_in_the_numbers_from_its_start(simulate: Callable[..., Caller]) -> None:
    caller = simulate(scenario="webhook_fails").become("monitor")
    name = "callback_requests_duration_ms_count"

    growth = _watch(caller, _APP)

    assert growth.of(name, result="500") / growth.of(name) > 0.6


def test_faults_are_in_numbers_that_a_client_has(single: Caller) -> None:
    caller = single
    families = {
        name: family for path in (_APP, _DB, _WEB) for name, family in _families(caller, path).items()
    }
    known = {
        (
            name.removesuffix("_count"),
            frozenset(sample.get("labels", {}).items() - {("node", "06475793be9d")}),
        )
        for name, family in families.items()
        for sample in family["data"]
    }

    meant = {
        (name, frozenset(labels)) for table in (*GROWTH.values(), *LEVELS.values()) for name, labels in table
    }

    assert meant - known == set()
