"""The explanation of a page: what came, what was decided, each attempt, what came of it; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.model.explanation import TextEntry, TextSection, render_lines
from waexporter.paging.channels import OK
from waexporter.paging.channels.remedies import NOR_WHATSAPP, find_remedy, is_fallback_failure
from waexporter.paging.journal.entry import PageState
from waexporter.paging.messages.annotations import summary_of
from waexporter.paging.model import ItemKind
from waexporter.paging.routing import split_destination
from waexporter.timefmt import humanize_seconds, plural, to_datetime
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.paging.journal.entry import Attempt, JournalEntry
    from waexporter.paging.journal.page_history import KnownNumbers, PageHistory
    from waexporter.paging.model import Item

_MAX_ITEMS: Final = 20  # alerts of one page
_MAX_NAMES: Final = 5  # alerts of a later page
_LONGEST: Final = 400  # characters of a text that came from elsewhere

# What is said of an alert, and why dedup let it through.
_KINDS: Final[Mapping[ItemKind, tuple[str, str]]] = {
    ItemKind.FIRED: ("FIRING", "new: no earlier page said that it fires"),
    ItemKind.REMINDED: ("still firing", "an earlier page said so; Alertmanager repeats it"),
    ItemKind.RESOLVED: ("resolved", "an earlier page said that it fires"),
    ItemKind.UNHEARD: ("not heard of any more", "silenced, inhibited or over: which is not known"),
    ItemKind.SILENCED: ("silenced", "so says Alertmanager"),
    ItemKind.INHIBITED: ("inhibited", "so says Alertmanager"),
    ItemKind.GONE: ("gone", "Alertmanager does not have it any more"),
}
_NOT_KNOWN: Final = (
    "whether anybody has read it: a channel confirms only that it took the message; and who works "
    "on the incident: nobody tells the pager"
)


@dataclass(frozen=True, slots=True)
class PageExplanation:
    """What became of a page, and why, in words."""

    number: int
    headline: str
    sections: tuple[TextSection, ...]

    def lines(self) -> tuple[str, ...]:
        """Return the explanation as plain text, 80 columns wide."""
        return tuple(render_lines(self.headline, self.sections))


def explain_page(history: PageHistory, now: float) -> PageExplanation:
    """Return what became of a page; `now` is in wall-clock seconds."""
    entry = history.entry
    sections = (
        TextSection("What came", tuple(_describe_arrival(entry))),
        TextSection("What it says", tuple(_describe_content(entry))),
        TextSection("What the pager decided", tuple(_describe_decisions(history))),
        TextSection("Attempts", tuple(_describe_attempts(entry))),
        TextSection("What came of it", tuple(_describe_outcome(history))),
        TextSection("Not known", (TextEntry(f"{_NOT_KNOWN[:1].upper()}{_NOT_KNOWN[1:]}."),)),
    )
    return PageExplanation(
        entry.number,
        describe_state(entry, now),
        tuple(section for section in sections if section.entries),
    )


def describe_unknown_page(number: int, known: KnownNumbers) -> str:
    """Return a sentence about a page that is not in the journal."""
    if not known.newest:
        return f"No page {number}: nothing was paged yet, or the journal is a new one"
    if number > known.newest:
        return f"No page {number}: the newest one is {known.newest}"
    reason = "the journal keeps finished pages for 30 days, and the last 20000 of them"
    if number < known.oldest:
        return f"No page {number}: the oldest one is {known.oldest}; {reason}"
    # Its alerts came back before it was sent, so that it had nothing left to say.
    return f"No page {number}: it was discarded with nothing left to say, or is too old: {reason}"


def describe_state(entry: JournalEntry, now: float) -> str:
    """Return the state of a page in one line."""
    received = entry.page.received_at
    if entry.state is PageState.DAMAGED:
        return f"Page {entry.number} is DAMAGED, and is not sent any more"
    if not received:  # damaged, too
        return f"Page {entry.number} is {entry.state.upper()}; when it came is not known"
    if entry.state is PageState.PENDING:
        return f"Page {entry.number} is PENDING, for {humanize_seconds(now - received)}"
    after = "" if entry.done_at is None else f", {humanize_seconds(entry.done_at - received)} after it came"
    return f"Page {entry.number} was {entry.state.upper()}{after} ({humanize_seconds(now - received)} ago)"


# --- what came ---------------------------------------------------------------------------------


def _describe_arrival(entry: JournalEntry) -> Iterator[TextEntry]:
    page, group = entry.page, entry.page.group
    if not entry.is_readable:
        yield TextEntry(f"{_clock(page.received_at)}: from where is not known, as its row is damaged")
        return
    if group is None:
        yield TextEntry(
            f"{_clock(page.received_at)}: waexporter itself noticed it (a watchdog, or pager.watch)"
        )
        return
    sender = "Alertmanager" if group.is_of_alertmanager else "a service with a webhook like Alertmanager's"
    receiver = f" for the receiver {printable(group.receiver)}" if group.receiver else ""
    labels = ", ".join(f"{name}={value}" for name, value in group.labels.items())
    grouped = f", grouped by {printable(labels, _LONGEST)}" if labels else ""
    yield TextEntry(f"{_clock(page.received_at)}: a delivery of {sender}{receiver}{grouped}")


def _describe_content(entry: JournalEntry) -> Iterator[TextEntry]:
    page = entry.page
    if not entry.is_readable:
        yield TextEntry("What it said can't be read any more")
    for item in page.items[:_MAX_ITEMS]:
        kind, reason = _KINDS[item.kind]
        summary = printable(summary_of(item.alert.annotations), _LONGEST)
        starts = f"began {_clock(item.alert.starts_at)}"
        ends = f", ended {_clock(item.alert.ends_at)}" if item.alert.ends_at is not None else ""
        details = [("why", reason), ("times", starts + ends)]
        details += [("summary", summary)] if summary else []
        yield TextEntry(f"{kind}: {_name(item)}", tuple(details))
    more = len(page.items) - _MAX_ITEMS
    counts = (
        (more, "more alerts in it"),
        (page.truncated, "left out by Alertmanager (max_alerts): their state is not known"),
        (page.unread, "that could not be read"),
        (page.still_firing, "of the same group still fire, as an earlier page said"),
        (page.lost, "that an earlier page called not heard of any more"),
        (page.unsure, "that fired, with no end known"),
        (page.muted, "silenced or inhibited in Alertmanager"),
    )
    for count, words in counts:
        if count > 0:
            yield TextEntry(f"{count} {words}")


def _name(item: Item) -> str:
    labels = item.alert.labels
    facts = (
        labels.get("severity", ""),
        labels.get("alertname") or "an alert without a name",
        labels.get("target") or labels.get("source") or labels.get("instance", ""),
    )
    return " ".join(printable(fact, 100) for fact in facts if fact)


# --- decisions and attempts --------------------------------------------------------------------


def _describe_decisions(history: PageHistory) -> Iterator[TextEntry]:
    for at, words in history.decisions:
        yield TextEntry(f"{_clock(at)}: {printable(words, _LONGEST)}")


def _describe_attempts(entry: JournalEntry) -> Iterator[TextEntry]:
    kept = len(entry.tried)
    if entry.attempts > kept and kept:
        yield TextEntry(
            f"{plural(entry.attempts, 'attempt')} in all, of which the last {kept} answers are kept"
        )
    for attempt in entry.tried:
        yield _describe_attempt(attempt)
    if entry.is_uncertain and (entry.attempts or entry.state is not PageState.DAMAGED):
        yield TextEntry("An attempt began whose end is not known: people may have it already")
    if entry.repeats:
        yield TextEntry(f"{plural(entry.repeats, 'repeat')} after an attempt that may have arrived")


def _describe_attempt(attempt: Attempt) -> TextEntry:
    way = f"{_clock(attempt.at)}: {printable(attempt.way)} to {printable(attempt.recipient)}"
    why = printable(attempt.why, _LONGEST)
    if attempt.code == OK:
        return TextEntry(f"{way}: accepted" + (f", {why}" if why else ""))
    remedy = find_remedy(f"{attempt.way}: {attempt.why}")
    return TextEntry(
        f"{way}: NOT accepted", (("code", printable(attempt.code)), ("why", why), ("do", remedy))
    )


# --- the outcome -------------------------------------------------------------------------------


def _describe_outcome(history: PageHistory) -> Iterator[TextEntry]:
    entry = history.entry
    why = printable(entry.why, _LONGEST)
    if entry.state is PageState.ACCEPTED:
        yield TextEntry(f"{_clock(entry.done_at)}: {_describe_way(entry)} confirmed that it took the message")
    elif entry.state is PageState.PENDING:
        reason = f": {why}" if why else ", and no attempt has ended"
        yield TextEntry(f"It is not out yet{reason}; it is tried again by itself until pager.give_up_after")
    elif entry.state is PageState.FAILED:
        details = [("why", why), ("do", find_remedy(entry.why))] if why else []
        details += [("also", NOR_WHATSAPP)] if is_fallback_failure(entry.why) else []
        yield TextEntry(f"{_clock(entry.done_at)}: GIVEN UP: nobody got it from the pager", tuple(details))
    else:
        sent = "Whether anybody got it is not known" if entry.attempts else "It was never sent"
        yield TextEntry(f"{sent}: {why or 'its row in the journal is damaged'}")
    for later in history.later:
        yield TextEntry(_describe_later(later, entry))


def _describe_way(entry: JournalEntry) -> str:
    target, to = split_destination(entry.destination)
    channel = {"whatsapp": "WhatsApp"}.get(entry.channel, f"the fallback ({entry.channel})")
    return f"{channel}, through {printable(target)} to {printable(to)}," if target else channel


def _describe_later(later: JournalEntry, entry: JournalEntry) -> str:
    """Return what a later page of the same thread says about the alerts of this one."""
    mine = {item.alert.fingerprint for item in entry.page.items}
    same = [item for item in later.page.items if item.alert.fingerprint in mine]
    names = [f"{_KINDS[item.kind][0]}: {_name(item)}" for item in same[:_MAX_NAMES]]
    names += [f"{len(same) - _MAX_NAMES} more"] if len(same) > _MAX_NAMES else []
    about = "; ".join(names) or (
        "other alerts of the same group" if later.is_readable else "its row is damaged"
    )
    return f"{_clock(later.page.received_at)}: page {later.number} ({later.state}) followed: {about}"


def _clock(seconds: float | None) -> str:
    when = to_datetime(seconds)
    return f"{when:%d %b %H:%M:%S} UTC" if when else "at an unknown time"
