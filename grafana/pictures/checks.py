"""What must never be seen on a dashboard: rules over a report, each of which gives plain sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from grafana.pictures.report import Panel, Report

    Rule = Callable[[Report, Mapping[str, Any]], Iterator[str]]

NEUTRAL = frozenset({"", "purple", "text", "transparent"})  # hues that say neither good nor bad
MUST_BE_READ = frozenset(  # columns of tables: whom, what, since when, are messages lost, what to do
    {
        "Client",
        "For",
        "Messages",
        "Problem",
        "Runbook",
        "Severity",
        "Since",
        "What to do",
        "Worst problem",
    }
)
# By width in pixels: how long a name of a client may be to be read whole. Of a longer one the beginning is,
# and the rest where one points at it.
NAMES = {1600: 40, 800: 22, 360: 12}
CUT_ANYWHERE = frozenset({"heading", "row", "tile", "title"})  # kinds of texts that must be read wherever
SLOWEST = 1.0  # seconds of a query
LONGEST = 8_000  # bytes of a query
TALLEST = 10  # times the highest threshold: the top of the axis of a graph that stays below it
ROWS = 4  # of a table, that are seen without scrolling where there are so many
ALL = {"percentunit": 1.0, "percent": 100.0}  # by unit: all of something

_RANGE = re.compile(r"-∞\+|(-∞|-?[\d.]+) - -?[\d.]+|-?[\d.]+\+")  # a threshold's, as state timelines write it
_ALL_IS_WELL = re.compile(
    r"(flowing|healthy|none|ok)|.*\b(all is well|none configured|none fails?|nothing is wrong)\b.*",
    re.IGNORECASE,
)


def faults(report: Report, board: Mapping[str, Any], *, dead: bool = False) -> list[str]:
    """Return what is wrong with one drawing; `dead`: with the exporter gone, when nothing is known."""
    rules = (*RULES, *DEAD) if dead else RULES
    return [sentence for rule in rules for sentence in rule(report, board)]


def faults_together(reports: Sequence[Report], board: Mapping[str, Any]) -> list[str]:
    """Return what has no effect in any of several drawings of a dashboard."""
    kinds: dict[str, Callable[[Panel], Mapping[str, bool]]] = {
        "the override of {} finds no field": lambda panel: panel.overrides,
        "the mappings of {} map no value": _fields_with_words,
    }
    numbers = {panel["id"] for panel in _all_panels(board)}
    return [
        f"{place}: {words.format(name)}"
        for words, uses in kinds.items()
        for (number, name), place in _without_effect(reports, uses).items()
        if number in numbers
    ]


_OF_WHAT_IS_MISSING = 'special "null+nan"'


def _fields_with_words(panel: Panel) -> Mapping[str, bool]:
    """Return by field whether one of its mappings at least has mapped a value.

    A field that only says what is missing is left out: well, if nothing ever is.
    """
    found: dict[str, bool] = {}
    says_more = set()
    for name, is_used in panel.mappings.items():
        whose, _, part = name.rpartition(": ")
        found[whose] = found.get(whose, False) or is_used
        if part != _OF_WHAT_IS_MISSING:
            says_more.add(whose)
    return {whose: is_used for whose, is_used in found.items() if whose in says_more}


def _without_effect(
    reports: Sequence[Report], uses: Callable[[Panel], Mapping[str, bool]]
) -> Mapping[tuple[int, str], str]:
    panels = [panel for report in reports for panel in report.panels]
    every = {(panel.id, name): _place(panel) for panel in panels for name in uses(panel)}
    used = {(panel.id, name) for panel in panels for name, is_used in uses(panel).items() if is_used}
    return {key: place for key, place in every.items() if key not in used}


def _all_panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _place(panel: Panel) -> str:
    return f"{panel.id} {panel.title!r}"


def says_that_all_is_well(text: str) -> bool:
    """Return whether somebody who reads this goes back to bed."""
    return _ALL_IS_WELL.fullmatch(text.strip()) is not None


def empty_panels(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give panels without data that do not say in their own words what that means."""
    for panel in report.panels:
        if not panel.has_data and (panel.empty or "").strip() in {"", "No data"}:
            yield f"{_place(panel)}: it is empty and does not say what that means"


