"""The text of a page: what somebody reads on a phone at 3 a.m.; pure.

Room is counted in UTF-16 code units. Whole alerts are told while they fit, the rest is counted. Before an
alert is left out, long descriptions give way; every other text has a length of its own that it never exceeds.
The times in links to dashboards take no more room than the alerts leave.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from waexporter.model import PagerSettings
from waexporter.model.severity import fold
from waexporter.paging.messages.annotations import DASHBOARD, DESCRIPTION, RUNBOOK, SILENCE, SUMMARY, pick
from waexporter.paging.messages.dashboard_links import at_alert
from waexporter.paging.messages.digest import PLACES, gather
from waexporter.paging.messages.message import Message
from waexporter.paging.messages.text import age, clip, clocks, line, link, paragraph, width
from waexporter.paging.messages.unresolved import count_left, count_unknown, explain, has_left, title
from waexporter.paging.model import ItemKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from waexporter.paging.messages.digest import AlertSummary, Digest
    from waexporter.paging.model import Page

# The room of a description, tried in turn until everything fits. In a paragraph is said what matters: below
# it nothing is shortened so that more alerts fit, only so that at least one does.
_DESCRIPTIONS: Final = (2500, 1000, 500, 150, 30)
_PARAGRAPH: Final = 500
_HEADLINE: Final = 200
_NAME: Final = 80
_SEVERITY: Final = 20
_SHOWN_LABELS: Final = 20
_LATE: Final = 120.0  # seconds: what is older is said to be late
_LINKS: Final = (("Runbook", RUNBOOK), ("Dashboard", DASHBOARD))
_LINKS_WHILE_FIRING: Final = (*_LINKS, ("Silence", SILENCE))
_USUAL: Final = PagerSettings()


class _Block(msgspec.Struct, frozen=True):
    """One alert in words; like alerts in a row share a headline, and all of one name the links."""

    name: str
    headline: str
    where: str = ""
    text: str = ""


def compose(pages: Sequence[Page], now: float, limit: int = 4096, settings: PagerSettings = _USUAL) -> str:
    """Give the text of pages, in the order they came in, as one message, for any channel.

    `now` is in wall-clock seconds, `limit` in UTF-16 code units, which are never fewer than characters. The
    order of alerts within a page makes no difference.
    """
    news = gather(pages, {fold(word): severity for word, severity in settings.severities})
    zone = UTC if settings.timezone == _USUAL.timezone else ZoneInfo(settings.timezone)
    read_at = datetime.fromtimestamp(now, zone)
    text = ""
    for room in (limit, *_DESCRIPTIONS):
        text, shown = _fill(news, read_at, limit, room)
        if shown == len(news.told) or (shown and room <= _PARAGRAPH):
            break
    return clip(text, limit)


def write(pages: Sequence[Page], now: float, settings: PagerSettings) -> Message:
    """Return what is sent of pages, to be told within less room, too; `now` is in wall-clock seconds."""
    text = compose(pages, now, settings=settings)
    alerts = tuple(item.alert for page in pages for item in page.items)
    return Message(text, alerts, lambda room: compose(pages, now, room, settings=settings))


def _fill(news: Digest, now: datetime, limit: int, room: int) -> tuple[str, int]:
    """Tell as many alerts as fit; gives the text and their number."""
    parts, before, linked = [_head(news, now)], _Block("", ""), set[str]()
    timed = [*parts]
    for told in news.told:
        block = _block(told, now, room)
        links = () if block.name in linked else tuple(_links(told))
        part = _part(block, before, (plain for plain, _ in links))
        if width("\n\n".join([*parts, part])) > limit:
            break
        parts.append(part)
        timed.append(_part(block, before, (at for _, at in links)))
        before = block
        if links:
            linked.add(block.name)
    while True:
        shown = len(parts) - 1
        rest = _rest(news, shown)
        spare = limit - width(_join([*parts, rest]))
        if not shown or spare >= 0:
            return _join([*_lengthen(parts, timed, spare), rest]), shown
        parts.pop()


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, parts))


def _part(block: _Block, before: _Block, links: Iterable[str]) -> str:
    """Write an alert; links stand below the one that they come from, the first of its name that has any."""
    is_repeated = block.where and block.headline == before.headline
    return "\n".join(filter(None, ["" if is_repeated else block.headline, block.where, block.text, *links]))


def _lengthen(parts: Iterable[str], longer: Iterable[str], spare: int) -> Iterator[str]:
    """Yield each part in its longer form while there is room to spare; the first ones have it first."""
    for part, long in zip(parts, longer, strict=False):
        cost = width(long) - width(part)
        if cost <= spare:
            spare -= cost
            yield long
        else:
            yield part


# --- the first lines and the last one ------------------------------------------------------------


def _head(news: Digest, now: datetime) -> str:
    state = _digest(news) if news.pages > 1 else _state(news)
    delay = now.timestamp() - news.received_at
    (received,) = clocks(now, news.received_at)
    if received is None or delay <= _LATE:
        return state
    late = "Oldest page delayed" if news.pages > 1 else "Delayed"
    return f"{state}\n{late} {age(delay)}, received {received}"


def _state(news: Digest) -> str:
    """Say state and count of one page: a phone shows this much of it on its lock screen."""
    if news.is_all_clear:
        return _all_clear(news)
    if news.firing:
        return ", ".join([_firing(news), *_also(news)])
    left = list(count_left((told.kind for told in news.told), news.lost))
    known = [f"{news.others_firing} still firing"] if news.others_firing else []
    unseen = list(count_unknown(news))
    unknown = [f"{news.truncated} unknown"] if news.truncated else []
    if news.resolved:
        total = news.resolved + news.others_firing + news.truncated
        of = "resolved" if total == news.resolved and (left or unseen) else f"of {total}"
        return ", ".join([f"RESOLVED: {news.resolved} {of}", *left, *known, *unknown, *unseen])
    head = "UPDATE" if left or news.unread else "NO NEWS"
    return f"{head}: " + ", ".join([*left, *known, *unknown, *unseen] or ["no alerts"])


def _all_clear(news: Digest) -> str:
    resolved = [f"{news.resolved} resolved"] if news.resolved else []
    return "ALL CLEAR: " + ", ".join([*resolved, *count_left(told.kind for told in news.told)])


def _firing(news: Digest) -> str:
    alerts = f"{news.firing} alert{'' if news.firing == 1 else 's'}"
    new = sum(told.kind is ItemKind.FIRED for told in news.told)
    if not new:
        state = f"REMINDER: {alerts} still firing"
    else:
        state = f"FIRING: {alerts}" + (f" ({new} new)" if new < news.firing else "")
    critical = sum(told.is_critical for told in news.told)
    return f"{state}, {critical} critical" if critical else state


def _also(news: Digest) -> list[str]:
    """Say what else is known and not known of the threads."""
    counts = (
        (news.resolved, "resolved"),
        (news.others_firing, f"{'other' if news.others_firing == 1 else 'others'} still firing"),
        (news.truncated, "unknown"),
    )
    said = [f"{count} {words}" for count, words in counts if count]
    return [*said, *count_left(told.kind for told in news.told), *count_unknown(news)]


def _digest(news: Digest) -> str:
    firing = news.firing
    head = f"DIGEST: {news.pages} pages"
    if news.is_all_clear:
        return f"{head}, {_all_clear(news)}"
    critical = sum(told.is_critical for told in news.told)
    fires = [f"{firing} firing" + (f" ({critical} critical)" if critical else "")]
    return ", ".join([head, *fires, *_also(news)])


def _rest(news: Digest, shown: int) -> str:
    """Count what is not shown, and say of what Alertmanager left out that nobody knows it."""
    hidden = news.told[shown:]
    more = len(hidden) + news.truncated
    if not more:
        return ""
    kinds = _kinds(hidden, is_all=not news.truncated)
    text = f"+{more} more" + (f" ({', '.join(kinds)})" if kinds else "")
    if not news.truncated:
        return text
    part = "" if news.truncated == more else f"{news.truncated} of them "
    its = "its" if news.truncated == 1 else "their"
    warning = "" if news.firing else " This is no all-clear."
    return f"{text}, {part}left out by Alertmanager: {its} state is unknown.{warning}"


def _kinds(hidden: Sequence[AlertSummary], *, is_all: bool) -> list[str]:
    """Count what is hidden; that none is critical is said only where that is known of all that fire."""
    critical, unclear = (
        sum(told.is_critical for told in hidden),
        sum(told.may_be_critical for told in hidden),
    )
    resolved = sum(told.kind is ItemKind.RESOLVED for told in hidden)
    counts = ((critical, "critical"), (unclear, "of unknown severity"), (resolved, "resolved"))
    kinds = [f"{count} {kind}" for count, kind in counts if count]
    kinds += count_left(told.kind for told in hidden)
    if is_all and any(told.fires for told in hidden) and not critical and not unclear:
        kinds.insert(0, "none critical")
    return kinds


# --- one alert -----------------------------------------------------------------------------------


def _block(told: AlertSummary, now: datetime, room: int) -> _Block:
    labels, annotations = told.alert.labels, told.alert.annotations
    summary = line(pick(annotations, *SUMMARY), _HEADLINE)
    name = line(labels.get("alertname", ""), _NAME)
    places = [line(place, _NAME) for place in told.places]
    headline = summary or name or line(_other_labels(told), _HEADLINE) or "an alert without a name"
    key = labels.get("alertname") or told.alert.fingerprint
    if told.resolved_before_sent:
        where = " / ".join(filter(None, [name, *places])) or headline
        return _Block(key, f"{_kind(told)}: {where}: {_unheard(told, now)}")
    if has_left(told.kind):
        where = " / ".join(filter(None, [name if summary else "", *places]))
        (start,) = clocks(now, told.alert.starts_at)
        return _Block(key, f"{_kind(told)}: {headline}", where, explain(told.kind, start))
    description = paragraph(pick(annotations, *DESCRIPTION), room)
    if not description and not summary and name:
        description = line(_other_labels(told), min(room, _HEADLINE))
    if description and not told.fires:
        description = f"Was: {description}"  # annotations stay as they were while the alert fired
    return _Block(
        key,
        f"{_kind(told)}: {headline}",
        " / ".join(filter(None, [name if summary else "", *places])),
        "\n".join(filter(None, [description, _times(told, now)])),
    )


def _links(told: AlertSummary) -> Iterator[tuple[str, str]]:
    """Yield the links of an alert that fires or has ended: as they are, and at the time of the alert."""
    if told.resolved_before_sent or has_left(told.kind):
        return
    starts_at, ends_at = told.alert.starts_at, None if told.fires else told.alert.ends_at
    for label, names in _LINKS_WHILE_FIRING if told.fires else _LINKS:
        urls = (link(told.alert.annotations.get(name, "")) for name in names)
        if url := next(filter(None, urls), None):
            timed = at_alert(url, starts_at, ends_at) if names is DASHBOARD else url
            yield f"{label}: {url}", f"{label}: {timed}"


def _kind(told: AlertSummary) -> str:
    severity = line(told.severity, _SEVERITY)
    if told.fires:
        return severity.upper() or "ALERT"
    over = title(told.kind) if has_left(told.kind) else "RESOLVED"
    return f"{over} ({severity})" if severity else over


def _other_labels(told: AlertSummary) -> str:
    """Write the labels that are said nowhere else."""
    said = {"alertname", "severity", *PLACES}
    shown = [f"{name}={value}" for name, value in sorted(told.alert.labels.items()) if name not in said]
    return ", ".join(shown[:_SHOWN_LABELS])


def _times(told: AlertSummary, now: datetime) -> str:
    """Say since when an alert fires, or from when to when it did."""
    starts_at, ends_at = told.alert.starts_at, told.alert.ends_at
    start, end = clocks(now, starts_at, ends_at if not told.fires else None)
    if not told.fires:
        begin = f"Fired {start}, cleared" if start else "Cleared"
        if ends_at is None or end is None:
            return f"{begin}, since when is unknown"
        is_span = start and ends_at >= starts_at  # else clocks differ
        return f"{begin} {end}" + (f" ({age(ends_at - starts_at)})" if is_span else "")
    begin = "Since" if told.kind is ItemKind.FIRED else "Reminder: still firing since"
    if start is None:
        return f"{begin} an unknown time"
    # An age below zero would only say that clocks differ.
    span = now.timestamp() - starts_at
    return f"{begin} {start}" + (f" ({age(span)})" if span >= 0 else "")


def _unheard(told: AlertSummary, now: datetime) -> str:
    start, end, until = clocks(now, told.alert.starts_at, told.alert.ends_at, now.timestamp())
    facts = [f"fired {start}"] if start else []
    facts += [f"cleared {end}"] if end else []
    return ", ".join([*facts, f"could not be delivered until {until}"])
