"""The simulator in the foreground, for `waexporter simulate`."""

from __future__ import annotations

import queue
import signal
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.simulator.faults.scenarios import SCENARIOS
from waexporter.simulator.server import Simulator
from waexporter.simulator.state.accounts import ADMIN, FIRST_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from waexporter.simulator.options import Options

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(options: Options, announce: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM, from the main thread; OSError when the port is taken."""
    with ExitStack() as stack:
        if options.tls and options.ca_file is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="simulator-"))
            options = replace(options, ca_file=str(Path(folder, "ca.pem")))
        stopped = stack.enter_context(_signals())
        simulator = stack.enter_context(Simulator(options))
        for line in _lines(simulator, options):
            announce(line)
        stopped.get()


@contextmanager
def _signals() -> Iterator[queue.SimpleQueue[int]]:
    """Catch SIGINT and SIGTERM into a queue; a SimpleQueue is safe in a signal handler, an Event is not."""
    caught: queue.SimpleQueue[int] = queue.SimpleQueue()

    def note(number: int, _frame: FrameType | None) -> None:
        caught.put(number)

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield caught
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _lines(simulator: Simulator, options: Options) -> Iterator[str]:
    yield f"A simulated client ({_topology(options)}) answers at {simulator.url}"
    if options.tls:
        yield f"Its certificate is signed by {options.ca_file}"
    yield from _accounts(simulator, options)
    if options.api_key is not None:
        reach = "health" if options.api_key_health_only else "health, stats and metrics"
        yield f"API key: accepted for {reach}"
    scenario = SCENARIOS[options.scenario]
    yield f"Scenario {options.scenario}: {scenario.description}"
    yield f"Control: {simulator.control_url} (GET shows the state; POST …/faults, POST …/scenario)"


def _topology(options: Options) -> str:
    return (
        f"multiconnect, {options.shards} shards" if options.topology == "multiconnect" else options.topology
    )


def _accounts(simulator: Simulator, options: Options) -> Iterator[str]:
    ready = {name: role for name, _, role in options.users}
    for name, role in ready.items():
        yield f"Account: {name} ({role}), ready to use"
    if ADMIN not in ready:
        trust = f"--cacert {options.ca_file} " if options.tls else ""
        yield f"Account: {ADMIN}, password {FIRST_PASSWORD}, which must be changed at the first login:"
        yield (
            f"  curl {trust}-u {ADMIN}:{FIRST_PASSWORD} -H 'Content-Type: application/json' "
            f"""-d '{{"new_password": "Another-1"}}' {simulator.url}/v1/users/login"""
        )
