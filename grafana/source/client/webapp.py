"""The webapps: the processes that answer the API, and what they wait for."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Head, Query, lines
from grafana.source.selection import mean, named, node, rate, total

PANELS = (
    lines(
        Head(
            60,
            "Answers by status",
            "What the webapps answered over HTTP. 5xx are the client's faults, 429 too many requests.",
            "reqps",
            8,
        ),
        Query(
            total(rate(node("whatsapp_api_requests_duration_seconds_count")), "result"),
            "{{result}}",
        ),
        stacked=True,
    ),
    lines(
        Head(
            61,
            "Mean time of an answer",
            "By request, from the webapp's point of view, its database and coreapp included.",
            "s",
            8,
        ),
        Query(mean(node, "whatsapp_api_requests_duration_seconds", "method"), "{{method}}"),
        steps=((1, states.ORANGE), (5, states.RED)),
    ),
    lines(
        Head(
            62,
            "Wait for the coreapp",
            "How long webapps wait for each coreapp, as part of that. One that stands out is slow or dead.",
            "s",
            8,
        ),
        Query(mean(node, "whatsapp_api_requests_coreapp_duration_seconds", "coreapp"), "{{coreapp}}"),
        steps=((1, states.ORANGE), (5, states.RED)),
    ),
    lines(
        Head(
            63,
            "Idle processes",
            "Processes free to answer. At 0, callers wait.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_web_idle_processes"), "node"), "{{node}} idle"),
        Query(total(node("whatsapp_web_total_processes"), "node"), "{{node}} all"),
    ),
    lines(
        Head(
            64,
            "Waiting connections",
            "Connections that wait for a process: now, the most there were, and how many have room; beyond "
            "that they are refused.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_web_pending_connections"), "node"), "{{node}} now"),
        Query(total(node("whatsapp_web_max_pending_connections"), "node"), "{{node}} at most"),
        Query(total(node("whatsapp_web_queue_len"), "node"), "{{node}} room"),
    ),
    lines(
        Head(
            65,
            "Out of processes",
            "How often a webapp wanted one more process than it may have.",
            "ops",
            8,
        ),
        Query(named(total(rate(node("whatsapp_web_process_limit_hit_total")), "node"), "webapp"), "{{node}}"),
        steps=((0.01, states.ORANGE),),
    ),
    lines(
        Head(
            66,
            "Requests and connections",
            "Requests handled and connections taken.",
            "reqps",
            8,
        ),
        Query(total(rate(node("whatsapp_web_handled_requests_total"))), "requests"),
        Query(total(rate(node("whatsapp_web_connections_total"))), "connections"),
    ),
    lines(
        Head(
            67,
            "Requests by state",
            "What the processes are doing right now.",
            "short",
            8,
        ),
        Query(total(node("whatsapp_web_requests"), "state"), "{{state}}"),
        stacked=True,
    ),
    lines(
        Head(
            68,
            "Sent out",
            "What the webapps have sent to their callers.",
            "Bps",
            8,
        ),
        Query(named(total(rate(node("whatsapp_web_out_bytes_total")), "node"), "webapp"), "{{node}}"),
    ),
)
