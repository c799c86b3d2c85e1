"""One page in the journal: its state, its attempts, and its row in the table `pages`."""

from __future__ import annotations

import zlib
from enum import StrEnum
from typing import NamedTuple

import msgspec

from waexporter.paging.journal.rows import Row, finite_number
from waexporter.paging.model import Page


class PageState(StrEnum):
    """The state of a page; all but PENDING are final."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    DAMAGED = "damaged"  # its content can't be read any more, so it is never sent


class Attempt(NamedTuple):
    """One attempt to send a message by one way to one recipient, and its outcome."""

    at: float  # wall clock
    way: str  # the name of a target, or the number of a fallback
    recipient: str  # a group, a person, or the redacted address of a fallback
    code: str  # ok, an error code, an HTTP status, or a reason
    why: str = ""  # a sentence about the failure; for an accepted message, a note


class PagerDecision(NamedTuple):
    """What the pager decided about a page."""

    at: float  # wall clock
    words: str  # a sentence without a capital letter and a full stop


class JournalEntry(NamedTuple):
    """One page in the journal; times are on the pager's clock if nothing else is noted."""

    number: int
    page: Page
    state: PageState
    received_at: float
    attempts: int = 0
    is_uncertain: bool = False  # an attempt began, and its outcome is not known
    repeats: int = 0  # attempts made although an earlier one may have arrived
    channel: str = ""
    destination: str = ""
    why: str = ""
    done_at: float | None = None  # wall clock
    tried: tuple[Attempt, ...] = ()  # the last attempts, in the order they were made
    is_readable: bool = True  # False: the content is damaged, and `page` has nothing of it


class PageResult(NamedTuple):
    """The final result of pages that were sent in one message."""

    state: PageState
    at: float  # wall clock
    channel: str = ""
    destination: str = ""
    why: str = ""
    tried: tuple[Attempt, ...] = ()  # in the last round
    decided: tuple[PagerDecision, ...] = ()


SELECT = (
    "SELECT number, content, state, received_at, attempts, uncertain, repeats, channel, destination, why, "
    "done_at FROM pages "
)

_PAGE = msgspec.json.Decoder(Page)  # made here and not in a thread: see "banned-api" in pyproject.toml


def pack(page: Page) -> bytes:
    """Return a page as the journal stores it: compressed, since a thousand alerts are half a megabyte."""
    return zlib.compress(msgspec.json.encode(page), 1)


def read_entry(row: Row) -> JournalEntry:
    """Return the entry of a row of SELECT, with the default for each damaged column.

    A pending page without readable content is DAMAGED. A page without a readable state is pending, because it
    may not have been sent.
    """
    number, content, stored, received_at, attempts, uncertain, repeats, channel, destination, why, done_at = (
        row
    )
    page, problem = _unpack(content)
    received, done = finite_number(received_at), finite_number(done_at)
    state = _state(stored, is_done=done is not None)
    if page is None and state is PageState.PENDING:
        state, why = PageState.DAMAGED, f"its row in the journal is damaged: {problem}"
    elif page is None:
        why = _text(why) or f"what it told can't be read any more: {problem}"
    return JournalEntry(
        number=_count(number),
        page=page or Page("", (), received_at=received or 0.0),
        state=state,
        received_at=received or (page.received_at if page else 0.0),
        attempts=_count(attempts),
        is_uncertain=bool(uncertain) or state.value != stored,
        repeats=_count(repeats),
        channel=_text(channel),
        destination=_text(destination),
        why=_text(why),
        done_at=done,
        is_readable=page is not None,
    )


def _unpack(content: object) -> tuple[Page | None, str]:
    try:
        return _PAGE.decode(zlib.decompress(content)), ""  # type: ignore[arg-type]
    except (zlib.error, msgspec.DecodeError, TypeError, ValueError, RecursionError) as error:
        return None, str(error)[:200]


def _state(value: object, *, is_done: bool) -> PageState:
    try:
        return PageState(value)  # type: ignore[arg-type] # another type raises ValueError
    except ValueError:
        return PageState.DAMAGED if is_done else PageState.PENDING


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
