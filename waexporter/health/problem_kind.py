"""A kind of problem: how severe it is, what it does to messages, and what to do about it."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.model import Endpoint, State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict, Unpack

    class _Others(TypedDict, total=False):
        grade: Grade
        messages: Messages
        runbook: str
        hides_pages: bool
        reads: tuple[Endpoint, ...]


class Grade(IntEnum):
    """How severe a problem is: the value of `target:whatsapp_problem:severity`.

    Among the problems of one client, the highest has to be read first: one that loses messages before one
    that delays them, and an unknown state before all others, since it may be the worst. Among clients, the
    dashboards show those that are down before those whose state is unknown.
    """

    NONE = 0
    MINOR = 1  # can wait for working hours
    LATENT = 2  # does no harm until something else fails
    SERIOUS = 3
    LOSING = 4  # loses messages
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
    # Whether messages are lost depends on the other nodes, which only the verdict considers.
    State.DOWN: (Grade.CRITICAL, Messages.FLOWING, "WhatsAppDown"),
    State.UNKNOWN: (Grade.UNKNOWN, Messages.NOT_KNOWN, "WhatsAppUnknown"),
}


class ProblemKind(NamedTuple):
    """One kind of problem.

    The state of the verdict is at least as bad as `state`, which is None for problems that only Prometheus
    can see, from changes of metrics over time. `grade` is the severity if nothing makes up for the problem,
    such as another coreapp that is connected, or another exporter. `messages` is its own effect on messages,
    whatever the verdict. `advice`, `rule` and `clears` are sentences without a capital letter and a full
    stop.
    """

    slug: str
    state: State | None
    grade: Grade
    messages: Messages
    runbook: str
    advice: str
    hides_pages: bool = False  # nobody would read a page that is sent through the client
    rule: str = ""  # what has to be true for it; empty for problems that only Prometheus can see
    clears: str = ""  # what ends it: "it ends when …"
    reads: tuple[Endpoint, ...] = (Endpoint.HEALTH,)  # the answers that the rule may need

    @property
    def words(self) -> str:
        """The name for people."""
        return self.slug.replace("_", " ")


def judged(
    slug: str, state: State, advice: str, *, rule: str, clears: str, **others: Unpack[_Others]
) -> ProblemKind:
    """Return a kind of problem that verdicts have; `others` replace the default values for its state."""
    grade, messages, runbook = _OF_STATE[state]
    kind = ProblemKind(slug, state, grade, messages, runbook, advice, rule=rule, clears=clears)
    return kind._replace(**others)


def observed(
    slug: str, advice: str, grade: Grade, runbook: str, messages: Messages = Messages.FLOWING
) -> ProblemKind:
    """Return a kind of problem that only Prometheus can see, from changes over time."""
    return ProblemKind(slug, None, grade, messages, runbook, advice)
