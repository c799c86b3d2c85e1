"""Numbers that stand for a state: their expression, their words and their colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source.selection import client, equal, most, node, rate, total

if TYPE_CHECKING:
    from collections.abc import Sequence

States = dict[int, tuple[str, str]]  # value: (word, colour)

GREEN, BLUE, YELLOW, ORANGE, RED, PURPLE = "green", "blue", "yellow", "orange", "red", "purple"

VERDICTS: States = {0: ("ok", GREEN), 1: ("degraded", ORANGE), 2: ("down", RED), 3: ("unknown", PURPLE)}

MESSAGES: States = {
    0: ("flowing", GREEN),
    1: ("piling up", YELLOW),
    2: ("some are refused", ORANGE),
    3: ("standing still", RED),
    4: ("not known", PURPLE),
}

GATEWAYS: States = {
    0: ("connected", GREEN),
    1: ("disconnected", BLUE),
    2: ("connecting", YELLOW),
    3: ("other", YELLOW),
    4: ("uninitialized", ORANGE),
    5: ("unregistered", RED),
    6: ("unreachable", RED),
}

PRESENT: States = {1: ("present", ORANGE)}
YES_NO: States = {0: ("no", RED), 1: ("yes", GREEN)}
ON_OFF: States = {0: ("off", BLUE), 1: ("on", GREEN)}

# What the client itself is to blame for; the rest are mistakes of the sender, such as a wrong number.
_FAULTS = 'result=~"1000|1011|1014|1015|1016|1017|1018|1023"'
_SENDS = 'method="messages"'
_MANY_WAITING = 1000  # messages or callbacks: a busy client has tens
_SOME = 0.01  # a share that no retry explains


def verdict() -> str:
    """Number the verdict, 0 to 3; of two exporters that disagree, the worse."""
    parts = (
        f'{number} * ({client("whatsapp_verdict", equal("verdict", word))} == 1)'
        for number, (word, _) in VERDICTS.items()
    )
    return most(" or ".join(parts))


def gateway() -> str:
    """Number the status of each node, 0 to 6."""
    parts = (
        f'{number} * ({node("whatsapp_gateway_status", equal("status", word))} == 1)'
        for number, (word, _) in GATEWAYS.items()
    )
    return most(" or ".join(parts), "node", "role")


def unwell_for() -> str:
    """Say for how many seconds a client has not been ok: 0 if it is, the whole range if it never was."""
    well = client("whatsapp_verdict", 'verdict="ok"')
    last = f"max_over_time(timestamp({well} == 1)[$__range:$__interval])"
    return f"((time() - {most(last)}) or {most(f'0 * {well} + $__range_s')}) * on (target) (1 - {most(well)})"


def refused() -> str:
    """Give sends a second that the client refuses through its own fault."""
    return total(rate(client("whatsapp_endpoint_requests_total", _SENDS, _FAULTS)))


def refused_share() -> str:
    """Give the share of sends that the client refuses through its own fault; absent without traffic."""
    everything = total(rate(client("whatsapp_endpoint_requests_total", _SENDS)))
    return f"({refused()} or 0 * {everything}) / ({everything} > 0)"


def sound_share(method: str, over: str) -> str:
    """Give the share of an endpoint's requests over some time that no fault of the client's has spoiled."""
    its = equal("method", method)
    every, faults = (
        total(f"increase({client('whatsapp_endpoint_requests_total', *matchers)}[{over}])")
        for matchers in ((its,), (its, _FAULTS))
    )
    return f"1 - ({faults} or 0 * {every}) / ({every} > 0)"


def failed() -> str:
    """Give messages a second that were accepted and then not delivered."""
    return total(rate(client("whatsapp_out_message_status_total", 'status="failed"')))


def not_stored() -> str:
    """Give messages a second that came from WhatsApp and were not stored; never below 0."""
    came, stored = (
        total(rate(client(f"whatsapp_in_message_{part}_total"))) for part in ("from_server", "persisted")
    )
    return f"clamp_min({came} - {stored}, 0)"


def lost() -> str:
    """Give messages a second that are refused, failed or not stored."""
    return _add(refused(), failed(), not_stored())


def callbacks_waiting() -> str:
    """Count callbacks that the webhook has not taken yet."""
    return total(client("whatsapp_callback_queue_size"))


def messages_waiting() -> str:
    """Count accepted messages that have not left yet."""
    return total(client("whatsapp_pending_messages"))


def messages() -> str:
    """Number what happens to messages, 0 to 4."""
    up = most(client("whatsapp_up"))
    waiting = _add(callbacks_waiting(), messages_waiting())
    return _worst(
        f"0 * {up}",
        f"1 * ({waiting} > bool {_MANY_WAITING})",
        f"2 * ({refused_share()} > bool {_SOME})",
        f"3 * ({most(client('whatsapp_coreapps_connected'))} == bool 0)",
        f"4 * (1 - {up})",
    )


def _add(*parts: str) -> str:
    """Add up what is there of several expressions by target."""
    return total(_union(parts))


def _worst(*parts: str) -> str:
    return most(_union(parts))


def _union(parts: Sequence[str]) -> str:
    """Join expressions whose labels are the same, none hiding another."""
    return " or ".join(
        f'label_replace({part}, "part", "{number}", "", "")' for number, part in enumerate(parts)
    )

