"""Which evidence a problem follows from, found by judging again without each part of it; pure.

So an explanation never names other evidence than the rules use: it has no list of its own.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from waexporter.model import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from waexporter.health.judging import Evidence, HealthRules, Judgement
    from waexporter.model import Instant, Problem, Verdict


class Source(StrEnum):
    """Evidence that is not the answer of an endpoint."""

    FAILURE = "failure"  # of the newest poll of the health
    TOKENS = "tokens"  # which tokens the client accepted, and which it refused
    PAST = "past"  # the verdict before


EvidencePart: TypeAlias = "Endpoint | Source"
ProblemKey: TypeAlias = tuple[str, str, str]  # slug, node, words

# In this order each part is left out, if the problem is found without it: what is direct stays.
_ORDER: Final[tuple[EvidencePart, ...]] = (
    Source.PAST,
    Source.TOKENS,
    *(endpoint for endpoint in reversed(Endpoint) if endpoint is not Endpoint.HEALTH),
    Source.FAILURE,
    Endpoint.HEALTH,
)


def problem_key(problem: Problem) -> ProblemKey:
    """Return what makes a problem the same one in two verdicts of one moment."""
    return problem.slug, problem.node, problem.words


def select_evidence(evidence: Evidence, parts: AbstractSet[EvidencePart]) -> Evidence:
    """Return the evidence without the parts that are not named; Source.PAST is not in it."""
    return replace(
        evidence,
        successes={
            endpoint: reading for endpoint, reading in evidence.successes.items() if endpoint in parts
        },
        failure=evidence.failure if Source.FAILURE in parts else None,
        distrust=evidence.distrust if Source.TOKENS in parts else None,
    )


class Trace:
    """One moment's evidence, judged again with parts of it."""

    def __init__(self, rules: HealthRules, evidence: Evidence, before: Verdict | None, now: Instant) -> None:
        self._rules = rules
        self._evidence = evidence
        self._before = before
        self._now = now
        self._found: dict[frozenset[EvidencePart], frozenset[ProblemKey]] = {}

    @property
    def parts(self) -> tuple[EvidencePart, ...]:
        """All parts of the evidence that there are."""
        held: set[EvidencePart] = {*self._evidence.successes}
        if self._before is not None:
            held.add(Source.PAST)
        if self._evidence.distrust is not None:
            held.add(Source.TOKENS)
        if self._evidence.failure is not None:
            held.add(Source.FAILURE)
        return tuple(part for part in _ORDER if part in held)

    def judge(self) -> Judgement:
        """Return the judgement on all of the evidence."""
        return self._rules.judge(self._evidence, self._before, self._now)

    def sources(self, problem: Problem) -> tuple[EvidencePart, ...]:
        """Return parts that suffice for a problem, none of which can be left out; health comes first."""
        key, kept = problem_key(problem), frozenset(self.parts)
        # More than once: without one part, another that was needed beside it may be of no use any more.
        while needless := next((part for part in self.parts if self._is_needless(part, kept, key)), None):
            kept -= {needless}
        return tuple(part for part in reversed(_ORDER) if part in kept)

    def _is_needless(self, part: EvidencePart, kept: frozenset[EvidencePart], key: ProblemKey) -> bool:
        return part in kept and key in self.problems_by(kept - {part})

    def problems_by(self, parts: Iterable[EvidencePart]) -> frozenset[ProblemKey]:
        """Return the problems that some parts of the evidence show."""
        chosen = frozenset(parts)
        if chosen not in self._found:
            before = self._before if Source.PAST in chosen else None
            verdict = self._rules.judge(select_evidence(self._evidence, chosen), before, self._now).verdict
            self._found[chosen] = frozenset(map(problem_key, verdict.problems))
        return self._found[chosen]


def unseen_problems(rules: HealthRules, missing: Iterable[Endpoint]) -> Mapping[Endpoint, tuple[str, ...]]:
    """Return, for each endpoint without an answer that counts, the problems that can't be seen for it."""
    return {
        endpoint: tuple(slug for slug, kind in rules.problems.items() if endpoint in kind.reads)
        for endpoint in missing
    }
