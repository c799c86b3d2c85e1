"""The effective configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.model.discovery import HttpSd
from waexporter.model.web_settings import WebSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model.pager import PagerSettings
    from waexporter.model.shard import Shard
    from waexporter.model.targets import Target


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one answer of a client."""

    body_bytes: int = 16 * 1024 * 1024
    samples_per_endpoint: int = 10_000
    label_sets_per_family: int = 200


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The level and the format of the log."""

    level: str = "info"  # debug | info | warning | error
    format: str = "json"  # json | console


@dataclass(frozen=True, slots=True)
class Config:
    """The whole effective configuration."""

    targets: tuple[Target, ...]
    limits: Limits = Limits()
    web: WebSettings = field(default_factory=WebSettings)
    http_sd: HttpSd = field(default_factory=HttpSd)
    discovered: int = 0  # the number of targets that http_sd names, also those of other shards
    log: LogSettings = LogSettings()
    workers: int | None = None  # polling threads; None: enough for all targets to be unreachable at once
    pager: PagerSettings | None = None  # None: nobody is paged, nothing listens, nothing is written
    shard: Shard | None = None  # the part of the fleet that is polled; None: all of it
    # The targets that other daemons poll, each with the index of its shard.
    elsewhere: Mapping[str, int] = field(default_factory=dict)
