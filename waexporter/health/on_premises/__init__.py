"""The health rules for clients of the On-Premises API.

They come from the API's documentation. What is healthy depends on the topology: in high availability exactly
one coreapp is connected and all other nodes are disconnected; in multiconnect one coreapp per shard and the
primary master are connected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.health.judging import HealthRules, Judgement
from waexporter.health.on_premises.facts import Facts, gather_facts
from waexporter.health.on_premises.observed_problems import OBSERVED_PROBLEMS
from waexporter.health.on_premises.problems import JUDGED_PROBLEMS
from waexporter.health.on_premises.rules import CONNECTING_TOO_LONG
from waexporter.health.on_premises.verdict import changes_at, judge, judge_and_conclude
from waexporter.health.shared_problems import SHARED_PROBLEMS

if TYPE_CHECKING:
    from waexporter.health.judging import Evidence
    from waexporter.model import Instant, Verdict

__all__ = ["CONNECTING_TOO_LONG", "ON_PREMISES_RULES", "Facts", "changes_at", "judge"]


def _judge(evidence: Evidence, before: Verdict | None, now: Instant) -> Judgement:
    facts = gather_facts(evidence)
    verdict, conclusion = judge_and_conclude(facts, before, now)
    return Judgement(verdict, changes_at(verdict, facts, now), conclusion)


ON_PREMISES_RULES: Final = HealthRules(
    {kind.slug: kind for kind in (*SHARED_PROBLEMS, *JUDGED_PROBLEMS)}, _judge, OBSERVED_PROBLEMS
)
