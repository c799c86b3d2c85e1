"""For any alerts, a message is short enough, counts exactly, and hides nothing."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paging.formatting import formatted
from tests.paging.shapes import NOW
from tests.running.examples import examples
from waexporter.model.severity import Severity, classify_word
from waexporter.paging.messages.compose import compose
from waexporter.paging.messages.markup import escape_markup
from waexporter.paging.model import Alert, Item, ItemKind, Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

_EXAMPLES = settings(max_examples=examples(100), deadline=None)  # the machine may be busy

# What formats, what is invisible, what breaks lines or encodings, and words of our own messages.
_NASTY = [
    *"*_~`>-@#.+…", "```", "1. ", "> ", "- ", "* ", "\n", "\r\n", "\t", "\x00", "\x1b[31m", "\u2028",
    "\u202e", "\u2066", "\u200b", "\u2060", "\ufeff", "\u034f", "\u3164", "\ud800", "\udfff", "\ue000",
    "\u200c", "\u200d", "\ufe0f", "ی", "👩",
    "😀", "é", "e\u0301", "مرحبا", "+5 more", "ALL CLEAR: ", "a", "word ", "https://x.example/_a_",
]  # fmt: skip
# The sign § is left to the marks by which these tests know an alert again.
_pieces = st.one_of(st.sampled_from(_NASTY), st.characters(exclude_characters="§"))
_texts = st.one_of(
    st.lists(_pieces, max_size=12).map("".join),
    st.tuples(st.lists(_pieces, max_size=3).map("".join), st.sampled_from([40, 1500])).map(
        lambda two: two[0] * two[1]
    ),
)
_links = ["https://x.example/_a_*b*", "http://x.example/" + "a" * 470, "https://x.example/d/_a_?b=*c*#~d~"]
_urls = st.one_of(st.sampled_from(_links), _texts)
_labels = st.fixed_dictionaries(
    {},
    optional={
        "alertname": _texts,
        "severity": st.one_of(st.sampled_from(["critical", "page", "P1", "warning", "info"]), _texts),
        "node": _texts,
        "instance": _texts,
        "job": _texts,
        "*odd*\u202e": _texts,
    },
)
_annotations = st.fixed_dictionaries(
    {},
    optional={
        "summary": _texts,
        "description": _texts,
        "message": _texts,
        "runbook_url": _urls,
        "runbook": _urls,
        "dashboard_url": _urls,
        "silenceURL": _urls,
    },
)
_times = st.one_of(st.floats(NOW - 1e6, NOW + 1e6), st.floats(), st.sampled_from([0.0, -62_135_596_800.0]))


@st.composite
def _items(draw: st.DrawFn) -> Item:
    mark = draw(st.integers(0, 40))
    labels = {**draw(_labels), "target": f"§{mark}§"}
    alert = Alert(
        str(mark), draw(_times), draw(st.none() | _times), labels=labels, annotations=draw(_annotations)
    )
    return Item(alert, draw(st.sampled_from(ItemKind)))


_pages = st.builds(
    Page,
    st.sampled_from(["a", "b"]),
    st.lists(_items(), max_size=12, unique_by=lambda item: item.alert.fingerprint).map(tuple),
    truncated=st.sampled_from([0, 0, 1, 1234]),
    still_firing=st.sampled_from([0, 0, 1, 99]),
    received_at=_times,
)
_several = st.lists(_pages, min_size=1, max_size=4)


def _last_states(pages: Sequence[Page]) -> dict[str, Item]:
    return {item.alert.fingerprint: item for page in pages for item in page.items}


def _of(severity: Severity, items: Sequence[Item]) -> int:
    return sum(
        item.kind.fires and classify_word(item.alert.labels.get("severity", ""), {}) is severity
        for item in items
    )


def _critical(items: Sequence[Item]) -> int:
    return _of(Severity.CRITICAL, items)


@_EXAMPLES
@given(_several, st.integers(0, 5000))
def test_a_message_is_never_above_its_limit_and_can_be_sent(pages: list[Page], limit: int) -> None:
    text = compose(pages, NOW, limit)

    assert len(text.encode("utf-16-le")) // 2 <= limit
    assert len(text) <= limit
    assert text.encode().decode() == text


@_EXAMPLES
@given(_several, st.sampled_from([2500, 4096]))
def test_shown_and_counted_alerts_are_all_alerts(pages: list[Page], limit: int) -> None:
    alerts = _last_states(pages)
    truncated = sum({page.thread: page.truncated for page in pages}.values())

    text = compose(pages, NOW, limit)

    marks = re.findall("§([0-9]+)§", text)
    rest = re.match(r"\+([0-9]+) more(?: \((?:([0-9]+) critical)?)?", text.split("\n")[-1])
    hidden = [item for fingerprint, item in alerts.items() if fingerprint not in set(marks)]
    assert set(marks) <= set(alerts)
    assert len(set(marks)) >= min(1, len(alerts))
    assert (int(rest[1]) if rest else 0) == len(hidden) + truncated
    assert (int(rest[2] or 0) if rest else 0) == _critical(hidden)
    if "none critical" in text.split("\n")[-1]:
        assert _of(Severity.UNKNOWN, hidden) == 0


@_EXAMPLES
@given(_several)
def test_the_head_counts_all_alerts(pages: list[Page]) -> None:
    states = list(_last_states(pages).values())
    firing = [item for item in states if item.kind.fires]

    head = compose(pages, NOW).split("\n")[0]

    if firing:
        assert re.search(rf"(?:^FIRING: |^REMINDER: |, ){len(firing)} (?:alert|firing)", head)
        assert "ALL CLEAR" not in head
    if _critical(states):
        assert f"{_critical(states)} critical" in head
    if not all({page.thread: page.is_all_clear for page in pages}.values()):
        assert "ALL CLEAR" not in head


@_EXAMPLES
@given(_several)
def test_no_text_of_an_alert_is_markup_or_invisible(pages: list[Page]) -> None:
    text = compose(pages, NOW)

    assert formatted(escape_markup(text)) == []
    assert {unicodedata.category(each) for each in text} & {"Cs", "Co", "Zl", "Zp"} == set()
    assert {each for each in text if unicodedata.category(each) == "Cf"} <= set("\u200c\u200d")
    assert all(each == "\n" or unicodedata.category(each) != "Cc" for each in text)


@_EXAMPLES
@given(_several, st.randoms(use_true_random=False))
def test_the_order_of_alerts_makes_no_difference(pages: list[Page], random: Random) -> None:
    def shuffled(page: Page) -> Page:
        items = list(page.items)
        random.shuffle(items)
        return Page(page.thread, tuple(items), page.truncated, page.still_firing, page.received_at)

    assert compose([shuffled(page) for page in pages], NOW) == compose(pages, NOW)


@_EXAMPLES
@given(
    st.lists(_items(), min_size=2, max_size=9, unique_by=lambda item: item.alert.fingerprint),
    st.integers(0, 9),
)
def test_the_order_of_threads_that_share_no_alert_makes_no_difference(items: list[Item], cut: int) -> None:
    one, other = (Page(name, tuple(part)) for name, part in (("a", items[:cut]), ("b", items[cut:])))

    assert compose([one, other], NOW) == compose([other, one], NOW)


@_EXAMPLES
@given(st.from_regex(r"https?://[a-z]{1,9}\.example(/[A-Za-z0-9_~*.=&?%-]{0,40})?", fullmatch=True))
def test_a_good_link_is_in_the_message_as_it_is(url: str) -> None:
    alert = Alert("a", NOW, labels={"alertname": "A"}, annotations={"runbook_url": url})

    text = compose([Page("a", (Item(alert, ItemKind.FIRED),))], NOW)

    assert text.endswith(f"\nRunbook: {url}")
    assert escape_markup(text) == text


@_EXAMPLES
@given(
    _texts,
    st.from_regex(r"https?://[a-z]{1,9}\.example(/[A-Za-z0-9_~*.=&?%-]{0,40})?", fullmatch=True),
    _texts,
)
def test_a_link_within_a_text_is_in_the_message_as_it_is(before: str, url: str, after: str) -> None:
    description = f"{before[:40]} {url} {after[:40]}"
    alert = Alert("a", NOW, labels={"alertname": "A"}, annotations={"message": description})

    text = compose([Page("a", (Item(alert, ItemKind.FIRED),))], NOW)

    assert url in escape_markup(text)
