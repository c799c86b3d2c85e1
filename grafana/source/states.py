"""States as numbers: their expressions, words and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.selection import client, equal, most, node, over_range, rate, total
from waexporter.health import Messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana.source.selection import Gain

States = dict[float, tuple[str, str]]  # value: (word, colour)

GREEN, BLUE, YELLOW, ORANGE, RED, PURPLE = "green", "blue", "yellow", "orange", "red", "purple"

VERDICTS: States = {0: ("ok", GREEN), 1: ("degraded", ORANGE), 2: ("down", RED), 3: ("unknown", PURPLE)}

NOT_KNOWN = "not known"  # what stands in the place of every number that is not there

# In the place of what is no number: a share of nothing, and in a table what is known of other clients only.
# (VictoriaMetrics leaves out NaN.)
NO_SENDS: States = {-1: ("no sends", "text")}
NO_MESSAGES: States = {-1: ("no messages", "text")}
ABSENT: States = {-2: (NOT_KNOWN, PURPLE)}

_OF_MESSAGES = (GREEN, YELLOW, YELLOW, ORANGE, RED, PURPLE)
MESSAGES: States = {int(each): (each.words, _OF_MESSAGES[each]) for each in Messages}

# Messages that are known to stand still come before those of which nothing is known.
_KNOWN_TO_STAND_FIRST = 1.5
MESSAGES_RANKED = MESSAGES | {Messages.NOT_KNOWN - _KNOWN_TO_STAND_FIRST: MESSAGES[Messages.NOT_KNOWN]}

_DISCONNECTED_ALONE = 7
GATEWAYS: States = {
    0: ("connected", GREEN),
    1: ("disconnected", BLUE),
    2: ("connecting", YELLOW),
    3: ("other", YELLOW),
    4: ("uninitialized", ORANGE),
    5: ("unregistered", RED),
    6: ("unreachable", RED),
    _DISCONNECTED_ALONE: (
        "disconnected",
        RED,
    ),  # a single client's; in a cluster, spares are, and that is well
}

YES_NO: States = {0: ("no", RED), 1: ("yes", GREEN)}
ON_OFF: States = {0: ("off", BLUE), 1: ("on", GREEN)}

# A handful of failures is everyday life, such as a number that has left WhatsApp.
SOME = 0.05  # a share: of a little traffic, one failure is more than 1 %
LOSING = ((SOME, ORANGE), (0.1, RED))
MANY_WAITING = 1000  # messages or callbacks: a busy client has tens
NEARLY_FULL = 75_000  # at about 100 000 waiting callbacks the client refuses sends
QUEUE = ((MANY_WAITING, YELLOW), (10_000, ORANGE), (NEARLY_FULL, RED))
OBJECTIVE = 0.995  # of requests in 30 days, as the alerts have it
SOUND = ((float("-inf"), RED), (0.99, ORANGE), (OBJECTIVE, GREEN))

# The objective of the alerts: what the webapps answer to sends and contact checks. 4xx is the caller's own.
ANSWERS = "whatsapp_api_requests_duration_seconds_count"
_FAULTS = 'result=~"5.."'
_SENDS = equal("method", "POST_v1_messages")
SENDS_AND_CHECKS = 'method=~"POST_v1_(messages|contacts)"'


def verdict() -> str:
    """Return the verdict as a number, 0 to 3; if exporters disagree, the worst one that is known."""
    each = {word: client("whatsapp_verdict", equal("verdict", word)) for word, _ in VERDICTS.values()}
    each["unknown"] = f"min by (job, target) ({each['unknown']})"
    parts = (f"{number} * ({each[word]} == 1)" for number, (word, _) in VERDICTS.items())
    vanished = f"3 * ({client('target:whatsapp_problem:severity', equal('problem', 'not_watched'))} > bool 0)"
    return most(" or ".join((*parts, vanished)))


def gateway() -> str:
    """Return the status of each node as a number, 0 to 7."""
    parts = [
        f"{number} * ({node('whatsapp_gateway_status', equal('status', word))} == 1)"
        for number, (word, _) in GATEWAYS.items()
        if number != _DISCONNECTED_ALONE
    ]
    alone = node("whatsapp_gateway_status", equal("status", "disconnected"), equal("node", ""))
    parts.insert(0, f"{_DISCONNECTED_ALONE} * ({alone} == 1)")
    return most(" or ".join(parts), "node")


def refused(over: Gain = rate) -> str:
    """Return the sends that fail by the client's own fault."""
    return total(over(client(ANSWERS, _SENDS, _FAULTS)))


def refused_share(which: str = _SENDS, over: Gain = rate) -> str:
    """Return the share of requests that fail by the client's own fault; absent without traffic."""
    every, faults = (total(over(client(ANSWERS, *matchers))) for matchers in ((which,), (which, _FAULTS)))
    return f"({faults} or 0 * {every}) / ({every} > 0)"


def sound_share(which: str = _SENDS) -> str:
    """Return the share of requests in the time shown that don't fail by the client's own fault.

    It is -1 without requests, and absent while the client can't be asked.
    """
    every, faults = (
        total(over_range(client(ANSWERS, *matchers))) for matchers in ((which,), (which, _FAULTS))
    )
    share = f"1 - ({faults} or 0 * {every}) / ({every} > 0) or ({every} == 0) - 1"
    return f"({share}) and on (target) {most(client('whatsapp_up'))} == 1"


def failed(over: Gain = rate) -> str:
    """Return messages that were accepted and then not delivered."""
    return total(over(client("whatsapp_out_message_status_total", 'status="failed"')))


def not_stored(over: Gain = rate) -> str:
    """Return messages that came from WhatsApp and were not stored; never below 0."""
    came, stored = (
        total(over(client(f"whatsapp_in_message_{part}_total"))) for part in ("from_server", "persisted")
    )
    return f"clamp_min({came} - {stored}, 0)"


def lost(over: Gain = rate) -> str:
    """Return messages that are refused, failed or not stored."""
    return _add(refused(over), failed(over), not_stored(over))


def lost_share() -> str:
    """Return the share of messages refused, failed or not stored in five minutes; -1 without messages.

    Absent as soon as the statistics end: a client that no longer reports is not called healthy.
    """
    all_messages = most(client("target:whatsapp_messages:rate5m"))
    told = most(client("target:whatsapp_callback_queue_size:sum"))
    share = most(client("target:whatsapp_messages_lost:ratio_rate5m"))
    return f"{share} or ({all_messages} == 0) - 1 and {told}"


def callbacks_waiting() -> str:
    """Return the number of callbacks that the webhook has not accepted yet."""
    return total(client("whatsapp_callback_queue_size"))


def messages_waiting() -> str:
    """Return the number of accepted messages that have not left yet."""
    return total(client("whatsapp_pending_messages"))


def messages() -> str:
    """Return the state of messages as a number of MESSAGES; absent where nothing is known."""
    return most(client("target:whatsapp_messages:state"))


def messages_ranked() -> str:
    """Return the state of messages in the order of MESSAGES_RANKED."""
    return f"{messages()} - {_KNOWN_TO_STAND_FIRST} * ({messages()} == bool {Messages.NOT_KNOWN:d})"


def _add(*parts: str) -> str:
    """Return the sum of several expressions by target; absent ones count nothing."""
    return f"sum by (target) ({_union(parts)})"


def _union(parts: Sequence[str]) -> str:
    """Return the union of expressions with the same labels; none hides another."""
    return " or ".join(
        f'label_replace({part}, "part", "{number}", "", "")' for number, part in enumerate(parts)
    )
