"""GET /pages and GET /pages/{number}: what was paged, and what became of one page, for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from urllib.parse import urlencode

from waexporter.config.shipped_files import find_runbooks
from waexporter.paging.page_explanation import explain_page
from waexporter.web.explanations.page_reasons import find_page_history
from waexporter.web.formatting import format_time, link_to
from waexporter.web.responses import Response
from waexporter.web.security.access import NO_PAGER
from waexporter.web.site.html import html_response
from waexporter.web.site.search import has_words, read_words
from waexporter.web.site.status_page_pager import page_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from waexporter.paging.journal.entry import JournalEntry
    from waexporter.web.backend import Backend
    from waexporter.web.responses import IncomingRequest
    from waexporter.web.site.status_page_pager import AlertLine

_REFRESH: Final = 15  # seconds
_SHOWN: Final = 50  # pages
_SEARCHED: Final = 1000  # the newest pages, among which a filter searches


class Select(NamedTuple):
    """The choices of one part of the filter."""

    name: str
    title: str
    any: str
    chosen: str
    choices: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PageFilter:
    """Which pages are shown."""

    words: str = ""  # each of them is in an alert, a text, a way or a reason
    state: str = ""
    severity: str = ""
    target: str = ""

    @classmethod
    def of_request(cls, request: IncomingRequest) -> Self:
        """Return the filter in the query of a request."""
        first = {
            name: next(filter(None, request.values(name)), "") for name in ("state", "severity", "target")
        }
        return cls(read_words(request), **first)

    @property
    def is_active(self) -> bool:
        """Whether it hides anything."""
        return any(asdict(self).values())

    @property
    def query(self) -> str:
        """The query of a link to the same pages."""
        named = {"q": self.words, "state": self.state, "severity": self.severity, "target": self.target}
        return urlencode({name: value for name, value in named.items() if value})

    def matches(self, entry: JournalEntry) -> bool:
        """Return whether a page is shown."""
        return (
            self.state in {"", entry.state.value}
            and (not self.severity or self.severity in _labels(entry, "severity"))
            and (not self.target or self.target in _labels(entry, "target"))
            and has_words(_find_texts(entry), self.words)
        )


def show_pages(request: IncomingRequest, backend: Backend) -> Response:
    """Return the newest pages that the filter lets through."""
    pager = backend.pager
    if pager is None:
        return html_response(
            request, "no_pager.html", title="Pages", made=format_time(request.at, request.at), words=NO_PAGER
        )
    wanted, shows_all = PageFilter.of_request(request), bool(request.values("all"))
    status = pager.status(_SEARCHED if wanted.is_active or shows_all else _SHOWN + 1)
    found = [entry for entry in status.latest if wanted.matches(entry)]
    shown = found if shows_all else found[:_SHOWN]
    runbooks = find_runbooks()
    return html_response(
        request,
        "pages.html",
        title="Pages",
        refresh=_REFRESH,
        made=format_time(request.at, request.at),
        problem=status.problem,
        filter=wanted,
        query=wanted.query,
        selects=_selects(status.latest, wanted),
        found=_describe_found(len(shown), len(found), len(status.latest), wanted),
        pages=tuple(page_line(entry, runbooks, request.at) for entry in shown),
        older="&".join(filter(None, (wanted.query, "all=1"))) if len(found) > len(shown) else "",
    )


def show_page(request: IncomingRequest, backend: Backend) -> Response:
    """Return what became of one page, and why."""
    found = find_page_history(request, backend)
    if isinstance(found, Response):
        return found
    explanation = explain_page(found, request.at)
    alerts = page_line(found.entry, find_runbooks(), request.at).alerts
    return html_response(
        request,
        "page.html",
        title=f"Page {explanation.number}",
        refresh=_REFRESH,
        made=format_time(request.at, request.at),
        number=explanation.number,
        headline=explanation.headline,
        sections=explanation.sections,
        links=tuple(dict.fromkeys(_list_links(alerts, backend.target_names()))),
    )


def _list_links(alerts: Sequence[AlertLine], known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the words and the links to the targets and runbooks of alerts."""
    for alert in alerts:
        if alert.target in known:
            yield f"How {alert.target} is now", link_to("targets", alert.target)
    for alert in alerts:
        if alert.runbook:
            yield f"What to do about {alert.runbook}", link_to("runbooks", alert.runbook)


def _selects(entries: Sequence[JournalEntry], wanted: PageFilter) -> tuple[Select, ...]:
    """Return the parts of the filter with their choices, by what the pages have."""
    severities, targets = (
        _count(chosen, (_labels(entry, name) for entry in entries))
        for name, chosen in (("severity", wanted.severity), ("target", wanted.target))
    )
    states = _count(wanted.state, ({entry.state.value} for entry in entries))
    return (
        Select("state", "State", "Any state", wanted.state, states),
        Select("severity", "Severity", "Any severity", wanted.severity, severities),
        Select("target", "Target", "Any target", wanted.target, targets),
    )


def _count(chosen: str, values: Iterable[set[str]]) -> tuple[tuple[str, int], ...]:
    """Return each value with the number of pages that have it, the chosen one in any case."""
    counts = Counter(value for each in values for value in each)
    if chosen:
        counts.setdefault(chosen, 0)
    return tuple(sorted(counts.items()))


def _labels(entry: JournalEntry, name: str) -> set[str]:
    """Return the values of a label in the alerts of a page."""
    return {value for item in entry.page.items if (value := item.alert.labels.get(name, ""))}


def _find_texts(entry: JournalEntry) -> Iterator[str]:
    """Yield what is searched of a page."""
    yield from (str(entry.number), entry.channel, entry.destination, entry.why)
    for item in entry.page.items:
        yield from (item.kind.value, *item.alert.labels.values(), *item.alert.annotations.values())
    for attempt in entry.tried:
        yield from (attempt.way, attempt.recipient, attempt.code, attempt.why)


def _describe_found(shown: int, found: int, searched: int, wanted: PageFilter) -> str:
    if wanted.is_active:
        return f"{found} of the newest {searched} pages {'matches' if found == 1 else 'match'}"
    return f"The newest {shown}" if shown > 1 else ""
