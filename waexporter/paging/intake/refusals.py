"""Webhooks that are refused: from whom, why and since when, until one of the same sender is taken."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.log import get_logger
from waexporter.timefmt import moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from waexporter.model import Instant

PAUSE: Final = 300.0  # seconds between two lines about the same sender and reason
LINES: Final = 5  # of the log in so many seconds: whoever sends may change their name at each request
MOST_SENDERS: Final = 20  # that are remembered
# A lost alert is to be seen the next morning; a sender that was taken away is not to be seen for ever.
FORGOTTEN: Final = 86_400.0  # seconds

_NAMED = 3  # senders in one sentence

_log = get_logger("webhooks")


class WebhookSender(NamedTuple):
    """Who sends webhooks; a proxy in between stands for all behind it."""

    address: str
    agent: str  # as it calls itself

    def __str__(self) -> str:
        return f"{self.address} ({self.agent})" if self.agent else self.address


class Refusal(NamedTuple):
    """Why a webhook was not taken."""

    status: int | None  # None: it ended before it was complete, and nothing was answered
    why: str

    def __str__(self) -> str:
        return "cut off" if self.status is None else str(self.status)


@dataclass(frozen=True, slots=True)
class RefusedSender:
    """What is refused from one sender, without one that was taken since."""

    sender: WebhookSender
    refusal: Refusal  # the newest
    count: int
    since: Instant
    last: Instant
    unsaid: int = 0  # since the last line of the log
    said_at: float = -math.inf  # steady clock

    def __str__(self) -> str:
        return f"{self.refusal} from {self.sender.address} since {_clock(self.since, self.last)}"


class Refusals:
    """Remembers who is refused, and tells the log within bounds; safe to share by threads."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._refused: dict[WebhookSender, RefusedSender] = {}  # the newest last
        self._lines: deque[float] = deque([-math.inf] * LINES, maxlen=LINES)  # steady clock
        self._lock = threading.Lock()

    def note(self, sender: WebhookSender, refusal: Refusal) -> None:
        """Take in that a webhook was refused."""
        now = self._clock()
        with self._lock:
            refused = _after(self._refused.pop(sender, None), sender, refusal, now)
            says = _is_due(refused, now) and now.steady - self._lines[0] >= PAUSE
            if says:
                self._lines.append(now.steady)
            self._refused[sender] = replace(refused, unsaid=0, said_at=now.steady) if says else refused
            while len(self._refused) > MOST_SENDERS:
                self._refused.pop(next(iter(self._refused)))
        if says:
            _log.warning(
                "A WEBHOOK IS REFUSED: nobody is paged with what it holds",
                status=str(refusal),
                why=refusal.why,
                sender=sender.address,
                agent=sender.agent or "not said",
                webhooks=refused.unsaid,
                since=_clock(refused.since, now),
            )

    def note_taken(self, sender: WebhookSender) -> None:
        """Take in that a webhook was taken: what was refused from there before is over."""
        with self._lock:
            over = self._refused.pop(sender, None)
        if over is not None and over.said_at > -math.inf:
            _log.info(
                "webhooks are taken again",
                sender=sender.address,
                agent=sender.agent or "not said",
                refused=over.count,
                since=_clock(over.since, over.last),
            )

    def recent(self, within: float = FORGOTTEN) -> tuple[RefusedSender, ...]:
        """List what was refused in the last `within` seconds, by sender, the newest first."""
        steady = self._clock().steady
        with self._lock:
            refused = tuple(self._refused.values())
        return tuple(each for each in reversed(refused) if steady - each.last.steady <= within)


def describe(refused: Iterable[RefusedSender]) -> str:
    """Return what is refused in one sentence; empty where nothing is."""
    each = [str(one) for one in refused]
    if not each:
        return ""
    more = f" and from {len(each) - _NAMED} more" if len(each) > _NAMED else ""
    return f"Webhooks are being refused: {', '.join(each[:_NAMED])}{more}"


def _after(
    before: RefusedSender | None, sender: WebhookSender, refusal: Refusal, now: Instant
) -> RefusedSender:
    if before is None or now.steady - before.last.steady > FORGOTTEN:
        return RefusedSender(sender, refusal, 1, now, now, unsaid=1)
    # Another reason is news, at once.
    said_at = before.said_at if refusal == before.refusal else -math.inf
    return replace(
        before,
        refusal=refusal,
        count=before.count + 1,
        last=now,
        unsaid=before.unsaid + 1,
        said_at=said_at,
    )


def _is_due(refused: RefusedSender, now: Instant) -> bool:
    return now.steady - refused.said_at >= PAUSE


def _clock(at: Instant, seen: Instant) -> str:
    """Write a moment, with its day where the other one is not of the same."""
    when, other = moment(at.wall), moment(seen.wall)
    if when is None:
        return "a time out of range"
    is_today = other is not None and when.date() == other.date()
    return f"{when:%H:%M} UTC" if is_today else f"{when:%d %b %H:%M} UTC"
