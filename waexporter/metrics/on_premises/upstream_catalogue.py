"""The statistics that the documentation of the On-Premises API has, by upstream name and by ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.metrics.kind_families import DocumentedFamily, Queue, Queues
from waexporter.metrics.naming import COUNTER, GAUGE, family_name, other_half, split_half
from waexporter.model import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _typed(metric_type: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, metric_type)


def _pairs(*stems: str) -> dict[str, str]:
    return _typed(COUNTER, *(f"{stem}_{part}" for stem in stems for part in ("count", "sum")))


# The upstream names in the API's documentation, and their types there. Other names are exported too, and
# counted; a type in the answer takes precedence over the documented one.
CATALOGUE: Mapping[Endpoint, Mapping[str, str]] = {
    Endpoint.APP: _typed(
        COUNTER,
        "callback_requests", "endpoint_requests", "in_message_decoded", "in_message_from_server",
        "in_message_persisted", "media_downloads", "media_uploads", "out_message_persisted",
        "out_message_status",
    ) | _typed(
        GAUGE,
        "callback_queue_size", "concurrent_rate_limit_triggered", "in_messages_pending_processing",
        "pending_callbacks", "pending_messages",
    ) | _pairs(
        "callback_requests_duration_ms", "db_request_duration_us", "db_request_error_duration_us",
        "endpoint_requests_duration_ms", "internal_server_conn_duration_ms",
        "internal_server_requests_duration_ms", "out_message_sent_duration_ms",
    ),
    Endpoint.DB: _typed(
        GAUGE,
        "db_contacts", "db_message_receipts", "db_messages", "db_pending_callbacks", "db_pending_messages",
    ),
    Endpoint.WEB: _typed(
        COUNTER,
        "web_connections", "web_handled_requests", "web_out_kbytes", "web_process_limit_hit",
    ) | _typed(
        GAUGE,
        "web_idle_processes", "web_max_pending_connections", "web_pending_connections", "web_queue_len",
        "web_requests", "web_total_processes", "web_uptime",
    ) | _pairs(
        "api_requests_duration_ms", "api_requests_db_duration_ms", "api_requests_coreapp_duration_ms",
    ),
}  # fmt: skip

QUEUES = Queues(
    Endpoint.APP,
    (
        Queue("whatsapp_pending_messages", "messages to be sent"),
        Queue("whatsapp_in_messages_pending_processing", "received messages to be processed"),
        Queue("whatsapp_pending_callbacks", "callbacks to be delivered"),
        Queue("whatsapp_callback_queue_size", "callbacks in memory"),
    ),
)


def _documented() -> Iterator[tuple[str, DocumentedFamily]]:
    for endpoint, names in CATALOGUE.items():
        for name, metric_type in names.items():
            pair = split_half(name)
            if pair is not None and other_half(name) in names:
                yield family_name(pair[0], "summary"), DocumentedFamily(endpoint, "summary")
            else:
                yield family_name(name, metric_type), DocumentedFamily(endpoint, metric_type)


# By our name.
DOCUMENTED: Mapping[str, DocumentedFamily] = dict(_documented())
