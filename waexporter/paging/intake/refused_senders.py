"""Senders whose webhooks are refused: why, how often and since when; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.timefmt import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.model import Instant

LOG_INTERVAL: Final = 300.0  # seconds between two log lines about the same sender and reason
# Long enough to be seen the next morning, short enough to forget a sender that was removed.
RETENTION: Final = 86_400.0  # seconds
_MAX_NAMED: Final = 3  # senders in one sentence


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
    """A sender whose webhooks are refused; none was accepted since the first refusal."""

    sender: WebhookSender
    refusal: Refusal  # the latest
    count: int
    since: Instant
    last: Instant
    unlogged: int = 0  # since the last log line
    logged_at: float = -math.inf  # steady clock

    def __str__(self) -> str:
        return f"{self.refusal} from {self.sender.address} since {format_since(self)}"

    def is_log_due(self, now: Instant) -> bool:
        """Return whether the limit of this sender allows to log its latest refusal."""
        return now.steady - self.logged_at >= LOG_INTERVAL


def count_refusal(
    before: RefusedSender | None, sender: WebhookSender, refusal: Refusal, now: Instant
) -> RefusedSender:
    """Return the refused sender after one more refusal; `before` is what was known about it."""
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


def describe_refused(refused: Iterable[RefusedSender]) -> str:
    """Return one sentence about refused senders; empty if there are none."""
    each = [str(one) for one in refused]
    if not each:
        return ""
    more = f" and from {len(each) - _MAX_NAMED} more" if len(each) > _MAX_NAMED else ""
    return f"Webhooks are being refused: {', '.join(each[:_MAX_NAMED])}{more}"


def format_since(refused: RefusedSender) -> str:
    """Return the time of the first refusal, with its day if that is not the day of the last one."""
    first, last = to_datetime(refused.since.wall), to_datetime(refused.last.wall)
    if first is None:
        return "a time out of range"
    is_same_day = last is not None and first.date() == last.date()
    return f"{first:%H:%M} UTC" if is_same_day else f"{first:%d %b %H:%M} UTC"
