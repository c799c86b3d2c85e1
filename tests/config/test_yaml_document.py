"""A large text is parsed by libyaml, and means the same as a small one.

libyaml accepts a few texts that PyYAML refuses, such as a tab at the end of a line.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waexporter.config.yaml_document import parse_yaml
from waexporter.errors import ConfigError

SMALL, LARGE = "#\n", f"#{'x' * 40_000}\n"  # a first line
FOLDER = Path(__file__).parent / "bad_configs"


def outcome(text: str) -> object:
    """Return what a text is, or its problems."""
    try:
        return parse_yaml(text, "x.yml")
    except ConfigError as error:
        return error.problems


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.name)
def test_a_large_file_is_read_as_a_small_one_is(path: Path) -> None:
    text = path.read_bytes().decode(errors="replace")

    assert outcome(LARGE + text) == outcome(SMALL + text)


@example("!")
@example("[! 5, !]")
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=9,
    ).map(repr)
    | st.text("-:[]{}'\"&*#!|> \n\tab01,", max_size=30)
)
def test_any_text_is_the_same_in_a_small_file_and_in_a_large_one(text: str) -> None:
    small, large = outcome(SMALL + text), outcome(LARGE + text)

    is_lenient = isinstance(small, tuple) and not isinstance(large, tuple)
    assert is_lenient or small == large
