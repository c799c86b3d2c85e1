"""The four answers of a client that has been running for a while: about 430 samples, or 530."""

from __future__ import annotations

import itertools
import json
import random

_METHODS = [
    f"{verb}_v1_{noun}"
    for verb in ("GET", "POST")
    for noun in ("messages", "contacts", "groups", "users", "media", "health")
]
_RESULTS = ["ok", "1000", "1014", "1016"]
_TYPES = ["text", "image", "hsm", "document", "status_change", "inbound_message"]
_PAIRS_APP = [
    ("callback_requests_duration_ms", {"result": ["success", "301", "500", "timeout"], "type": _TYPES}),
    (
        "db_request_duration_us",
        {"db": ["messageStore", "axolotl", "contacts"], "operation": ["select", "commit"]},
    ),
    ("db_request_error_duration_us", {"db": ["messageStore", "axolotl"], "operation": ["select", "commit"]}),
    ("endpoint_requests_duration_ms", {"method": ["messages", "contacts", "media", "groups", "settings"]}),
    ("internal_server_conn_duration_ms", {}),
    ("internal_server_requests_duration_ms", {"type": _TYPES[:5]}),
    ("out_message_sent_duration_ms", {"retry": ["0", "1", "2"], "type": _TYPES}),
]
_PAIRS_WEB = [
    (
        "api_requests_duration_ms",
        {"node": ["06475793be9d"], "result": ["200", "400", "500"], "method": _METHODS},
    ),
    (
        "api_requests_db_duration_ms",
        {"node": ["06475793be9d"], "query": ["select", "insert"], "method": _METHODS},
    ),
    (
        "api_requests_coreapp_duration_ms",
        {
            "node": ["06475793be9d"],
            "coreapp": ["core1:6252", "core2:6252"],
            "result": ["ok"],
            "method": _METHODS,
        },
    ),
]
_WIDE = {"out_message_sent_duration_ms", "db_request_duration_us", "api_requests_coreapp_duration_ms"}


def answers(seed: int = 1, *, more: bool = False) -> dict[str, bytes]:
    """Return the body of each path: about 430 samples, or about 530."""
    parts = 3 if more else 2
    chance = random.Random(seed)  # noqa: S311 - numbers to measure with
    app = _pairs(_PAIRS_APP, chance, parts)
    app |= {
        "callback_queue_size": _metric("gauge", "Current callback queue size", {}, chance),
        "endpoint_requests": _metric(
            "counter",
            "Total number of endpoint requests",
            {"method": ["messages", "contacts", "media", "groups"], "result": _RESULTS},
            chance,
        ),
        "pending_messages": _metric("gauge", "Current number of outgoing messages pending", {}, chance),
        "in_message_from_server": _metric("counter", "Total number of incoming messages", {}, chance),
    }
    web = _pairs(_PAIRS_WEB, chance, parts)
    for name in ("web_uptime", "web_queue_len", "web_idle_processes", "web_total_processes"):
        web[name] = _metric("gauge", "Something of the web server", {"node": ["06475793be9d"]}, chance)
    db = {
        "db_contacts": _metric("gauge", "Contacts in DB", {"type": ["whatsapp_user", "other"]}, chance),
        "db_messages": _metric("gauge", "Messages in DB", {"type": _TYPES}, chance),
        "db_pending_messages": _metric("gauge", "Pending messages in DB", {}, chance),
    }
    return {
        "/v1/health": _body({"health": {"gateway_status": "connected"}}),
        "/v1/stats/app": _body({"stats": {"app": app}}),
        "/v1/stats/db": _body({"stats": {"db": db}}),
        "/v1/metrics": _body({"metrics": web}),
    }


def _pairs(
    table: list[tuple[str, dict[str, list[str]]]], chance: random.Random, parts: int
) -> dict[str, object]:
    metrics: dict[str, object] = {}
    for stem, labels in table:
        wider = {**labels, "part": [str(number) for number in range(parts)]} if stem in _WIDE else labels
        metrics[f"{stem}_count"] = _metric("counter", f"Total number of {stem}", wider, chance)
        metrics[f"{stem}_sum"] = _metric("counter", f"Total duration of {stem}", wider, chance)
    return metrics


def _metric(kind: str, words: str, labels: dict[str, list[str]], chance: random.Random) -> dict[str, object]:
    data = []
    for values in itertools.product(*labels.values()):
        datum: dict[str, object] = {"value": chance.randrange(1_000_000)}
        if labels:
            datum["labels"] = dict(zip(labels, values, strict=True))
        data.append(datum)
    return {"type": kind, "help": words, "data": data}


def _body(document: dict[str, object]) -> bytes:
    meta = {"meta": {"version": "v2.45.1", "api_status": "stable"}}
    return json.dumps({**document, **meta}, separators=(",", ":")).encode()