def unknown_values_in_colour(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give values that are not known and have the colour of good or of bad news."""
    for panel in report.panels:
        for value in panel.values:
            if value.missing and value.hue not in NEUTRAL:
                where = f" in row {value.row + 1} of {value.column!r}" if value.column else ""
                yield f"{_place(panel)}: {value.text!r}{where} is {value.colour}, though it is not known"


def unknown_values_told_as_well(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give cells that are empty and show what is meant for a table without rows."""
    for panel in report.panels:
        for value in panel.values:
            if value.missing and panel.has_data and says_that_all_is_well(value.text):
                yield f"{_place(panel)}: an empty cell of {value.column!r} says {value.text!r}"


def ranges_of_thresholds(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give timelines that show the range of a threshold in the place of a word."""
    for panel in report.panels:
        if panel.type == "state-timeline":
            for text in sorted({value.text for value in panel.values if _RANGE.fullmatch(value.text)}):
                yield f"{_place(panel)}: it says {text!r}, the range of a threshold"


def values_without_a_word(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give values that are shown as they are, among others that have words."""
    for panel in report.panels:
        for text in panel.unmapped:
            yield f"{_place(panel)}: {text!r} has no word, though others have"


def broken_links(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give links that still hold a variable's name."""
    linked = [(_place(panel), value.link) for panel in report.panels for value in panel.values]
    linked += [("the dashboard's links", link) for link in report.links]
    for place, link in linked:
        if "${" in link or "undefined" in link:
            yield f"{place}: the link {link!r} is not complete"


def links_to_others(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give links to a client that do not lead to the one in whose row they are."""
    for panel in report.panels:
        clients = {value.row: value.text for value in panel.cells("Client")}
        for value in panel.values:
            led = parse_qs(urlsplit(value.link).query, keep_blank_values=True).get("var-target")
            client = clients.get(value.row)
            if led and client is not None and led != [client]:
                yield f"{_place(panel)}: the link of {client!r} leads to {', '.join(led)!r}"


def insane_axes(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give graphs whose axis goes far beyond what is drawn."""
    for panel in report.panels:
        for axis in panel.axes:
            most = axis.most or 0.0
            highest = max(axis.thresholds, default=0.0)
            if highest > 0 and most <= highest and axis.high > TALLEST * highest:
                yield f"{_place(panel)}: its axis goes to {axis.high:g}, its threshold is {highest:g}"
            whole = ALL.get(axis.unit)
            if whole and most <= whole and axis.high > whole * 1.1:
                yield f"{_place(panel)}: its axis goes to {axis.high / whole:.0%} of all"


def costly_queries(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give queries that take long, are long, or fail."""
    for query in report.queries:
        place = f"panel {query.panel}" if query.panel else "a variable or an annotation"
        beginning = f"{query.expr[:60]} ..."
        if query.error:
            yield f"{place}: {query.error}: {beginning}"
        if query.seconds > SLOWEST:
            yield f"{place}: {query.seconds:.1f} s for {beginning}"
        if query.size > LONGEST:
            yield f"{place}: {query.size} bytes: {beginning}"


def cut_texts(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give texts that must be read and are longer than their place."""
    for panel in report.panels:
        for cut in panel.cut:
            if cut.where in {"Client", "name"} and len(cut.text) > NAMES.get(report.width, len(cut.text)):
                continue
            is_read = cut.kind in {"cell", "aside"} and cut.where in MUST_BE_READ
            if is_read or cut.kind in CUT_ANYWHERE:
                where = f"{cut.kind} {cut.where!r}, {report.width} pixels"
                yield f"{_place(panel)}: {cut.text!r} is cut ({where})"


def rows_out_of_sight(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give tables that are too low for a few rows."""
    for panel in report.panels:
        if panel.type != "table" or not panel.values:
            continue
        seen = len({value.row for value in panel.values})
        if seen < min(panel.rows, ROWS):
            yield f"{_place(panel)}: only {seen} of {panel.rows} rows are in sight"


def marks_in_the_way(report: Report, board: Mapping[str, Any]) -> Iterator[str]:
    """Give annotations that cover graphs, or show the name of a label that is absent."""
    formats = {
        each["name"]: f"{each.get('titleFormat', '')} {each.get('textFormat', '')}"
        for each in board["annotations"]["list"]
    }
    wide = sorted({mark.name for mark in report.marks if mark.end is not None})
    yield from (f"annotation {name!r}: it covers graphs in full height" for name in wide)
    for mark in report.marks:
        labels = set(re.findall(r"{{\s*(\w+)\s*}}", formats.get(mark.name, "")))
        for label in sorted(labels & set(re.findall(r"\w+", mark.text))):
            yield f"annotation {mark.name!r}: it says {label!r}, since there is no such label"


def complaints(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give what panels and the browser complain about."""
    for panel in report.panels:
        yield from (f"{_place(panel)}: {error}" for error in panel.errors)
    yield from (f"the browser says {message}" for message in report.console)


def green_with_nothing_known(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give what is green now; the past of a timeline may be."""
    for panel in report.panels:
        for value in panel.values:
            is_past = panel.type == "state-timeline" and value.end < report.end
            if value.hue == "green" and not is_past:
                yield f"{_place(panel)}: {value.text!r} is green, though nothing is known"


def all_is_well_with_nothing_known(report: Report, _: Mapping[str, Any]) -> Iterator[str]:
    """Give what says now that all is well."""
    for panel in report.panels:
        is_timeline = panel.type == "state-timeline"
        now = [value.text for value in panel.values if not is_timeline or value.end >= report.end]
        for text in sorted({*now, panel.empty or ""}):
            if says_that_all_is_well(text):
                yield f"{_place(panel)}: it says {text!r}, though nothing is known"


RULES: tuple[Rule, ...] = (
    empty_panels,
    unknown_values_in_colour,
    unknown_values_told_as_well,
    ranges_of_thresholds,
    values_without_a_word,
    broken_links,
    links_to_others,
    insane_axes,
    costly_queries,
    cut_texts,
    rows_out_of_sight,
    marks_in_the_way,
    complaints,
)
DEAD: tuple[Rule, ...] = (
    green_with_nothing_known,
    all_is_well_with_nothing_known,
)
