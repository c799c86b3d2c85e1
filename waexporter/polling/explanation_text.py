"""The words of an explanation of a verdict: the same on the page, in JSON and on the terminal; pure."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from waexporter.model.explanation import TextEntry, TextSection
from waexporter.timefmt import humanize_seconds, to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from waexporter.model import Verdict
    from waexporter.model.explanation import ExpectedChange, ExplainedProblem, Explanation

_SOON = 72_000.0  # seconds for which a time of day is enough
_MAX_ALIKE = 5  # problems of one kind: one fault may affect every node


def describe_headline(name: str, verdict: Verdict, now: float) -> str:
    """Return the line above everything else."""
    since = to_datetime(verdict.since)
    lasting = f", for {humanize_seconds(now - verdict.since)}, since {since:%d %b %H:%M} UTC" if since else ""
    return f"{name} is {verdict.state.upper()}{lasting}"


def describe_age(seconds: float) -> str:
    """Return an age, such as `12 s ago`."""
    return f"{humanize_seconds(seconds)} ago"


def describe_change(before: Verdict, after: Verdict) -> str:
    """Return what becomes of a verdict; empty if nothing changes."""
    old = dict.fromkeys(problem.slug for problem in before.problems)
    new = dict.fromkeys(problem.slug for problem in after.problems)
    begun = [slug for slug in new if slug not in old]
    ended = [slug for slug in old if slug not in new]
    if before.state is after.state and not begun and not ended:
        return ""
    words = f"becomes {after.state}" if after.state is not before.state else f"stays {after.state}"
    words += f", with the {_name_problems(begun)}" if begun else ""
    # An unknown state hides the other problems, which does not end them.
    return words + (f", without the {_name_problems(ended)}" if ended and after.up else "")


def _name_problems(slugs: Sequence[str]) -> str:
    return f"{'problem' if len(slugs) == 1 else 'problems'} {', '.join(slugs)}"


def describe_sections(explanation: Explanation) -> tuple[TextSection, ...]:
    """Return all of an explanation in words; a section without entries is left out."""
    conclusion, answers = explanation.conclusion, explanation.answers
    why = (TextEntry(_sentence(conclusion)),) if conclusion else ()
    sections = (
        TextSection("Problems", tuple(_problem_entries(explanation.problems, explanation.at))),
        TextSection(f"Why {explanation.state}", why),
        TextSection("Answers", tuple(TextEntry(f"{each.request}, {each.words}") for each in answers)),
        TextSection("What would change it", tuple(_change_entries(explanation.changes, explanation.at))),
        TextSection("Not known", tuple(TextEntry(_sentence(each)) for each in explanation.unknown)),
    )
    return tuple(section for section in sections if section.entries)


def _problem_entries(problems: Sequence[ExplainedProblem], now: float) -> Iterator[TextEntry]:
    """Yield an entry for each problem; those of one kind share their details."""
    for slug, group in groupby(problems, key=lambda each: each.slug):
        alike = list(group)
        for problem in alike[: min(_MAX_ALIKE, len(alike)) - 1]:
            yield TextEntry(_problem_words(problem, now))
        last = alike[min(_MAX_ALIKE, len(alike)) - 1]
        rest = len(alike) - _MAX_ALIKE
        more = f"; and {rest} more {slug}" if rest > 0 else ""
        details = (
            ("do", last.advice),
            ("rule", last.rule),
            ("seen in", "; ".join(last.sources)),
            ("ends", f"when {last.clears}"),
            ("runbook", last.runbook),
        )
        yield TextEntry(_problem_words(last, now) + more, details)


def _problem_words(problem: ExplainedProblem, now: float) -> str:
    return f"{problem.slug}, for {humanize_seconds(now - problem.since)}: {problem.words}"


def _change_entries(changes: Iterable[ExpectedChange], now: float) -> Iterator[TextEntry]:
    for change in changes:
        wait, at = change.at - now, to_datetime(change.at)
        clock = "%H:%M:%S UTC" if wait < _SOON else "%d %b %Y"
        when = f"in {humanize_seconds(wait)} ({at:{clock}})" if at and wait >= 1 else "now"
        yield TextEntry(f"{when}: {change.words}")


def _sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."
