"""What the fixtures of conftest.py give, for the annotations of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from grafana.pictures import bundle
from tests.real import axe, parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.real.process import Process
    from tests.real.prometheus import Prometheus


def require(missing: Sequence[str], *, where: str) -> None:
    """Skip the test when something is missing; fail it when WAEXPORTER_REQUIRE_REAL=1."""
    if not missing:
        return
    sentence = f"{', '.join(missing)} of {where} missing: get it with `make real-parts`"
    if parts.are_required():
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


class RealParts:
    """The programs of each suite, required when asked for."""

    def program(self, suite: str, name: str) -> Path:
        """Give the path of a program of parts.programs()."""
        require([name] if name in parts.missing_programs(suite) else [], where=suite)
        return parts.program(suite, name)

    def browser(self) -> None:
        """Require chromium and its driver."""
        require(parts.missing_browser(), where="the system")

    def axe(self) -> None:
        """Require a browser, and what checks the pages in it."""
        self.browser()
        require(axe.missing(), where="npm")

    def drawing(self) -> None:
        """Require what dashboards are drawn with: a browser, and Grafana's packages."""
        self.browser()
        require(bundle.missing(), where="npm")


class StartProcess(Protocol):
    """`process(sys.executable, "-m", "waexporter", …)` starts a command; it is ended after the test."""

    def __call__(
        self, *command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Process: ...


class Finding(NamedTuple):
    """How a tool ended and everything it wrote."""

    status: int
    output: str


class RunTool(Protocol):
    """`promtool(suite, "check", "metrics", stdin=page)` runs a tool to its end."""

    def __call__(self, suite: str, *arguments: str | Path, stdin: bytes = b"") -> Finding: ...


class StartPrometheus(Protocol):
    """`prometheus(suite, {"scrape_configs": […]})` starts a server; it is ended after the test."""

    def __call__(self, suite: str, config: Mapping[str, object]) -> Prometheus: ...
