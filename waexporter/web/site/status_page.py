"""GET /: the status page for people; imported at the first request for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.model import State
from waexporter.timefmt import plural
from waexporter.web.formatting import format_time
from waexporter.web.site.fleet_filter import FleetFilter, count_labels
from waexporter.web.site.html import html_response
from waexporter.web.site.refused_config import describe_refused
from waexporter.web.site.status_page_pager import SHOWN_PAGES, describe_pager
from waexporter.web.site.target_rows import ORDER, SYMBOLS, shorten_age, sort_key, target_row
from waexporter.web.unknown_target import describe_other_shard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.web.backend import Backend, TargetStatus
    from waexporter.web.responses import IncomingRequest, Response
    from waexporter.web.site.target_rows import TargetRow

SHOWN_TARGETS: Final = 250  # rows: the rest is one link away
_REFRESH = 15  # seconds


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """How many targets have a verdict, and the link to only these."""

    words: str
    css_class: str
    symbol: str
    count: int
    link: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class VerdictGroup:
    """The targets with the same verdict."""

    state: State
    symbol: str
    count: int
    rows: tuple[TargetRow, ...]  # as many as fit the page


def show_status_page(request: IncomingRequest, backend: Backend) -> Response:
    """Return the status page."""
    now = request.at
    sentences = (backend.unhealthy(), backend.unready(), backend.outdated_list())
    notices = tuple(notice for notice in sentences if notice is not None)
    targets, pager = backend.targets(), backend.pager
    chosen = FleetFilter.of_request(request)
    of_any_verdict = tuple(filter(chosen.matches_without_verdict, targets))
    found = sorted(filter(chosen.has_verdict, of_any_verdict), key=sort_key)
    headline = describe_fleet(targets)
    choices = count_labels(targets)
    offered = {f"{choice.name}:{value}" for choice in choices for value, _ in choice.values}
    selected = next((label for label in chosen.labels if label in offered), "")
    return html_response(
        request,
        "status.html",
        refresh=_REFRESH,
        title=headline,
        headline=headline[:1].upper() + headline[1:],
        worst=min((each.verdict.state for each in targets), key=ORDER.index, default=State.UNKNOWN),
        symbols=SYMBOLS,
        shorten=shorten_age,
        made=format_time(now, now),
        notices=notices,
        reloads=describe_refused(backend, now),
        shard=backend.shard,
        elsewhere=describe_other_shard(backend, chosen.words) if not found else None,
        total=len(targets),
        found=len(found),
        filter=chosen,
        counts=_count_verdicts(of_any_verdict, chosen),
        choices=choices,
        selected=selected,
        groups=group_targets(found, chosen, now),
        pager=pager and describe_pager(pager.status(SHOWN_PAGES), now, _unread_targets(targets)),
    )


def describe_fleet(targets: Sequence[TargetStatus]) -> str:
    """Return the state of the whole fleet in some words."""
    counts = Counter(each.verdict.state for each in targets)
    troubled = [f"{counts[state]} {state}" for state in ORDER if state is not State.OK and counts[state]]
    return ", ".join(troubled) or ("all ok" if targets else "no target")


def group_targets(
    targets: Sequence[TargetStatus], chosen: FleetFilter, now: float
) -> tuple[VerdictGroup, ...]:
    """Return sorted targets by verdict; only the first ones have a row, unless all are wanted."""
    counts = Counter(each.verdict.state for each in targets)
    first = targets if chosen.shows_all else targets[:SHOWN_TARGETS]
    return tuple(
        VerdictGroup(
            state,
            SYMBOLS[state],
            counts[state],
            tuple(target_row(each, chosen, now) for each in first if each.verdict.state == state),
        )
        for state in ORDER
        if counts[state]
    )


def _count_verdicts(targets: Sequence[TargetStatus], chosen: FleetFilter) -> tuple[VerdictCount, ...]:
    """Return how many targets there are, in all and for each verdict, with the links to only these."""
    counts = Counter(each.verdict.state for each in targets)
    total = counts.total()
    everything = VerdictCount(
        plural(total, "target"), "all", "", total, chosen.link_verdict(""), not chosen.verdict
    )
    verdicts = (
        VerdictCount(
            f"{counts[state]} {state}",
            state.value,
            SYMBOLS[state],
            counts[state],
            chosen.link_verdict(state.value),
            chosen.verdict == state,
        )
        for state in ORDER
        if counts[state] or chosen.verdict == state
    )
    return everything, *verdicts


def _unread_targets(targets: Sequence[TargetStatus]) -> tuple[str, ...]:
    """Return the names of the targets whose on-call group nobody reads."""
    return tuple(
        target.name
        for target in targets
        if any(
            problem.slug in target.problem_kinds and target.problem_kinds[problem.slug].hides_pages
            for problem in target.verdict.problems
        )
    )
