"""Any answer is read or refused, without a crash."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.json_values import json_values
from tests.whatsapp.documents.bodies import DATA
from waexporter.errors import BodyError
from waexporter.whatsapp.documents.envelope import read_errors
from waexporter.whatsapp.documents.health import read_health
from waexporter.whatsapp.documents.login import read_login
from waexporter.whatsapp.documents.statistics import read_labels, read_statistics

if TYPE_CHECKING:
    from collections.abc import Callable


_READERS: dict[str, Callable[[bytes], object]] = {
    "health": read_health,
    "login": read_login,
    "app": lambda body: read_statistics(body, "stats", "app"),
    "web": lambda body: read_statistics(body, "metrics"),
    "errors": read_errors,
    "labels": lambda body: read_labels(msgspec.Raw(body)),
}

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**18, max_value=10**500)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
)
_NAMES = {name for path in DATA.glob("*.json") for name in re.findall(r'"(\w+)":', path.read_text())}
_KEYS = st.sampled_from(sorted(_NAMES)) | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_JSON = json_values(_KEYS, _SCALARS, max_leaves=30)
_ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "health": _JSON,
        "metrics": _JSON,
        "stats": st.fixed_dictionaries({}, optional={"app": _JSON}),
        "users": st.lists(
            st.fixed_dictionaries({}, optional={"token": _JSON, "expires_after": _JSON}), max_size=2
        ),
        "errors": _JSON,
        "meta": _JSON,
    },
)


def _read(reader: str, body: bytes) -> str:
    """Read a body; return the words of the BodyError, if there is one."""
    try:
        _READERS[reader](body)
    except BodyError as error:
        return str(error)
    return ""


@given(st.sampled_from(sorted(_READERS)), st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(reader: str, body: bytes) -> None:
    words = _read(reader, body)

    assert words.isprintable()
    assert len(words) < 500


@given(st.sampled_from(sorted(_READERS)), _JSON | _ENVELOPES, st.booleans())
def test_any_json_is_read_or_refused(reader: str, document: object, ascii_only: bool) -> None:  # noqa: FBT001
    body = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    words = _read(reader, body)

    assert words.isprintable()
    assert len(words) < 500


def test_a_value_nested_just_short_of_the_limit_is_left_out_or_refused() -> None:
    frame = b'{"metrics":{"a":{"data":[{"value":%s}]}}}'
    limit = sys.getrecursionlimit()

    words = {_read("web", frame % (b"[" * depth + b"]" * depth)) for depth in range(limit - 200, limit)}

    assert words <= {
        "",
        "the answer is not JSON: maximum recursion depth exceeded while deserializing an object",
    }


@pytest.mark.parametrize("reader", _READERS)
@pytest.mark.parametrize("depth", [10, 300, 900, 100_000])
@pytest.mark.parametrize(
    "start", [b"[", b'{"a":', b'{"stats":', b'{"errors":[', b'{"health":', b'{"metrics":']
)
def test_any_nesting_is_read_or_refused(reader: str, depth: int, start: bytes) -> None:
    end = start.replace(b'"', b"").translate(bytes.maketrans(b"[{", b"]}"), b"abcdefghijklmnopqrstuvwxyz:")[
        ::-1
    ]

    repeated = _read(reader, start * depth + b"1" + end * depth)
    listed = _read(reader, start + b"[" * depth + b"]" * depth + end)

    assert (repeated + listed).isprintable()
