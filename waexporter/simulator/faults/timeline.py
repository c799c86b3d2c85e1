"""The timeline of active faults: those of the running scenario and single ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from waexporter.simulator.faults.faults import Fault
    from waexporter.simulator.faults.scenarios import Step

_LONGEST_HISTORY = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """A fault from its `since` to its end, which may be in the future."""

    fault: Fault
    end: float = inf


@dataclass(frozen=True, slots=True)
class _Era:
    """One run of a scenario; its steps are already divided by the speed."""

    steps: tuple[Step, ...]
    begun: float
    ended: float = inf

    @property
    def cycle(self) -> float:
        return sum(step.seconds for step in self.steps)

    def place(self, now: float) -> tuple[int, float]:
        """Return the number of complete cycles and the seconds into the current one."""
        elapsed = max(0.0, min(now, self.ended) - self.begun)
        if self.cycle == inf:
            return 0, elapsed
        whole = floor(elapsed / self.cycle)
        return whole, elapsed - whole * self.cycle

    def windows(self) -> Iterator[tuple[float, float, Fault]]:
        """Yield (begin, end, fault) within one cycle."""
        begin = 0.0
        for step in self.steps:
            for fault in step.faults:
                yield begin, begin + step.seconds, fault
            begin += step.seconds

    def spans(self, now: float) -> Iterator[Span]:
        """Yield the faults that began in this cycle or the previous one: enough for every last end."""
        whole, _ = self.place(now)
        for number in range(max(0, whole - 1), whole + 1):
            zero = self.begun + (number * self.cycle if number else 0.0)
            for begin, end, fault in self.windows():
                if zero + begin <= min(now, self.ended):
                    yield Span(replace(fault, since=zero + begin), min(zero + end, self.ended))

    def seconds(self, now: float, wanted: Callable[[Fault], bool]) -> float:
        """Return for how many seconds the wanted faults were active until now."""
        whole, into = self.place(now)
        total = 0.0
        for begin, end, fault in self.windows():
            if wanted(fault):
                total += (whole * (end - begin) if whole else 0.0) + max(0.0, min(into, end) - begin)
        return total


def _without(step: Step, name: str) -> Step:
    return replace(step, faults=tuple(fault for fault in step.faults if fault.name != name))


class Timeline:
    """The past and present faults."""

    def __init__(self, name: str, steps: tuple[Step, ...], now: float, speed: float) -> None:
        self.scenario = name
        self._speed = speed
        self._past: list[_Era] = []
        self._era = self._begin(steps, now)
        self._asked: list[Span] = []

    def _begin(self, steps: tuple[Step, ...], now: float) -> _Era:
        return _Era(tuple(replace(step, seconds=step.seconds / self._speed) for step in steps), now)

    def play(self, name: str, steps: tuple[Step, ...], now: float) -> None:
        """Start another scenario."""
        self._retire(now)
        self.scenario, self._era = name, self._begin(steps, now)

    def end(self, name: str, now: float) -> None:
        """End every fault of a name for good; the rest of the scenario starts again without it."""
        self.clear(now, name)
        steps = tuple(_without(step, name) for step in self._era.steps)
        if steps != self._era.steps:
            self._retire(now)
            self._era = _Era(steps, now)

    def _retire(self, now: float) -> None:
        self._past.append(replace(self._era, ended=now))
        del self._past[:-_LONGEST_HISTORY]

    def start(self, fault: Fault) -> None:
        """Start a fault at its `since`; an equal one (name, node, endpoint) ends first."""
        same = (fault.name, fault.node, fault.endpoint)
        self._end(fault.since, lambda old: (old.name, old.node, old.endpoint) == same)
        self._asked.append(Span(fault))

    def clear(self, now: float, name: str | None = None) -> bool:
        """End the single faults of a name, or all single faults; return whether there was any."""
        return self._end(now, lambda old: name is None or old.name == name)

    def _end(self, now: float, wanted: Callable[[Fault], bool]) -> bool:
        ending = [span for span in self._asked if span.end == inf and wanted(span.fault)]
        rest = [span for span in self._asked if span not in ending]
        self._asked = [*rest, *(replace(span, end=now) for span in ending)][-_LONGEST_HISTORY:]
        return bool(ending)

    def spans(self, now: float) -> tuple[Span, ...]:
        """Return the active and the past faults, as far back as is needed."""
        eras = (*self._past, self._era)
        return (*(span for era in eras for span in era.spans(now)), *self._asked)

    def active(self, now: float, path: str | None = None) -> tuple[Fault, ...]:
        """Return the active faults, the newest first, optionally only those that affect a path."""
        holding = [span.fault for span in self.spans(now) if span.fault.since <= now < span.end]
        holding.sort(key=lambda fault: fault.since, reverse=True)
        return tuple(fault for fault in holding if path is None or fault.affects(path))

    def seconds(self, now: float, wanted: Callable[[Fault], bool]) -> float:
        """Return for how many seconds in total the wanted faults were active until now."""
        asked = (
            max(0.0, min(now, span.end) - span.fault.since) for span in self._asked if wanted(span.fault)
        )
        return sum(era.seconds(now, wanted) for era in (*self._past, self._era)) + sum(asked)

    def step(self, now: float) -> tuple[int, Step]:
        """Return the current step of the scenario and its number, counted from 0."""
        _, into = self._era.place(now)
        end = 0.0
        for number, step in enumerate(self._era.steps):
            end += step.seconds
            if into < end:
                return number, step
        return len(self._era.steps) - 1, self._era.steps[-1]
