"""Starts daemons in a tenth of the time: it has imported everything, and forks.

`python -m tests.e2e.nursery LOG` reads command lines of waexporter, one a line and as JSON, and says the
number of the process that runs it. A child is a process of its own like any other, which may be killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import waexporter.daemon.app
import waexporter.daemon.paging  # noqa: F401 - imported ahead of the children
from waexporter.cli import main


def bear(arguments: list[str], log: Path) -> int:
    """Start a child; gives its number."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        status = main(arguments)
    finally:
        os._exit(status)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    for command in sys.stdin:
        print(bear(json.loads(command), Path(sys.argv[1])), flush=True)  # noqa: T201 - whoever asked reads it
