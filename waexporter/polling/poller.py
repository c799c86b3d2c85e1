"""One poll of one endpoint of one target: the only place where an ApiError becomes a Failure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.errors import ApiError
from waexporter.metrics.exposition import render_family
from waexporter.model import Failure, Part, Reading, Reason, Success
from waexporter.polling.failure import to_failure
from waexporter.polling.kinds import TABLES
from waexporter.polling.tables import CollectorContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from waexporter.model import Account, Endpoint, Family, Instant, Limits, Target
    from waexporter.polling.tables import KindTables, Sender
    from waexporter.transport.exchange import Reply, Request

# The rights of an account seldom change, and every refusal is a line in the client's log.
RETRY_REFUSED = 3600.0  # seconds
# A maintenance page may ask for an hour, but the recovery of a client has to be seen within minutes.
_MAX_PAUSE = 300.0  # seconds
_ALLOWED_PAUSE = 60.0  # seconds; a pause of this length is allowed even if the reading becomes stale in it


class Poller:
    """Polls one endpoint of one target."""

    def __init__(  # noqa: PLR0913, PLR0917 - everything that a collector needs, and its tables
        self,
        client: Sender,
        endpoint: Endpoint,
        limits: Limits,
        clock: Callable[[], Instant],
        group: Callable[[], str | None] | None = None,
        tables: KindTables | None = None,
    ) -> None:
        """Build the collector of an endpoint; the default for `tables` are those of the target's kind."""
        self.target: Target = client.target
        tables = tables or TABLES[self.target.kind]
        self._families, self.row = tables.families, tables.collectors[endpoint]
        self.endpoint = endpoint
        self._client = client
        self._clock = clock
        self._common = (("target", self.target.name), *self.target.labels)
        known = group or (lambda: self.target.on_call_group)
        context = CollectorContext(self.target, endpoint, self.row, limits, known)
        self._collector = self.row.collector(context)
        self._has_answered = False  # since the start
        self._last_failure: Reading | None = None  # repeated while the pause lasts
        self._paused_until = -math.inf  # steady clock

    def poll(self) -> Reading:
        """Poll once and return the reading."""
        return self.poll_with_reply()[0]

    def poll_with_reply(self) -> tuple[Reading, Reply | None]:
        """Poll once; return the reading and the last reply, None if there was none.

        During a pause after a failure, return the last reading again instead.
        """
        began = self._clock()
        if self._last_failure is not None and self._is_paused(self._last_failure, began):
            return self._repeat(self._last_failure, began), None
        recorder = _ReplyRecorder(self._client)
        outcome, repeated_from = self._collect(recorder)
        ended = self._clock()
        account = self._client.account()
        reading = Reading(
            self.target.name,
            self.endpoint,
            ended,
            ended.steady - began.steady,
            self._mark_for_admins(outcome, recorder, account),
            account,
            recorder.phases,
            repeated_from,
        )
        outcome = reading.outcome
        self._has_answered |= isinstance(outcome, Success) and recorder.reply is not None
        # A failed login says nothing about this endpoint, and has its own pauses.
        if isinstance(outcome, Failure) and recorder.reply is not None:
            self._last_failure, self._paused_until = reading, ended.steady + self._pause_after(outcome)
        return reading, recorder.reply

    def crashed_reading(self, crash: Exception) -> Reading:
        """Return the failed reading for a poll that crashed, which is a bug of waexporter."""
        words = f"waexporter failed on this answer ({type(crash).__name__}); its log has the traceback"
        outcome = Failure(Reason.BODY, words)
        return Reading(self.target.name, self.endpoint, self._clock(), 0.0, outcome, self._client.account())

    def _collect(self, recorder: _ReplyRecorder) -> tuple[Success | Failure, Instant | None]:
        """Poll once; return the outcome, and its time if it was repeated without a new request."""
        try:
            outcome = self._collector.collect(recorder, self.target.plans[self.endpoint].timeout)
        except ApiError as error:
            failure = replace(to_failure(error), message=self._explain(error))
            if error.asked_at is not None and not recorder.had_reply:
                return failure, error.asked_at
            return replace(failure, parts=self._parts(self._families.of_failure(self.endpoint))), None
        families = tuple(self._families.of_document(outcome.document))
        return (replace(outcome, parts=self._parts(families)) if families else outcome), None

    def _mark_for_admins(
        self, outcome: Success | Failure, recorder: _ReplyRecorder, account: Account
    ) -> Success | Failure:
        """Mark a failure that only means that the account is not an admin's; return the outcome."""
        if (
            isinstance(outcome, Success)
            or self.row.is_for_admins is None
            or recorder.reply is None
            or self._has_answered
            or not account.is_accepted
            or not self.row.is_for_admins(outcome)
        ):
            return outcome
        has_login = self.target.auth.password is not None
        whose = "this account is not an admin's" if has_login else "no admin's login is configured"
        return replace(outcome, message=f"for admins only: {whose}", is_for_admins=True)

    def _parts(self, families: Iterable[Family]) -> tuple[Part, ...]:
        fragments = tuple(render_family(family, self._common) for family in families)
        return (Part.from_fragments("", fragments),) if fragments else ()

    def _repeat(self, reading: Reading, now: Instant) -> Reading:
        """Return a reading that repeats a failure; it is not counted as a poll."""
        outcome = reading.outcome
        if isinstance(outcome, Failure):
            outcome = replace(outcome, parts=())
        return replace(reading, at=now, outcome=outcome, account=self._client.account(), asked_at=reading.at)

    def _is_paused(self, reading: Reading, now: Instant) -> bool:
        """Return whether the pause after a failed reading still lasts."""
        if now.steady >= self._paused_until:
            return False
        outcome = reading.outcome
        is_refused = isinstance(outcome, Failure) and outcome.reason is Reason.REFUSED
        # A new secret may be accepted.
        return not is_refused or self._client.account().secrets_read == reading.account.secrets_read

    def _pause_after(self, failure: Failure) -> float:
        """Return the pause after a failure, in seconds."""
        if failure.reason is Reason.REFUSED and self.row.retries_refusals_rarely:
            # One of several webapps may refuse a request that the others answer.
            return 0.0 if self._has_answered else RETRY_REFUSED
        longest = _MAX_PAUSE
        if failure.reason is not Reason.RATE_LIMITED:
            # A failure is evidence of the client's health, which must not become stale during the pause.
            plan = self.target.plans[self.endpoint]
            longest = min(longest, max(plan.interval * (self.target.stale_after - 1), _ALLOWED_PAUSE))
        return min(failure.retry_after or 0.0, longest)

    def _explain(self, error: ApiError) -> str:
        if error.reason is Reason.TIMEOUT:
            return f"{error} (poll.{self.endpoint}: timeout {self.target.plans[self.endpoint].timeout:g} s)"
        if error.reason is Reason.REFUSED and self.target.auth.is_anonymous:
            return f"{error}; no credentials are configured (auth)"
        return str(error)


class _ReplyRecorder:
    """A sender that records the last reply and its phases."""

    def __init__(self, client: Sender) -> None:
        self.target = client.target
        self.reply: Reply | None = None
        self.had_reply = False  # at least once
        self.phases: tuple[tuple[str, float], ...] = ()
        self._client = client

    def send(self, request: Request, timeout: float) -> Reply:
        self.reply = None
        try:
            self.reply = self._client.send(request, timeout)
        except ApiError as error:
            self.phases = error.phases
            raise
        self.phases = self.reply.phases
        self.had_reply = True
        return self.reply

    def fetch_certificates(self, timeout: float) -> tuple[bytes, ...]:
        return self._client.fetch_certificates(timeout)

    def account(self) -> Account:
        return self._client.account()
