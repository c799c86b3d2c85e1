"""GET /: the status page for people; imported at the first request for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.model import Reason, State
from waexporter.timefmt import humanize_seconds
from waexporter.web.backend import FOR_ADMINS, OK, PENDING
from waexporter.web.formatting import format_time, public_url
from waexporter.web.site.html import html_response
from waexporter.web.site.status_page_pager import SHOWN_PAGES, describe_pager

if TYPE_CHECKING:
    from waexporter.health.problem_kind import ProblemKind
    from waexporter.model import Problem
    from waexporter.web.backend import Backend, EndpointStatus, ReloadResult, TargetStatus
    from waexporter.web.formatting import FormattedTime
    from waexporter.web.responses import IncomingRequest, Response

# The worst first. Unknown comes right after down, because the client may be down.
ORDER: Final = (State.DOWN, State.UNKNOWN, State.DEGRADED, State.OK)
SYMBOLS: Final = {State.DOWN: "✕", State.UNKNOWN: "?", State.DEGRADED: "!", State.OK: "✓"}
_OUTCOMES: Final = {
    PENDING: "not polled yet",
    FOR_ADMINS: "for admins only",
    Reason.TLS: "no trusted connection",
    Reason.RATE_LIMITED: "asked too often",
    Reason.STATUS: "failed",
    Reason.BODY: "not understood",
    Reason.TOO_LARGE: "too large",
    Reason.STALE_NODE: "a node left out",
}
_CSS_CLASSES: Final = {PENDING: "pending", FOR_ADMINS: "fact"}
_REFRESH = 15  # seconds
_SHOWN_PROBLEMS = 10  # of a reload


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One problem of a target."""

    slug: str
    words: str
    since: FormattedTime | None
    runbook: str | None
    is_note: bool  # it does not make the verdict worse


@dataclass(frozen=True, slots=True)
class PollLine:
    """The last poll of one endpoint."""

    endpoint: str
    css_class: str  # ok | bad | stale | pending | fact
    outcome: str
    age: str
    hint: str
    message: str


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target."""

    name: str
    url: str
    labels: tuple[tuple[str, str], ...]
    facts: str
    since: FormattedTime | None
    problems: tuple[ProblemLine, ...]
    polls: tuple[PollLine, ...]


@dataclass(frozen=True, slots=True)
class FailedReload:
    """The last reload, which failed."""

    at: FormattedTime | None
    problems: tuple[str, ...]
    rest: str  # the number of problems that are not shown; empty without any


@dataclass(frozen=True, slots=True)
class VerdictGroup:
    """All targets with the same verdict."""

    state: State
    symbol: str
    rows: tuple[TargetRow, ...]


def show_status_page(request: IncomingRequest, backend: Backend) -> Response:
    """Return the status page."""
    now = request.at
    notices = tuple(notice for notice in (backend.unhealthy(), backend.unready()) if notice is not None)
    failed = backend.failed_reload()
    targets = backend.targets()
    groups = group_targets(targets, now)
    pager = backend.pager
    return html_response(
        request,
        "status.html",
        refresh=_REFRESH,
        made=format_time(now, now),
        notices=notices,
        reload=None if failed is None else _failed_reload(failed, now),
        groups=groups,
        pager=None
        if pager is None
        else describe_pager(pager.status(SHOWN_PAGES), now, _unread_targets(targets)),
        total=sum(len(group.rows) for group in groups),
        title=_page_title(groups),
    )


def _unread_targets(targets: tuple[TargetStatus, ...]) -> tuple[str, ...]:
    """Return the names of the targets whose on-call group nobody reads."""
    return tuple(
        target.name
        for target in targets
        if any(
            problem.slug in target.problem_kinds and target.problem_kinds[problem.slug].hides_pages
            for problem in target.verdict.problems
        )
    )


def group_targets(targets: tuple[TargetStatus, ...], now: float) -> tuple[VerdictGroup, ...]:
    """Group targets by verdict, the worst first, each group sorted by name."""
    ordered = sorted(targets, key=lambda each: (each.name.casefold(), each.name))
    counts = Counter(each.verdict.state for each in ordered)
    return tuple(
        VerdictGroup(
            state,
            SYMBOLS[state],
            tuple(_target_row(each, now) for each in ordered if each.verdict.state == state),
        )
        for state in ORDER
        if counts[state]
    )


def _failed_reload(failed: ReloadResult, now: float) -> FailedReload:
    more = len(failed.problems) - _SHOWN_PROBLEMS
    rest = f"and {more} more; POST /-/reload lists them all" if more > 0 else ""
    return FailedReload(format_time(failed.at, now), failed.problems[:_SHOWN_PROBLEMS], rest)


def _page_title(groups: tuple[VerdictGroup, ...]) -> str:
    troubled = [f"{len(group.rows)} {group.state}" for group in groups if group.state is not State.OK]
    return ", ".join(troubled) or "all ok"


def _target_row(target: TargetStatus, now: float) -> TargetRow:
    verdict = target.verdict
    return TargetRow(
        name=target.name,
        url=public_url(target.url),
        labels=target.labels,
        facts=" · ".join(target.facts),
        since=format_time(verdict.since or None, now) if verdict.state is not State.OK else None,
        problems=tuple(
            _problem_line(problem, target.problem_kinds.get(problem.slug), now)
            for problem in verdict.problems
        ),
        polls=tuple(_poll_line(endpoint, now) for endpoint in target.endpoints),
    )


def _problem_line(problem: Problem, kind: ProblemKind | None, now: float) -> ProblemLine:
    return ProblemLine(
        slug=problem.slug,
        words=problem.words,
        since=format_time(problem.since, now),
        runbook=kind and kind.runbook,
        is_note=kind is not None and kind.state is State.OK,
    )


def _poll_line(status: EndpointStatus, now: float) -> PollLine:
    last = format_time(status.last_success_at, now)
    hint = [f"every {humanize_seconds(status.interval)}"]
    if status.duration is not None:
        hint.append(f"took {status.duration:.2f} s, {status.samples} samples")
    hint.append(f"last success {last.clock}, {last.ago} ago" if last else "no success yet")
    return PollLine(
        endpoint=status.endpoint,
        css_class=_poll_css_class(status),
        outcome=_OUTCOMES.get(status.outcome, status.outcome),
        age="" if status.age is None else f"{humanize_seconds(status.age)} ago",
        hint="; ".join(hint),
        message="the account is none" if status.outcome == FOR_ADMINS else status.message,
    )


def _poll_css_class(status: EndpointStatus) -> str:
    if status.outcome in _CSS_CLASSES:
        return _CSS_CLASSES[status.outcome]
    if status.outcome != OK:
        return "bad"
    return "stale" if status.stale else "ok"
