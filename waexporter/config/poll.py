"""The block `poll`: how often each endpoint is polled. A target's own block overrides the common one."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from waexporter.config.keys import Block, Key, value
from waexporter.config.values import scalars
from waexporter.config.values.quantities import format_duration
from waexporter.model import Config, Endpoint, PollPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.config.section import Section

COMMON_TIMEOUT = 10.0
DEFAULT_STALE_AFTER = 3.0

_OFF = math.inf


class _EndpointRow(NamedTuple):
    """The key of one endpoint."""

    plan: PollPlan | None  # the default; None: off
    meaning: str
    # Intervals, each with the message about a shorter one:
    minimum: tuple[float, str] = (1.0, "must be at least 1s, because every poll is work for the client")
    warn_below: tuple[float, str] = (0.0, "")


def _every(interval: float, timeout: float = COMMON_TIMEOUT) -> PollPlan:
    return PollPlan(interval, timeout)


# The endpoints of the On-Premises API, each with a row in COLLECTORS, too. All times in seconds.
_ENDPOINTS: Mapping[Endpoint, _EndpointRow] = {
    Endpoint.HEALTH: _EndpointRow(
        _every(30.0),
        "interval of `GET /v1/health`. The API allows 10 a minute for each webapp from all "
        "callers together; below `6s` the log warns",
        warn_below=(6.0, "is more often than the API's limit of 10 polls a minute; expect refused polls"),
    ),
    Endpoint.APP: _EndpointRow(_every(15.0), "interval of `GET /v1/stats/app`"),
    Endpoint.WEB: _EndpointRow(_every(15.0), "interval of `GET /v1/metrics`"),
    Endpoint.DB: _EndpointRow(
        _every(300.0, 60.0), "interval of `GET /v1/stats/db`, which is expensive for the client"
    ),
    Endpoint.SUPPORT: _EndpointRow(
        _every(300.0, 60.0), "interval of `GET /v1/support`: builds, disks, shards"
    ),
    Endpoint.SETTINGS: _EndpointRow(
        _every(300.0),
        "interval of `GET /v1/settings/application` and `/v1/account/shards`; for an admin's account only",
    ),
    Endpoint.CERTIFICATES: _EndpointRow(
        _every(3600.0), "interval of the TLS handshake and `GET /v1/certificates/...`"
    ),
    Endpoint.GROUP: _EndpointRow(_every(300.0), "interval of `GET /v1/groups/ID` of the on-call group"),
    Endpoint.CANARY: _EndpointRow(
        None,
        "interval of `POST /v1/contacts`, an end-to-end contact check; at least `1m`",
        minimum=(60.0, "must be at least 1m, because each one is a request to WhatsApp itself"),
    ),
}
DEFAULT_PLANS: Mapping[Endpoint, PollPlan] = MappingProxyType(
    {endpoint: row.plan for endpoint, row in _ENDPOINTS.items() if row.plan is not None}
)


class Off:
    """The word off, printed without quotes."""

    def __str__(self) -> str:
        return "off"


@dataclass(frozen=True, slots=True)
class PollOverride:
    """The values of one endpoint in a block, in seconds; None: not set; an infinite interval: off."""

    interval: float | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class PollSettings:
    """The values of one block `poll`, before it is merged with another one."""

    overrides: Mapping[Endpoint, PollOverride]
    timeout: float | None = None
    stale_after: float | None = None


def read_poll(section: Section) -> PollSettings:
    """Read the keys that both the common block and a target's block may have."""
    values = POLL.read(section)
    overrides = {endpoint: values[endpoint.value] for endpoint in _ENDPOINTS}
    return PollSettings(overrides, values["timeout"], values["stale_after"])


def merge_polls(own: PollSettings, common: PollSettings) -> PollSettings:
    """Return the values of a block, and of the common one where it has none."""
    overrides = {
        endpoint: PollOverride(
            of_target.interval or of_all.interval,
            of_target.timeout or of_all.timeout,
        )
        for endpoint, of_target in own.overrides.items()
        for of_all in [common.overrides[endpoint]]
    }
    return PollSettings(overrides, own.timeout or common.timeout, own.stale_after or common.stale_after)


