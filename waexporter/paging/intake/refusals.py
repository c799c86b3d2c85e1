"""Refused webhooks: from whom, why and since when, until one of the same sender is accepted."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.log import get_logger
from waexporter.timefmt import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from waexporter.model import Instant

LOG_INTERVAL: Final = 300.0  # seconds between two lines about the same sender and reason
MAX_LOG_LINES: Final = 5  # within LOG_INTERVAL: a sender may change its name at each request
MAX_SENDERS: Final = 20  # remembered at the same time
# A lost alert is shown until the next morning; a sender that was removed is not shown for ever.
RETENTION: Final = 86_400.0  # seconds

_MAX_NAMED = 3  # senders in one sentence

_log = get_logger("webhooks")


class WebhookSender(NamedTuple):
    """The sender of a webhook; a proxy counts as the sender of all webhooks behind it."""

    address: str
    agent: str  # the header User-Agent

    def __str__(self) -> str:
        return f"{self.address} ({self.agent})" if self.agent else self.address


class Refusal(NamedTuple):
    """Why a webhook was not accepted."""

    status: int | None  # None: the connection ended before the body was complete
    why: str

    def __str__(self) -> str:
        return "cut off" if self.status is None else str(self.status)


@dataclass(frozen=True, slots=True)
class RefusedSender:
    """A sender whose webhooks are refused, and none was accepted since."""

    sender: WebhookSender
    refusal: Refusal  # the latest
    count: int
    since: Instant
    last: Instant
    unlogged: int = 0  # since the last log line
    logged_at: float = -math.inf  # steady clock

    def __str__(self) -> str:
        return f"{self.refusal} from {self.sender.address} since {_format_time(self.since, self.last)}"


class Refusals:
    """Remembers refused senders and logs them at a limited rate; thread-safe."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._refused: dict[WebhookSender, RefusedSender] = {}  # the latest at the end
        self._lines: deque[float] = deque([-math.inf] * MAX_LOG_LINES, maxlen=MAX_LOG_LINES)  # steady clock
        self._lock = threading.Lock()

    def record_refusal(self, sender: WebhookSender, refusal: Refusal) -> None:
        """Record and log a refused webhook."""
        now = self._clock()
        with self._lock:
            refused = _updated(self._refused.pop(sender, None), sender, refusal, now)
            is_logged = _is_due(refused, now) and now.steady - self._lines[0] >= LOG_INTERVAL
            if is_logged:
                self._lines.append(now.steady)
            self._refused[sender] = (
                replace(refused, unlogged=0, logged_at=now.steady) if is_logged else refused
            )
            while len(self._refused) > MAX_SENDERS:
                self._refused.pop(next(iter(self._refused)))
        if is_logged:
            _log.warning(
                "A WEBHOOK IS REFUSED: nobody is paged with what it holds",
                status=str(refusal),
                why=refusal.why,
                sender=sender.address,
                agent=sender.agent or "not said",
                webhooks=refused.unlogged,
                since=_format_time(refused.since, now),
            )

    def record_accepted(self, sender: WebhookSender) -> None:
        """Record an accepted webhook: forget and log that its sender was refused before."""
        with self._lock:
            ended = self._refused.pop(sender, None)
        if ended is not None and ended.logged_at > -math.inf:
            _log.info(
                "webhooks are taken again",
                sender=sender.address,
                agent=sender.agent or "not said",
                refused=ended.count,
                since=_format_time(ended.since, ended.last),
            )

    def recent(self, within: float = RETENTION) -> tuple[RefusedSender, ...]:
        """Return the senders refused in the last `within` seconds, the latest first."""
        steady = self._clock().steady
        with self._lock:
            refused = tuple(self._refused.values())
        return tuple(each for each in reversed(refused) if steady - each.last.steady <= within)


def describe_refused(refused: Iterable[RefusedSender]) -> str:
    """Return one sentence about refused senders; empty if there are none."""
    each = [str(one) for one in refused]
    if not each:
        return ""
    more = f" and from {len(each) - _MAX_NAMED} more" if len(each) > _MAX_NAMED else ""
    return f"Webhooks are being refused: {', '.join(each[:_MAX_NAMED])}{more}"


def _updated(
    before: RefusedSender | None, sender: WebhookSender, refusal: Refusal, now: Instant
) -> RefusedSender:
    if before is None or now.steady - before.last.steady > RETENTION:
        return RefusedSender(sender, refusal, 1, now, now, unlogged=1)
    # Another reason is logged at once.
    logged_at = before.logged_at if refusal == before.refusal else -math.inf
    return replace(
        before,
        refusal=refusal,
        count=before.count + 1,
        last=now,
        unlogged=before.unlogged + 1,
        logged_at=logged_at,
    )


def _is_due(refused: RefusedSender, now: Instant) -> bool:
    return now.steady - refused.logged_at >= LOG_INTERVAL


def _format_time(at: Instant, seen: Instant) -> str:
    """Return a time, with its day if that is not the day of `seen`."""
    when, other = to_datetime(at.wall), to_datetime(seen.wall)
    if when is None:
        return "a time out of range"
    is_today = other is not None and when.date() == other.date()
    return f"{when:%H:%M} UTC" if is_today else f"{when:%d %b %H:%M} UTC"
