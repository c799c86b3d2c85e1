"""The scenarios as data: a description, and the repeating steps for each topology."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from waexporter.simulator.faults.faults import KINDS, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPOLOGIES = ("single", "ha", "multiconnect")


@dataclass(frozen=True, slots=True)
class Step:
    """The faults that are active for a number of seconds."""

    says: str
    seconds: float = inf
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A description, and the steps by topology; the steps repeat."""

    description: str
    steps: Mapping[str, tuple[Step, ...]]


def _held(name: str) -> Scenario:
    """Return a scenario with one fault that is active from the start."""
    description = KINDS[name].description
    step = Step(description, faults=(Fault(name),))
    return Scenario(f"{description}.", dict.fromkeys(TOPOLOGIES, (step,)))


_CALM = Step("All is well", 40.0)

_STORY = {
    "single": (
        _CALM,
        Step(
            "The gateway is lost and callbacks pile up",
            40.0,
            (Fault("gateway_down"), Fault("growing_queues")),
        ),
    ),
    "ha": (
        _CALM,
        Step(
            "The active coreapp dies, the masters fail over, the spare takes its place",
            40.0,
            (Fault("failover"),),
        ),
    ),
    "multiconnect": (
        _CALM,
        Step(
            "A coreapp dies; its shard is uncovered until the spare takes it; somebody changes the webhook",
            40.0,
            (Fault("dead_node", node="core1"), Fault("settings_changed", seconds=3600.0)),
        ),
    ),
}

SCENARIOS: Mapping[str, Scenario] = {
    "healthy": Scenario("Nothing goes wrong.", dict.fromkeys(TOPOLOGIES, (Step("All is well"),))),
    "story": Scenario(
        "Calm for 40 s, an incident for 40 s, and again; the incident fits the topology.", _STORY
    ),
    **{name: _held(name) for name in KINDS},
}
