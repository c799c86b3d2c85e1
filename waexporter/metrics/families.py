"""The families of every target, whatever kind of client it is: verdict, account, and how its polls went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from waexporter.model import Drop, Failure, Family, Head, Reason, Sample, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from waexporter.model import Account, Endpoint, Reading, Verdict

Labels = tuple[tuple[str, str], ...]

HEALTH = "From GET /v1/health, polled on a timer."


def gauge(name: str, words: str) -> Head:
    """Return the head of a gauge."""
    return Head(name, "gauge", words)


_UP = gauge("whatsapp_up", f"1 while the newest health answer is fresh and was understood, else 0. {HEALTH}")
_VERDICT = gauge(
    "whatsapp_verdict",
    f"What is the matter with the client: 1 for the verdict that holds, 0 for the others. {HEALTH}",
)
_PROBLEM = gauge(
    "whatsapp_problem", f"1 for each problem present now: the reasons behind the verdict. {HEALTH}"
)
_EXPIRY = gauge(
    "whatsapp_token_expiry_timestamp_seconds",
    "When the login's token ends, if the client said so; it is renewed long before.",
)


def verdict_families(verdict: Verdict) -> Iterator[Family]:
    """Yield whatsapp_up, whatsapp_verdict and whatsapp_problem."""
    yield one_sample(_UP, int(verdict.up))
    yield state_set(_VERDICT, (), "verdict", verdict.state, tuple(State))
    if verdict.problems:
        slugs = sorted({problem.slug for problem in verdict.problems})
        yield Family(_PROBLEM, tuple(Sample((("problem", slug),), 1) for slug in slugs))


def account_families(account: Account) -> Iterator[Family]:
    """Yield the expiry time of the token; absent without one."""
    if account.token_expires is not None:
        yield one_sample(_EXPIRY, account.token_expires)


def one_sample(head: Head, value: float, labels: Labels = ()) -> Family:
    """Return a family of one sample."""
    return Family(head, (Sample(labels, value),))


def state_set(head: Head, labels: Labels, name: str, now: str, every: tuple[str, ...]) -> Family:
    """Return a state set: 1 for the state that holds, 0 for every other."""
    return Family(head, tuple(Sample((*labels, (name, state)), int(state == now)) for state in every))


# --- how the polls went ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """How the polls of one endpoint of one target went so far."""

    polls: int = 0
    missed: int = 0
    failures: tuple[int, ...] = (0,) * len(Reason)
    dropped: tuple[int, ...] = (0,) * len(Drop)
    unknown_families: int = 0
    duration: float | None = None  # seconds, of the last poll
    succeeded: bool | None = None  # the last poll
    last_success: float | None = None  # wall clock

    def after(self, reading: Reading) -> Tally:
        """Count one more poll; a reading that the client was not asked for is none."""
        if not reading.asked:
            return self
        outcome = reading.outcome
        if isinstance(outcome, Failure):
            failures = _more(self.failures, _REASONS[outcome.reason])
            # What is for admins only is no failure of this account's poll, and was no success.
            succeeded = None if outcome.is_for_admins else False
            return replace(
                self, polls=self.polls + 1, duration=reading.duration, succeeded=succeeded, failures=failures
            )
        failures, dropped = self.failures, self.dropped
        for flaw in outcome.flaws:
            failures = _more(failures, _REASONS[flaw.reason])
        for drop, count in outcome.dropped:
            dropped = _more(dropped, _DROPS[drop], count)
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


_REASONS = {reason: place for place, reason in enumerate(Reason)}
_DROPS = {drop: place for place, drop in enumerate(Drop)}


class AnswerKind(Enum):
    """What an endpoint answers with; it decides what of an answer may be left out."""

    DOCUMENT = "document"  # parts that can't be used are left out
    WHOLE_DOCUMENT = "whole document"  # read whole or not at all
    STATISTICS = "statistics"  # samples, for which there are limits


_DROPS_OF: Mapping[AnswerKind, frozenset[str]] = {
    AnswerKind.DOCUMENT: frozenset({Drop.MALFORMED, Drop.NOT_A_NUMBER, Drop.OUT_OF_RANGE}),
    AnswerKind.WHOLE_DOCUMENT: frozenset(),
    AnswerKind.STATISTICS: frozenset(Drop),
}


def _more(counts: tuple[int, ...], place: int, by: int = 1) -> tuple[int, ...]:
    return (*counts[:place], counts[place] + by, *counts[place + 1 :])


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
_LOGINS = Head("waexporter_logins", "counter", "Logins at the client, by result.")
_REFUSED_TOKENS = Head(
    "waexporter_tokens_refused", "counter", "Answers that refused a token where one had been accepted before."
)


def tally_families(
    endpoint: Endpoint, answer: AnswerKind, tally: Tally, before: Tally | None = None
) -> Iterator[Family]:
    """Yield the waexporter_* families of one endpoint, or only those that differ from `before`.

    What has not happened yet is absent; counters begin at 0.
    """
    of = (("collector", endpoint.value),)
    if tally.duration is not None:
        yield one_sample(_DURATION, round(tally.duration, 6), of)
    if tally.succeeded is not None:
        yield one_sample(_SUCCESS, int(tally.succeeded), of)
    elif before is not None and before.succeeded is not None:
        yield Family(_SUCCESS, ())
    if tally.last_success is not None:
        yield one_sample(_LAST, round(tally.last_success, 3), of)
    yield _counted(_POLLS, tally.polls, of)
    if before is None or tally.missed != before.missed:
        yield _counted(_MISSED, tally.missed, of)
    if before is None or tally.failures is not before.failures:
        yield _by_reason(_FAILURES, of, _REASONS, tally.failures)
    drops = _DROPS_OF[answer]
    if drops and (before is None or tally.dropped is not before.dropped):
        yield _by_reason(_DROPPED, of, _DROPS, tally.dropped, drops)
    if answer is AnswerKind.STATISTICS and tally.last_success is not None:
        yield one_sample(_UNKNOWN, tally.unknown_families, of)


def login_families(account: Account) -> Iterator[Family]:
    """Yield waexporter_logins_total and waexporter_tokens_refused_total."""
    yield Family(
        _LOGINS, tuple(Sample((("result", result),), count, "_total") for result, count in account.logins)
    )
    yield _counted(_REFUSED_TOKENS, account.tokens_refused, ())


def _counted(head: Head, value: int, labels: Labels) -> Family:
    return Family(head, (Sample(labels, value, "_total"),))


def _by_reason(
    head: Head,
    of: Labels,
    reasons: Iterable[str],
    counts: tuple[int, ...],
    there_are: frozenset[str] | None = None,
) -> Family:
    pairs = zip(reasons, counts, strict=True)
    return Family(
        head,
        tuple(
            Sample((*of, ("reason", str(reason))), count, "_total")
            for reason, count in pairs
            if there_are is None or reason in there_are
        ),
    )


# Every family of this module: no upstream family may take its name.
HEADS: tuple[Head, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Head))
