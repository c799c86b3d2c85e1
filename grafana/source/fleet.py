"""All clients: which have problems, since when, and whether messages get through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import problems, running_out, states
from grafana.source.frame import TO_CLIENT, Cover, Row, alerts, framed, of_clients
from grafana.source.panels import Column, Head, Query, grid, lines, number, timeline
from grafana.source.selection import client, equal, mean, most, rate, total
from waexporter.health import Grade, Messages

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

    from grafana.source.panels import Panel, Steps


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
        alerts(mine),
        [
            Row("", (*_COUNTS, *_WHO)),
            Row("Service level of the ten worst", _SERVICE),
            Row("Messages of the ten worst", _MESSAGES),
            Row("What runs out", running_out.PANELS),
        ],
    )


def _of_ten_worst(expr: str) -> str:
    """Select the ten clients that are worst at the end, then those that were: more can't be read."""
    severity = client("target:whatsapp_problem:severity")
    before = most(f"sum_over_time({severity}[$__range] @ end())")
    at_last = problems.ranked(most(f"{severity} @ end()"))
    return f"({expr}) and on (target) topk(10, 1e9 * {at_last} + {before} or {before})"


def _or_absent(expr: str) -> str:
    """Return states.ABSENT for clients without a value: Grafana leaves out a column without any value."""
    return f"{expr} or 0 * {_WORST} - 2"


def _count(head: Head, which: str, steps: Steps) -> Panel:
    return number(head, Query(which, ""), steps=steps)


def _known(expr: str) -> str:
    """Return a number of clients only if something is known of at least one."""
    return f"{expr} and on () min({_WORST}) < {Grade.UNKNOWN:d}"


_NONE = "text"  # none that is known is not yet well, as long as others are not known
_WORST = problems.severity_of_worst()
_STATE = states.messages()
_SERIOUS = f"({_WORST} >= bool {Grade.LATENT:d}) * ({_WORST} <= bool {Grade.LOSING:d})"

_COUNTS = (
    _count(
        Head(1, "Clients", "How many clients are watched, or were within the last hour.", "short", 4, 4),
        f"count({_WORST})",
        ((float("-inf"), states.BLUE),),
    ),
    _count(
        Head(
            2,
            "Well",
            "Clients without a problem that matters now, whatever tells it: their messages flow.",
            "short",
            3,
            4,
        ),
        _known(f"sum({_WORST} <= bool {Grade.MINOR:d})"),
        ((float("-inf"), _NONE), (1, states.GREEN)),
    ),
    _count(
        Head(
            3,
            "Serious",
            "Clients that lose or delay messages, work in part, or would not survive the next failure.",
            "short",
            4,
            4,
        ),
        _known(f"sum({_SERIOUS})"),
        ((float("-inf"), _NONE), (1, states.ORANGE)),
    ),
    _count(
        Head(4, "Critical", "Clients through which no message leaves or arrives.", "short", 4, 4),
        _known(f"sum({_WORST} == bool {Grade.CRITICAL:d})"),
        ((float("-inf"), _NONE), (1, states.RED)),
    ),
    _count(
        Head(5, "Unknown", "Clients that can't be asked, or that nobody watches any more.", "short", 4, 4),
        f"sum({_WORST} == bool {Grade.UNKNOWN:d})",
        ((float("-inf"), _NONE), (1, states.PURPLE)),
    ),
    _count(
        Head(
            6,
            "Late or lost",
            "Clients whose messages are late, in doubt, fail or stand still.",
            "short",
            5,
            4,
        ),
        _known(f"sum(({_STATE} >= bool {Messages.DELAYED:d}) * ({_STATE} < bool {Messages.NOT_KNOWN:d}))"),
        ((float("-inf"), _NONE), (1, states.RED)),
    ),
)

