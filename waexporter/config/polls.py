"""When each endpoint is polled: the common block `poll`, and a target's own on top of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from waexporter.config import scalars
from waexporter.model import Endpoint, PollPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.config.section import Section

COMMON_TIMEOUT = 10.0
DEFAULT_STALE_AFTER = 3.0

# An endpoint without a row is off until it is given an interval.
DEFAULT_PLANS: Mapping[Endpoint, PollPlan] = MappingProxyType(
    {
        Endpoint.HEALTH: PollPlan(interval=30.0, timeout=COMMON_TIMEOUT),
        Endpoint.APP: PollPlan(interval=15.0, timeout=COMMON_TIMEOUT),
        Endpoint.WEB: PollPlan(interval=15.0, timeout=COMMON_TIMEOUT),
        Endpoint.DB: PollPlan(interval=300.0, timeout=60.0),
        Endpoint.SUPPORT: PollPlan(interval=300.0, timeout=60.0),
        Endpoint.SETTINGS: PollPlan(interval=300.0, timeout=COMMON_TIMEOUT),
        Endpoint.CERTIFICATES: PollPlan(interval=3600.0, timeout=COMMON_TIMEOUT),
        Endpoint.GROUP: PollPlan(interval=300.0, timeout=COMMON_TIMEOUT),
    }
)

# Below this interval (seconds) the client itself objects.
_OBJECTIONS: Mapping[Endpoint, tuple[float, str]] = MappingProxyType(
    {Endpoint.HEALTH: (6.0, "is more often than the API's limit of 10 polls a minute; expect refused polls")}
)

_OFF = math.inf
_SHORTEST = (1.0, "must be at least 1s, because every poll is work for the client")
_SHORTEST_OF: Mapping[Endpoint, tuple[float, str]] = MappingProxyType(
    {Endpoint.CANARY: (60.0, "must be at least 1m, because each one is a request to WhatsApp itself")}
)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What was said of one endpoint, in seconds; None: nothing, an endless interval: off."""

    interval: float | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Polls:
    """A block `poll` as it was written."""

    rhythms: Mapping[Endpoint, Rhythm]
    timeout: float | None = None
    stale_after: float | None = None


def read_polls(poll: Section) -> Polls:
    """Read what a common block and a target's own one have in common."""
    return Polls(
        rhythms={endpoint: _rhythm(poll, endpoint) for endpoint in Endpoint},
        timeout=poll.take("timeout", scalars.timeout, None),
        stale_after=poll.take("stale_after", scalars.intervals, None),
    )


def plans(own: Polls, common: Polls) -> dict[Endpoint, PollPlan]:
    """Lay a target's own block over the common one, field by field; what is off is absent."""
    timeout = own.timeout or common.timeout or COMMON_TIMEOUT
    every = {endpoint: _plan(endpoint, (own, common), timeout) for endpoint in Endpoint}
    return {endpoint: plan for endpoint, plan in every.items() if plan.interval != _OFF}


def stale_after(own: Polls, common: Polls) -> float:
    """Give the number of intervals after which a reading of this target is too old."""
    return own.stale_after or common.stale_after or DEFAULT_STALE_AFTER


def _plan(endpoint: Endpoint, blocks: tuple[Polls, Polls], timeout: float) -> PollPlan:
    own, common = (block.rhythms[endpoint] for block in blocks)
    default = DEFAULT_PLANS.get(endpoint, PollPlan(_OFF, COMMON_TIMEOUT))
    usual = timeout if default.timeout == COMMON_TIMEOUT else default.timeout
    return PollPlan(
        own.interval or common.interval or default.interval, own.timeout or common.timeout or usual
    )


def _rhythm(poll: Section, endpoint: Endpoint) -> Rhythm:
    key = endpoint.value
    shortest = _SHORTEST_OF.get(endpoint, _SHORTEST)
    if poll.holds_mapping(key):
        with poll.section(key) as entry:
            interval = entry.take("interval", lambda value: _interval(value, shortest), None)
            rhythm = Rhythm(interval, entry.take("timeout", scalars.timeout, None))
    else:
        rhythm = Rhythm(poll.take(key, lambda value: _interval(value, shortest), None))
    limit, words = _OBJECTIONS.get(endpoint, (0.0, ""))
    if rhythm.interval is not None and rhythm.interval < limit:
        poll.note(key, words)
    return rhythm


def _interval(value: object, shortest: tuple[float, str]) -> float:
    """Take a duration or `off`, which YAML reads as false unless it is quoted."""
    if value is False or value == "off":
        return _OFF
    if value is True:
        raise ValueError("must be a duration such as 30s, or off; found true")
    seconds = scalars.duration(value)
    least, words = shortest
    if seconds < least:
        raise ValueError(words)
    return seconds
