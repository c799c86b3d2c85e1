"""Families as bytes: heads in both formats, series, escapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.metrics.reading_back import read_openmetrics, read_text
from waexporter.metrics.exposition import (
    SUFFIXES,
    claimed_names,
    encode,
    escape_label_value,
    render_family,
    render_head,
    render_series,
)
from waexporter.model import Family, Head, Sample

HEADS = [
    (Head("a", "gauge", "w"), "# HELP a w\n# TYPE a gauge\n", "# HELP a w\n# TYPE a gauge\n"),
    (
        Head("a", "counter", "w"),
        "# HELP a_total w\n# TYPE a_total counter\n",
        "# HELP a w\n# TYPE a counter\n",
    ),
    (Head("a", "summary", "w"), "# HELP a w\n# TYPE a summary\n", "# HELP a w\n# TYPE a summary\n"),
    (Head("a", "histogram", "w"), "# HELP a w\n# TYPE a histogram\n", "# HELP a w\n# TYPE a histogram\n"),
    (Head("a", "unknown", "w"), "# HELP a w\n# TYPE a untyped\n", "# HELP a w\n# TYPE a unknown\n"),
    (
        Head("a", "gauge", 'say "\\"\nthen'),
        '# HELP a say "\\\\"\\nthen\n# TYPE a gauge\n',
        '# HELP a say \\"\\\\\\"\\nthen\n# TYPE a gauge\n',
    ),
]


@pytest.mark.parametrize(("head", "in_text", "in_openmetrics"), HEADS, ids=[row[0].type for row in HEADS])
def test_a_head_is_rendered_for_each_format(head: Head, in_text: str, in_openmetrics: str) -> None:
    text, strict = render_head(head, openmetrics=False), render_head(head, openmetrics=True)

    assert text.decode() == in_text
    assert strict.decode() == in_openmetrics


@pytest.mark.parametrize(
    ("labels", "written"),
    [
        ((), "a"),
        ((("b", "1"),), 'a{b="1"}'),
        ((("b", "1"), ("c", "")), 'a{b="1",c=""}'),
        ((("b", 'x"\\\ny'),), 'a{b="x\\"\\\\\\ny"}'),
    ],
)
def test_a_series_is_its_name_and_its_labels(labels: tuple[tuple[str, str], ...], written: str) -> None:
    assert render_series("a", labels) == written


def test_a_family_is_rendered_with_the_common_labels_first() -> None:
    family = Family(
        Head("a", "counter", "w"), (Sample((("b", "1"),), 2, "_total"), Sample((), 0.5, "_total"))
    )

    fragment = render_family(family, (("target", "t"),))

    assert fragment.head is family.head
    assert fragment.lines == b'a_total{target="t",b="1"} 2\na_total{target="t"} 0.5\n'


def test_a_lone_surrogate_becomes_a_question_mark() -> None:
    assert encode("a\ud800b") == b"a?b"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("gauge", {"a"}),
        ("unknown", {"a"}),
        ("counter", {"a", "a_total", "a_created"}),
        ("summary", {"a", "a_count", "a_sum", "a_created"}),
        ("histogram", {"a", "a_bucket", "a_count", "a_sum", "a_created"}),
    ],
)
def test_a_family_claims_every_name_that_its_samples_may_have(kind: str, names: set[str]) -> None:
    claimed_names_of = claimed_names(Head("a", kind, "w"))

    assert set(claimed_names_of) == names
    assert len(claimed_names_of) == len(names)


def test_every_type_that_is_translated_has_its_suffixes() -> None:
    assert set(SUFFIXES) == {"counter", "gauge", "summary", "histogram", "unknown"}


_characters = st.characters(exclude_categories=["Cs"])


@given(st.text(_characters), st.floats(allow_nan=False))
def test_any_label_value_and_number_read_back_the_same(text: str, value: float) -> None:
    family = Family(Head("a", "gauge", "w"), (Sample((("b", text),), value),))

    page = render_family(family).lines.decode()
    parsed = [read(page + end) for read, end in ((read_text, ""), (read_openmetrics, "# EOF\n"))]

    assert parsed == [{("a", frozenset({("b", text)})): value}] * 2


@given(st.text(_characters.filter(lambda letter: not letter.isspace()), min_size=1))
def test_any_help_reads_back_the_same(words: str) -> None:
    head = Head("a", "gauge", words)

    text = text_string_to_metric_families(render_head(head, openmetrics=False).decode() + "a 1\n")
    strict = openmetrics.text_string_to_metric_families(
        render_head(head, openmetrics=True).decode() + "a 1\n# EOF\n"
    )

    assert [metric.documentation for metric in (*text, *strict)] == [words, words]


@given(st.text())
def test_an_escaped_value_has_no_line_end_and_no_open_quote(text: str) -> None:
    escaped = escape_label_value(text)

    assert "\n" not in escaped
    assert '"' not in escaped.replace("\\\\", "").replace('\\"', "")
