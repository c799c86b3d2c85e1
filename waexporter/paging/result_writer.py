"""Write to the journal what becomes of pages; if it can't be written, people are paged all the same."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from waexporter.errors import JournalError
from waexporter.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.paging.attempt import RoundResult
    from waexporter.paging.journal.entry import PageResult
    from waexporter.paging.journal.writer import Journal
    from waexporter.paging.telemetry import PagerTelemetry

_log = get_logger("pager")


class ResultWriter:
    """Writes attempts and results to the journal, and keeps results that it could not write; thread-safe."""

    def __init__(self, journal: Journal, telemetry: PagerTelemetry) -> None:
        self._journal = journal
        self._telemetry = telemetry
        self._unsaved: deque[tuple[list[int], PageResult]] = deque()
        self._lock = threading.Lock()  # guards what is above
        self._saving = threading.Lock()  # only one thread saves results at a time
        self._problem = ""  # that was logged last

    def begin_attempt(self, numbers: Sequence[int], is_repeat: bool) -> None:  # noqa: FBT001 - a callback
        """Record that an attempt begins; if that fails, people may read a page twice."""
        self._write(lambda: self._journal.begin_attempt(numbers, is_repeat=is_repeat))

    def postpone(self, numbers: Sequence[int], result: RoundResult, *, is_uncertain: bool) -> None:
        """Record that a round failed; the pages stay pending."""
        self._write(
            lambda: self._journal.postpone(
                numbers, result.why, is_uncertain=is_uncertain, tried=result.tried, decided=result.decided
            )
        )

    def discard(self, numbers: Sequence[int]) -> bool:
        """Delete pages that have nothing left to say; return whether that was possible."""
        return self._write(lambda: self._journal.discard(numbers))

    def add(self, numbers: list[int], result: PageResult) -> None:
        """Keep a result until `save` has written it."""
        with self._lock:
            self._unsaved.append((numbers, result))

    def has(self, number: int) -> bool:
        """Return whether there is a result of a page that has not been saved yet."""
        with self._lock:
            return any(number in numbers for numbers, _ in self._unsaved)

    def save(self) -> None:
        """Write all results to the journal that are not saved yet."""
        # A result is removed only after the write: so a page is always known to the journal or to this class.
        with self._saving:
            while self._unsaved:
                numbers, result = self._unsaved[0]
                if not self._write(self._finish(numbers, result)):
                    return
                with self._lock:
                    self._unsaved.popleft()

    def _finish(self, numbers: list[int], result: PageResult) -> Callable[[], None]:
        return lambda: self._journal.finish(numbers, result)

    def _write(self, step: Callable[[], None]) -> bool:
        """Write to the journal if it can be written; return whether it could."""
        try:
            step()
        except JournalError as error:
            self._telemetry.journal_writable.set(0)
            if self._problem != (problem := str(error)):
                self._problem = problem
                _log.error("what becomes of pages can't be noted: they may be read twice", why=problem)
            return False
        self._problem = ""
        self._telemetry.journal_writable.set(1)
        return True
