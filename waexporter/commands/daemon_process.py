"""The daemon in this process, for `run` and `demo`."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from waexporter import log
from waexporter.daemon import app
from waexporter.daemon.open_files import raise_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from waexporter.config import LoadedConfig
    from waexporter.daemon.config_source import ConfigSource


def serve(
    loaded: LoadedConfig,
    on_start: Callable[[app.Daemon], None],
    source: ConfigSource | None = None,
) -> None:
    """Run the daemon until SIGTERM or Ctrl-C; `source` is for its reloads."""
    # A signal that comes before the server handles signals ends the start, with exit code 0.
    with suppress(KeyboardInterrupt), _interrupt_on_sigterm():
        log.configure(loaded.config.log, sys.stderr)
        raise_limit()
        for note in loaded.notes:
            log.get_logger("config").warning(note)
        with app.start(loaded.config, source=source) as daemon:
            on_start(daemon)
            daemon.run()


@contextmanager
def _interrupt_on_sigterm() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM, until the server handles signals itself."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
