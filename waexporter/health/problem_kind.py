"""A kind of problem: how bad it is, what it does to messages, and what to do about it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict, Unpack

    class _Others(TypedDict, total=False):
        grade: Grade
        messages: Messages
        runbook: str
        hides_pages: bool


class Grade(IntEnum):
    """How bad a problem is: the value of `target:whatsapp_problem:severity`.

    Of several problems of a client the highest is the one to read first: what loses messages before what
    delays them, and what is not known before all, since it may be just that. Among clients, the dashboards
    put those known to be down before those of which nothing is known.
    """

    NONE = 0
    MINOR = 1  # work for the day
    LATENT = 2  # does no harm until something else happens
    SERIOUS = 3
    LOSING = 4  # messages
    CRITICAL = 5
    UNKNOWN = 6

    @property
    def word(self) -> str:
        """The word for people: none, minor, serious, critical or unknown."""
        return "serious" if self in {Grade.LATENT, Grade.LOSING} else self.name.lower()


class Messages(IntEnum):
    """What happens to a client's messages: the value of `target:whatsapp_messages:state`."""

    FLOWING = 0
    DELAYED = 1
    IN_DOUBT = 2
    SOME_FAIL = 3
    STANDING_STILL = 4
    NOT_KNOWN = 5

    @property
    def words(self) -> str:
        """The words for people, such as `some fail`."""
        return self.name.lower().replace("_", " ")


_OF_STATE: Final[Mapping[State, tuple[Grade, Messages, str]]] = {
    State.OK: (Grade.MINOR, Messages.FLOWING, "WhatsAppDegraded"),
    State.DEGRADED: (Grade.SERIOUS, Messages.FLOWING, "WhatsAppDegraded"),
    # What it does to messages depends on whether others still serve: the verdict says that.
    State.DOWN: (Grade.CRITICAL, Messages.FLOWING, "WhatsAppDown"),
    State.UNKNOWN: (Grade.UNKNOWN, Messages.NOT_KNOWN, "WhatsAppUnknown"),
}


class ProblemKind(NamedTuple):
    """One kind of problem.

    `state` is what it makes of the verdict at the least; None where no verdict knows of it, since only
    Prometheus can tell, from what statistics and settings did over time. `grade` is how bad it is where
    nothing makes up for it: another coreapp that serves, or another exporter that knows. `messages` is what
    it does to them by itself, whatever the verdict. `advice` is a sentence without capital and full stop.
    """

    slug: str
    state: State | None
    grade: Grade
    messages: Messages
    runbook: str
    advice: str
    hides_pages: bool = False  # nobody would read a page that is sent through the client

    @property
    def words(self) -> str:
        """The name for people."""
        return self.slug.replace("_", " ")


def judged(slug: str, state: State, advice: str, **others: Unpack[_Others]) -> ProblemKind:
    """Return a kind of problem that a verdict names; `others` differ from what is usual for its state."""
    grade, messages, runbook = _OF_STATE[state]
    return ProblemKind(slug, state, grade, messages, runbook, advice)._replace(**others)


def observed(
    slug: str, advice: str, grade: Grade, runbook: str, messages: Messages = Messages.FLOWING
) -> ProblemKind:
    """Return a kind of problem that only Prometheus can see, over time."""
    return ProblemKind(slug, None, grade, messages, runbook, advice)
