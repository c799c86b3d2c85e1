"""The families that all kinds of clients have: verdict, account, logins, probes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from waexporter.model import Family, Head, Sample, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.model import Account, Verdict

Labels: TypeAlias = tuple[tuple[str, str], ...]

HEALTH = "From GET /v1/health, polled on a timer."


def gauge(name: str, help_text: str) -> Head:
    """Return the head of a gauge."""
    return Head(name, "gauge", help_text)


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
_LOGINS = Head("waexporter_logins", "counter", "Logins at the client, by result.")
_REFUSED_TOKENS = Head(
    "waexporter_tokens_refused", "counter", "Answers that refused a token where one had been accepted before."
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


def login_families(account: Account) -> Iterator[Family]:
    """Yield waexporter_logins_total and waexporter_tokens_refused_total."""
    yield Family(
        _LOGINS, tuple(Sample((("result", result),), count, "_total") for result, count in account.logins)
    )
    yield counter(_REFUSED_TOKENS, account.tokens_refused)


_PROBE_SUCCESS = Head(
    "probe_success", "gauge", "1 if the client answered /v1/health in time and was understood, else 0."
)
_PROBE_DURATION = Head("probe_duration_seconds", "gauge", "How long the probe took.")


def probe_families(*, success: bool, duration: float) -> Iterator[Family]:
    """Yield probe_success and probe_duration_seconds, as all probes do; `duration` in seconds."""
    yield one_sample(_PROBE_SUCCESS, int(success))
    yield one_sample(_PROBE_DURATION, round(duration, 6))


# --- the parts of a family ----------------------------------------------------------------------


def one_sample(head: Head, value: float, labels: Labels = ()) -> Family:
    """Return a family of one sample."""
    return Family(head, (Sample(labels, value),))


def state_set(head: Head, labels: Labels, name: str, current: str, states: tuple[str, ...]) -> Family:
    """Return a state set: 1 for the current state, 0 for every other one."""
    return Family(head, tuple(Sample((*labels, (name, state)), int(state == current)) for state in states))


def counter(head: Head, value: int, labels: Labels = ()) -> Family:
    """Return a counter of one sample."""
    return Family(head, (Sample(labels, value, "_total"),))


# Every family of this module that is on GET /metrics: no upstream family may take its name.
HEADS: Final[tuple[Head, ...]] = (_UP, _VERDICT, _PROBLEM, _EXPIRY, _LOGINS, _REFUSED_TOKENS)
PROBE_HEADS: Final = (_PROBE_SUCCESS, _PROBE_DURATION)