_WHO = (
    grid(
        Head(
            7,
            "Clients, the worst first",
            "The worst problem of each client, for how long it has been there, and what becomes of its "
            "messages. A name leads to the client's own dashboard.",
            "none",
            24,
            9,
        ),
        [
            problems.ranked_worst(),
            problems.worst_for(),
            states.messages(),
            _or_absent(states.lost_share()),
            _or_absent(states.callbacks_waiting()),
            _or_absent(states.sound_share()),
            states.verdict(),
        ],
        [
            Column("target", "Client", least=190, link=TO_CLIENT),
            Column("problem", "Worst problem", texts=problems.WORDS, least=190),
            Column("Value #A", "Severity", states=problems.RANKS, width=95),
            Column("Value #B", "For", unit="s", width=90, absent="-"),
            Column("Value #C", "Messages", states=states.MESSAGES, width=115),
            Column(
                "Value #D",
                "Lost or refused",
                unit="percentunit",
                steps=states.LOSING,
                width=120,
                states=states.NO_MESSAGES | states.ABSENT,
            ),
            Column(
                "Value #E",
                "Callbacks waiting",
                unit="short",
                steps=states.QUEUE,
                states=states.ABSENT,
                width=140,
            ),
            Column(
                "Value #F",
                "Sound sends",
                unit="percentunit",
                steps=states.SOUND,
                width=110,
                states=states.NO_SENDS | states.ABSENT,
            ),
            Column("Value #G", "Verdict", states=states.VERDICTS, width=100),
        ],
        worst=("Severity", "Messages", "For"),
        nothing=problems.NOTHING,
    ),
    problems.table(8, height=16, to_client=TO_CLIENT),
    timeline(
        Head(
            9,
            "The ten worst over time",
            "How bad the worst problem of each client was: since when, and whether it comes and goes.",
            "none",
            24,
            9,
        ),
        Query(_of_ten_worst(_WORST)),
        problems.SEVERITIES,
    ),
    timeline(
        Head(
            10,
            "Messages over time, the ten worst",
            "When messages did not get through, client by client.",
            "none",
            24,
            9,
        ),
        Query(_of_ten_worst(states.messages())),
        states.MESSAGES,
    ),
)

_SERVICE = (
    grid(
        Head(
            20,
            "Sound requests",
            "Share of sends and contact checks in the time shown that the webapps did not answer with 5xx. "
            "The objective is 99.5 %. Of the ten that were worst.",
            "none",
            10,
            8,
        ),
        [f"sort(bottomk(10, {_or_absent(states.sound_share(states.SENDS_AND_CHECKS))}))"],
        [
            Column("target", "Client", least=190, link=TO_CLIENT),
            Column(
                "Value",
                "Sound",
                unit="percentunit",
                steps=states.SOUND,
                states=states.NO_SENDS | states.ABSENT,
                width=95,
            ),
        ],
    ),
    lines(
        Head(
            21,
            "Error budget burn",
            "1 spends in 30 days exactly the 0.5 % of requests that may fail; 14.4 spends it in two.",
            "short",
            7,
            8,
        ),
        Query(_of_ten_worst(f"({states.refused_share(states.SENDS_AND_CHECKS)}) / (1 - {states.OBJECTIVE})")),
        steps=((1, states.ORANGE), (14.4, states.RED)),
    ),
    lines(
        Head(
            22,
            "Sends refused",
            "What the sender did wrong, such as an invalid number, does not count.",
            "percentunit",
            7,
            8,
        ),
        Query(_of_ten_worst(states.refused_share())),
        steps=((0.01, states.RED),),
    ),
)

_MESSAGES = (
    lines(
        Head(30, "Sends", "Requests to send a message, with any result.", "mps", 8),
        Query(
            _of_ten_worst(
                total(rate(client("whatsapp_endpoint_requests_total", equal("method", "messages"))))
            )
        ),
    ),
    lines(
        Head(31, "Received", "Messages that came from WhatsApp.", "mps", 8),
        Query(_of_ten_worst(total(rate(client("whatsapp_in_message_from_server_total"))))),
    ),
    lines(
        Head(
            32,
            "Lost or refused",
            "Refused through the client's own fault, accepted but not delivered, or received and not stored.",
            "mps",
            8,
        ),
        Query(_of_ten_worst(states.lost())),
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
        Query(_of_ten_worst(states.callbacks_waiting())),
        steps=states.QUEUE[1:],
    ),
    lines(
        Head(34, "Messages waiting", "Growing: WhatsApp does not take them.", "short", 8),
        Query(_of_ten_worst(states.messages_waiting())),
        steps=((1000, states.ORANGE),),
    ),
    lines(
        Head(35, "Mean time of the webhook", "Over 3 s is slow: acknowledge first and work later.", "s", 8),
        Query(_of_ten_worst(mean(client, "whatsapp_callback_requests_duration_seconds"))),
        steps=((3, states.RED),),
    ),
)
