"""The daemon on a clock that jumps: `python -m tests.e2e.skewed FILE run --config …`; FILE has the seconds.

Only the timetable of polls, which plans on `datetime`, keeps the true time; it has tests of its own.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_true_time = time.time


def skew(file: Path) -> None:
    """Let the wall clock be off by what a file says; the steady clock goes on as ever."""
    time.time = lambda: _true_time() + float(file.read_text() or 0)


if __name__ == "__main__":
    skew(Path(sys.argv[1]))
    # What is imported from here on takes the clock for the true one.
    from waexporter.cli import main

    sys.exit(main(sys.argv[2:]))
