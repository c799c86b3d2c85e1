"""A real VictoriaMetrics on a port of its own, which scrapes and is asked as a Prometheus."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.real.network import find_free_port
from tests.real.process import Process
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@contextmanager
def recording(program: Path, rules: Path, server: VictoriaMetrics) -> Iterator[None]:
    """Run a vmalert, which records every second what rules find in a server, as Prometheus does itself."""
    address = f"127.0.0.1:{find_free_port()}"
    flags = [f"-{use}.url={server.url}" for use in ("datasource", "remoteRead", "remoteWrite")]
    flags += [f"-rule={rules}", f"-httpListenAddr={address}", "-evaluationInterval=1s"]
    flags += ["-notifier.blackhole", "-loggerLevel=WARN"]
    with Process([str(program), *flags]) as process:
        process.wait_for_url(f"http://{address}/health")
        yield
