"""The daemon, but killed at one exact spot: `python -m tests.e2e.dying SPOT run --config …`."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from waexporter.cli import main
from waexporter.paging.journal.session import JournalSession
from waexporter.paging.journal.writer import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Where: before or after which step of the journal.
SPOTS: Mapping[str, tuple[type[Journal | JournalSession], str, bool]] = {
    "before-commit": (JournalSession, "record_page", False),
    "after-commit": (JournalSession, "record_page", True),
    "before-send": (Journal, "begin_attempt", True),
    "after-send": (Journal, "finish", False),
    "after-end": (Journal, "finish", True),
}


def arm(spot: str) -> None:
    """Let the process kill itself at a spot, as the kernel would: nothing is flushed, nothing said."""
    owner, name, is_after = SPOTS[spot]
    step: Callable[..., Any] = getattr(owner, name)

    def last(*arguments: object, **named: object) -> None:
        if is_after:
            step(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, last)


if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
