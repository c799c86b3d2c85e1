"""Tokens: when they are renewed, how often new ones may be requested, and what their refusals mean.

Every login leaves a token on the server for seven days, so a refused token is not always replaced at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.model import Distrust
from waexporter.whatsapp.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.model import Instant

RENEW_SHARE = (0.75, 0.15)  # a token is renewed after 75 % of its life, plus up to 15 % at random
ASSUMED_LIFE = 7 * 24 * 3600.0  # seconds; as the API's documentation says
# Seconds; a token that expires sooner (or seems expired, since clocks differ) is used until it is refused.
MIN_LIFE = 3600.0
# So many tokens in a row are replaced at once although they are refused soon after they were issued, since a
# client that restarts forgets its tokens. Then there is a pause between two tokens: seconds (first, longest).
QUICK_TOKENS = 3
TOKEN_PAUSE = (120.0, 600.0)
GOOD_TOKEN_LIFE = 1200.0  # seconds; a token that was accepted for so long is replaced at once
DISTRUST_TIME = 1800.0  # seconds for which refused tokens are remembered
MANY_TOKENS = 5  # refused within that time; restarts can't explain so many


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a login."""

    text: str = field(repr=False)
    expires: float | None  # wall clock; None: not known
    renew: float  # wall clock: when to request the next one
    refused_at: set[str] = field(default_factory=set)  # the paths that refused it

    def is_valid(self, now: float) -> bool:
        """Return whether the token has not expired at `now` (wall clock)."""
        return self.expires is None or now < self.expires


def issue_token(text: str, expires: float | None, now: float, jitter: float) -> Token:
    """Return a new token, with the time to renew it before it expires; times are of the wall clock."""
    share, spread = RENEW_SHARE
    life = ASSUMED_LIFE if expires is None else max(expires - now, MIN_LIFE)
    return Token(text, expires, now + life * (share + spread * jitter))


@dataclass(slots=True)
class TokenPace:
    """How soon the next token may be requested; the gap grows while tokens are short-lived."""

    quick: int = QUICK_TOKENS  # tokens that may still be requested without a gap
    gap: float = 0.0  # seconds
    last: float = float("-inf")  # steady clock: when the last token was issued

    def allows(self, now: float) -> bool:
        """Return whether the next token may be requested at `now`."""
        return now - self.last >= self.gap

    def count(self, now: float) -> None:
        """Count a new token."""
        first, longest = TOKEN_PAUSE
        if now - self.last >= GOOD_TOKEN_LIFE:
            self.quick, self.gap = QUICK_TOKENS, 0.0
        elif self.quick > 1:
            self.quick -= 1
        else:
            self.gap = min(self.gap * 2 or first, longest)
        self.last = now


class TokenRefusals:
    """The refusals of tokens by path and over time."""

    def __init__(self, clock: Callable[[], Instant]) -> None:
        self.count = 0  # refusals at paths that had accepted a token before
        self._clock = clock
        self._accepting: set[str] = set()  # paths that have accepted a token
        self._pauses: dict[str, Backoff] = {}  # by path: even a new token was refused there
        # Refused tokens, and when each was first refused (steady clock).
        self._refused: deque[tuple[Token, float]] = deque(maxlen=MANY_TOKENS)
        self._contradicted = float("-inf")  # steady clock: when a path accepted a token that it had refused

    def pause_at(self, path: str) -> Backoff:
        """Return the pause for new tokens at a path."""
        return self._pauses.setdefault(path, Backoff())

    def begin_pause(self, path: str, pause: Backoff, now: float) -> None:
        """Begin the pause of a path that refused even a new token, so that it costs no login per poll."""
        self._pauses.setdefault(path, pause).begin(now)

    def record_refusal(self, path: str, token: Token) -> None:
        """Record that a path refused the current token."""
        token.refused_at.add(path)
        # A path that has never accepted a token may refuse them all to this account.
        if path in self._accepting:
            self.count += 1
            if not self._refused or self._refused[-1][0] is not token:
                self._refused.append((token, self._clock().steady))

    def record_answer(self, path: str, token: Token, *, is_success: bool) -> None:
        """Record that a path did not refuse a token."""
        self._pauses.pop(path, None)
        if is_success:
            self._accepting.add(path)
            if path in token.refused_at:
                token.refused_at.discard(path)
                self._contradicted = self._clock().steady

    def find_distrust(self) -> Distrust | None:
        """Return why the client's treatment of tokens can't be trusted; None if it can."""
        since = self._clock().steady - DISTRUST_TIME
        if self._contradicted > since:
            return Distrust.CONTRADICTORY
        # Tokens are renewed before they expire, so no refusal is due to their age.
        is_often = len(self._refused) == MANY_TOKENS and self._refused[0][1] > since
        return Distrust.SHORT_LIVED if is_often else None
