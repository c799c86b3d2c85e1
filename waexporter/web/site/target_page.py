"""GET /targets/NAME: everything about one client; imported at the first request for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from waexporter.timefmt import humanize_seconds
from waexporter.web.formatting import format_duration, format_time, public_url
from waexporter.web.negotiation import prefers_html
from waexporter.web.responses import error_response
from waexporter.web.site.html import html_response
from waexporter.web.site.poll_chart import HEIGHT, PHASE_WORDS, WIDTH, draw_polls
from waexporter.web.site.poll_words import SYMBOLS, outcome_kind, outcome_words
from waexporter.web.site.sparkline import draw_queue
from waexporter.web.site.target_rows import SYMBOLS as STATE_SYMBOLS
from waexporter.web.site.target_rows import problem_line
from waexporter.web.unknown_target import describe_other_shard, quote_name

if TYPE_CHECKING:
    from waexporter.model import Problem
    from waexporter.polling.history import SettingChange
    from waexporter.web.backend import Backend, EndpointStatus, TargetDetails, TargetStatus
    from waexporter.web.formatting import FormattedTime
    from waexporter.web.responses import IncomingRequest, Response
    from waexporter.web.site.target_rows import ProblemLine

_REFRESH: Final = 15  # seconds


@dataclass(frozen=True, slots=True)
class ProblemCard:
    """One problem, and what to do about it."""

    line: ProblemLine
    advice: str  # a sentence without a full stop; empty if there is none


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """The newest reading of one endpoint."""

    endpoint: str
    kind: str  # ok | fact | pending | bad
    symbol: str
    outcome: str
    age: str
    every: str
    took: str
    content: str  # what came back, or why it failed
    last_success: FormattedTime | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A setting of the client with a new value."""

    key: str
    old: str | None
    new: str | None
    at: FormattedTime | None


def show_target(request: IncomingRequest, backend: Backend) -> Response:
    """Return the page of one target."""
    name = request.parameter("name")
    details = backend.target(name)
    if details is None:
        words = describe_other_shard(backend, name) or f"No target is called {quote_name(name)}."
        return _not_found(request, words)
    now = request.at
    target = details.status
    explanation = backend.explain(name)
    verdict = target.verdict
    return html_response(
        request,
        "target.html",
        refresh=_REFRESH,
        title=f"{target.name}: {verdict.state}",
        made=format_time(now, now),
        name=target.name,
        query=quote(target.name, safe=""),
        url=public_url(target.url),
        state=verdict.state,
        symbol=STATE_SYMBOLS[verdict.state],
        since=format_time(verdict.since or None, now),
        facts=target.facts,
        labels=target.labels,
        problems=tuple(_problem_card(problem, target, now) for problem in verdict.problems),
        reasons=explanation.sections if explanation is not None else (),
        nodes=details.nodes,
        readings=tuple(_reading_row(each, details, now) for each in target.endpoints),
        chart=draw_polls(details.polls, now),
        phase_words=[words for phase, words in PHASE_WORDS.items() if phase != "rest"],
        width=WIDTH,
        height=HEIGHT,
        queues=tuple(draw_queue(queue, now) for queue in details.queues),
        changes=tuple(_change_row(change, now) for change in reversed(details.changes)),
    )


def _not_found(request: IncomingRequest, words: str) -> Response:
    """Return the response to a name that there is not: a page for a browser, else one sentence."""
    if not prefers_html(request.header("accept")):
        return error_response(request, HTTPStatus.NOT_FOUND, f"{words} GET /api/v1/targets lists them all.")
    page = html_response(request, "missing.html", title="no such target", words=words)
    return replace(page, status=HTTPStatus.NOT_FOUND, error=words)


def _problem_card(problem: Problem, target: TargetStatus, now: float) -> ProblemCard:
    kind = target.problem_kinds.get(problem.slug)
    return ProblemCard(problem_line(problem, kind, now), kind.advice if kind else "")


def _reading_row(status: EndpointStatus, details: TargetDetails, now: float) -> ReadingRow:
    kind = outcome_kind(status.outcome)
    return ReadingRow(
        endpoint=status.endpoint,
        kind=kind,
        symbol=SYMBOLS[kind],
        outcome=outcome_words(status.outcome),
        age="" if status.age is None else humanize_seconds(status.age),
        every=humanize_seconds(status.interval),
        took="" if status.duration is None else format_duration(status.duration),
        content=status.message or _content(status, details),
        last_success=format_time(status.last_success_at, now),
        is_stale=status.stale,
    )


def _content(status: EndpointStatus, details: TargetDetails) -> str:
    if status.stale or status.age is None:
        return ""
    samples = f"{status.samples:,} samples" if status.samples else ""
    return details.summaries.get(status.endpoint, samples)


def _change_row(change: SettingChange, now: float) -> ChangeRow:
    return ChangeRow(change.key, change.old, change.new, format_time(change.at, now))
