"""The verdict on a client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

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

    slug: str  # from the closed set health.SLUGS
    words: str  # one sentence for a person
    node: str = ""  # the node it is about, if it is about one
    since: float = 0.0  # wall clock, when it was first seen
    began: float = 0.0  # steady clock, the same moment: ages are measured by it


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of one client and the reasons for it."""

    state: State
    problems: tuple[Problem, ...] = ()
    since: float = 0.0  # wall clock, when the state last changed
    began: float = 0.0  # steady clock, the same moment: ages are measured by it
    up: bool = False  # the newest health answer is fresh and was understood
    topology: Topology | None = None
    connected: int | None = None  # coreapps
    expected: int | None = None  # coreapps
    shards: int | None = None
    covered: int | None = None
    gateways: tuple[Gateway, ...] = ()
    gateways_since: float = 0.0  # steady clock, when they last changed
    connecting: tuple[tuple[str, float], ...] = ()  # (node, since when on the steady clock)
