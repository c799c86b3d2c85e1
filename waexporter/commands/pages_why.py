"""`waexporter pages why`: print what became of a page, and why."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

import msgspec

from waexporter.commands.console import write
from waexporter.commands.options import add_config, add_epilog
from waexporter.commands.pager_survey import require_pager
from waexporter.commands.pages import reading_journal
from waexporter.commands.process import OK
from waexporter.config import load
from waexporter.errors import CommandError
from waexporter.model import now
from waexporter.paging.journal.page_history import KnownNumbers
from waexporter.paging.journal.reader import read_page
from waexporter.paging.page_explanation import describe_unknown_page, explain_page
from waexporter.web.explanations.page_history_document import page_history_document

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER = re.compile(r"0*[1-9][0-9]{0,17}")  # at most what SQLite has as a number

_EPILOG = """\
What came and from where, what it said of each alert, what the pager decided, each attempt with its answer,
what came of it. It reads the journal in pager.state_dir; the daemon may run meanwhile, or not.
Exit code: 0 it is explained, 1 not (no such page).

  waexporter pages why 12 --config waexporter.yml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("number", type=_page_number, metavar="N", help="its number in `waexporter pages`")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="for programs, as GET /api/v1/pages/N/why")
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the explanation."""
    folder = require_pager(load(options.config, environ).config).state_dir
    with reading_journal(folder):
        history = read_page(folder, options.number)
    if isinstance(history, KnownNumbers):
        raise CommandError(describe_unknown_page(options.number, history))
    lines = explain_page(history, now().wall).lines()
    if options.json:
        document = page_history_document(history, lines)
        write(msgspec.json.format(msgspec.json.encode(document)).decode())
        return OK
    for line in lines:
        write(line)
    return OK


def _page_number(text: str) -> int:
    number = text.removeprefix("#")  # as `waexporter pages` writes it
    if not _NUMBER.fullmatch(number):
        message = f"{text!r} is not the number of a page"
        raise argparse.ArgumentTypeError(message)
    return int(number)
