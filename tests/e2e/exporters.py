"""A real `waexporter run` (or another daemon of ours) as a process, asked over HTTP."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Self

import httpx

from tests.e2e.pages import Page
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WAEXPORTER = (sys.executable, "-m", "waexporter")
# What takes minutes in earnest has tests of its own.
WITHOUT_COLLECTORS = {"support": "off", "settings": "off", "certificates": "off", "group": "off"}
# Polls are frequent, and yet nothing fails or goes stale because the machine stood still for some seconds.
PATIENT = {"timeout": "10s", "stale_after": 10}
EVERY_SECOND = {
    "health": "1s",
    "app": "1s",
    "web": "1s",
    "db": {"interval": "2s", "timeout": "10s"},
    **PATIENT,
    **WITHOUT_COLLECTORS,
}


def clean_environment(**more: str) -> dict[str, str]:
    """Give this process's environment without anything that would configure waexporter, and more.

    A daemon does not look for changed files, so that only the test decides when it reads them.
    """
    ours = ("WAEXPORTER_", "WA_")
    others = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    return others | {"WAEXPORTER_WATCH": "false"} | more


def write_config(folder: Path, config: Mapping[str, object]) -> Path:
    """Write a configuration file; JSON is YAML."""
    file = folder / "waexporter.yml"
    file.write_text(json.dumps(config))
    return file


class Exporter:
    """A daemon that has started; `with` ends it by SIGTERM."""

    def __init__(self, process: Process) -> None:
        self.process = process
        started = process.wait_for_line(r"started\b.*\blisten\W+(127\.0\.0\.1:\d+)")
        self.url = f"http://{started[1]}"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    @classmethod
    def run(
        cls, file: Path, *arguments: str, program: Sequence[str] = WAEXPORTER, watch: bool = False
    ) -> Self:
        """Start `waexporter run` with a configuration file, on a free port."""
        command = (*program, "run", "--config", str(file), "--listen", "127.0.0.1:0", *arguments)
        environment = clean_environment(WAEXPORTER_WATCH=str(watch).lower())
        process = Process(command, env=environment, cwd=parts.ROOT)
        try:
            return cls(process)
        except BaseException:
            process.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.process.stop()

    def get(self, path: str, **headers: str) -> httpx.Response:
        """GET a path; the answer must be 200."""
        answer = self.http.get(path, headers=headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer

    def page(self) -> Page:
        """Read the whole /metrics."""
        return Page(self.get("/metrics").text)

    def targets(self) -> dict[str, dict[str, Any]]:
        """Give what /api/v1/targets says, by target."""
        return {target["name"]: target for target in self.get("/api/v1/targets").json()["targets"]}

    def wait_until_ok(self, *names: str, deadline: float = 60) -> None:
        """Wait until these targets are ok and every endpoint of them was polled with success."""
        wait_for(
            lambda: [name for name in names if not _is_well(self.targets()[name])],
            until=_is_empty,
            deadline=deadline,
        )

    def log(self, **fields: str) -> list[dict[str, Any]]:
        """Give the log lines that have these fields."""
        lines = [json.loads(line) for line in self.process.output.splitlines() if line.startswith("{")]
        return [line for line in lines if fields.items() <= line.items()]


def _is_well(target: Mapping[str, Any]) -> bool:
    polls = target["endpoints"]
    return target["verdict"]["state"] == "ok" and all(poll["outcome"] == "ok" for poll in polls)


def _is_empty(names: list[str]) -> bool:
    return not names
