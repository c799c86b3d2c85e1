"""The state of an On-Premises client, from its problems and its nodes, and the reason in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.health.judging import Conclusion
from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.health.on_premises.rules import list_connected
from waexporter.model import OnPremisesDetails, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.model import Verdict

_WEIGHT = {State.OK: 0, State.DEGRADED: 1, State.DOWN: 2, State.UNKNOWN: 3}
_NOT_KNOWN = "no answer about the health counts now, and a limit of requests says nothing about the client"
_CONNECTING = "the only coreapp is connecting, and carries no messages until it is connected"
_WELL = "no rule finds a problem in the answers"
_HARMLESS = "the problems that were found are notes, which do not make the state worse"


def conclude(verdict: Verdict) -> tuple[State, Conclusion]:
    """Return the state of a verdict, and why; its own state is the one without any problem.

    The worst problem decides, but a client with a connected coreapp is not down.
    """
    if not verdict.up:
        return verdict.state, _conclude_without_health(verdict)
    states = {problem.slug: PROBLEM_STATES[problem.slug] for problem in verdict.problems}
    state = max([verdict.state, *states.values()], key=_WEIGHT.__getitem__)
    deciding = tuple(slug for slug, own in states.items() if own is state)
    connected = list_connected(OnPremisesDetails.of(verdict).gateways)
    carriers = [gateway.node or "the client" for gateway in connected]
    if state is State.DOWN and carriers:
        # As long as a coreapp is connected, the client is not down, whatever other nodes are.
        words = f"{_join(deciding)} would make it down, but {carriers[0]} is connected and carries messages"
        return State.DEGRADED, Conclusion(words, deciding)
    if state is State.OK:
        return state, Conclusion(_HARMLESS if states else _WELL)
    if not deciding:
        return state, Conclusion(_CONNECTING)
    return state, Conclusion(_describe_deciding(state, deciding), deciding)


def _conclude_without_health(verdict: Verdict) -> Conclusion:
    """Return why a client without an answer about its health has its state."""
    for problem in verdict.problems:
        if PROBLEM_STATES[problem.slug] is verdict.state:
            return Conclusion(_describe_deciding(verdict.state, (problem.slug,)), (problem.slug,))
    return Conclusion(_NOT_KNOWN)


def _describe_deciding(state: State, deciding: Sequence[str]) -> str:
    each = "alone makes" if len(deciding) == 1 else "each make"
    return f"the worst problem decides: {_join(deciding)} {each} it {state}"


def _join(slugs: Sequence[str]) -> str:
    return " and ".join(slugs)
