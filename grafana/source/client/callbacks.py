"""Callbacks: what the client sends to your webhook, and how your webhook answers."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Head, Query, lines
from grafana.source.selection import client, equal, mean, most, node, rate, total

_ENDED = "whatsapp_callback_requests_duration_seconds_count"

PANELS = (
    lines(
        Head(
            40,
            "Callbacks that wait",
            "Growing: the webhook does not keep up. At about 100 000 the client answers sends with 1016.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_callback_queue_size"), "node"), "{{node}} in the queue"),
        Query(total(node("whatsapp_pending_callbacks"), "node"), "{{node}} on their way"),
        steps=states.QUEUE[1:],
    ),
    lines(
        Head(
            41,
            "Callbacks by result",
            "Success is an answer of 200. A number is the webhook's status; 1 stands for no answer at all.",
            "reqps",
            8,
        ),
        Query(
            total(rate(node(_ENDED)), "result"),
            "{{result}}",
        ),
        stacked=True,
    ),
    lines(
        Head(
            42,
            "Share of callbacks that fail",
            "The client tries again, ever more slowly, so a failing webhook first delays messages and then "
            "fills the queue.",
            "percentunit",
            8,
        ),
        Query(
            f"1 - {total(rate(node(_ENDED, equal('result', 'success'))))}"
            f" / ({total(rate(node(_ENDED)))} > 0)",
            "fail",
        ),
        steps=((0.05, states.ORANGE), (0.5, states.RED)),
    ),
    lines(
        Head(
            43,
            "Mean time of your webhook",
            "By kind of callback. Over 3 s is slow: acknowledge first and work later.",
            "s",
            8,
        ),
        Query(mean(node, "whatsapp_callback_requests_duration_seconds", "type"), "{{type}}"),
        steps=((3, states.RED),),
    ),
    lines(
        Head(
            44,
            "Callbacks by kind",
            "Received messages, reports of messages sent, and what concerns the client itself.",
            "reqps",
            8,
        ),
        Query(total(rate(node(_ENDED)), "type"), "{{type}}"),
        stacked=True,
    ),
    lines(
        Head(
            45,
            "Waits between retries",
            "How much longer each retry of a callback waits, and how long at most, as the client is set.",
            "s",
            8,
        ),
        Query(most(client("whatsapp_settings_callback_backoff_delay_seconds")), "longer by"),
        Query(most(client("whatsapp_settings_max_callback_backoff_delay_seconds")), "at most"),
    ),
)
