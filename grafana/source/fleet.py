"""Every client at once: who is unwell, since when, and whether messages get through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import problems, states
from grafana.source.frame import Cover, alerts, framed, of_clients
from grafana.source.panels import Column, Head, Query, bars, grid, lines, number, timeline
from grafana.source.selection import client, equal, mean, most, rate, total

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

    from grafana.source.panels import Panel

_TO_CLIENT = (
    "/d/waexporter-client?${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
    "&var-target=${__data.fields.Client}&${__url_time_range}"
)
_DAY = 86_400
_GIB = 2.0**30
_RUNNING_OUT = ((float("-inf"), states.RED), (2 * _DAY, states.ORANGE), (7 * _DAY, states.GREEN))


def build() -> Dashboard:
    """Build the dashboard."""
    mine = 'target=~"$target|"'  # alerts that are about no single client, too
    return framed(
        Cover(
            "waexporter-fleet",
            "WhatsApp fleet",
            "Every client: who is unwell, since when, and whether messages get through.",
        ),
        of_clients(),
        [
            alerts("Critical alerts", "red", mine, 'severity="critical"'),
            alerts("Warnings", "orange", mine, 'severity="warning"'),
        ],
        [
            ("", (*_counts(), *_WHO)),
            ("Service level", _SERVICE),
            ("Messages", _MESSAGES),
            ("What runs out", _UPKEEP),
        ],
    )


def _counts() -> list[Panel]:
    in_trouble = f"sum({states.messages()} >= bool 1)"
    tiles = [_count(number_, word, colour) for number_, (word, colour) in states.VERDICTS.items()]
    return [
        number(
            Head(1, "Clients", "How many clients are watched.", "short", 4, 4),
            Query(f"count({most(client('whatsapp_up'))})", ""),
            steps=((float("-inf"), states.BLUE),),
        ),
        *tiles,
        number(
            Head(
                6,
                "With trouble on messages",
                "Clients whose messages are late, fail, stand still, or of which nothing is known.",
                "short",
                4,
                4,
            ),
            Query(in_trouble, ""),
            steps=((1, states.RED),),
        ),
    ]


def _count(place: int, word: str, colour: str) -> Panel:
    said = {
        "ok": "Clients without a problem that matters now.",
        "degraded": "Clients that work in part, or would not survive the next failure.",
        "down": "Clients through which no message leaves or arrives.",
        "unknown": "Clients that can't be asked, so that nobody knows.",
    }
    return number(
        Head(2 + place, word.capitalize(), said[word], "short", 4, 4),
        Query(f"sum({most(client('whatsapp_verdict', equal('verdict', word)))})", ""),
        steps=((float("-inf"), states.GREEN),) if word == "ok" else ((1, colour),),
    )


_WHO = (
    grid(
        Head(
            7,
            "Clients, the worst first",
            "Verdict now, how long the client has not been ok, what becomes of its messages. A name leads "
            "to the client's own dashboard.",
            "none",
            24,
            9,
        ),
        [
            states.verdict(),
            states.unwell_for(),
            states.messages(),
            states.lost_share(),
            states.callbacks_waiting(),
            f"{states.sound_share()} and on (target) {most(client('whatsapp_up'))} == 1",
            problems.worst(),
        ],
        [
            Column("target", "Client", link=_TO_CLIENT),
            Column("Value #A", "Verdict", states=states.VERDICTS),
            Column("problem", "Worst problem", texts=problems.WORDS),
            Column("Value #G", "Severity", states=problems.SEVERITIES),
            Column("Value #B", "Unwell for", unit="s", steps=states.UNWELL),
            Column("Value #C", "Messages", states=states.MESSAGES),
            Column("Value #D", "Lost or refused", unit="percentunit", steps=states.LOSING),
            Column(
                "Value #E",
                "Callbacks waiting",
                unit="short",
                steps=states.QUEUE,
            ),
            Column(
                "Value #F",
                "Sound sends",
                unit="percentunit",
                steps=states.SOUND,
            ),
        ],
        worst=("Verdict", "Messages", "Severity"),
    ),
    problems.table(8, height=8, of_fleet=True),
    timeline(
        Head(
            9,
            "Verdicts over time",
            "Since when each client is unwell, and whether it comes and goes.",
            "none",
            12,
            9,
        ),
        Query(states.verdict()),
        states.VERDICTS,
    ),
    timeline(
        Head(10, "Messages over time", "When messages did not get through, client by client.", "none", 12, 9),
        Query(states.messages()),
        states.MESSAGES,
    ),
)

_SERVICE = (
    bars(
        Head(
            20,
            "Requests without a fault of the client",
            "Share of sends and contact checks in the time shown that the webapps did not answer with 5xx. "
            "The objective is 99.5 %.",
            "percentunit",
            8,
            8,
        ),
        Query(states.sound_share(states.SENDS_AND_CHECKS)),
        states.SOUND,
        1.0,
    ),
    lines(
        Head(
            21,
            "Speed at which the error budget burns",
            "1 spends in 30 days exactly the 0.5 % of requests that may fail; 14.4 spends it in two.",
            "short",
            8,
            8,
        ),
        Query(f"({states.refused_share(states.SENDS_AND_CHECKS)}) / (1 - {states.OBJECTIVE})"),
        steps=((1, states.ORANGE), (14.4, states.RED)),
    ),
    lines(
        Head(
            22,
            "Share of sends refused by the client's own fault",
            "What the sender did wrong, such as an invalid number, does not count.",
            "percentunit",
            8,
            8,
        ),
        Query(states.refused_share()),
        steps=((0.01, states.RED),),
    ),
)

_MESSAGES = (
    lines(
        Head(30, "Sends", "Requests to send a message, with any result.", "mps", 8),
        Query(total(rate(client("whatsapp_endpoint_requests_total", equal("method", "messages"))))),
    ),
    lines(
        Head(31, "Received", "Messages that came from WhatsApp.", "mps", 8),
        Query(total(rate(client("whatsapp_in_message_from_server_total")))),
    ),
    lines(
        Head(
            32,
            "Lost or refused",
            "Refused through the client's own fault, accepted but not delivered, or received and not stored.",
            "mps",
            8,
        ),
        Query(states.lost()),
        steps=((1, states.RED),),
    ),
    lines(
        Head(
            33,
            "Callbacks that wait",
            "Growing: a webhook does not keep up. At about 100 000 the client refuses to send.",
            "short",
            8,
        ),
        Query(states.callbacks_waiting()),
        steps=states.QUEUE[1:],
    ),
    lines(
        Head(34, "Messages that wait to be sent", "Growing: WhatsApp does not take them.", "short", 8),
        Query(states.messages_waiting()),
        steps=((1000, states.ORANGE),),
    ),
    lines(
        Head(35, "Mean time of the webhook", "Over 3 s is slow: acknowledge first and work later.", "s", 8),
        Query(mean(client, "whatsapp_callback_requests_duration_seconds")),
        steps=((3, states.RED),),
    ),
)

_UPKEEP = (
    grid(
        Head(
            40,
            "What runs out first",
            "The first build to stop working, the first certificate to end, and the fullest volume of each "
            "client.",
            "none",
            16,
            8,
        ),
        [
            f"min by (target) ({client('whatsapp_build_expiry_timestamp_seconds')}) - time()",
            f"min by (target) ({client('whatsapp_certificate_not_after_timestamp_seconds')}) - time()",
            f"min by (target) ({client('whatsapp_free_space_bytes')})",
            f"min by (target) ({client('whatsapp_token_expiry_timestamp_seconds')}) - time()",
        ],
        [
            Column("target", "Client", link=_TO_CLIENT),
            Column("Value #A", "Build", unit="s", steps=_RUNNING_OUT),
            Column("Value #B", "Certificate", unit="s", steps=_RUNNING_OUT),
            Column(
                "Value #C",
                "Free space",
                unit="bytes",
                steps=((float("-inf"), states.RED), (_GIB, states.ORANGE), (5 * _GIB, states.GREEN)),
            ),
            Column(
                "Value #D",
                "Login",
                unit="s",
                steps=((float("-inf"), states.RED), (3600, states.ORANGE), (_DAY, states.GREEN)),
            ),
        ],
    ),
    bars(
        Head(41, "Nodes by version", "Versions of the client in use; one is best.", "short", 8, 8),
        Query(
            f"count by (version) ({most(client('whatsapp_build_info'), 'version', 'node')})", "{{version}}"
        ),
        ((float("-inf"), states.BLUE),),
    ),
)
