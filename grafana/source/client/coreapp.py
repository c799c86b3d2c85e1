"""Messages in the coreapps."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Head, Query, lines
from grafana.source.selection import mean, named, node, rate, total

PANELS = (
    lines(
        Head(
            30,
            "Messages out, by result",
            "Reports of what became of messages that were sent. Failed ones were accepted and then not "
            "delivered.",
            "mps",
            8,
        ),
        Query(total(rate(node("whatsapp_out_message_status_total")), "status"), "{{status}}"),
        Query(total(rate(node("whatsapp_out_message_persisted_total"))), "stored to send"),
    ),
    lines(
        Head(
            31,
            "Messages in",
            "Received from WhatsApp, decoded and stored. The three run together; a gap is messages lost.",
            "mps",
            8,
        ),
        Query(total(rate(node("whatsapp_in_message_from_server_total"))), "received"),
        Query(total(rate(node("whatsapp_in_message_decoded_total"))), "decoded"),
        Query(total(rate(node("whatsapp_in_message_persisted_total"))), "stored"),
    ),
    lines(
        Head(
            32,
            "Messages that wait",
            "To be sent, and to be processed after they came in. Growing means that WhatsApp or the "
            "database does not take them.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_pending_messages"), "node"), "{{node}} to be sent"),
        Query(
            total(node("whatsapp_in_messages_pending_processing"), "node"),
            "{{node}} to be processed",
        ),
        steps=((1000, states.ORANGE),),
    ),
    lines(
        Head(
            33,
            "Mean time until sent",
            "By type and by the number of the retry. Retries above 0 point at the connection to WhatsApp.",
            "s",
            8,
        ),
        Query(
            named(
                mean(node, "whatsapp_out_message_sent_duration_seconds", "type", "retry"), "any type", "type"
            ),
            "{{type}}, retry {{retry}}",
        ),
        steps=((5, states.ORANGE),),
    ),
    lines(
        Head(
            34,
            "Mean time at WhatsApp",
            "How long WhatsApp's servers take to answer, and to let a coreapp connect.",
            "s",
            8,
        ),
        Query(
            mean(node, "whatsapp_internal_server_requests_duration_seconds", "node"),
            "{{node}} requests",
        ),
        Query(
            mean(node, "whatsapp_internal_server_conn_duration_seconds", "node"),
            "{{node}} connecting",
        ),
        steps=((3, states.ORANGE),),
    ),
    lines(
        Head(
            35,
            "Connections to WhatsApp",
            "Connections a coreapp has made. A steady coreapp makes hardly any; many mean a network that "
            "breaks off.",
            "ops",
            8,
        ),
        Query(
            named(
                total(rate(node("whatsapp_internal_server_conn_duration_seconds_count")), "node"), "coreapp"
            ),
            "{{node}}",
        ),
    ),
)
