"""The configuration that is in effect, as its page shows it."""

from __future__ import annotations

import threading
import zlib
from typing import TYPE_CHECKING, NamedTuple

from waexporter.config import dump_config
from waexporter.web.backend import ConfigStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.model import Config

_PATIENCE = 0.2  # seconds to wait for a text that another request makes


class _Loaded(NamedTuple):
    config: Config
    notes: tuple[str, ...]
    at: float  # wall-clock seconds


class CurrentConfig:
    """The configuration in effect; safe to share by threads.

    Its text is made at the first request for it, since most are never looked at. It is kept compressed: that
    of a thousand targets has 600 KiB.
    """

    def __init__(
        self,
        config: Config,
        at: float,
        notes: Sequence[str] = (),
        *,
        file: str | None = None,
        dump: Callable[[Config], str] = dump_config,
    ) -> None:
        self._file = file
        self._dump = dump
        self._loaded = _Loaded(config, tuple(notes), at)
        self._text: tuple[Config, bytes] | None = None
        self._writing = threading.Lock()

    def replace(self, config: Config, at: float, notes: Sequence[str]) -> None:
        """Replace the configuration by one that was loaded at `at` (wall clock)."""
        known = self._loaded.config
        self._loaded = _Loaded(known if known == config else config, tuple(notes), at)

    def describe(self) -> ConfigStatus:
        """Return the configuration as text, with secrets masked, and where it came from."""
        config, notes, at = self._loaded
        return ConfigStatus(
            text=self._write(config), file=self._file, loaded_at=at, notes=notes, targets=len(config.targets)
        )

    def _write(self, config: Config) -> str | None:
        # Held while the text is made. For thousands of targets that takes seconds, and others that ask must
        # not keep the threads of the server from scrapes.
        if not self._writing.acquire(timeout=_PATIENCE):
            return None
        try:
            known = self._text
            if known is None or known[0] is not config:
                self._text = known = config, zlib.compress(self._dump(config).encode("utf-8", "replace"), 1)
        finally:
            self._writing.release()
        return zlib.decompress(known[1]).decode()
