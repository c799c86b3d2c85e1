"""Checks of each client that may carry pages: its verdict, its recipients, whether it accepts messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.commands.pager_checks.finding import bad, good, note
from waexporter.commands.pager_checks.on_premises_client import check_on_premises_client
from waexporter.model import ClientKind, State
from waexporter.paging.routing import affected_targets, choose_routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.commands.pager_checks.finding import Finding
    from waexporter.commands.pager_survey import Survey, TargetReport
    from waexporter.model import PagerSettings

# The checks of one target beyond its verdict: whom it pages, and whether it accepts messages.
CLIENT_CHECKS: Final[
    Mapping[ClientKind, Callable[[str, PagerSettings, TargetReport, Survey], Iterator[Finding]]]
] = {ClientKind.ON_PREMISES: check_on_premises_client}


def check_clients(pager: PagerSettings, surveyed: Survey) -> Iterator[Finding]:
    """Check each surveyed client, then the routes through all of them."""
    for report in surveyed.reports:
        name = f"target {report.target.name}"
        yield from _check_verdict(name, report)
        yield from CLIENT_CHECKS[report.target.kind](name, pager, report, surveyed)
    routes = choose_routes(
        [report.carrier(pager) for report in surveyed.reports], pager.via, affected_targets([]), frozenset()
    )
    if routes.open:
        order = ", ".join(carrier.name for carrier in routes.open)
        yield good(f"routes: a page would go through the first of these that takes it: {order}")
    else:
        yield bad("routes: no client could carry a page now", "see the targets above")


def _check_verdict(name: str, report: TargetReport) -> Iterator[Finding]:
    state, problems = report.verdict.state, report.verdict.problems
    if state is State.OK:
        yield good(f"{name}: reachable, verdict ok")
        return
    words = "; ".join(problem.words for problem in problems[:3]) or "health is not polled"
    remedy = report.problem_kinds[problems[0].slug].advice if problems else "set poll.health"
    make_finding = note if state is State.DEGRADED else bad
    yield make_finding(
        f"{name}: verdict {state}: {words}", f"{remedy}; `waexporter probe {report.target.name}` says more"
    )
