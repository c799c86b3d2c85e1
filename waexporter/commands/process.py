"""The exit codes of commands, and the end of their process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress

OK, FAILED, USAGE_ERROR = 0, 1, 2
NAGIOS_UNKNOWN = 3
INTERRUPTED = 128 + signal.SIGINT


def exit_despite_threads(code: int = OK) -> None:
    """End the process at once if threads are still waiting for a client, which may take a minute."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if any(not thread.daemon for thread in others):
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
