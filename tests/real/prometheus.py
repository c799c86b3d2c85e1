"""A real Prometheus on a port of its own, asked through its API."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from tests.real.network import ask, find_free_port
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

Vector = list[tuple[dict[str, str], float]]  # labels and value of each sample


class Prometheus:
    """A running Prometheus; `with` ends it."""

    def __init__(self, program: Path, folder: Path, config: Mapping[str, object]) -> None:
        """Start a program with a configuration (as the object its YAML would give) and wait until ready."""
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "prometheus.yml"
        file.write_text(json.dumps(config))  # JSON is YAML
        self.url = f"http://127.0.0.1:{find_free_port()}"
        address = self.url.removeprefix("http://")
        self.process = Process([str(program), *self._flags(file, folder / "data", address)], cwd=folder)
        try:
            self.process.wait_for_url(f"{self.url}/-/ready")
        except AssertionError:
            self.process.stop()
            raise

    def query(self, promql: str, *, until: Callable[[Vector], bool] = bool, deadline: float = 60) -> Vector:
        """Ask until the answer fits (by default: until there is one); gives labels and value of each sample.

        Raises AssertionError with the last answer when the deadline (seconds) passes.
        """
        end = time.monotonic() + deadline
        while not until(vector := self._ask(promql)):
            if time.monotonic() >= end or not self.process.is_running:
                raise AssertionError(f"{promql} still gives {vector}; {self.process.output[-2000:]}")
            self.process.glance()
        return vector

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.stop()

    def _flags(self, config: Path, data: Path, address: str) -> tuple[str, ...]:
        return (
            f"--config.file={config}",
            f"--storage.tsdb.path={data}",
            f"--web.listen-address={address}",
            "--rules.alert.resend-delay=1s",
            "--web.enable-lifecycle",
        )

    def _ask(self, promql: str) -> Vector:
        answer = ask(f"{self.url}/api/v1/query?{urlencode({'query': promql})}", patience=30)
        assert answer is not None, f"Prometheus did not answer; {self.process.output[-2000:]}"
        assert answer.status == HTTPStatus.OK, f"{promql}: {answer.body.decode()}"
        data = json.loads(answer.body)["data"]
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(sample["metric"], float(sample["value"][1])) for sample in data["result"]]
