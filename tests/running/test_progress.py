"""What takes longest starts first, and a person reads what is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from tests.e2e.waiting import wait_for
from tests.running.progress import FIRST, WHOLE_LOOP, Waiting, put_first

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Named:
    nodeid: str


@dataclass
class Lines:
    written: list[str] = field(default_factory=list)

    def write_line(self, line: str) -> None:
        self.written.append(line)


def test_every_file_that_goes_first_is_there() -> None:
    assert [name for name in FIRST if not (ROOT / name).exists()] == []


def test_the_whole_loop_goes_first_and_the_rest_keeps_its_order() -> None:
    names = ["tests/b.py::x", "tests/a.py::y", f"{FIRST[1]}::z", f"{WHOLE_LOOP}::all"]
    items = [cast("pytest.Item", Named(name)) for name in names]

    put_first(items)

    assert [item.nodeid for item in items] == [names[3], names[2], names[0], names[1]]


def test_a_test_that_takes_long_is_named_while_it_runs() -> None:
    lines = Lines()
    waiting = Waiting(cast("pytest.TerminalReporter", lines), silence=0.05)
    waiting.pytest_sessionstart()
    waiting.pytest_runtest_logstart("tests/a.py::short")
    waiting.pytest_runtest_logstart("tests/b.py::long")
    waiting.pytest_runtest_logfinish("tests/a.py::short")

    wait_for(lambda: len(lines.written))
    waiting.pytest_sessionfinish()

    assert lines.written[0] == "waiting for tests/b.py::long (0 s)"
