"""The verdict on a client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from waexporter.model.documents import Gateway
    from waexporter.model.targets import Topology


class State(StrEnum):
    """The verdict on a client in one word."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason behind a verdict."""

    slug: str  # one of the problems of the target's kind
    words: str  # one sentence for a person
    node: str = ""  # the node it is about, if it is about one
    since: float = 0.0  # wall clock, when it was first seen
    began: float = 0.0  # steady clock, the same moment: ages are measured by it


@dataclass(frozen=True, slots=True)
class OnPremisesDetails:
    """What a verdict on an On-Premises client contains besides its problems."""

    topology: Topology | None = None
    connected: int | None = None  # coreapps
    expected: int | None = None  # coreapps
    shards: int | None = None
    covered: int | None = None  # shards with a connected coreapp
    gateways: tuple[Gateway, ...] = ()
    gateways_since: float = 0.0  # steady clock, when they last changed
    connecting: tuple[tuple[str, float], ...] = ()  # (node, since when on the steady clock)

    @staticmethod
    def of(verdict: Verdict | None) -> OnPremisesDetails:
        """Return the details of a verdict; empty ones if there is no verdict, or it has none."""
        details = verdict.details if verdict is not None else None
        return details if isinstance(details, OnPremisesDetails) else OnPremisesDetails()


# A union: one class for each kind of client.
VerdictDetails: TypeAlias = OnPremisesDetails


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of one client and the reasons for it."""

    state: State
    problems: tuple[Problem, ...] = ()
    since: float = 0.0  # wall clock, when the state last changed
    began: float = 0.0  # steady clock, the same moment: ages are measured by it
    up: bool = False  # the newest answer about the health is fresh and could be read
    details: VerdictDetails | None = None  # None: nothing else is known
