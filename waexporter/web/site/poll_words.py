"""The words and the kinds of the outcomes of polls, for the pages; pure."""

from __future__ import annotations

from typing import Final

from waexporter.model import Reason
from waexporter.polling.history import POLL_IN_PART
from waexporter.web.backend import FOR_ADMINS, NOT_APPLICABLE, OK, PENDING

_WORDS: Final = {
    PENDING: "not polled yet",
    FOR_ADMINS: "not for this account",
    NOT_APPLICABLE: "not applicable",
    POLL_IN_PART: "ok in part",
    Reason.TLS: "no trusted connection",
    Reason.RATE_LIMITED: "asked too often",
    Reason.STATUS: "failed",
    Reason.BODY: "not understood",
    Reason.TOO_LARGE: "too large",
    Reason.STALE_NODE: "a node left out",
}
_KINDS: Final = {
    OK: "ok",
    POLL_IN_PART: "partly",
    FOR_ADMINS: "fact",
    NOT_APPLICABLE: "fact",
    PENDING: "pending",
}
SYMBOLS: Final = {"ok": "✓", "partly": "!", "fact": "-", "pending": "…", "bad": "✕"}


def outcome_words(outcome: str) -> str:
    """Return the words for an outcome."""
    return _WORDS.get(outcome, outcome)


def outcome_kind(outcome: str) -> str:
    """Return the kind of an outcome, which is also its CSS class: ok, partly, fact, pending or bad."""
    return _KINDS.get(outcome, "bad")
