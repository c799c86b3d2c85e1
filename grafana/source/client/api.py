"""What senders get from the API: answers, errors, durations."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Head, Query, lines, number
from grafana.source.selection import client, equal, mean, most, named, node, rate, total

PANELS = (
    number(
        Head(
            20,
            "Sound sends",
            "Share of sends in the time shown that the webapps did not answer with 5xx. What the sender did "
            "wrong, such as an invalid number, does not count.",
            "percentunit",
            6,
        ),
        Query(states.sound_share(), ""),
        steps=states.SOUND,
        states=states.NO_SENDS,
    ),
    lines(
        Head(
            21,
            "Requests by endpoint",
            "What the coreapps were asked to do, with any result.",
            "reqps",
            9,
        ),
        Query(total(rate(node("whatsapp_endpoint_requests_total")), "method"), "{{method}}"),
        stacked=True,
    ),
    lines(
        Head(
            22,
            "Failed requests by error code",
            "1016: overloaded, since callbacks pile up. 1014: the webapp does not reach its coreapp. 1015: "
            "too many requests. 1013, 1006 and other codes of 1001 to 1013 are mistakes of the caller.",
            "reqps",
            9,
        ),
        Query(
            total(rate(node("whatsapp_endpoint_requests_total", 'result!="ok"')), "method", "result"),
            "{{method}} {{result}}",
        ),
    ),
    number(
        Head(
            23,
            "Sound checks",
            "Share of contact checks in the time shown that the webapps did not answer with 5xx.",
            "percentunit",
            6,
        ),
        Query(states.sound_share(equal("method", "POST_v1_contacts")), ""),
        steps=states.SOUND,
        states={-1: ("no checks", "text")},
    ),
    lines(
        Head(
            24,
            "Mean time in the coreapp",
            "How long a coreapp takes for a request, by endpoint; the webapp's own time is further down.",
            "s",
            9,
        ),
        Query(mean(node, "whatsapp_endpoint_requests_duration_seconds", "method"), "{{method}}"),
        steps=((1, states.ORANGE),),
    ),
    lines(
        Head(
            25,
            "Share of requests refused",
            "Sends and contact checks that the webapps answered with 5xx, the client's own fault. Over 1 % "
            "is more than retries explain; the error codes say why.",
            "percentunit",
            9,
        ),
        Query(states.refused_share(), "sends"),
        Query(states.refused_share(equal("method", "POST_v1_contacts")), "contact checks"),
        steps=((0.01, states.RED),),
    ),
    lines(
        Head(
            26,
            "Too many at once",
            "Above 0 the client turned requests away because too many came at once.",
            "short",
            6,
        ),
        Query(named(total(node("whatsapp_concurrent_rate_limit_triggered"), "node"), "coreapp"), "{{node}}"),
        steps=((1, states.ORANGE),),
    ),
    lines(
        Head(
            27,
            "Media",
            "Media that were uploaded to and downloaded from WhatsApp.",
            "ops",
            9,
        ),
        Query(total(rate(node("whatsapp_media_uploads_total"))), "uploads"),
        Query(total(rate(node("whatsapp_media_downloads_total"))), "downloads"),
    ),
    lines(
        Head(
            28,
            "Canary",
            "How long the contact check of waexporter took, from end to end.",
            "s",
            9,
        ),
        Query(most(client("whatsapp_canary_duration_seconds")), "contact check"),
        steps=((5, states.ORANGE),),
        nothing="not known, or poll.canary is off",
    ),
)
