"""The targets on the status page: their verdicts, problems and readings in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.model import State
from waexporter.timefmt import humanize_seconds
from waexporter.web.backend import FOR_ADMINS, NOT_APPLICABLE, OK, PENDING
from waexporter.web.formatting import format_time, link_to, public_url
from waexporter.web.site.poll_words import outcome_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waexporter.health.problem_kind import ProblemKind
    from waexporter.model import Problem
    from waexporter.web.backend import EndpointStatus, TargetStatus
    from waexporter.web.formatting import FormattedTime
    from waexporter.web.site.fleet_filter import FleetFilter

# The worst first. Unknown comes right after down, because the client may be down.
ORDER: Final = (State.DOWN, State.UNKNOWN, State.DEGRADED, State.OK)
SYMBOLS: Final = {State.DOWN: "✕", State.UNKNOWN: "?", State.DEGRADED: "!", State.OK: "✓"}
_CSS_CLASSES: Final = {PENDING: "pending", FOR_ADMINS: "fact", NOT_APPLICABLE: "fact"}


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
    """The last poll of one endpoint, or of several that failed alike."""

    readings: tuple[tuple[str, str], ...]  # endpoint, age such as `2 min 5 s`; empty before the first poll
    css_class: str  # ok | bad | stale | pending | fact
    outcome: str
    last_success: str  # unless the last poll succeeded
    message: str


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target."""

    name: str
    link: str
    url: str
    labels: tuple[tuple[str, str, str], ...]  # name, value, the link to all targets with it
    facts: str
    since: FormattedTime | None
    problems: tuple[ProblemLine, ...]
    polls: tuple[PollLine, ...]


def sort_key(target: TargetStatus) -> tuple[int, float, str, str]:
    """Return the place of a target: the worst verdict first, the newest trouble first, then by name."""
    verdict = target.verdict
    since = 0.0 if verdict.state is State.OK else -verdict.since
    return ORDER.index(verdict.state), since, target.name.casefold(), target.name


def target_row(target: TargetStatus, shown: FleetFilter, now: float) -> TargetRow:
    """Return the row of a target."""
    verdict = target.verdict
    return TargetRow(
        name=target.name,
        link=link_to("targets", target.name),
        url=public_url(target.url),
        labels=tuple((name, value, shown.link_label(name, value)) for name, value in target.labels),
        facts=" · ".join(target.facts),
        since=format_time(verdict.since or None, now) if verdict.state is not State.OK else None,
        problems=tuple(
            problem_line(problem, target.problem_kinds.get(problem.slug), now) for problem in verdict.problems
        ),
        polls=tuple(describe_polls(target.endpoints, now)),
    )


def problem_line(problem: Problem, kind: ProblemKind | None, now: float) -> ProblemLine:
    """Return a problem in words."""
    return ProblemLine(
        slug=problem.slug,
        words=problem.words,
        since=format_time(problem.since, now),
        runbook=kind and kind.runbook,
        is_note=kind is not None and kind.state is State.OK,
    )


def describe_polls(statuses: Sequence[EndpointStatus], now: float) -> Iterator[PollLine]:
    """Yield the last polls in words; those that failed alike are one line."""
    groups: dict[tuple[str, ...], list[EndpointStatus]] = {}
    for status in statuses:
        is_failed = _poll_css_class(status) == "bad"
        key = (status.outcome, status.message) if is_failed else (status.endpoint,)
        groups.setdefault(key, []).append(status)
    for group in groups.values():
        yield _poll_line(group, now)


def shorten_age(age: str) -> str:
    """Return an age in its largest unit."""
    return " ".join(age.split()[:2])


def _poll_line(group: list[EndpointStatus], now: float) -> PollLine:
    status = group[0]
    outcome, message = outcome_words(status.outcome), status.message
    if status.outcome == FOR_ADMINS:
        outcome, message = status.message, ""  # it says whose login is no admin's
    elif status.outcome == NOT_APPLICABLE:
        message = ""  # the target's own page has it
    ages = ("" if each.age is None else humanize_seconds(each.age) for each in group)
    return PollLine(
        readings=tuple(zip((each.endpoint for each in group), ages, strict=True)),
        css_class=_poll_css_class(status),
        outcome=outcome,
        last_success=_describe_last_success(group, now),
        message=message,
    )


def _describe_last_success(group: list[EndpointStatus], now: float) -> str:
    """Return when one of the polls last succeeded; empty if they did not fail."""
    if group[0].outcome in {OK, PENDING, FOR_ADMINS, NOT_APPLICABLE}:
        return ""
    times = (format_time(each.last_success_at, now) for each in group)
    last = max((each for each in times if each), key=lambda each: each.iso, default=None)
    return f"last success {last.ago} ago" if last else "no success yet"


def _poll_css_class(status: EndpointStatus) -> str:
    if status.outcome in _CSS_CLASSES:
        return _CSS_CLASSES[status.outcome]
    if status.outcome != OK:
        return "bad"
    return "stale" if status.stale else "ok"
