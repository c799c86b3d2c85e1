"""JSON that a strict decoder refuses, but the lenient one reads."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.waiting import fail_after
from tests.json_values import SHORT_SCALARS, json_values
from waexporter.model import Drop
from waexporter.transport.lenient_json import Losses, as_list, as_map, parse, parse_answer

GOOD = {"node": {"gateway_status": "connected", "shards": [[0, 0]]}}


def _with(bad: bytes) -> bytes:
    """Return a document that is right except for one value."""
    return b'{"health":%s,"bad":%s,"after":{"x":[1,{"y":2}]}}' % (json.dumps(GOOD).encode(), bad)


_BAD: dict[str, tuple[bytes, object]] = {
    "a byte that is no UTF-8": (b'"h\xf4te"', "hôte"),
    "UTF-8 beside it": ('"hôte \udce9"'.encode("utf-8", "surrogateescape"), "hôte é"),
    "half a character": (rb'"\ud83d"', "\ufffd"),
    "a whole character in halves": (rb'"\ud83d\ude00"', "😀"),
    "a control character": (b'"a\x01\nb"', "a\x01\nb"),
    "a backslash that means nothing": (rb'"C:\quotes\u12"', r"C:\quotes\u12"),
    "a number without end": (b"1e400", math.inf),
    "a negative one": (b"-1e400", -math.inf),
    "a number of 5000 digits": (b"9" * 5000, math.inf),
    "infinity": (b"Infinity", math.inf),
    "not a number, as C prints it": (b"-nan", None),
    "a number with a leading zero": (b"007", None),
    "a word": (b"undefined", None),
    "nothing": (b"", None),
    "a list with gaps": (b"[1,,2,]", [1, 2]),
    "a map with a gap": (b'{"a":,"b":1,}', {"a": None, "b": 1}),
    "a text in which all of that is text": (b'"\xff nan,, ,} 1e400 [[{"', "ÿ nan,, ,} 1e400 [[{"),
}


@pytest.mark.parametrize("case", _BAD)
def test_one_bad_value_costs_nothing_else(case: str) -> None:
    bad, read = _BAD[case]

    document = parse(_with(bad), "health")

    assert document is not None
    assert document["health"] == GOOD
    assert document["after"] == {"x": [1, {"y": 2}]}
    assert document["bad"] == read


@pytest.mark.parametrize("bad", [b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 9_000 + b"1" + b"}" * 9_000])
def test_nesting_without_end_costs_only_itself(bad: bytes) -> None:
    document = parse(_with(bad), "health")

    assert document is not None
    assert (document["health"], document["after"]) == (GOOD, {"x": [1, {"y": 2}]})


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"\xef\xbb\xbf", b""),
        (
            b"\n<br />\n<b>Notice</b>:  Undefined index: {id} in <b>/var/www/{x}.php</b>\n",
            b"",
        ),
        (b'Warning: {"a":1} is old\n', b""),
        (b"", b"\n<br />\n<b>Warning</b>: Unknown: {write} failed\n"),
        (b"", b"\0\0"),
    ],
)
def test_what_is_printed_around_a_document_is_none_of_it(before: bytes, behind: bytes) -> None:
    body = before + json.dumps({"health": GOOD}).encode() + behind

    assert parse(body, "health") == {"health": GOOD}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"7", b"null", b'{"other":1}', b"<html><script>x={a:1}</script>", b'{"health":{"a":1',
     b"{" * 100_000, b'{"health":"' + b"x" * 100, b"\xff\xfe{\0}\0"],
)  # fmt: skip
def test_what_holds_no_such_document_is_none(body: bytes) -> None:
    assert parse(body, "health") is None


@pytest.mark.parametrize("bad", [b'"' + rb"\"" * 400_000, b'"x\\"}}', b'"]}'])
def test_a_text_without_an_end_is_no_document(bad: bytes) -> None:
    with fail_after():
        assert parse(b'{"health":{"a":x,"b":' + bad, "health") is None


@pytest.mark.parametrize(("braces", "found"), [(1, {"health": GOOD}), (2, None)])
def test_a_large_text_without_an_end_is_read_a_few_times_only(braces: int, found: object) -> None:
    endless = b'{"health":' * braces + b"[" + b"1," * 1_200_000

    assert parse(b"x " + endless + json.dumps({"health": GOOD}).encode(), "health") == found


def test_a_large_document_is_found_behind_a_text_that_soon_is_none() -> None:
    document = {"health": GOOD, "other": "x" * 5_000_000}

    assert parse(b'x {"health" ' * 20 + json.dumps(document).encode(), "health") == document


def test_a_document_is_found_behind_a_script_full_of_braces() -> None:
    script = b"<script>" + b"function f(){return {b:[1]}};" * 100 + b"</script>"

    assert parse(script + json.dumps({"health": GOOD}).encode(), "health") == {"health": GOOD}


_JSON = json_values(st.text(max_size=5), SHORT_SCALARS | st.text(), max_leaves=20)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=5))
def test_a_good_document_reads_the_same_beside_a_bad_value(document: dict[str, Any]) -> None:
    text = json.dumps({"health": document}, ensure_ascii=False)[:-1].encode("utf-8", "replace")

    spoiled = parse(text + b',"bad":"\xff","worse":-nan}', "health")

    assert spoiled is not None
    assert spoiled["health"] == json.loads(text + b"}")["health"]


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b'{"a":1,"b":"two', {"a": 1, "b": "two"}),
        (b'{"a":1,"b":"two\\', {"a": 1, "b": "two"}),
        (b'{"a":1,"b":"two\\"', {"a": 1, "b": 'two"'}),
        (b'{"a":1,"b', {"a": 1, "b": None}),
        (b'{"a":1,"b"', {"a": 1, "b": None}),
        (b'{"a":1,"b":', {"a": 1, "b": None}),
        (b'{"a":1,"b":fal', {"a": 1, "b": None}),
        (b'{"a":1,', {"a": 1}),
        (b'{"a":1', {"a": 1}),
        (b'{"a":{"b":[1,{"c":"x', {"a": {"b": [1, {"c": "x"}]}}),
        (b'{"a":"]}","b":[', {"a": "]}", "b": []}),
        (b'\xef\xbb\xbf{"a":"\xff', {"a": "\u00ff"}),
        (b'Warning: {x} in y {"a":{"b":1},"c', {"a": {"b": 1}, "c": None}),
        (b'{"a":1} and {"more', {"a": 1}),
        (b"[1]", {}),
        (b"{", {}),
        (b"ok", {}),
        (b"", {}),
    ],
    ids=repr,
)
def test_an_answer_is_read_as_far_as_it_goes(body: bytes, document: dict[str, Any]) -> None:
    assert parse_answer(body) == document


def test_what_ends_too_early_is_no_document_of_the_api() -> None:
    assert parse(b'{"health":{"a":1', "health") is None


@given(st.recursive(st.none() | st.booleans() | st.text(), st.lists) | st.text(), st.integers(0, 100))
def test_what_stands_before_the_cut_reads_the_same(value: object, more: int) -> None:
    body = json.dumps({"first": value, "second": [{"x": "y\u20ac\\"}]}).encode()
    begin = body.rindex(b', "second"')

    assert parse_answer(body[: begin + more])["first"] == value


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(body: bytes) -> None:
    assert parse(body, "health") is None or b"health" in body
    assert isinstance(parse_answer(body), dict)


@pytest.mark.parametrize(
    ("said", "as_a_map", "as_a_list"),
    [
        ([], {}, []),
        ({}, {}, None),
        ([1], None, [1]),
        ({"a": 1}, {"a": 1}, None),
        ({"0": "a", "2": "b", "10": "c"}, {"0": "a", "2": "b", "10": "c"}, ["a", "b", "c"]),
        ({"1": "a", "x": "b"}, {"1": "a", "x": "b"}, None),
        ({"²": "a"}, {"²": "a"}, None),
        (None, None, None),
        (0, None, None),
        ("[]", None, None),
        (False, None, None),
    ],
)
def test_maps_and_lists_are_understood_as_php_writes_them(
    said: object, as_a_map: object, as_a_list: object
) -> None:
    assert as_map(said) == as_a_map
    assert as_list(said) == as_a_list


def test_losses_are_all_counted_and_the_first_are_described() -> None:
    losses = Losses()
    for number in range(20):
        losses.add(Drop.MALFORMED, f"node{number}", "is a number", 2)
    losses.add(Drop.OUT_OF_RANGE, "", "the rest")

    read = losses.attach_to("document")

    assert read.value == "document"
    assert dict(read.dropped) == {Drop.MALFORMED: 40, Drop.OUT_OF_RANGE: 1}
    assert read.losses[:2] == ("node0: is a number", "node1: is a number")
    assert len(read.losses) == 8
