"""What was recorded, and where it is kept: a dashboard can be drawn again without waiting again."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.real import parts
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SUITE = parts.SUITES[-1]
_DATA = "prometheus"  # the folder of Prometheus in that of a recording
_INDEX = "recording.json"


class Moment(NamedTuple):
    """The time that is looked at, on the wall clock, and the seconds between scrapes."""

    began: float
    ended: float
    scrape: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A Prometheus, and the moments at which what it holds is worth a look, by name."""

    url: str
    moments: Mapping[str, Moment]


def data_folder(folder: Path) -> Path:
    """Say where the Prometheus of a recording is to run."""
    return folder / _DATA


def keep(folder: Path, moments: Mapping[str, Moment]) -> None:
    """Note what a folder holds, once its Prometheus has recorded it."""
    (folder / _INDEX).write_text(json.dumps(moments))


def is_kept(folder: Path) -> bool:
    """Tell whether a folder holds a whole recording."""
    return (folder / _INDEX).exists()


@contextmanager
def opened(folder: Path) -> Iterator[Recording]:
    """Run a Prometheus that holds what was recorded; it scrapes nothing and evaluates no rule."""
    moments = {name: Moment(*fields) for name, fields in json.loads((folder / _INDEX).read_text()).items()}
    with Prometheus(parts.program(SUITE, "prometheus"), data_folder(folder), {}) as prometheus:
        yield Recording(prometheus.url, moments)
