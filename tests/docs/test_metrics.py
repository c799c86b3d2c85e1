"""The reference of metrics says what is served: nothing that isn't, and nothing less."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from docs.source.reference import END, WRITTEN, own_families
from tests.alerts.rules import recorded_names
from tests.markdown import DASHBOARDS, DOCUMENTS, METRICS, PROBING, SPAN, blocks, names, part, prose, rows
from tests.places import hold
from waexporter.health import PROBLEMS, Grade, Messages
from waexporter.metrics import naming
from waexporter.metrics.exposition import claimed_names
from waexporter.metrics.families import PROBE_HEADS
from waexporter.metrics.known_families import HEADS
from waexporter.metrics.layout import LayoutContext
from waexporter.metrics.on_premises import upstream_catalogue
from waexporter.metrics.translation import Translator
from waexporter.model import Drop, Endpoint, Reason, Success
from waexporter.polling import on_demand as demand
from waexporter.polling.state import MIN_POLL_AGE
from waexporter.web.asgi import DEFAULT_LIMITS
from waexporter.web.probe import DEFAULT_TIMEOUT, MARGIN, MAX_TIMEOUT, MIN_TIMEOUT
from waexporter.whatsapp.documents.statistics import read_statistics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RunTool


def known_upstream() -> dict[str, frozenset[str]]:
    """Give the upstream names of the catalogue by our name, without what their type adds."""
    every = frozenset().union(*upstream_catalogue.CATALOGUE.values())
    stems = {name: naming.split_half(name) for name in every}
    ours = {
        name: naming.PREFIX + naming.rename(pair[0] if pair else name).text for name, pair in stems.items()
    }
    return {mine: frozenset(name for name in every if ours[name] == mine) for mine in ours.values()}


def known_rows() -> dict[str, list[str]]:
    """Give the rows of the known families by our name."""
    return {SPAN.findall(row[1])[0]: row for row in rows(part(METRICS, "Known families"))}


def test_every_family_of_ours_is_documented_with_its_type_and_no_other() -> None:
    headings = (
        "The client's health",
        "Builds, disks, settings, certificates, the on-call group",
        "The exporter itself",
        "The pager",
    )
    tables = [part(METRICS, heading) for heading in headings]

    documented = {SPAN.findall(row[0])[0]: row[1] for text in tables for row in rows(text)}

    hold(
        own_families(),
        documented,
        add="Add a row to its table in docs/metrics.md (metric, type, labels, meaning), then `make docs`.",
        remove="docs/metrics.md has rows for families that are not served.",
    )
    assert documented == own_families()


def test_what_a_probe_adds_is_documented_with_its_type_and_no_more() -> None:
    table = part(PROBING, "What it answers")

    documented = {SPAN.findall(row[0])[0]: row[1] for row in rows(table) if row[0].startswith("`")}

    assert documented == {head.name: head.type for head in PROBE_HEADS}


def test_the_limits_of_probes_are_documented() -> None:
    text = " ".join(prose(PROBING).split())

    assert f"What was polled in the last {MIN_POLL_AGE:.0f} seconds is not polled again" in text
    assert f"probes have {demand.MAX_POLLS} polls under way, or {DEFAULT_LIMITS.max_deferred} wait" in text
    assert f"Without this header it waits {DEFAULT_TIMEOUT - MARGIN:g} seconds" in text
    assert f"at least {MIN_TIMEOUT:g} and at most {MAX_TIMEOUT:g} seconds" in text


@pytest.mark.parametrize("place", WRITTEN, ids=lambda place: f"{place[0].name} {place[1]}")
def test_what_make_docs_writes_stands_in_the_documents(place: tuple[Path, str]) -> None:
    document, begin = place

    listed = document.read_text().partition(begin)[2].partition(END)[0]

    assert listed.strip() == WRITTEN[place](), f"{document.name} is not up to date: run `make docs`"


def test_every_upstream_name_of_the_catalogue_is_documented_with_ours_and_no_other() -> None:
    known = known_upstream()

    documented = {
        ours.removesuffix("_total"): frozenset(SPAN.findall(row[0])) for ours, row in known_rows().items()
    }

    hold(
        known,
        documented,
        add="Add a row for each to `Known families` in docs/metrics.md, with its meaning.",
        remove="docs/metrics.md has families that CATALOGUE of "
        "waexporter/metrics/on_premises/upstream_catalogue.py has not.",
    )
    assert documented == known


def test_every_known_family_has_a_meaning() -> None:
    bare = [ours for ours, row in known_rows().items() if len(row) != 5 or len(row[4].split()) < 3]

    assert not bare, f"docs/metrics.md, Known families: say in the last column what these mean: {bare}"


def test_a_documented_type_fits_the_documented_name() -> None:
    wrong = [
        ours
        for ours, row in known_rows().items()
        if ours.endswith("_total") != (row[2] == "counter")
        or (len(SPAN.findall(row[0])) == 2) != (row[2] == "summary")
    ]

    assert wrong == []


def example_rows() -> list[list[str]]:
    return rows(part(METRICS, "Translation rules"))


@pytest.mark.parametrize("row", example_rows(), ids=lambda row: SPAN.findall(row[0])[0])
def test_an_example_of_a_translation_is_what_happens(row: list[str]) -> None:
    histogram = {"bucket": {"1": 1, "+Inf": 2}, "sum": 3, "count": 2}
    datum = histogram if row[1] == "histogram" else {"value": 1}
    said = {name: {"type": row[1], "help": "", "data": [datum]} for name in SPAN.findall(row[0])}
    translator = Translator(
        LayoutContext("/v1/stats/app", (("target", "a"),), upstream_catalogue.CATALOGUE[Endpoint.APP])
    )

    outcome = translator.translate(read_statistics(json.dumps({"stats": said}).encode(), "stats"))

    assert isinstance(outcome, Success)
    assert [fragment.head[:2] for each in outcome.parts for fragment in each.fragments] == [
        (SPAN.findall(row[2])[0].removesuffix("_total"), row[3].replace("untyped", "unknown"))
    ]


def test_no_document_names_a_metric_that_does_not_exist() -> None:
    known = {name for head in HEADS for name in claimed_names(head)} | set(own_families())
    for row in (*known_rows().values(), *([*row[1:]] for row in example_rows())):
        stem = SPAN.findall(row[1])[0]
        known |= {stem, f"{stem}_count", f"{stem}_sum", f"{stem}_bucket"}
    pattern = r"(?<!target:)(?:whatsapp|waexporter)_[a-z][a-z0-9_]*"  # not the rules' own series

    mentioned = {name for document in DOCUMENTS for name in names(pattern, document)}

    assert mentioned - known == set()


def test_no_document_names_a_recorded_series_that_does_not_exist() -> None:
    mentioned = {name for document in DOCUMENTS for name in names(r"target:whatsapp_[a-z0-9_:]*\w", document)}

    assert mentioned - set(recorded_names()) == set()


def test_every_problem_is_documented_with_its_verdict_its_severity_and_its_advice() -> None:
    table = rows(part(METRICS, "Problems"))
    states = {slug: kind.state for slug, kind in PROBLEMS.items() if kind.state is not None}

    documented = {SPAN.findall(row[0])[0]: (row[1], row[2], row[4].replace("`", "")) for row in table}

    hold(
        states,
        documented,
        add="Add a row to `Problems` in docs/metrics.md: its verdict, severity, meaning, and advice.",
        remove="docs/metrics.md has rows for problems that waexporter/health/on_premises has not.",
    )
    said = {
        slug: (state.value, PROBLEMS[slug].grade.word, PROBLEMS[slug].advice)
        for slug, state in states.items()
    }
    assert documented == said, "a verdict, a severity or an advice differs in docs/metrics.md"


def test_every_problem_that_only_prometheus_sees_is_documented_with_its_severity_and_its_advice() -> None:
    heading = "Problems that only Prometheus sees"
    kinds = {slug: kind for slug, kind in PROBLEMS.items() if kind.state is None}

    documented = {SPAN.findall(row[0])[0]: (row[1], row[3]) for row in rows(part(METRICS, heading))}

    hold(
        kinds,
        documented,
        add=f"Add a row to `{heading}` in docs/metrics.md: its severity, meaning, and advice.",
        remove=f"docs/metrics.md has rows in `{heading}` for what waexporter/health/on_premises has not.",
    )
    said = {slug: (kind.grade.word, kind.advice) for slug, kind in kinds.items()}
    assert documented == said, "a severity or an advice differs in docs/metrics.md"


def test_the_words_of_recorded_values_are_documented() -> None:
    table = {SPAN.findall(row[0])[0]: row[1] for row in rows(part(METRICS, "What the rules record"))}

    severities = re.findall(r"(\d) (\w+)", table["target:whatsapp_problem:severity"].partition(". ")[0])
    messages = re.findall(r"(\d) ([a-z ]+)", table["target:whatsapp_messages:state"])

    assert severities == [(f"{grade:d}", grade.word) for grade in Grade if grade]
    assert [(number, words.strip()) for number, words in messages] == [
        (f"{each:d}", each.words) for each in Messages
    ]


def test_the_words_of_dashboards_are_documented_the_worst_first() -> None:
    severities, messages = (
        [row[0].strip("*") for row in rows(part(DASHBOARDS, heading))] for heading in ("Severity", "Messages")
    )

    assert severities == list(dict.fromkeys(grade.word for grade in sorted(Grade, reverse=True)))
    assert messages == [each.words for each in sorted(Messages, reverse=True)]


@pytest.mark.parametrize(
    ("heading", "reasons"),
    [("Why polls fail", Reason), ("Why samples are left out", Drop)],
    ids=["reasons of polls", "reasons of samples"],
)
def test_every_reason_is_documented_in_order(heading: str, reasons: type[Reason | Drop]) -> None:
    documented = [SPAN.findall(row[0])[0] for row in rows(part(METRICS, heading))]

    assert documented == [reason.value for reason in reasons]


def test_prometheus_accepts_every_query(promtool: RunTool, suite: str, tmp_path: Path) -> None:
    queries = [query for document in DOCUMENTS for query in blocks(document, "promql")]
    rules = [{"record": f"documented:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "documented", "rules": rules}]}))

    finding = promtool(suite, "check", "rules", file)

    assert len(queries) > 5
    assert finding.status == 0, finding.output
