"""The effective configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model.pager import PagerSettings
    from waexporter.model.targets import Target


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one answer of a client."""

    body_bytes: int = 16 * 1024 * 1024
    samples_per_endpoint: int = 10_000
    label_sets_per_family: int = 200


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The address on which this program listens."""

    host: str = "127.0.0.1"
    port: int = 9847
    config_file: str | None = None  # exporter-toolkit format

    @property
    def own_url(self) -> str:
        """The URL by which another process on this machine reaches this program."""
        everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{everywhere.get(self.host, host)}:{self.port}"


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
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    workers: int | None = None  # polling threads; None: enough for all targets to be unreachable at once
    pager: PagerSettings | None = None  # None: nobody is paged, nothing listens, nothing is written