def read_plans(settings: PollSettings) -> dict[Endpoint, PollPlan]:
    """Return the plans of a target from its merged block; endpoints that are off are absent."""
    every = {endpoint: _read_plan(endpoint, settings) for endpoint in _ENDPOINTS}
    return {endpoint: plan for endpoint, plan in every.items() if plan.interval != _OFF}


def dump_poll(value: tuple[Mapping[Endpoint, PollPlan], float]) -> dict[str, object]:
    """Return the block of a target with all keys, also those with defaults."""
    plans, stale_after = value
    shown = int(stale_after) if stale_after.is_integer() else stale_after
    return {
        **{endpoint.value: _dump_plan(plans.get(endpoint)) for endpoint in _ENDPOINTS},
        "stale_after": shown,
    }


def _dump_plan(plan: PollPlan | None) -> object:
    return OVERRIDE.dump(plan) if plan is not None else Off()


def _read_plan(endpoint: Endpoint, settings: PollSettings) -> PollPlan:
    override = settings.overrides[endpoint]
    default = DEFAULT_PLANS.get(endpoint, PollPlan(_OFF, COMMON_TIMEOUT))
    usual = settings.timeout or COMMON_TIMEOUT if default.timeout == COMMON_TIMEOUT else default.timeout
    return PollPlan(override.interval or default.interval, override.timeout or usual)


def _read_override(poll: Section, key: str, _: object) -> PollOverride:
    endpoint = Endpoint(key)
    row = _ENDPOINTS[endpoint]
    parse = functools.partial(_interval, minimum=row.minimum)
    if poll.is_mapping_at(key):
        with poll.section(key) as entry:
            interval = entry.get("interval", parse, None)
            override = PollOverride(**OVERRIDE.read(entry, interval=interval))
    else:
        override = PollOverride(poll.get(key, parse, None))
    limit, warning = row.warn_below
    if override.interval is not None and override.interval < limit:
        poll.add_note(key, warning)
    return override


def _interval(value: object, minimum: tuple[float, str]) -> float:
    """Parse a duration or `off`, which YAML reads as false unless it is quoted."""
    if value is False or value == "off":
        return _OFF
    if value is True:
        raise ValueError("must be a duration such as 30s, or off; found true")
    seconds = scalars.duration(value)
    least, problem = minimum
    if seconds < least:
        raise ValueError(problem)
    return seconds


def _endpoint_key(endpoint: Endpoint, row: _EndpointRow) -> Key:
    default = format_duration(row.plan.interval) if row.plan is not None else "off"
    return Key(endpoint.value, _read_override, row.meaning, default=f"`{default}`")


# The interval is read by _read_override, because its minimum depends on the endpoint.
OVERRIDE = Block(
    "ENDPOINT",
    PollOverride,
    (
        Key(
            "interval",
            None,
            "the interval, in the form with a timeout: `db: {interval: 10m, timeout: 2m}`",
            write=format_duration,
            default="as above",
        ),
        Key(
            "timeout",
            value(scalars.timeout),
            "longest time for one poll of this endpoint, login included",
            write=format_duration,
            default="`poll.timeout`; for `db` and `support` 60s",
        ),
    ),
)
POLL = Block(
    "poll",
    None,  # its values are merged with those of another block
    (
        *(_endpoint_key(endpoint, row) for endpoint, row in _ENDPOINTS.items()),
        Key("ENDPOINT", None, block=OVERRIDE),  # any of these
        Key(
            "timeout",
            value(scalars.timeout),
            "the timeout of every endpoint without its own; not of `db` and `support`",
            default=f"`{format_duration(COMMON_TIMEOUT)}`",
        ),
        Key(
            "stale_after",
            value(scalars.intervals),
            "number of intervals after which a reading is removed from `/metrics`; at least 1",
            default=f"`{DEFAULT_STALE_AFTER:g}`",
        ),
    ),
)
# The keys that only the common block has.
COMMON_POLL = Block(
    "poll",
    Config,
    (
        Key(
            "workers",
            value(scalars.workers),
            "number of polling threads, 1 to 1000; `auto` starts enough for all targets to be dead at once",
            write=lambda count: count or "auto",
        ),
    ),
)
