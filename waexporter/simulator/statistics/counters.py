"""Families: rows with rates, and the meter that turns them into the client's JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from waexporter.simulator.statistics.traffic import passed, strength

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.simulator.envelope import Json

Labels: TypeAlias = tuple[tuple[str, str], ...]
Series: TypeAlias = tuple[str, Labels]  # of a timing: its name counts, `_sum` adds up


@dataclass(frozen=True, slots=True)
class Tally:
    """A counter; rows are labels and events per second."""

    name: str
    help: str
    rows: tuple[tuple[Labels, float], ...]
    online: bool = False  # stands still while the gateway is down
    like: str = ""  # families that are like the same thing rise together


@dataclass(frozen=True, slots=True)
class Timing:
    """Two counters `_count` and `_sum`; rows are labels, events per second and the mean of one."""

    name: str
    count_help: str
    sum_help: str
    rows: tuple[tuple[Labels, float, float], ...]
    online: bool = False  # stands still while the gateway is down


@dataclass(frozen=True, slots=True)
class Level:
    """A gauge; rows are labels and the mean."""

    name: str
    help: str
    rows: tuple[tuple[Labels, float], ...]


@dataclass(frozen=True, slots=True)
class Meter:
    """The statistics of one process at one time."""

    seed: int
    source: str  # the process: no two count alike
    begun: float  # when it started, seconds since the epoch
    now: float
    idle: tuple[float, float] = (0.0, 0.0)  # seconds without a gateway until begun, and until now
    scale: float = 1.0  # of all traffic
    labels: Labels = ()  # on every sample
    # what faults do: they add to counters for good, pile up on gauges, or hold these where they are
    added: Mapping[Series, float] = field(default_factory=dict)
    piled: Mapping[Series, float] = field(default_factory=dict)
    levels: Mapping[Series, int] = field(default_factory=dict)

    def read(self, families: Iterable[Tally | Timing | Level]) -> Json:
        """Return the families as the client writes them."""
        document: Json = {}
        for family in families:
            document.update(self._family(family))
        return document

    def _family(self, family: Tally | Timing | Level) -> Json:
        if isinstance(family, Timing):
            return self._timing(family)
        if isinstance(family, Tally):
            rows = [
                (labels, self._count(family.like or family.name, labels, family.online, rate))
                for labels, rate in family.rows
            ]
            return {family.name: self._document("counter", family.help, rows)}
        rows = [(labels, self._level(family, labels, mean)) for labels, mean in family.rows]
        return {family.name: self._document("gauge", family.help, rows)}

    def _timing(self, family: Timing) -> Json:
        counts, sums = [], []
        for labels, rate, mean in family.rows:
            count = self._count(family.name, labels, family.online, rate)
            spent = self._count(f"{family.name}_sum", labels, family.online, rate * mean)
            counts.append((labels, count))
            # What is being timed right now is in neither, so no count means no sum.
            sums.append((labels, spent if count else 0))
        return {
            f"{family.name}_count": self._document("counter", family.count_help, counts),
            f"{family.name}_sum": self._document("counter", family.sum_help, sums),
        }

    def _count(self, name: str, labels: Labels, online: bool, rate: float) -> int:  # noqa: FBT001 - a column of the row
        idle_then, idle_now = self.idle if online else (0.0, 0.0)
        series = f"{self.source}/{name}/{labels}"
        usual = self.scale * rate * passed(self.seed, series, self.begun - idle_then, self.now - idle_now)
        return int(usual + self.scale * self.added.get((name, labels), 0.0))

    def _level(self, family: Level, labels: Labels, mean: float) -> int:
        series = (family.name, labels)
        if series in self.levels:
            return self.levels[series]
        usual = mean * strength(self.seed, f"{self.source}/{family.name}/{labels}", self.now)
        return int(usual + self.piled.get(series, 0.0))

    def _document(self, kind: str, words: str, rows: Iterable[tuple[Labels, int]]) -> Json:
        return {"type": kind, "help": words, "data": [self._sample(labels, value) for labels, value in rows]}

    def _sample(self, labels: Labels, value: int) -> Json:
        together = {**dict(self.labels), **dict(labels)}
        return {"labels": together, "value": value} if together else {"value": value}
