"""A page in the journal, and how it is written there."""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from waexporter.errors import JournalError
from waexporter.paging.alerts import Page

if TYPE_CHECKING:
    from pathlib import Path


class PageState(StrEnum):
    """What has become of a page."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    FAILED = "failed"


class Attempt(NamedTuple):
    """One message along one way to one recipient, and what came of it."""

    at: float  # wall clock
    way: str  # a target, or which fallback
    recipient: str  # a group, a person, or where an address leads
    code: str  # ok, or why not
    why: str = ""  # a sentence; of an acceptance what is worth knowing


class Entry(NamedTuple):
    """One page in the journal; times on the pager's clock, except those that people read."""

    number: int
    page: Page
    state: PageState
    received_at: float
    attempts: int = 0
    is_uncertain: bool = False  # an attempt was begun, and what came of it is not known
    repeats: int = 0  # attempts made although an earlier one may have arrived
    channel: str = ""
    destination: str = ""
    why: str = ""
    done_at: float | None = None  # wall clock
    tried: tuple[Attempt, ...] = ()  # the last attempts, in the order they were made


class End(NamedTuple):
    """How pages came to their end."""

    state: PageState
    at: float  # wall clock
    channel: str = ""
    destination: str = ""
    why: str = ""
    tried: tuple[Attempt, ...] = ()  # in the last round


SELECT = (
    "SELECT number, content, state, received_at, attempts, uncertain, repeats, channel, destination, why, "
    "done_at FROM pages "
)

_PAGE = msgspec.json.Decoder(Page)  # made here and not in a thread: see whatsapp.envelope.decode

Row = tuple[int, bytes, str, float, int, int, int, str, str, str, float | None]


def pack(page: Page) -> bytes:
    """Write a page as the journal keeps it: a thousand alerts are half a megabyte, and much alike."""
    return zlib.compress(msgspec.json.encode(page), 1)


def read_entry(row: Row, path: Path) -> Entry:
    """Read a row of SELECT from the file at `path`; raises JournalError for one that is damaged."""
    number, content, state, received_at, attempts, uncertain, repeats, channel, destination, why, done_at = (
        row
    )
    try:
        page, known_state = _PAGE.decode(zlib.decompress(content)), PageState(state)
    except (zlib.error, msgspec.DecodeError, TypeError, ValueError) as error:
        raise JournalError(
            f"{path}: page {number} is damaged ({error}); move the file away, or choose another state_dir"
        ) from error
    return Entry(
        number=number,
        page=page,
        state=known_state,
        received_at=received_at,
        attempts=attempts,
        is_uncertain=bool(uncertain),
        repeats=repeats,
        channel=channel,
        destination=destination,
        why=why,
        done_at=done_at,
    )
