"""A real VictoriaMetrics on a port of its own, which scrapes and is asked as a Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from pathlib import Path


class VictoriaMetrics(Prometheus):
    """A running VictoriaMetrics; `with` ends it. Of a configuration it reads what is about scrapes."""

    def _flags(self, config: Path, data: Path, address: str) -> tuple[str, ...]:
        return (
            f"-promscrape.config={config}",
            f"-storageDataPath={data}",
            f"-httpListenAddr={address}",
            "-search.latencyOffset=0s",  # it keeps the newest thirty seconds back otherwise
            "-loggerLevel=WARN",
        )
