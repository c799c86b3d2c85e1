"""Which tests start first, what leaves them the processor, and what a person reads while waiting for one."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

WHOLE_LOOP = "tests/e2e/test_whole_loop.py"
# What waits longest starts first, so that nobody waits for it at the end.
FIRST = (
    WHOLE_LOOP,
    "tests/e2e/test_documented_commands.py",
    "tests/grafana/pictures/test_drawing.py",
    "tests/alerts/test_engines.py",
    "tests/alerts/test_hour.py",
    "tests/e2e/test_paging_inquiries.py",
    "tests/e2e/test_paging_random_kills.py",
    "tests/e2e/test_paging_disks.py",
    "tests/e2e/test_pager_secrets.py",
    "tests/e2e/test_paging_answers.py",
    "tests/grafana/test_unknown_clients.py",
    "tests/e2e/test_daemon.py",
    "tests/e2e/test_faults.py",
    "tests/e2e/test_documented_paging.py",
    "tests/alerts/test_lasting.py",
    "tests/grafana/test_answers.py",
    "tests/paging/messages/test_properties.py",
)
_NICE = 10  # of every other test, as far as they run beside the whole loop: it keeps a pace
_SILENCE = 60.0  # seconds without the end of a test, after which the running ones are named


def put_first(items: list[pytest.Item]) -> None:
    """Sort tests so that those of FIRST come first; the others keep their order."""
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: ranks.get(item.nodeid.partition("::")[0], len(FIRST)))


def runs_the_loop(config: pytest.Config) -> bool:
    """Return whether the whole loop is among the tests that were asked for."""
    asked = [config.rootpath / name.partition("::")[0] for name in config.args]
    loop = config.rootpath / WHOLE_LOOP
    return "not real" not in config.option.markexpr and any(
        path == loop or path in loop.parents for path in asked
    )


def yield_to_the_loop(item: pytest.Item) -> None:
    """Lower the priority of this worker if it runs something else beside the whole loop."""
    beside = any(each.nodeid.startswith(WHOLE_LOOP) for each in item.session.items)
    if (
        beside
        and "PYTEST_XDIST_WORKER" in os.environ
        and not item.nodeid.startswith(WHOLE_LOOP)
        and os.getpriority(os.PRIO_PROCESS, 0) < _NICE
    ):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)


class Waiting:
    """Writes which tests are running when none has ended for a minute."""

    def __init__(self, reporter: pytest.TerminalReporter, silence: float = _SILENCE) -> None:
        self._reporter = reporter
        self._silence = silence
        self._running: dict[str, float] = {}
        self._last = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="waiting", daemon=True)

    def pytest_sessionstart(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def pytest_sessionfinish(self) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a test has started, in whatever process."""
        self._running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note that a test has ended."""
        self._running.pop(nodeid, None)
        self._last = time.monotonic()

    def _watch(self) -> None:
        while not self._over.wait(self._silence / 10):
            now = time.monotonic()
            if now - self._last >= self._silence:
                self._last = now
                for nodeid, began in sorted(dict(self._running).items(), key=lambda each: each[1]):
                    self._reporter.write_line(f"waiting for {nodeid} ({now - began:.0f} s)")
