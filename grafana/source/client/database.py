"""The client's database, as seen by its coreapps and webapps."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Head, Query, lines
from grafana.source.selection import mean, node, rate, total

PANELS = (
    lines(
        Head(
            50,
            "Query time of coreapps",
            "Mean time by operation. Slow commits slow down every message.",
            "s",
            8,
        ),
        Query(mean(node, "whatsapp_db_request_duration_seconds", "operation"), "{{operation}}"),
        steps=((0.1, states.ORANGE), (1, states.RED)),
    ),
    lines(
        Head(
            51,
            "Failing queries",
            "Of the coreapps. Select and prepare fail: the client can't read. Commit and rollback fail: it "
            "can't write, and messages may be lost.",
            "ops",
            8,
        ),
        Query(
            total(rate(node("whatsapp_db_request_error_duration_seconds_count")), "operation"),
            "{{operation}}",
        ),
        steps=((0.1, states.RED),),
    ),
    lines(
        Head(
            52,
            "Queries of coreapps",
            "By operation; those that fail are counted in the panel before.",
            "ops",
            8,
        ),
        Query(
            total(rate(node("whatsapp_db_request_duration_seconds_count")), "operation"),
            "{{operation}}",
        ),
        stacked=True,
    ),
    lines(
        Head(
            53,
            "Query time of webapps",
            "Mean time by kind of query.",
            "s",
            8,
        ),
        Query(mean(node, "whatsapp_api_requests_db_duration_seconds", "query"), "{{query}}"),
        steps=((0.1, states.ORANGE), (1, states.RED)),
    ),
    lines(
        Head(
            54,
            "Messages kept",
            "Rows of messages, receipts and callbacks in the database, polled every few minutes. Growing "
            "without end: nothing clears old messages.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_db_messages"), "type"), "messages, {{type}}"),
        Query(total(node("whatsapp_db_message_receipts")), "receipts"),
        Query(total(node("whatsapp_db_pending_messages")), "messages to send"),
        Query(total(node("whatsapp_db_pending_callbacks")), "callbacks to deliver"),
    ),
    lines(
        Head(
            55,
            "Contacts kept",
            "Contacts the database knows, by whether they use WhatsApp.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_db_contacts"), "type"), "{{type}}"),
    ),
)
