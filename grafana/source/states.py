"""Numbers that stand for a state: their expression, their words and their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.selection import client, equal, lately, most, node, over_range, rate, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grafana.source.selection import Gain

States = dict[int, tuple[str, str]]  # value: (word, colour)

GREEN, BLUE, YELLOW, ORANGE, RED, PURPLE = "green", "blue", "yellow", "orange", "red", "purple"

VERDICTS: States = {0: ("ok", GREEN), 1: ("degraded", ORANGE), 2: ("down", RED), 3: ("unknown", PURPLE)}

MESSAGES: States = {
    0: ("flowing", GREEN),
    1: ("delayed", YELLOW),
    2: ("in doubt", YELLOW),
    3: ("some fail", ORANGE),
    4: ("standing still", RED),
    5: ("not known", PURPLE),
}

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
UNWELL = ((1, ORANGE), (120, RED))  # a failover is over by then

# The objective of the alerts: what the webapps answer to sends and contact checks. 4xx is the caller's own.
ANSWERS = "whatsapp_api_requests_duration_seconds_count"
_ENDED = "whatsapp_callback_requests_duration_seconds_count"
_STATISTICS = most(client("waexporter_poll_success", equal("collector", "app")))  # absent where not polled
_FAULTS = 'result=~"5.."'
_FAILING = 'problem=~"overloaded|build_expired"'
_SENDS = equal("method", "POST_v1_messages")
SENDS_AND_CHECKS = 'method=~"POST_v1_(messages|contacts)"'


def verdict() -> str:
    """Give the verdict as a number, 0 to 3; of two exporters that disagree, the worse."""
    parts = (
        f"{number} * ({client('whatsapp_verdict', equal('verdict', word))} == 1)"
        for number, (word, _) in VERDICTS.items()
    )
    return most(" or ".join(parts))


def gateway() -> str:
    """Give the status of each node as a number, 0 to 7."""
    parts = [
        f"{number} * ({node('whatsapp_gateway_status', equal('status', word))} == 1)"
        for number, (word, _) in GATEWAYS.items()
        if number != _DISCONNECTED_ALONE
    ]
    alone = node("whatsapp_gateway_status", equal("status", "disconnected"), equal("node", ""))
    parts.insert(0, f"{_DISCONNECTED_ALONE} * ({alone} == 1)")
    return most(" or ".join(parts), "node")


def unwell_for() -> str:
    """Say for how many seconds a client has not been ok: 0 if it is, the whole range if it never was."""
    well = client("whatsapp_verdict", 'verdict="ok"')
    last = f"max_over_time(timestamp({well} == 1)[$__range:$__interval])"
    return f"((time() - {most(last)}) or {most(f'0 * {well} + $__range_s')}) * on (target) (1 - {most(well)})"


def too_many_refused() -> str:
    """Give the clients more of whose sends fail through their own fault than SOME."""
    return f"{share(client(ANSWERS, _SENDS, _FAULTS), client(ANSWERS, _SENDS))} > {SOME}"


def refused(over: Gain = rate) -> str:
    """Give sends that the client refuses through its own fault."""
    return total(over(client(ANSWERS, _SENDS, _FAULTS)))


def refused_share(which: str = _SENDS, over: Gain = rate) -> str:
    """Give the share of requests that fail through the client's own fault; absent without traffic."""
    every, faults = (total(over(client(ANSWERS, *matchers))) for matchers in ((which,), (which, _FAULTS)))
    return f"({faults} or 0 * {every}) / ({every} > 0)"


def sound_share(which: str = _SENDS) -> str:
    """Give the share of requests in the time shown that do not fail through the client's own fault."""
    every, faults = (
        total(over_range(client(ANSWERS, *matchers))) for matchers in ((which,), (which, _FAULTS))
    )
    return f"1 - ({faults} or 0 * {every}) / ({every} > 0)"


def failed(over: Gain = rate) -> str:
    """Give messages that were accepted and then not delivered."""
    return total(over(client("whatsapp_out_message_status_total", 'status="failed"')))


