"""What faults do to the statistics: more events with every second, or a gauge at its limit."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.simulator.statistics.coreapp import APP
from waexporter.simulator.statistics.counters import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.simulator.faults.faults import Fault
    from waexporter.simulator.faults.timeline import Timeline
    from waexporter.simulator.statistics.counters import Labels, Meter, Series


def _rows(family: str, **labels: str) -> Iterator[tuple[Labels, float, float]]:
    """Return the rows of a coreapp's timing that have these labels."""
    timing = next(each for each in APP if isinstance(each, Timing) and each.name == family)
    return (row for row in timing.rows if labels.items() <= dict(row[0]).items())


def _timed(family: str, rate: float, mean: float, **labels: str) -> dict[Series, float]:
    """Return an effect that adds events per second."""
    return {(family, tuple(labels.items())): rate, (f"{family}_sum", tuple(labels.items())): rate * mean}


def _more(family: str, times: float, **labels: str) -> dict[Series, float]:
    """Return an effect that adds a multiple of the usual events."""
    return {
        series: each
        for row, rate, mean in _rows(family, **labels)
        for series, each in _timed(family, times * rate, mean, **dict(row)).items()
    }


def _slower(family: str, by: float, **labels: str) -> dict[Series, float]:
    """Return an effect that makes the usual events slower."""
    return {(f"{family}_sum", row): rate * by for row, rate, _ in _rows(family, **labels)}


def _piling(**gauges: float) -> dict[Series, float]:
    return {(family, ()): growth for family, growth in gauges.items()}


# By fault: what each second adds to a series. Counters keep it for good, gauges lose it when the fault ends.
GROWTH: Mapping[str, Mapping[Series, float]] = {
    "growing_queues": _piling(
        callback_queue_size=500.0,
        pending_callbacks=500.0,
        pending_messages=4.0,
        db_pending_callbacks=500.0,
        db_pending_messages=4.0,
    ),
    "messages_pile_up": _piling(pending_messages=300.0, db_pending_messages=300.0),
    # Each callback is refused three times before it is taken.
    "webhook_fails": _more("callback_requests_duration_ms", 1000.0, result="500"),
    "webhook_slow": _slower("callback_requests_duration_ms", 7000.0, result="success"),
    "sends_fail": {
        **_timed("api_requests_duration_ms", 2.0, 820.0, result="500", method="POST_v1_messages"),
        ("endpoint_requests", (("method", "messages"), ("result", "1014"))): 2.0,
        **_timed("endpoint_requests_duration_ms", 2.0, 790.0, method="messages"),
    },
    # One for five requests: a quarter of what is read fails, and most of what is written.
    "queries_fail": {
        **_more("db_request_error_duration_us", 10_000.0),
        **_timed(
            "api_requests_db_duration_ms",
            0.3,
            31.0,
            query="select",
            result="failed",
            method="POST_v1_messages",
        ),
    },
    "queries_slow": _slower("db_request_duration_us", 400_000.0),
    "processes_exhausted": {("web_process_limit_hit", ()): 1.0},
}
# By fault: gauges that stand still at a number while it holds.
LEVELS: Mapping[str, Mapping[Series, int]] = {
    "processes_exhausted": {
        ("web_idle_processes", ()): 0,
        ("web_pending_connections", ()): 9,
        ("web_requests", (("state", "handle-request"),)): 16,
    },
}


def with_fault_effects(meter: Meter, timeline: Timeline, felt: Callable[[Fault], bool]) -> Meter:
    """Return the meter of a process with the effects of its faults."""

    def lasted(name: str) -> float:
        def wanted(fault: Fault) -> bool:
            return fault.name == name and felt(fault)

        return timeline.seconds(meter.now, wanted) - timeline.seconds(meter.begun, wanted)

    holding = {
        fault.name: meter.now - max(meter.begun, fault.since)
        for fault in timeline.active(meter.now)
        if felt(fault)
    }
    return replace(
        meter,
        added=_grown({name: lasted(name) for name in GROWTH}),
        piled=_grown(holding),
        levels={series: level for name in holding for series, level in LEVELS.get(name, {}).items()},
    )


def _grown(seconds: Mapping[str, float]) -> Mapping[Series, float]:
    """Return the total effect of faults that were active for so many seconds."""
    total: defaultdict[Series, float] = defaultdict(float)
    for name, held in seconds.items():
        for series, growth in GROWTH.get(name, {}).items():
            total[series] += growth * held
    return total
