"""Fixtures for every test: real parts, processes, ports."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from grafana.pictures import bundle
from tests.real import parts
from tests.real.fixtures import Finding, RealParts
from tests.real.network import find_free_port
from tests.real.process import Process
from tests.real.prometheus import Prometheus
from tests.running import progress
from tests.running.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.real.fixtures import RunTool, StartProcess, StartPrometheus

# A busy machine is no finding of a property test, neither in running an example nor in making one. What
# decides on a change tries the same examples each time; everywhere else they are new ones.
settings.register_profile(
    "patient",
    deadline=None,
    max_examples=examples(100),
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("patient")

# What a script starts in the background ignores Ctrl-C, and so would every program that tests start there.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Let a person know which tests are waited for."""
    if not hasattr(config, "workerinput"):
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.register(progress.Waiting(reporter))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Report, above all else, which real parts are missing, and what takes minutes."""
    missing = {suite: parts.missing_programs(suite) for suite in parts.SUITES}
    missing["browser"] = parts.missing_browser()
    missing["npm"] = bundle.missing()
    lines = [
        f"real parts MISSING in {place}: {', '.join(names)}" for place, names in missing.items() if names
    ]
    if progress.runs_the_loop(config):
        lines.append("the whole loop takes seven minutes: it starts first and runs beside the rest")
    return lines if any(missing.values()) else ["real parts: all there", *lines]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever asks for a real part or starts whole processes, and put first what takes longest."""
    for item in items:
        if "real_parts" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.real)
        if item.nodeid.startswith("tests/e2e/"):
            item.add_marker(pytest.mark.e2e)
    progress.put_first(items)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave the processor to the whole loop, which keeps a pace."""
    progress.yield_to_the_loop(item)


@pytest.fixture(autouse=True)
def _reset_log() -> Iterator[None]:
    """Undo what a test has configured of the log, so that the next one in this process finds every level."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def real_parts() -> RealParts:
    """Real programs; a missing one skips the test, or fails it when WAEXPORTER_REQUIRE_REAL=1."""
    return RealParts()


@pytest.fixture(params=parts.SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    """Run the test once with each generation of the real parts."""
    name: str = request.param
    return name


@pytest.fixture
def promtool(real_parts: RealParts) -> RunTool:
    """Run the promtool of a suite."""
    return _tool(real_parts, "promtool")


@pytest.fixture
def amtool(real_parts: RealParts) -> RunTool:
    """Run the amtool of a suite."""
    return _tool(real_parts, "amtool")


@pytest.fixture
def vmalert(real_parts: RealParts) -> RunTool:
    """Run the vmalert of a suite of parts.VICTORIA_SUITES."""
    return _tool(real_parts, "vmalert")


def _tool(real_parts: RealParts, name: str) -> RunTool:
    def run(suite: str, *arguments: str | Path, stdin: bytes = b"") -> Finding:
        command = [real_parts.program(suite, name), *arguments]
        done = subprocess.run(
            command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240, check=False
        )
        return Finding(done.returncode, done.stdout.decode())

    return run


@pytest.fixture
def prometheus(real_parts: RealParts, tmp_path: Path) -> Iterator[StartPrometheus]:
    """Start Prometheus servers, each in a folder of its own."""
    with ExitStack() as stack:
        started: list[Prometheus] = []

        def start(suite: str, config: Mapping[str, object]) -> Prometheus:
            program = real_parts.program(suite, "prometheus")
            folder = tmp_path / f"prometheus-{len(started)}"
            started.append(stack.enter_context(Prometheus(program, folder, config)))
            return started[-1]

        yield start


@pytest.fixture
def process() -> Iterator[StartProcess]:
    """Start commands; each is ended by SIGTERM after the test, which fails when that is not enough."""
    with ExitStack() as stack:

        def start(*command: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Process:
            return stack.enter_context(Process(command, env=env, cwd=cwd))

        yield start


@pytest.fixture
def free_port() -> int:
    """Find a port of the loopback interface that nobody uses now."""
    return find_free_port()
