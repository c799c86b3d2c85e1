"""The counts and results of the polls of an endpoint, as families."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from waexporter.metrics.families import counter, gauge, one_sample
from waexporter.model import Drop, Failure, Family, Head, Reason, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.metrics.families import Labels
    from waexporter.model import Endpoint, Reading


@dataclass(frozen=True, slots=True)
class Tally:
    """The results of all polls of one endpoint of one target."""

    polls: int = 0
    missed: int = 0
    failures: tuple[int, ...] = (0,) * len(Reason)
    dropped: tuple[int, ...] = (0,) * len(Drop)
    unknown_families: int = 0
    duration: float | None = None  # seconds, of the last poll
    succeeded: bool | None = None  # the last poll
    last_success: float | None = None  # wall clock

    def after(self, reading: Reading) -> Tally:
        """Return the tally with one more poll; a reading that needed no request does not count."""
        if not reading.asked:
            return self
        outcome = reading.outcome
        if isinstance(outcome, Failure):
            failures = _increase(self.failures, _REASONS[outcome.reason])
            # An endpoint that is for admins only has neither failed nor succeeded.
            succeeded = None if outcome.is_for_admins else False
            return replace(
                self, polls=self.polls + 1, duration=reading.duration, succeeded=succeeded, failures=failures
            )
        failures, dropped = self.failures, self.dropped
        for flaw in outcome.flaws:
            failures = _increase(failures, _REASONS[flaw.reason])
        for drop, count in outcome.dropped:
            dropped = _increase(dropped, _DROPS[drop], count)
        return replace(
            self,
            polls=self.polls + 1,
            duration=reading.duration,
            succeeded=True,
            last_success=reading.at.wall,
            failures=failures,
            dropped=dropped,
            unknown_families=outcome.unknown_families,
        )


_REASONS = {reason: index for index, reason in enumerate(Reason)}
_DROPS = {drop: index for index, drop in enumerate(Drop)}


class AnswerKind(Enum):
    """The kind of answer that an endpoint gives; it decides which parts may be left out."""

    DOCUMENT = "document"  # unusable parts are left out
    WHOLE_DOCUMENT = "whole document"  # no part is left out: one unusable part makes the poll fail
    STATISTICS = "statistics"  # samples, which have limits


_DROPS_OF: Mapping[AnswerKind, frozenset[str]] = {
    AnswerKind.DOCUMENT: frozenset({Drop.MALFORMED, Drop.NOT_A_NUMBER, Drop.OUT_OF_RANGE}),
    AnswerKind.WHOLE_DOCUMENT: frozenset(),
    AnswerKind.STATISTICS: frozenset(Drop),
}


def _increase(counts: tuple[int, ...], index: int, by: int = 1) -> tuple[int, ...]:
    return (*counts[:index], counts[index] + by, *counts[index + 1 :])


_SUCCESS = gauge("waexporter_poll_success", "1 if the last poll of the endpoint was a success, else 0.")
_DURATION = gauge("waexporter_poll_duration_seconds", "How long the last poll of the endpoint took.")
_LAST = gauge("waexporter_last_success_timestamp_seconds", "When the endpoint was last polled with success.")
_POLLS = Head("waexporter_polls", "counter", "Polls of the endpoint that have ended, well or not.")
_FAILURES = Head("waexporter_poll_failures", "counter", "Polls of the endpoint that failed, by reason.")
_MISSED = Head(
    "waexporter_polls_missed", "counter", "Polls left out, since the one before had not ended in time."
)
_UNKNOWN = gauge(
    "waexporter_unknown_families",
    "Upstream families in the last answer that the API's documentation does not know.",
)
_DROPPED = Head(
    "waexporter_dropped_samples",
    "counter",
    "Samples and facts of the client's answers that were left out, by reason.",
)


def tally_families(
    endpoint: Endpoint, answer: AnswerKind, tally: Tally, before: Tally | None = None
) -> Iterator[Family]:
    """Yield the waexporter_* families of one endpoint, or only those that differ from `before`.

    A gauge is absent until its value is known; counters begin at 0.
    """
    labels = (("collector", endpoint.value),)
    if tally.duration is not None:
        yield one_sample(_DURATION, round(tally.duration, 6), labels)
    if tally.succeeded is not None:
        yield one_sample(_SUCCESS, int(tally.succeeded), labels)
    elif before is not None and before.succeeded is not None:
        yield Family(_SUCCESS, ())
    if tally.last_success is not None:
        yield one_sample(_LAST, round(tally.last_success, 3), labels)
    yield counter(_POLLS, tally.polls, labels)
    if before is None or tally.missed != before.missed:
        yield counter(_MISSED, tally.missed, labels)
    if before is None or tally.failures is not before.failures:
        yield _by_reason(_FAILURES, labels, _REASONS, tally.failures)
    drops = _DROPS_OF[answer]
    if drops and (before is None or tally.dropped is not before.dropped):
        yield _by_reason(_DROPPED, labels, _DROPS, tally.dropped, drops)
    if answer is AnswerKind.STATISTICS and tally.last_success is not None:
        yield one_sample(_UNKNOWN, tally.unknown_families, labels)


def _by_reason(
    head: Head,
    labels: Labels,
    reasons: Iterable[str],
    counts: tuple[int, ...],
    possible: frozenset[str] | None = None,
) -> Family:
    pairs = zip(reasons, counts, strict=True)
    return Family(
        head,
        tuple(
            Sample((*labels, ("reason", str(reason))), count, "_total")
            for reason, count in pairs
            if possible is None or reason in possible
        ),
    )


# Every family of this module: no upstream family may take its name.
HEADS: Final[tuple[Head, ...]] = (
    _SUCCESS,
    _DURATION,
    _LAST,
    _POLLS,
    _FAILURES,
    _MISSED,
    _UNKNOWN,
    _DROPPED,
)
