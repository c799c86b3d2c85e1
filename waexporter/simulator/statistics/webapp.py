"""The families of a webapp: about itself, and about its calls to the database and the coreapps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.statistics.counters import Labels, Level, Meter, Tally, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.simulator.envelope import Json

CORE_PORT = 6252

_ALWAYS: Labels = ()
_CONNECT_MILLISECONDS = 10_004.0
_SECONDS_BETWEEN_ATTEMPTS = 15.0

_REQUESTS: tuple[tuple[str, str, float, float], ...] = (  # method, result, a second, milliseconds
    ("POST_v1_messages", "201", 1.36, 46.0),
    ("POST_v1_messages", "400", 0.006, 9.0),
    ("POST_v1_messages", "500", 0.002, 820.0),
    ("POST_v1_contacts", "200", 0.35, 171.0),
    ("GET_v1_media", "200", 0.08, 390.0),
    ("POST_v1_media", "200", 0.06, 610.0),
    ("GET_v1_health", "200", 0.066, 21.0),
    ("GET_v1_health", "429", 0.0009, 2.0),
    ("GET_v1_stats_app", "200", 0.066, 33.0),
    ("GET_v1_metrics", "200", 0.066, 6.0),
    ("GET_v1_groups", "200", 0.004, 251.0),
    ("POST_v1_users_login", "200", 0.0008, 240.0),
    ("POST_v1_users_login", "401", 0.0002, 235.0),
    ("GET_v1_settings_application", "200", 0.003, 18.0),
)
_QUERIES: tuple[tuple[str, str, str, float, float], ...] = (  # query, result, method, a second, milliseconds
    ("select", "ok", "POST_v1_messages", 1.37, 2.1),
    ("select", "ok", "POST_v1_contacts", 0.35, 2.3),
    ("select", "ok", "GET_v1_health", 0.067, 1.9),
    ("select", "ok", "POST_v1_users_login", 0.001, 5.8),
    ("insert", "ok", "POST_v1_users_login", 0.0008, 7.1),
    ("select", "failed", "POST_v1_messages", 0.0001, 31.0),
)
_CALLS: tuple[tuple[str, float, float], ...] = (  # method, a second, milliseconds
    ("POST_v1_messages", 1.36, 38.0),
    ("POST_v1_contacts", 0.35, 160.0),
    ("GET_v1_health", 0.066, 2.0),
    ("GET_v1_stats_app", 0.066, 5.0),
)

_OWN: tuple[Tally | Level, ...] = (
    Tally("web_connections", "Total number of connections accepted", ((_ALWAYS, 0.07),)),
    Level("web_pending_connections", "Current number of pending connections in the queue", ((_ALWAYS, 0.6),)),
    Level("web_idle_processes", "Current number of idle processes", ((_ALWAYS, 8.0),)),
    Tally("web_process_limit_hit", "Total number of times reached process limit", ((_ALWAYS, 0.00002),)),
    Tally("web_handled_requests", "Total number of requests handled", ((_ALWAYS, 2.06),)),
    Tally("web_out_kbytes", "Total outgoing traffic in kbytes", ((_ALWAYS, 1.9),)),
    Level(
        "web_requests",
        "Number of ongoing requests",
        (((("state", "read"),), 1.2), ((("state", "handle-request"),), 2.4)),
    ),
)

_SETTINGS: tuple[tuple[str, str, int], ...] = (  # gauges that never move
    ("web_max_pending_connections", "Maximum number of pending connections in the queue", 10),
    ("web_queue_len", "Size of queue for pending connections", 128),
    ("web_total_processes", "Total process limit", 16),
)


def read(meter: Meter, outages: Mapping[str, float]) -> Json:
    """Return the families of a webapp; `outages` has the seconds each coreapp was dead, by host."""
    document: Json = {}
    uptime = int(meter.now - meter.begun)
    if uptime:  # upstream leaves a zero out
        document["web_uptime"] = _gauge(meter, "Number of seconds since web server has started", uptime)
    document.update(meter.read(_OWN))
    for name, words, value in _SETTINGS:
        document[name] = _gauge(meter, words, value)
    document.update(meter.read((_requests(), _queries(), _calls(tuple(outages)))))
    _add_failed_calls(document, meter, outages)
    return document


def _gauge(meter: Meter, words: str, value: int) -> Json:
    return {"type": "gauge", "help": words, "data": [{"labels": dict(meter.labels), "value": value}]}


def _requests() -> Timing:
    return Timing(
        "api_requests_duration_ms",
        "Total number of API requests",
        "Total number of durations of API requests",
        tuple(
            ((("result", result), ("method", method)), rate, mean) for method, result, rate, mean in _REQUESTS
        ),
    )


def _queries() -> Timing:
    return Timing(
        "api_requests_db_duration_ms",
        "Total number of calls to the DB",
        "Total time spent in making DB calls",
        tuple(
            ((("query", query), ("result", result), ("method", method)), rate, mean)
            for query, result, method, rate, mean in _QUERIES
        ),
    )


def _calls(hosts: tuple[str, ...]) -> Timing:
    return Timing(
        "api_requests_coreapp_duration_ms",
        "Total number of calls to the CoreApp",
        "Total time spent in making CoreApp calls",
        tuple(
            (
                (("coreapp", f"{host}:{CORE_PORT}"), ("result", "ok"), ("method", method)),
                rate / len(hosts),
                mean,
            )
            for host in hosts
            for method, rate, mean in _CALLS
        ),
    )


def _add_failed_calls(document: Json, meter: Meter, outages: Mapping[str, float]) -> None:
    for host, seconds in outages.items():
        count = int(seconds / _SECONDS_BETWEEN_ATTEMPTS) + 1 if seconds > 0 else 0
        labels = {"coreapp": f"{host}:{CORE_PORT}", "result": "failed_to_connect", "method": "GET_v1_health"}
        if count:
            together = {**dict(meter.labels), **labels}
            spent = int(count * _CONNECT_MILLISECONDS)
            document["api_requests_coreapp_duration_ms_count"]["data"].append(
                {"labels": together, "value": count}
            )
            document["api_requests_coreapp_duration_ms_sum"]["data"].append(
                {"labels": together, "value": spent}
            )
