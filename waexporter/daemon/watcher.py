"""Notices that a file of the configuration has changed, by looking at all of them every two seconds.

Notifications of the system (inotify) don't come from network volumes, and have to follow each link of a path.
A look costs some microseconds per file, and sees a file that was renamed, replaced or that appears, and the
links that Kubernetes swaps.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Final

from waexporter.config import stamp_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.config import Stamps
    from waexporter.metrics.telemetry import KnownGauge
    from waexporter.model import Instant

INTERVAL: Final = 2.0  # seconds between two looks
SETTLE_TIME: Final = 1.0  # seconds in which a changed file must stay the same, since it may still be written
LONGEST_SETTLING: Final = 10.0  # seconds after which the files are read although they still change


class ChangeDetector:
    """Decides by looks at the files whether to read them again; pure."""

    def __init__(self) -> None:
        self._before: Stamps | None = None  # at the last look, if that saw a change
        self._since = math.inf  # steady clock: when a change was first seen

    def is_due(self, read: Stamps, found: Stamps, steady: float) -> bool:
        """Return whether a change of what was `read` is complete, as it was `found` now."""
        if found == read:
            self._before, self._since = None, math.inf
            return False
        self._since = min(self._since, steady)
        is_settled = found == self._before or steady - self._since >= LONGEST_SETTLING
        self._before = found
        if is_settled:
            self._before, self._since = None, math.inf
        return is_settled

    @property
    def pause(self) -> float:
        """The seconds until the next look."""
        return INTERVAL if self._before is None else SETTLE_TIME


class FileWatcher:
    """Looks at the files of the configuration in a thread of its own, from `start` to `stop`.

    A look at a disk that hangs hangs too: this stops nothing else, and the time of the last look shows it.
    """

    def __init__(
        self,
        read: Callable[[], Stamps],
        reload: Callable[[], None],
        watch_time: KnownGauge,
        clock: Callable[[], Instant],
    ) -> None:
        """Build a watcher; `read` returns the stamps of the files that were read last."""
        self._read = read
        self._reload = reload
        self._watch_time = watch_time
        self._clock = clock
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="file-watcher", daemon=True).start()

    def stop(self) -> None:
        """Look no more; a look that hangs is not waited for."""
        self._stopped.set()

    def _run(self) -> None:
        detector = ChangeDetector()
        while not self._stopped.wait(detector.pause):
            read = self._read()
            found = {path: stamp_file(path) for path in read}
            now = self._clock()
            self._watch_time.value = now.wall
            if detector.is_due(read, found, now.steady) and not self._stopped.is_set():
                self._reload()
