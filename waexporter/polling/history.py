"""The recent past of a target, for people: its last polls, its queues, its changed settings; pure.

A thousand targets have a history each, so polls and queues are packed: 40 and 24 bytes a record.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.model import Endpoint, Reason, Success

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.metrics.kind_families import Queues
    from waexporter.model import Document, Failure, Instant, Reading
    from waexporter.polling.tables import SettingsSource

KEPT_POLLS: Final = 50
KEPT_CHANGES: Final = 20
PHASES: Final = ("login", "dns", "connect", "tls", "wait", "body")  # in their order
POLL_OK: Final = "ok"
POLL_IN_PART: Final = "in_part"  # succeeded, but for a part that is counted as a failure
POLL_FOR_ADMINS: Final = "for_admins"  # the account is no admin, which is not a failure

_HOUR = 3600.0  # seconds
_SPACING = 57.0  # seconds between two samples of the queues: a minute, and polls need not be punctual
_KEPT_SAMPLES = 64  # somewhat more than an hour
_GAP = 150.0  # seconds; between samples that are further apart, nothing is known
_LARGEST = 3e38  # a float of 32 bits can't be larger
_MAX_KEY = 120  # characters of the key path of a setting

_ENDPOINTS = tuple(Endpoint)
_OUTCOMES = (POLL_OK, POLL_IN_PART, POLL_FOR_ADMINS, *(reason.value for reason in Reason))
# When it ended (steady clock), endpoint, outcome, HTTP status of a failure, duration, phases.
_POLL = struct.Struct(f"<dBBHf{len(PHASES)}f")
_MAX_STATUS = 0xFFFF


class SettingChange(NamedTuple):
    """A setting of the client with a new value; None: the value may be private, and is not kept."""

    key: str
    old: str | None
    new: str | None
    at: float  # wall-clock seconds, when it was noticed


@dataclass(frozen=True, slots=True)
class History:
    """The recent past of one target, the oldest first."""

    polls: bytes = b""
    queues: bytes = b""
    changes: tuple[SettingChange, ...] = ()


class PastPoll(NamedTuple):
    """One poll; times are in seconds."""

    endpoint: Endpoint
    at: float  # wall clock, when it ended
    duration: float
    outcome: str  # POLL_OK, POLL_IN_PART, POLL_FOR_ADMINS or a Reason
    status: int | None  # the HTTP status of a failure, if it is known
    phases: tuple[tuple[str, float], ...]  # of its last request, in their order


class QueueSizes(NamedTuple):
    """The sizes of one queue in the last hour."""

    words: str
    sizes: tuple[tuple[float, float | None], ...]  # (wall clock, size); None: nothing is known from there on


# --- what is recorded --------------------------------------------------------------------------


def record_poll(history: History, reading: Reading) -> History:
    """Return the history after a poll; a reading that repeats another is none."""
    if not reading.asked:
        return history
    phases = dict(reading.phases)
    outcome = reading.outcome
    status = 0 if isinstance(outcome, Success) else outcome.status or 0
    record = _POLL.pack(
        reading.at.steady,
        _ENDPOINTS.index(reading.endpoint),
        _OUTCOMES.index(_outcome_word(outcome)),
        status if 0 <= status <= _MAX_STATUS else 0,
        reading.duration,
        *(phases.get(name, math.nan) for name in PHASES),
    )
    return replace(history, polls=(history.polls + record)[-KEPT_POLLS * _POLL.size :])


def record_queues(history: History, reading: Reading, queues: Queues | None) -> History:
    """Return the history with the sizes of the queues, if there is none of this minute yet.

    Nothing is known of the queues if a node is missing in the answer.
    """
    outcome = reading.outcome
    if queues is None or reading.endpoint is not queues.endpoint or not isinstance(outcome, Success):
        return history
    sample = _sample(queues)
    last = history.queues[-sample.size :]
    if outcome.flaws or (last and reading.at.steady - sample.unpack(last)[0] < _SPACING):
        return history
    sizes = _sum_families(outcome, [queue.family for queue in queues.members])
    record = sample.pack(reading.at.steady, *sizes)
    return replace(history, queues=(history.queues + record)[-_KEPT_SAMPLES * sample.size :])


def record_changes(
    history: History, reading: Reading, before: Reading | None, settings: SettingsSource | None
) -> History:
    """Return the history with the settings that differ from the reading before."""
    if settings is None or reading.endpoint is not settings.endpoint:
        return history
    new, old = _document(reading), _document(before)
    keys = settings.changed_keys(new)
    if not keys:
        return history
    was, now_is = settings.readable(old), settings.readable(new)
    changes = [
        SettingChange(key[:_MAX_KEY], was.get(key), now_is.get(key), reading.at.wall)
        for key in keys[:KEPT_CHANGES]
    ]
    return replace(history, changes=(*history.changes, *changes)[-KEPT_CHANGES:])


def _outcome_word(outcome: Success | Failure) -> str:
    if isinstance(outcome, Success):
        return POLL_IN_PART if outcome.flaws else POLL_OK
    return POLL_FOR_ADMINS if outcome.is_for_admins else outcome.reason.value


def _document(reading: Reading | None) -> Document | None:
    outcome = reading.outcome if reading is not None else None
    return outcome.document if isinstance(outcome, Success) else None


def _sample(queues: Queues) -> struct.Struct:
    return struct.Struct(f"<d{len(queues.members)}f")


def _sum_families(outcome: Success, names: Iterable[str]) -> Iterator[float]:
    """Yield the sum of all samples of each family; NaN if it is absent."""
    fragments = [fragment for part in outcome.parts for fragment in part.fragments]
    for name in names:
        lines = [line for each in fragments if each.head.name == name for line in each.lines.splitlines()]
        size = sum(float(line.rpartition(b" ")[2]) for line in lines)
        yield size if lines and abs(size) < _LARGEST else math.nan


# --- what is shown -----------------------------------------------------------------------------


def list_polls(history: History, now: Instant) -> tuple[PastPoll, ...]:
    """Return the last polls, the oldest first."""
    return tuple(
        PastPoll(
            _ENDPOINTS[endpoint],
            _to_wall(steady, now),
            duration,
            _OUTCOMES[outcome],
            status or None,
            tuple((name, each) for name, each in zip(PHASES, phases, strict=True) if not math.isnan(each)),
        )
        for steady, endpoint, outcome, status, duration, *phases in _POLL.iter_unpack(history.polls)
    )


def list_queues(
    history: History, queues: Queues | None, interval: float, now: Instant
) -> tuple[QueueSizes, ...]:
    """Return the sizes of each queue in the last hour; a queue that the client does not have is absent.

    `interval` is that of the polls, in seconds.
    """
    if queues is None:
        return ()
    samples = [
        sample for sample in _sample(queues).iter_unpack(history.queues) if now.steady - sample[0] <= _HOUR
    ]
    rows: list[tuple[float, ...]] = []
    for sample in samples:
        if rows and sample[0] - rows[-1][0] > max(_GAP, 2.5 * interval):
            rows.append((rows[-1][0], *(math.nan for _ in queues.members)))
        rows.append(sample)
    found = (
        QueueSizes(
            queue.words,
            tuple((_to_wall(row[0], now), None if math.isnan(row[number]) else row[number]) for row in rows),
        )
        for number, queue in enumerate(queues.members, start=1)
    )
    return tuple(each for each in found if any(size is not None for _, size in each.sizes))


def _to_wall(steady: float, now: Instant) -> float:
    return now.wall - (now.steady - steady)
