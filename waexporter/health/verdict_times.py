"""Since when a verdict's state and each of its problems have lasted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model import Instant, Problem, Verdict

_MAX_DRIFT = 1.0  # seconds by which the clocks may differ without a jump


def with_start_times(verdict: Verdict, before: Verdict | None, now: Instant) -> Verdict:
    """Return the verdict with its start times: those of the previous verdict for all that has not changed."""
    known = {(problem.slug, problem.node): problem for problem in before.problems} if before else {}
    problems = tuple(
        _with_start_time(each, known.get((each.slug, each.node)), now) for each in verdict.problems
    )
    if before is not None and before.state is verdict.state:
        return replace(verdict, problems=problems, since=before.since, began=before.began)
    return replace(verdict, problems=problems, since=now.wall, began=now.steady)


def _with_start_time(problem: Problem, before: Problem | None, now: Instant) -> Problem:
    """Return a problem with the time when it was first seen."""
    since, began = (before.since, before.began) if before else (problem.since, problem.began)
    return replace(problem, since=since or now.wall, began=began or now.steady)


def with_current_times(verdict: Verdict, now: Instant) -> Verdict:
    """Return a verdict whose times are right by the present wall clock, even if it has jumped."""
    problems = tuple(
        replace(problem, since=_current_time(problem.since, problem.began, now))
        for problem in verdict.problems
    )
    return replace(verdict, since=_current_time(verdict.since, verdict.began, now), problems=problems)


def _current_time(since: float, began: float, now: Instant) -> float:
    measured = now.wall - (now.steady - began)
    return since if abs(measured - since) < _MAX_DRIFT else measured
