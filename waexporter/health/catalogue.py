"""The problems of all kinds of client, by slug, for the documents, the rules and the dashboards.

Code that deals with one target uses only the problems of its kind: `HealthRules.problems`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.health.on_premises import ON_PREMISES_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.health.judging import HealthRules
    from waexporter.health.problem_kind import ProblemKind

KIND_RULES: Final[tuple[HealthRules, ...]] = (ON_PREMISES_RULES,)  # of every kind of client


def list_problems(kinds: Iterable[HealthRules]) -> dict[str, ProblemKind]:
    """Return the problems of each kind by slug: those in verdicts, then those that only Prometheus sees."""
    return {kind.slug: kind for rules in kinds for kind in (*rules.problems.values(), *rules.observed)}


PROBLEMS: Final[Mapping[str, ProblemKind]] = list_problems(KIND_RULES)
