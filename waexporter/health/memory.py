"""What a verdict remembers of the one before: since when its state and each of its problems have lasted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model import Instant, Problem, Verdict

_SAME = 1.0  # seconds by which clocks drift apart without having jumped


def remember(verdict: Verdict, before: Verdict | None, now: Instant) -> Verdict:
    """Return the verdict with the times since when its state and each of its problems have lasted."""
    known = {(problem.slug, problem.node): problem for problem in before.problems} if before else {}
    problems = tuple(_lasting(each, known.get((each.slug, each.node)), now) for each in verdict.problems)
    if before is not None and before.state is verdict.state:
        return replace(verdict, problems=problems, since=before.since, began=before.began)
    return replace(verdict, problems=problems, since=now.wall, began=now.steady)


def _lasting(problem: Problem, before: Problem | None, now: Instant) -> Problem:
    """Return a problem with the moment when it was first seen."""
    since, began = (before.since, before.began) if before else (problem.since, problem.began)
    return replace(problem, since=since or now.wall, began=began or now.steady)


def as_read(verdict: Verdict, now: Instant) -> Verdict:
    """Return a verdict whose times are right by the wall clock as it is now, even after it jumped."""
    problems = tuple(
        replace(problem, since=_by_now(problem.since, problem.began, now)) for problem in verdict.problems
    )
    return replace(verdict, since=_by_now(verdict.since, verdict.began, now), problems=problems)


def _by_now(since: float, began: float, now: Instant) -> float:
    measured = now.wall - (now.steady - began)
    return since if abs(measured - since) < _SAME else measured
