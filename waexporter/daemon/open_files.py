"""Raises the limit of open files: each target has up to four connections."""

from __future__ import annotations

import resource
from contextlib import suppress

_WANTED = 65_536  # enough for ten thousand targets; a service of systemd begins with 1024


def raise_limit() -> None:
    """Raise the soft limit of open files as far as the hard one allows; it is never lowered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
