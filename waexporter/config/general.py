"""The small blocks `limits`, `web` and `log`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.config import scalars
from waexporter.model import Limits, LogSettings, WebSettings

if TYPE_CHECKING:
    from waexporter.config.section import Section

_LEVEL = scalars.choice("debug", "info", "warning", "error")
_FORMAT = scalars.choice("json", "console")


def read_limits(root: Section) -> Limits:
    """Read the block `limits`."""
    usual = Limits()
    with root.section("limits") as limits:
        return Limits(
            body_bytes=limits.take("body_bytes", scalars.size, usual.body_bytes),
            samples_per_endpoint=limits.take(
                "samples_per_endpoint", scalars.count, usual.samples_per_endpoint
            ),
            label_sets_per_family=limits.take(
                "label_sets_per_family", scalars.count, usual.label_sets_per_family
            ),
        )


def read_web(root: Section) -> WebSettings:
    """Read the block `web`."""
    usual = WebSettings()
    with root.section("web") as web:
        host, port = web.take("listen", scalars.listen, (usual.host, usual.port))
        return WebSettings(host=host, port=port)


def read_log(root: Section) -> LogSettings:
    """Read the block `log`."""
    usual = LogSettings()
    with root.section("log") as log:
        return LogSettings(
            level=log.take("level", _LEVEL, usual.level),
            format=log.take("format", _FORMAT, usual.format),
        )
