"""`waexporter pages`: print the newest pages of the journal, for a person or a program."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from waexporter.commands.console import write
from waexporter.commands.options import add_config, add_epilog
from waexporter.commands.pager_survey import require_pager
from waexporter.commands.process import OK
from waexporter.config import load
from waexporter.errors import CommandError, JournalError, JournalFileError
from waexporter.model import now
from waexporter.paging.channels.remedies import (
    NOR_WHATSAPP,
    describe_attempts,
    find_remedy,
    is_fallback_failure,
)
from waexporter.paging.journal.entry import PageState
from waexporter.paging.journal.reader import is_unreadable, read_pages
from waexporter.paging.journal.schema import FILE
from waexporter.paging.messages.annotations import summary_of
from waexporter.paging.model import ItemKind
from waexporter.paging.routing import split_destination
from waexporter.timefmt import humanize_seconds, plural
from waexporter.transport.lenient_json import printable
from waexporter.web.formatting import KIND_WORDS, count_without_item
from waexporter.web.page_document import page_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.commands.console import Write
    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.paging.model import Item

_MAX_ITEMS = 3  # alerts of one page
_STATUS_WORDS = {**KIND_WORDS, ItemKind.FIRED: "FIRING"}
_LOST = "look at Alertmanager for what fires; all other pages go on"
_REMEDY = "stop the daemon, move the file away, start again; or choose another pager.state_dir"


_EPILOG = """\
Pages are pending (they are tried again by themselves), accepted (WhatsApp or a fallback took them) or failed
(given up; the reason and what to do stand below). The daemon may run meanwhile. `waexporter pages why N`
explains one page.

  waexporter pages --config waexporter.yml --limit 5
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    parser.add_argument("--limit", type=_page_limit, default=20, metavar="N", help="how many pages (20)")
    parser.add_argument("--json", action="store_true", help="for programs, as GET /api/v1/pages")
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the newest pages."""
    folder = require_pager(load(options.config, environ).config).state_dir
    if options.json:
        print_pages(folder, options.limit, write)
    else:
        list_pages(folder, options.limit, now().wall, write)
    return OK


def _page_limit(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:9]) <= 20_000:  # noqa: PLR2004 - the journal keeps no more
        message = f"{text!r} is not a number from 1 to 20000"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def list_pages(folder: str, limit: int, now: float, write: Write) -> None:
    """Write the newest pages, the newest first; `now` in wall-clock seconds. Raises CommandError."""
    entries = _read(folder, limit)
    if not entries:
        write(f"no page yet in {folder}: nothing was paged since the daemon was first started")
        return
    for entry in entries:
        for line in _describe(entry, now):
            write(line)


def print_pages(folder: str, limit: int, write: Write) -> None:
    """Write the newest pages as JSON, each as in GET /api/v1/pages. Raises CommandError."""
    pages = [page_document(entry) for entry in _read(folder, limit)]
    write(msgspec.json.format(msgspec.json.encode({"pages": pages})).decode())


def _read(folder: str, limit: int) -> tuple[JournalEntry, ...]:
    with reading_journal(folder):
        return read_pages(folder, limit)


@contextmanager
def reading_journal(folder: str) -> Iterator[None]:
    """Translate an error of reading the journal into a CommandError with what to do."""
    try:
        yield
    except (JournalError, PermissionError) as error:
        if is_unreadable(folder):
            file = Path(folder) / FILE
            raise CommandError(
                f"{file} can't be read: it is for the daemon's user alone; ask as that user"
            ) from error
        # Only SQLite's own messages need advice; those about a damaged or absent journal have it.
        remedy = f" -> {_REMEDY}" if isinstance(error, JournalFileError) else ""
        raise CommandError(f"{error}{remedy}") from error


# --- for a person ------------------------------------------------------------------------------


def _describe(entry: JournalEntry, now: float) -> Iterator[str]:
    page = entry.page
    ago = humanize_seconds(now - page.received_at)
    tries = plural(entry.attempts, "attempt")
    how = (
        _describe_way(entry)
        if entry.state is PageState.DAMAGED
        else f"{_describe_way(entry)}, {tries}{_describe_repeats(entry)}"
    )
    yield f"#{entry.number:<6}{entry.state.upper():<10}{ago} ago  {how}"
    for item in page.items[:_MAX_ITEMS]:
        yield f"       {_describe_item(item)}"
    rest = [*_count_kinds(page.items[_MAX_ITEMS:]), *count_without_item(page, "left out by Alertmanager")]
    if rest:
        yield f"       and {', '.join(rest)}"
    ways = tuple(describe_attempts(entry.tried))
    if len(ways) > 1:
        yield from (f"       {way}" for way in ways)
    if entry.why and entry.state is not PageState.ACCEPTED:
        yield f"       why: {printable(entry.why)}"
        yield f"       -> {_LOST if entry.state is PageState.DAMAGED else find_remedy(entry.why)}"
        if is_fallback_failure(entry.why):
            yield f"       {NOR_WHATSAPP}"


def _describe_way(entry: JournalEntry) -> str:
    if entry.state is PageState.PENDING:
        return "not out yet"
    if entry.state is PageState.DAMAGED:
        return "set aside"
    if entry.state is PageState.FAILED:
        return f"last tried by {entry.channel}" if entry.channel else "by no way"
    if entry.channel == "whatsapp":
        target, to = split_destination(entry.destination)
        return f"through {printable(target)} to {printable(to)}"
    return f"by the fallback ({entry.channel})"


def _describe_repeats(entry: JournalEntry) -> str:
    return f", perhaps read {entry.repeats + 1} times" if entry.repeats else ""


def _describe_item(item: Item) -> str:
    labels, annotations = item.alert.labels, item.alert.annotations
    facts = (
        _STATUS_WORDS[item.kind],
        labels.get("severity", ""),
        labels.get("alertname", "an alert without a name"),
        labels.get("target") or labels.get("source", ""),
    )
    words = " ".join(printable(fact, 60) for fact in facts if fact)
    summary = printable(summary_of(annotations), 80)
    return f"{words}: {summary}" if summary else words


def _count_kinds(items: tuple[Item, ...]) -> Iterator[str]:
    kinds = sorted((item.kind for item in items), key=list(ItemKind).index)
    for kind, alike in groupby(kinds):
        yield f"{len(list(alike))} more {KIND_WORDS[kind]}"
