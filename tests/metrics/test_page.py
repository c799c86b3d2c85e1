"""A page: ready fragments in order, one gzip member, every clash reported."""

from __future__ import annotations

import gzip
import os
import subprocess
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.reading_back import read_openmetrics
from tests.running.examples import examples
from waexporter.metrics.page import ExpositionPage, compose, compress, decompress, gzip_member, merge_chunks
from waexporter.model import Fragment, Head

MEBI = 1 << 20


def a_fragment(name: str, kind: str = "gauge", lines: str = "", words: str = "w") -> Fragment:
    return Fragment(Head(name, kind, words), (lines or f"{name} 1\n").encode())


def joined(page: ExpositionPage) -> str:
    return b"".join(page.chunks).decode()


# --- order and clashes -------------------------------------------------------------------------


def test_families_are_sorted_each_with_one_head_and_all_its_targets() -> None:
    fragments = [
        a_fragment("b", lines='b{t="1"} 1\n'),
        a_fragment("a", lines='a{t="1"} 1\n'),
        a_fragment("b", lines='b{t="2"} 2\n', words="other words"),
    ]

    page = compose(fragments, openmetrics=False)

    assert joined(page) == (
        '# HELP a w\n# TYPE a gauge\na{t="1"} 1\n# HELP b w\n# TYPE b gauge\nb{t="1"} 1\nb{t="2"} 2\n'
    )
    assert page.clashes == ()


def test_an_empty_page_is_empty() -> None:
    page = compose([], openmetrics=True)

    assert (joined(page), page.clashes) == ("", ())


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_if_targets_disagree_on_a_type_the_majority_wins_and_the_loser_is_reported(
    order: tuple[int, ...],
) -> None:
    fragments = [
        a_fragment("a", "gauge", 'a{t="1"} 1\n'),
        a_fragment("a", "counter", 'a_total{t="2"} 1\n'),
        a_fragment("a", "gauge", 'a{t="3"} 1\n'),
    ]

    page = compose([fragments[place] for place in order], openmetrics=True)

    lines = joined(page).splitlines()
    assert lines[:2] == ["# HELP a w", "# TYPE a gauge"]
    assert sorted(lines[2:]) == ['a{t="1"} 1', 'a{t="3"} 1']
    assert page.clashes == ("a (counter)",)


def test_in_a_tie_of_types_the_first_one_wins() -> None:
    page = compose([a_fragment("a"), a_fragment("a", "counter", "a_total 1\n")], openmetrics=True)

    assert joined(page) == "# HELP a w\n# TYPE a gauge\na 1\n"


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_a_family_of_an_unknown_type_is_merged_with_gauges(order: tuple[int, ...]) -> None:
    fragments = [
        a_fragment("a", "unknown", 'a{t="1"} 1\n'),
        a_fragment("a", "gauge", 'a{t="2"} 1\n'),
        a_fragment("a", "unknown", 'a{t="3"} 1\n'),
    ]

    page = compose([fragments[place] for place in order], openmetrics=True)

    assert "# TYPE a gauge\n" in joined(page)
    assert len(read_openmetrics(joined(page) + "# EOF\n")) == 3
    assert page.clashes == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (a_fragment("a", "counter", "a_total 1\n"), a_fragment("a_total")),
        (a_fragment("a", "summary", "a_count 1\n"), a_fragment("a_count")),
        (a_fragment("a", "histogram", "a_count 1\n"), a_fragment("a_bucket")),
        (a_fragment("a", "summary", "a_count 1\n"), a_fragment("a_count", "counter", "a_count_total 1\n")),
    ],
)
def test_a_family_named_as_the_sample_of_another_is_left_out_and_reported(
    one: Fragment, other: Fragment
) -> None:
    page = compose([other, one], openmetrics=True)

    assert page.clashes == (f"{other.head.name} ({other.head.type})",)
    assert joined(page) == f"# HELP a w\n# TYPE a {one.head.type}\n{one.lines.decode()}"


def test_families_with_a_common_prefix_do_not_clash() -> None:
    page = compose([a_fragment("a_x"), a_fragment("a"), a_fragment("a_totals")], openmetrics=True)

    assert page.clashes == ()
    assert len(read_openmetrics(joined(page) + "# EOF\n")) == 3


# --- blocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        ([], []),
        ([10], [10]),
        ([MEBI - 1, 1, 5], [MEBI, 5]),
        ([MEBI, MEBI], [MEBI, MEBI]),
        ([3 * MEBI, 1], [3 * MEBI, 1]),
        ([1, MEBI, 1], [MEBI + 1, 1]),
    ],
)
def test_chunks_are_merged_to_a_mebibyte_each(sizes: list[int], merged: list[int]) -> None:
    chunks = tuple(bytes([65 + place]) * size for place, size in enumerate(sizes))

    merged_chunks = list(merge_chunks(chunks))

    assert [len(chunk) for chunk in merged_chunks] == merged
    assert b"".join(merged_chunks) == b"".join(chunks)


# --- one gzip member ---------------------------------------------------------------------------

PARTS = {
    "nothing": ([], b""),
    "only the own half": ([], b"own 1\n"),
    "only the targets' half": ([b"a 1\n"], b""),
    "both": ([b"a 1\n", b"b 2\n"], b"own 1\n"),
    "large and repetitive": ([b"0123456789" * 200_000] * 3, b"own 1\n" * 1000),
    "large and like nothing else": ([os.urandom(MEBI + 13)] * 2, os.urandom(100_000)),
}


@pytest.mark.parametrize(("blocks", "rest"), PARTS.values(), ids=PARTS.keys())
def test_both_halves_form_one_gzip_member_for_every_reader(blocks: list[bytes], rest: bytes) -> None:
    text = b"".join(blocks) + rest

    member = b"".join(gzip_member(compress(blocks), rest))
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    by_zlib = reader.decompress(member)

    assert by_zlib == text
    assert (reader.eof, reader.unused_data) == (True, b"")
    assert gzip.decompress(member) == text


@pytest.mark.parametrize(("blocks", "rest"), PARTS.values(), ids=PARTS.keys())
def test_gzip_itself_finds_the_member_sound(blocks: list[bytes], rest: bytes) -> None:
    member = b"".join(gzip_member(compress(blocks), rest))

    done = subprocess.run(["gzip", "-t"], input=member, capture_output=True, timeout=30, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


def test_a_compressed_part_serves_several_members() -> None:
    part = compress([b"a 1\n"])

    first, second = (gzip.decompress(b"".join(gzip_member(part, rest))) for rest in (b"own 1\n", b"own 2\n"))

    assert (first, second) == (b"a 1\nown 1\n", b"a 1\nown 2\n")


@pytest.mark.parametrize(("blocks", "rest"), PARTS.values(), ids=PARTS.keys())
def test_a_compressed_part_comes_back_whole(blocks: list[bytes], rest: bytes) -> None:
    blocks = [*blocks, rest]

    pieces = list(decompress(compress(blocks)))

    assert b"".join(pieces) == b"".join(blocks)
    assert all(len(piece) <= MEBI for piece in pieces)


@settings(max_examples=examples(40))
@given(st.integers(-3, 3), st.integers(1, 3), st.binary(min_size=1, max_size=20))
def test_a_part_near_a_multiple_of_the_chunk_size_comes_back_whole(
    more: int, blocks: int, pattern: bytes
) -> None:
    size = blocks * MEBI + more
    text = (pattern * (size // len(pattern) + 1))[:size]

    back = b"".join(decompress(compress([text])))

    assert back == text
