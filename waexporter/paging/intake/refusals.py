"""Remember and log refused webhooks, until one of the same sender is accepted."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from waexporter.log import get_logger
from waexporter.paging.intake.refused_senders import LOG_INTERVAL, RETENTION, count_refusal, format_since

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Instant
    from waexporter.paging.intake.refused_senders import Refusal, RefusedSender, WebhookSender

MAX_LOG_LINES: Final = 5  # within LOG_INTERVAL: a sender may change its name at each request
MAX_SENDERS: Final = 20  # remembered at the same time

_log = get_logger("webhooks")


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
            refused = count_refusal(self._refused.pop(sender, None), sender, refusal, now)
            is_logged = refused.is_log_due(now) and now.steady - self._lines[0] >= LOG_INTERVAL
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
                since=format_since(refused),
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
                since=format_since(ended),
            )

    def recent(self, within: float = RETENTION) -> tuple[RefusedSender, ...]:
        """Return the senders refused in the last `within` seconds, the latest first."""
        steady = self._clock().steady
        with self._lock:
            refused = tuple(self._refused.values())
        return tuple(each for each in reversed(refused) if steady - each.last.steady <= within)
