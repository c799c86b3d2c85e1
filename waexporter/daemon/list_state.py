"""What is known of the list of targets that a web server publishes; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from waexporter.timefmt import plural

_FIRST_PAUSE = 1.0  # seconds after the first failure, while there is no list; then twice as long each time
_MOST_DOUBLINGS = 16
_JITTER = 0.1  # of a pause, more or less: the daemons of a fleet don't all ask at once


@dataclass(frozen=True, slots=True)
class ListState:
    """The list that is in effect, and what came of the requests since."""

    text: str | None = None  # of the list that is in effect; None: there is none yet
    targets: int = 0  # in that list, also those of other shards
    at: float | None = None  # wall-clock seconds, when it was last found to be the current one
    problem: str = ""  # why the last request gave no list that is in effect
    is_refused: bool = False  # because there is an unusable list
    failures: int = 0  # in a row

    def is_news(self, text: str) -> bool:
        """Return whether a list that was received needs a reload."""
        return self.is_refused or text != self.text

    def succeeded(self, text: str, targets: int, at: float) -> ListState:
        """Return the state after a list was received that is in effect."""
        return ListState(text, targets, at)

    def failed(self, problem: str, *, is_refused: bool = False) -> ListState:
        """Return the state after a request that gave no list, or one that was refused."""
        return replace(
            self, problem=problem, is_refused=is_refused or self.is_refused, failures=self.failures + 1
        )

    def next_pause(self, interval: float, chance: float) -> float:
        """Return the seconds until the next request; `chance` is a random number from 0 to 1.

        Until there is a list, requests follow each other sooner.
        """
        pause = interval
        if self.text is None:
            doublings = min(max(self.failures - 1, 0), _MOST_DOUBLINGS)
            pause = min(interval, _FIRST_PAUSE * 2.0**doublings)
        return pause * (1 - _JITTER + 2 * _JITTER * chance)

    def explain(self, url: str) -> str | None:
        """Return one sentence about the problem, for people; None without one."""
        if not self.problem:
            return None
        last = f"its last good answer counts, with {plural(self.targets, 'target')}"
        rest = "there is none yet" if self.text is None else last
        return f"the list of targets at {url}: {self.problem}; {rest}"
