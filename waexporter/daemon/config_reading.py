"""Reads the configuration in a thread of its own, so that a disk that hangs holds up no reload for ever."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from waexporter.config.file_stamp import FileStamp, stamp_file
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.config import LoadedConfig, Stamps
    from waexporter.config.file_stamp import Stamp
    from waexporter.daemon.config_source import ConfigSource
    from waexporter.model import Instant

READ_TIMEOUT: Final = 60.0  # seconds; more than the pipes of one configuration may take
# A file that was written again within this time may have the same times as before, so it is read once more.
YOUNG: Final = 1.0  # seconds

_TRIES: Final = 3  # to read all files while none of them changes

# Without a number that grows, so that it is one problem as long as it lasts.
HANGS: Final = "the files of the configuration can't be read: a disk or a network volume does not answer"


class ConfigReading:
    """The reading of the configuration: one at a time, even if one never ends; for one thread at a time."""

    def __init__(
        self,
        source: ConfigSource,
        clock: Callable[[], Instant],
        timeout: float = READ_TIMEOUT,
        stamp: Callable[[str], Stamp] = stamp_file,
    ) -> None:
        self._read = source.read
        self._paths = list(source.stamps)
        self._clock = clock
        self._timeout = timeout
        self._stamp = stamp
        self._thread: threading.Thread | None = None

    def read(self, stamps: Stamps, discovered: str | None) -> LoadedConfig:
        """Return the configuration; raise ConfigError with its problems, or if the reading takes too long.

        Add the stamp of each file to `stamps`, also in case of an error; None if it has to be read again.
        """
        results: list[LoadedConfig] = []
        errors: list[Exception] = []
        own: Stamps = {}

        def run() -> None:
            # A file that is being written may be empty for a moment, and without users and TLS.
            for _ in range(_TRIES):
                results.clear()
                errors.clear()
                own.clear()
                try:
                    results.append(self._read(own, discovered))
                except Exception as error:  # noqa: BLE001 - raised below, in the thread that waits
                    errors.append(error)
                if all(self._stamp(path) == stamp for path, stamp in own.items()):
                    return

        began = self._clock().wall
        if not self._hangs():
            self._thread = threading.Thread(target=run, name="config-reading", daemon=True)
            self._thread.start()
            self._thread.join(self._timeout)
        if self._hangs():
            stamps.update(dict.fromkeys(self._paths))
            raise ConfigError([HANGS])
        self._paths = list(own)
        stamps.update(_without_young(own, began))
        if errors:
            raise errors[0]
        return results[0]

    def _hangs(self) -> bool:
        return self._thread is not None and self._thread.is_alive()


def _without_young(stamps: Stamps, wall: float) -> Stamps:
    """Return the stamps without those of files that were written just before `wall` (wall clock)."""
    return {
        path: None if isinstance(stamp, FileStamp) and abs(wall - stamp.changed / 1e9) < YOUNG else stamp
        for path, stamp in stamps.items()
    }
