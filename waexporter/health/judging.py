"""The rules for a kind of client, the evidence that they get, and the judgement that they return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from waexporter.model import Success

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.health.problem_kind import ProblemKind
    from waexporter.model import Distrust, Document, Endpoint, Failure, Instant, Reading, Target, Verdict

_Document = TypeVar("_Document")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the rules know about a target."""

    target: Target
    successes: Mapping[Endpoint, Reading]  # the newest of each endpoint, as long as it is fresh
    failure: Failure | None = None  # of the newest health poll, if it failed
    polled: bool = True  # a health poll has ended
    distrust: Distrust | None = None

    def documents(self) -> dict[Endpoint, Document]:
        """Return the fresh documents by endpoint."""
        return {
            endpoint: reading.outcome.document
            for endpoint, reading in self.successes.items()
            if isinstance(reading.outcome, Success) and reading.outcome.document is not None
        }

    def document(self, endpoint: Endpoint, kind: type[_Document]) -> _Document | None:
        """Return the fresh document of an endpoint; None if there is none of this type."""
        document = self.documents().get(endpoint)
        return document if isinstance(document, kind) else None


class Conclusion(NamedTuple):
    """How the state of a verdict follows from its problems."""

    words: str = ""  # a sentence without a capital letter and a full stop; empty: not known
    deciding: tuple[str, ...] = ()  # the slugs of the problems that decide


class Judgement(NamedTuple):
    """A verdict, when it changes without a new reading, and how its state follows."""

    verdict: Verdict
    changes_at: float | None  # steady clock; None: never
    conclusion: Conclusion = Conclusion()


class HealthRules(NamedTuple):
    """How clients of one kind are judged."""

    problems: Mapping[str, ProblemKind]  # by slug: all that a verdict may have
    judge: Callable[[Evidence, Verdict | None, Instant], Judgement]  # the verdict is the previous one
    observed: tuple[ProblemKind, ...] = ()  # problems that only Prometheus can see