def not_stored(over: Gain = rate) -> str:
    """Give messages that came from WhatsApp and were not stored; never below 0."""
    came, stored = (
        total(over(client(f"whatsapp_in_message_{part}_total"))) for part in ("from_server", "persisted")
    )
    return f"clamp_min({came} - {stored}, 0)"


def lost(over: Gain = rate) -> str:
    """Give messages that are refused, failed or not stored."""
    return _add(refused(over), failed(over), not_stored(over))


def lost_share() -> str:
    """Give what was refused, failed or not stored in five minutes as a share of all.

    Absent without any messages, and as soon as the statistics end: who no longer tells is not well.
    """
    sends = total(lately(client(ANSWERS, _SENDS)))
    came = total(lately(client("whatsapp_in_message_from_server_total")))
    return f"({lost(lately)} / ({_add(sends, came)} > 0) and on (target) {callbacks_waiting()})"


def callbacks_waiting() -> str:
    """Count callbacks that the webhook has not taken yet."""
    return total(client("whatsapp_callback_queue_size"))


def messages_waiting() -> str:
    """Count accepted messages that have not left yet."""
    return total(client("whatsapp_pending_messages"))


def share(part: str, whole: str) -> str:
    """Give which share of a counter's gain in five minutes another one's is; absent without any."""
    return f"{total(lately(part))} / ({total(lately(whole))} > 0)"


def callbacks_failing() -> str:
    """Give the clients more than a tenth of whose callbacks fail, of fifteen in five minutes at least."""
    failing, every = (
        total(lately(client(_ENDED, *matchers))) for matchers in (('result!~"success|ok|2.."',), ())
    )
    return f"{failing} / ({every} > 15 / 300) > 0.1"


def queries_failing() -> str:
    """Give the clients of whose queries over 5 % fail, be it those that read or those that write."""
    return " or ".join(_queries_failing(which) for which in ("select|prepare", "commit|rollback"))


def _queries_failing(operations: str) -> str:
    errors, others = (
        total(
            lately(client(f"whatsapp_db_request_{name}duration_seconds_count", f'operation=~"{operations}"'))
        )
        for name in ("error_", "")
    )
    return f"{errors} > {others} / 19"  # one of twenty; what fails is not among the others


def messages() -> str:
    """Give what happens to messages as a number, 0 to 5."""
    return _worst(
        f"0 * {most(client('whatsapp_up'))}",
        f"1 * ({callbacks_waiting()} > bool {MANY_WAITING})",
        f"1 * ({messages_waiting()} > bool {MANY_WAITING})",
        f"1 * group by (target) ({callbacks_failing()})",
        f"2 * (1 - {most(client('whatsapp_canary_success'))})",
        f"2 * group by (target) ({queries_failing()})",
        f"2 * group by (target) ({_STATISTICS} unless on (target) {callbacks_waiting()})",
        f"3 * ({refused_share(over=lately)} > bool {SOME})",
        f"3 * ({lost_share()} > bool {SOME})",
        f"3 * ({most(client('whatsapp_shards_covered'))} < bool {most(client('whatsapp_shards'))})",
        f"3 * {most(client('whatsapp_problem', _FAILING))}",
        f"4 * ({most(client('whatsapp_coreapps_connected'))} == bool 0)",
        f"4 * {most(client('whatsapp_verdict', equal('verdict', 'down')))}",
        f"5 * {most(client('whatsapp_verdict', equal('verdict', 'unknown')))}",
    )


def _add(*parts: str) -> str:
    """Add up what is there of several expressions by target."""
    return f"sum by (target) ({_union(parts)})"


def _worst(*parts: str) -> str:
    return most(_union(parts))


def _union(parts: Sequence[str]) -> str:
    """Join expressions whose labels are the same, none hiding another."""
    return " or ".join(
        f'label_replace({part}, "part", "{number}", "", "")' for number, part in enumerate(parts)
    )
