"""What a person can do about each failed attempt to send a page; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.paging.channels import OK
from waexporter.paging.channels.channel_types import CHANNEL_TYPES
from waexporter.paging.journal.attempt_history import summarize_attempts
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.paging.journal.entry import Attempt

# Added to the failure of a fallback, which is tried only after WhatsApp failed.
NOR_WHATSAPP: Final = "WhatsApp did not take it either -> `waexporter pager check` says why"
_FALLBACK: Final = "check the address in pager.fallback, and what receives it"
_TARGET: Final = (
    "check that it runs, and the address, firewall and load balancer in between; `waexporter probe TARGET` "
    "says more"
)
_LONGEST_REASON: Final = 400  # characters


def is_fallback_failure(why: str) -> bool:
    """Return whether the sentence is about a channel of `pager.fallback`."""
    return why.startswith("fallback ")


def find_remedy(why: str) -> str:
    """Return what to do about a failure, by the sentence that the pager wrote about it."""
    is_fallback = is_fallback_failure(why)
    types = (each for each in CHANNEL_TYPES if (each.fallback is not None) == is_fallback)
    remedies = (each.find_remedy(why) for each in types)
    return next(filter(None, remedies), _FALLBACK if is_fallback else _TARGET)


def describe_attempts(tried: Iterable[Attempt]) -> Iterator[str]:
    """Yield a line for each way that was tried, with its recipient, its outcome and a remedy."""
    for attempt, count in summarize_attempts(tried):
        times = f" ({count} attempts)" if count > 1 else ""
        way = f"{printable(attempt.way)} to {printable(attempt.recipient)}"
        why = printable(attempt.why, _LONGEST_REASON)
        if attempt.code == OK:
            yield f"ok: {way}: accepted{f', {why}' if why else ''}{times}"
        else:
            yield f"NOT OK: {way}: {why}{times} -> {find_remedy(f'{attempt.way}: {attempt.why}')}"
