"""A real Alertmanager on a port of its own."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.request import Request

from tests.real.network import DIRECT, find_free_port
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

# Debian's build looks for its templates there, where they are only once it is installed. A relative path of
# the same length in its place makes it look where it is started.
_INSTALLED = b"/usr/share/prometheus/alertmanager"
_HERE = b"./" * (len(_INSTALLED) // 2)


class Alertmanager:
    """A running Alertmanager; `with` ends it."""

    def __init__(
        self,
        program: Path,
        folder: Path,
        config: Mapping[str, object],
        cluster: Sequence[str] = ("--cluster.listen-address=",),
        *,
        port: int | None = None,
    ) -> None:
        """Start a program with a configuration (as the object its YAML would give) and wait until ready.

        `cluster` has the flags that make it one of several; by default it is alone. What it stores is in the
        folder, where the next one started there finds it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "alertmanager.yml"
        file.write_text(json.dumps(config))  # JSON is YAML
        moved = folder / "alertmanager"
        moved.unlink(missing_ok=True)
        moved.write_bytes(program.read_bytes().replace(_INSTALLED, _HERE))
        moved.chmod(0o700)
        self.url = f"http://127.0.0.1:{port or find_free_port()}"
        self.process = Process(
            [
                str(moved),
                f"--config.file={file}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                *cluster,
            ],
            cwd=program.parents[1] / "share" / "prometheus" / "alertmanager",
        )
        try:
            self.process.wait_for_url(f"{self.url}/-/ready", deadline=60)
        except AssertionError:
            self.process.stop()
            raise

    def fire(self, *alerts: Mapping[str, object]) -> None:
        """Tell it of alerts, as Prometheus does."""
        request = Request(
            f"{self.url}/api/v2/alerts",
            json.dumps(alerts).encode(),
            {"content-type": "application/json"},
        )
        with DIRECT.open(request, timeout=20) as answer:
            assert answer.status == HTTPStatus.OK

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()
