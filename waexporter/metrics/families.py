"""What is known of a target as families: its verdict, its account, and how its polls went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from waexporter.metrics.naming import CATALOGUE
from waexporter.model import Drop, Endpoint, Failure, Family, Head, Reason, Sample, State, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.model import Account, Health, Reading, Verdict

Labels = tuple[tuple[str, str], ...]

_HEALTH = "From GET /v1/health, polled on a timer."


def _gauge(name: str, words: str) -> Head:
    return Head(name, "gauge", words)


_UP = _gauge(
    "whatsapp_up", f"1 while the newest health answer is fresh and was understood, else 0. {_HEALTH}"
)
_VERDICT = _gauge(
    "whatsapp_verdict",
    f"What is the matter with the client: 1 for the verdict that holds, 0 for the others. {_HEALTH}",
)
_PROBLEM = _gauge(
    "whatsapp_problem", f"1 for each problem present now: the reasons behind the verdict. {_HEALTH}"
)
_GATEWAY = _gauge(
    "whatsapp_gateway_status", f"1 for the gateway_status that a node has, 0 for the others. {_HEALTH}"
)
_TOPOLOGY = _gauge(
    "whatsapp_topology_info", f"How the client's nodes are arranged, as configured or found out. {_HEALTH}"
)
_CONNECTED = _gauge("whatsapp_coreapps_connected", f"How many coreapps are connected to WhatsApp. {_HEALTH}")
_EXPECTED = _gauge("whatsapp_coreapps_expected", "How many coreapps should be connected in this topology.")
_SHARDS = _gauge("whatsapp_shards", "How many shards the client has.")
_COVERED = _gauge("whatsapp_shards_covered", f"How many shards have a connected coreapp. {_HEALTH}")
_API = _gauge("whatsapp_api_info", f"Version and status of the API as the client names them. {_HEALTH}")
_EXPIRY = _gauge(
    "whatsapp_token_expiry_timestamp_seconds",
    "When the login's token ends, if the client said so; it is renewed long before.",
)


def of_verdict(verdict: Verdict) -> Iterator[Family]:
    """Give whatsapp_up, _verdict, _problem and all that the newest health answer says."""
    yield _one(_UP, int(verdict.up))
    yield _states(_VERDICT, (), "verdict", verdict.state, tuple(State))
    if verdict.problems:
        slugs = sorted({problem.slug for problem in verdict.problems})
        yield Family(_PROBLEM, tuple(Sample((("problem", slug),), 1) for slug in slugs))
    if verdict.gateways:
        samples = [
            sample
            for gateway in verdict.gateways
            for sample in _states(
                _GATEWAY,
                (("node", gateway.node), ("role", gateway.role)),
                "status",
                gateway.status,
                tuple(Status),
            ).samples
        ]
        yield Family(_GATEWAY, tuple(samples))
    if verdict.up and verdict.topology is not None:
        yield _one(_TOPOLOGY, 1, (("topology", verdict.topology),))
    numbers = (
        (_CONNECTED, verdict.connected),
        (_EXPECTED, verdict.expected),
        (_SHARDS, verdict.shards),
        (_COVERED, verdict.covered),
    )
    yield from (_one(head, value) for head, value in numbers if value is not None)


def of_api(health: Health) -> Iterator[Family]:
    """Give whatsapp_api_info, where the client says its version."""
    if health.version:
        yield _one(_API, 1, (("version", health.version), ("api_status", health.api_status)))


def of_account(account: Account) -> Iterator[Family]:
    """Give the end of the token; absent without one."""
    if account.token_expires is not None:
        yield _one(_EXPIRY, account.token_expires)


def _one(head: Head, value: float, labels: Labels = ()) -> Family:
    return Family(head, (Sample(labels, value),))


def _states(head: Head, labels: Labels, name: str, now: str, every: tuple[str, ...]) -> Family:
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
_OF_DOCUMENTS = frozenset({Drop.MALFORMED, Drop.NOT_A_NUMBER, Drop.OUT_OF_RANGE})
# They are read whole or not at all.
_NEVER_DROPPING = frozenset({Endpoint.CERTIFICATES, Endpoint.CANARY})


def _more(counts: tuple[int, ...], place: int, by: int = 1) -> tuple[int, ...]:
    return (*counts[:place], counts[place] + by, *counts[place + 1 :])


_SUCCESS = _gauge("waexporter_poll_success", "1 if the last poll of the endpoint was a success, else 0.")
_DURATION = _gauge("waexporter_poll_duration_seconds", "How long the last poll of the endpoint took.")
_LAST = _gauge("waexporter_last_success_timestamp_seconds", "When the endpoint was last polled with success.")
_POLLS = Head("waexporter_polls", "counter", "Polls of the endpoint that have ended, well or not.")
_FAILURES = Head("waexporter_poll_failures", "counter", "Polls of the endpoint that failed, by reason.")
_MISSED = Head(
    "waexporter_polls_missed", "counter", "Polls left out, since the one before had not ended in time."
)
_UNKNOWN = _gauge(
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


def of_tally(endpoint: Endpoint, tally: Tally, before: Tally | None = None) -> Iterator[Family]:
    """Give the waexporter_* families of one endpoint, or only those that are not as they were `before`.

    What has not happened yet is absent; counters begin at 0.
    """
    of = (("collector", endpoint.value),)
    if tally.duration is not None:
        yield _one(_DURATION, round(tally.duration, 6), of)
    if tally.succeeded is not None:
        yield _one(_SUCCESS, int(tally.succeeded), of)
    elif before is not None and before.succeeded is not None:
        yield Family(_SUCCESS, ())
    if tally.last_success is not None:
        yield _one(_LAST, round(tally.last_success, 3), of)
    yield _counted(_POLLS, tally.polls, of)
    if before is None or tally.missed != before.missed:
        yield _counted(_MISSED, tally.missed, of)
    if before is None or tally.failures is not before.failures:
        yield _by_reason(_FAILURES, of, _REASONS, tally.failures)
    if endpoint not in _NEVER_DROPPING and (before is None or tally.dropped is not before.dropped):
        yield _by_reason(_DROPPED, of, _DROPS, tally.dropped, _drops_of(endpoint))
    if endpoint in CATALOGUE and tally.last_success is not None:
        yield _one(_UNKNOWN, tally.unknown_families, of)


def of_logins(account: Account) -> Iterator[Family]:
    """Give waexporter_logins_total and waexporter_tokens_refused_total."""
    yield Family(
        _LOGINS, tuple(Sample((("result", result),), count, "_total") for result, count in account.logins)
    )
    yield _counted(_REFUSED_TOKENS, account.tokens_refused, ())


def _counted(head: Head, value: int, labels: Labels) -> Family:
    return Family(head, (Sample(labels, value, "_total"),))


def _drops_of(endpoint: Endpoint) -> frozenset[str]:
    """List why something of an endpoint's answers may be left out; the limits are those of statistics."""
    return frozenset(Drop) if endpoint in CATALOGUE else _OF_DOCUMENTS


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


# Every family of ours about a target: no upstream family may take its name.
HEADS: tuple[Head, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Head))
