"""The output of `waexporter probe`: a line for each poll, and an explanation of the verdict."""

from __future__ import annotations

import textwrap
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.metrics.tally import AnswerKind
from waexporter.model import Failure, Success
from waexporter.timefmt import plural, short_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waexporter.model import Problem, Reading
    from waexporter.polling.state import TargetState
    from waexporter.polling.tables import KindDescription
    from waexporter.transport.exchange import Reply

_WIDTH = 120
_MAX_PROBLEMS = 3  # of one kind: one fault may affect every node
_PHASES = ("connect", "tls", "wait", "body")


# --- polls -------------------------------------------------------------------------------------


class PollTable:
    """The table of the polls: a line for each, wrapped below its last column."""

    def __init__(self, requests: Sequence[str], description: KindDescription) -> None:
        self._description = description
        self._width = max(map(len, requests))
        self._last_result = ""

    def header(self) -> str:
        """Return the titles of the columns."""
        return f"{'asked':<{self._width}}{'took':>8}  {'connect/tls/wait/body':<24}what came back"

    def lines(self, request: str, reading: Reading, reply: Reply | None, answer: AnswerKind) -> list[str]:
        """Return the lines of one poll; a failure that repeats the last one is not explained again."""
        result = _describe_outcome(reading, reply, answer, self._description)
        is_repeated = isinstance(reading.outcome, Failure) and result == self._last_result
        self._last_result = result
        begin = f"{request:<{self._width}}{_format_times(reading, reply)}"
        return _wrap(begin, "FAILED, the same" if is_repeated else result, " " * len(begin))


def _format_times(reading: Reading, reply: Reply | None) -> str:
    """Return the duration of a poll and the phases of its last request, in columns."""
    phases = dict(reply.phases) if reply else {}
    if "connect" in phases:
        phases["connect"] += phases.get("dns", 0.0)
    each = (short_duration(phases[name]) if name in phases else "-" for name in _PHASES)
    return f"{short_duration(reading.duration):>8}  {'/'.join(each) if phases else '':<24}"


def _wrap(begin: str, text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=begin, subsequent_indent=indent, break_on_hyphens=False)


def _describe_outcome(
    reading: Reading, reply: Reply | None, answer: AnswerKind, description: KindDescription
) -> str:
    outcome = reading.outcome
    if isinstance(outcome, Failure) and outcome.is_for_admins:
        return f"{outcome.message}; nothing else needs one"
    if isinstance(outcome, Failure):
        return f"FAILED, {outcome.reason.value}: {outcome.message}"
    # Only for a 200: other statuses may be no failure, such as 404 for a missing certificate.
    size = f"{reply.status}, {len(reply.body)} bytes: " if reply and reply.status == HTTPStatus.OK else ""
    if answer is not AnswerKind.STATISTICS:
        flaws = "".join(f"; but {flaw.reason.value}: {flaw.message}" for flaw in dict.fromkeys(outcome.flaws))
        document = outcome.document
        words = (
            description.without_document.get(reading.endpoint, "nothing")
            if document is None
            else description.summarize(document)
        )
        return size + words + flaws + _describe_dropped(outcome)
    notes = [plural(outcome.samples, "sample")]
    if outcome.unknown_families:
        notes.append(f"{outcome.unknown_families} families not in the API's documentation")
    return size + ", ".join(notes) + _describe_dropped(outcome)


def _describe_dropped(outcome: Success) -> str:
    """Return what was dropped from a reply, and why."""
    if not outcome.dropped:
        return ""
    counts = ", ".join(f"{count} {drop.replace('_', ' ')}" for drop, count in outcome.dropped)
    return f"; left out: {counts}" + (f" ({'; '.join(outcome.losses)})" if outcome.losses else "")


# --- the verdict -------------------------------------------------------------------------------


def explain_verdict(state: TargetState) -> Iterator[str]:
    """Yield the lines that explain the verdict on a target."""
    verdict, description = state.verdict, state.tables.description
    facts = ", ".join(description.probe_facts(verdict))
    yield f"verdict: {verdict.state.upper()}" + (f" ({facts})" if facts else "")
    outcomes = [reading.outcome for reading in state.successes.values()]
    documents = [each.document for each in outcomes if isinstance(each, Success) and each.document]
    for note in description.probe_notes(state.target, verdict, documents):
        yield from _wrap("  note: ", note, "        ")
    kinds: dict[str, list[Problem]] = {}
    for problem in verdict.problems:
        kinds.setdefault(problem.slug, []).append(problem)
    for slug, alike in kinds.items():
        yield from _explain_problems(alike, state.tables.rules.problems[slug].advice)
    yield from description.probe_lines(verdict)


def _explain_problems(alike: list[Problem], advice: str) -> Iterator[str]:
    """Yield the problems of one kind, then once what to do about them."""
    slug = alike[0].slug
    for problem in alike[:_MAX_PROBLEMS]:
        yield from _wrap(f"  {slug}: ", problem.words, "      ")
    if len(alike) > _MAX_PROBLEMS:
        yield f"  {slug}: and {len(alike) - _MAX_PROBLEMS} more like this"
    yield from _wrap("    -> ", advice, "       ")
