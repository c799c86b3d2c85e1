"""Markup of WhatsApp is escaped; everything else stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.paging.formatting import formatted
from tests.running.examples import examples
from waexporter.paging.messages.markup import escape_markup
from waexporter.paging.messages.text import utf16_length

_PIECES = st.sampled_from([
    *"*_~`>-@#.,:/?=()\"'", "```", "1. ", "> ", "- ", " ", "\n", "a", "B7", "é", "Ж",
    "https://x.example/_a_*b*", "http://wa_core:9090/a_b", "https://", "_a_", "(*x*)",
])  # fmt: skip
_TEXTS = st.one_of(st.lists(_PIECES, max_size=25).map("".join), st.text(max_size=40))
_LINKS = st.from_regex(
    r"https?://[a-z]{1,9}\.example(:[0-9]{2})?(/[A-Za-z0-9_~*.=&?%-]{0,40})?", fullmatch=True
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("*1* _2_ ~3~ `4`", "\uff0a1\uff0a \u02cd2\u02cd \uff5e3\uff5e \u02cb4\u02cb"),
        ("```a``` (*b*), _c d_.", "\u02cb\u02cb\u02cba\u02cb\u02cb\u02cb (\uff0ab\uff0a), \u02cdc d\u02cd."),
        ("```a\nb```", "\u02cb\u02cb\u02cba\nb\u02cb\u02cb\u02cb"),
        ("__init__ and **kwargs**", "\u02cd\u02cdinit\u02cd\u02cd and \uff0a\uff0akwargs\uff0a\uff0a"),
        ("*_a_*", "\uff0a\u02cda\u02cd\uff0a"),
        ("name *a / b*", "name \uff0aa / b\uff0a"),  # from two labels
        ("> quoted > not", "\uff1e quoted > not"),
        (">>quoted", "\uff1e\uff1equoted"),
        ("- item - not", "\uff0d item - not"),
        ("* item * not", "\uff0a item * not"),
        ("1. first 2. not", "1\uff0e first 2. not"),
        ("12.", "12\uff0e"),
        ("a\n- b", "a\n\uff0d b"),
        ("ask @everyone or me@team.example", "ask \uff20everyone or me@team.example"),
        ("_@everyone", "_\uff20everyone"),
        ("*see https://wiki.example/a_b now*", "\uff0asee https://wiki.example/a_b now\uff0a"),
        (
            "*https://wiki.example/a_b*",
            " https://wiki.example/a_b*",
        ),  # nothing that becomes a part of the link
        ("-*https://wiki.example/a_b*", "\uff0d https://wiki.example/a_b*"),  # nor a list of it
        ("see `https://wiki.example/a_b`.", "see  https://wiki.example/a_b ."),
        ("*see http://*a*", "\uff0asee http://\uff0aa\uff0a"),  # no host, so no link
    ],
)
def test_markup_is_escaped_and_still_visible(raw: str, shown: str) -> None:
    assert escape_markup(raw) == shown


@pytest.mark.parametrize(
    "raw",
    [
        "no_coreapp_connected",
        "no_coreapp_connected / wa_core_1 is_down",
        "größte_queue_ist_voll метрика_очереди_полна",
        "2*3*4 is 24, 3 * 4 * 5 is 60",
        "job=~web|api, ~5 min, 99 %, a * b",
        "/api/v1/*",
        "it`s one",
        "a*b and c*d",
        "_private and _hidden",
        "-5 degrees, 1.5 s, 2.txt",
        "a > b - c",
        "https://wiki.example/wa_ops/queue_full",
        "see (https://wiki.example/_a_/*b*?q=~c~#_d_), please",
        "Runbook: http://[2001:db8::1]:3000/_a_ and https://wiki.example/@me/_b_",
        "me@team.example",
        "👨\u200d👩\u200d👧 *\ufe0f\u20e3",
    ],
)
def test_a_text_without_markup_is_unchanged(raw: str) -> None:
    assert escape_markup(raw) == raw
    assert formatted(raw) == []


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("*a* b_c_d _e f_", ["*a*", "_e f_"]),
        ("a*b* *c *d", []),
        ("```x\ny``` `z`", ["```x\ny```", "`z`"]),
        ("> q\n- i\n* j\n3. k\n-l", ["> ", "- ", "* ", "3. "]),
        ("https://x.example/_a_", []),
    ],
)
def test_the_model_of_these_tests_finds_the_markup_of_whatsapp(raw: str, found: list[str]) -> None:
    assert formatted(raw) == found


@settings(max_examples=examples(500), deadline=None)
@given(_TEXTS)
def test_no_text_has_markup_after_escaping_and_its_length_stays(raw: str) -> None:
    shown = escape_markup(raw)

    assert formatted(shown) == []
    assert len(shown) == len(raw)
    assert utf16_length(shown.encode(errors="replace").decode()) == utf16_length(
        raw.encode(errors="replace").decode()
    )


@settings(max_examples=examples(300), deadline=None)
@given(st.text(alphabet="*_~`> a-\n(", max_size=12), _LINKS, st.text(alphabet="*_~`> a-\n)", max_size=12))
def test_a_link_is_unchanged_whatever_surrounds_it(before: str, link: str, after: str) -> None:
    shown = escape_markup(f"{before} {link} {after}")

    assert f" {link} " in shown
