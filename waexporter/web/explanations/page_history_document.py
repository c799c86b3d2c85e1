"""The JSON documents of GET /api/v1/pages/{number} and GET /api/v1/pages/{number}/why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from waexporter.web.formatting import iso
from waexporter.web.page_document import PageDocument, page_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from waexporter.paging.journal.page_history import PageHistory


class DecisionDocument(msgspec.Struct, kw_only=True):
    """What the pager decided about a page."""

    at: str | None  # ISO 8601, as all times here
    words: str


class PageHistoryDocument(msgspec.Struct, kw_only=True):
    """What became of a page, and why; `text` has all of it in words."""

    page: PageDocument
    decisions: list[DecisionDocument]
    later: list[PageDocument]  # of the same group of alerts, the next ones first
    text: list[str]


def page_history_document(history: PageHistory, text: Iterable[str]) -> PageHistoryDocument:
    """Return the history of a page as a document, with its explanation as text."""
    return PageHistoryDocument(
        page=page_document(history.entry),
        decisions=[DecisionDocument(at=iso(each.at), words=each.words) for each in history.decisions],
        later=[page_document(each) for each in history.later],
        text=list(text),
    )
