"""The families of a coreapp and its database: names, help texts, labels and rates."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from waexporter.simulator.statistics.counters import Labels, Level, Tally, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NO_LABELS: Labels = ()


def _labels(**labels: str) -> Labels:
    return tuple(labels.items())


# What one coreapp does in a second, on average over a day.
_CALLBACKS: Mapping[str, float] = {"inbound_message": 1.1, "status_change": 2.9, "system": 0.02}
_CALLBACK_RESULTS: Mapping[str, tuple[float, float]] = {  # result: share, milliseconds
    "success": (0.994, 62.0),
    "301": (0.001, 180.0),
    "500": (0.003, 240.0),
    "1": (0.002, 3050.0),
}
_ENDPOINTS: Mapping[
    str, tuple[float, float, Mapping[str, float]]
] = {  # method: a second, milliseconds, results
    "messages": (1.4, 31.0, {"ok": 0.9967, "1016": 0.0008, "1013": 0.0015, "1014": 0.001}),
    "contacts": (0.35, 140.0, {"ok": 0.998, "1014": 0.002}),
    "media": (0.12, 420.0, {"ok": 0.993, "1006": 0.007}),
    "groups": (0.02, 55.0, {"ok": 0.99, "1012": 0.01}),
    "settings": (0.004, 12.0, {"ok": 1.0}),
    "health": (0.07, 4.0, {"ok": 1.0}),
}
_DATABASES: Mapping[str, float] = {
    "messageStore": 9.0,
    "contactStore": 1.8,
    "axolotlStore": 4.2,
    "callbackStore": 5.1,
}
_OPERATIONS: Mapping[str, tuple[float, float]] = {  # operation: share, microseconds
    "select": (0.52, 520.0),
    "prepare": (0.09, 130.0),
    "insert": (0.14, 980.0),
    "update": (0.11, 1150.0),
    "commit": (0.13, 3100.0),
    "rollback": (0.004, 700.0),
}
_SENT: Mapping[tuple[str, str], tuple[float, float]] = {  # (retry, type): a second, milliseconds
    ("0", "text"): (0.9, 92.0),
    ("0", "template"): (0.4, 97.0),
    ("0", "image"): (0.08, 310.0),
    ("0", ""): (0.004, 155.0),
    ("1", "text"): (0.006, 480.0),
    ("1", "template"): (0.002, 510.0),
}


def _callback_rows() -> Iterable[tuple[Labels, float, float]]:
    for (kind, rate), (result, (share, mean)) in product(_CALLBACKS.items(), _CALLBACK_RESULTS.items()):
        yield _labels(result=result, type=kind), rate * share, mean


def _database_rows() -> Iterable[tuple[Labels, float, float]]:
    for (db, rate), (operation, (share, mean)) in product(_DATABASES.items(), _OPERATIONS.items()):
        yield _labels(db=db, operation=operation), rate * share, mean


def _failed_queries() -> Iterable[tuple[Labels, float, float]]:
    for db, operation in product(_DATABASES, ("select", "commit")):
        yield _labels(db=db, operation=operation), _DATABASES[db] * 0.00002, 30_000.0


def _endpoint_results() -> Iterable[tuple[Labels, float]]:
    for method, (rate, _, results) in _ENDPOINTS.items():
        for result, share in results.items():
            yield _labels(method=method, result=result), rate * share


def _one(rate: float) -> tuple[tuple[Labels, float], ...]:
    return ((_NO_LABELS, rate),)


APP: tuple[Tally | Timing | Level, ...] = (
    Level("callback_queue_size", "Current callback queue size", _one(14.0)),
    Tally(
        "callback_requests",
        "Total number of callback requests made and result",
        tuple((labels, rate) for labels, rate, _ in _callback_rows()),
        like="callback_requests_duration_ms",
    ),
    Timing(
        "callback_requests_duration_ms",
        "Total number of callback requests made and result",
        "Total duration (ms) of callback requests",
        tuple(_callback_rows()),
    ),
    Level("concurrent_rate_limit_triggered", "Current number of concurrent rate limit triggers", _one(0.0)),
    Timing(
        "db_request_duration_us",
        "Total number of successful SQL queries",
        "Total duration (microseconds) of successful SQL queries",
        tuple(_database_rows()),
    ),
    Timing(
        "db_request_error_duration_us",
        "Total number of failed SQL queries",
        "Total duration (microseconds) of failed SQL queries",
        tuple(_failed_queries()),
    ),
    Tally(
        "endpoint_requests",
        "Total number of endpoint requests made for a given endpoint and result",
        tuple(_endpoint_results()),
    ),
    Timing(
        "endpoint_requests_duration_ms",
        "Total number of endpoint requests",
        "Total duration (ms) of endpoint requests",
        tuple((_labels(method=method), rate, mean) for method, (rate, mean, _) in _ENDPOINTS.items()),
    ),
    Tally(
        "in_message_from_server",
        "Total number of incoming encrypted messages from server",
        _one(1.1),
        online=True,
        like="in_message",
    ),
    Tally(
        "in_message_decoded",
        "Total number of incoming messages decrypted successfully",
        _one(1.0997),
        online=True,
        like="in_message",
    ),
    Tally(
        "in_message_persisted",
        "Total number of incoming messages cached in the database",
        _one(1.0997),
        online=True,
        like="in_message",
    ),
    Level(
        "in_messages_pending_processing",
        "Number of encrypted messages received yet to be processed",
        _one(0.8),
    ),
    Timing(
        "internal_server_conn_duration_ms",
        "Total number of internal server connection requests made",
        "Total duration (ms) spent in connecting to internal server",
        ((_NO_LABELS, 0.0006, 140.0),),
        online=True,
    ),
    Timing(
        "internal_server_requests_duration_ms",
        "Total number of internal server requests made",
        "Total duration (ms) of internal server requests",
        ((_NO_LABELS, 0.6, 74.0),),
        online=True,
    ),
    Tally("media_downloads", "Total number of media downloads", _one(0.09), online=True),
    Tally("media_uploads", "Total number of media uploads", _one(0.08), online=True),
    Tally("out_message_persisted", "Total number of outgoing messages cached in the database", _one(1.4)),
    Timing(
        "out_message_sent_duration_ms",
        "Total number of outgoing messages sent",
        "Total duration (ms) of sending outgoing messages",
        tuple((_labels(retry=retry, type=kind), rate, mean) for (retry, kind), (rate, mean) in _SENT.items()),
        online=True,
    ),
    Tally(
        "out_message_status",
        "Total number of outgoing message statuses received",
        (
            (_labels(status="sent"), 1.38),
            (_labels(status="delivered"), 1.31),
            (_labels(status="read"), 0.92),
            (_labels(status="failed"), 0.004),
        ),
        online=True,
    ),
    Level("pending_callbacks", "Current number of pending callbacks", _one(9.0)),
    Level("pending_messages", "Current number of outgoing messages pending", _one(2.2)),
)

# A master has no traffic of its own.
MASTER: tuple[Level, ...] = (
    Level("pending_messages", "Current number of outgoing messages pending", _one(0.0)),
)

DB: tuple[Level, ...] = (
    Level(
        "db_contacts",
        "Current number of contacts in DB",
        ((_labels(type="non_whatsapp_user"), 2140.0), (_labels(type="whatsapp_user"), 48_200.0)),
    ),
    Level("db_message_receipts", "Current number of message receipts in DB", _one(310.0)),
    Level(
        "db_messages",
        "Current number of messages in DB",
        (
            (_labels(type="undefined"), 22.0),
            (_labels(type="system"), 11.0),
            (_labels(type="text"), 1830.0),
            (_labels(type="image"), 240.0),
        ),
    ),
    Level("db_pending_callbacks", "Current number of pending callbacks in DB", _one(9.0)),
    Level("db_pending_messages", "Current number of pending messages in DB", _one(2.2)),
)
