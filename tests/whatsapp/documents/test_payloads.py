"""The API's documents: every shape there is, and every shape there should not be."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.errors import BodyError
from waexporter.model import Drop, Gateway, Health, Status
from waexporter.whatsapp.documents.envelope import read_errors
from waexporter.whatsapp.documents.payloads import (
    Statistics,
    read_health,
    read_labels,
    read_login,
    read_statistics,
    read_time,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parent / "data"


def _data(name: str) -> bytes:
    return (DATA / f"{name}.json").read_bytes()


def _body(document: object) -> bytes:
    return json.dumps(document).encode()


# --- health ------------------------------------------------------------------------------------


def test_health_of_a_single_client() -> None:
    health = read_health(_data("health-single")).said

    assert health == Health((Gateway("", "", Status.CONNECTED),), False, "v2.45.1", "stable")  # noqa: FBT003


@pytest.mark.parametrize(
    ("name", "connected"),
    [
        ("health-ha", ["core-a:1f00"]),
        ("health-multiconnect", ["core-a:1f00", "core-b:2e11", "master-a:9c22"]),
    ],
)
def test_health_of_a_cluster(name: str, connected: list[str]) -> None:
    health = read_health(_data(name)).said

    assert health.clustered
    assert [each.node for each in health.gateways if each.status is Status.CONNECTED] == connected
    assert Gateway("master-b:7d33", "secondary_master", Status.DISCONNECTED) in health.gateways


def test_a_dead_node_of_a_cluster_is_unreachable_in_the_words_of_the_api() -> None:
    health = read_health(_data("health-node-down")).said

    assert health.gateways[1] == Gateway(
        "core-b:2e11",
        "",
        Status.UNREACHABLE,
        "1014 Internal error: Connection refused. Please check if wacore is running: core-b:6252",
    )
    assert health.gateways[2].status is Status.CONNECTING


_NO_STATUS = "no gateway_status given"
_HEALTH: dict[str, tuple[object, bool, list[tuple[str, Status, str]]]] = {
    "a status of later versions": ({"gateway_status": "sleeping"}, False, [("", Status.OTHER, "sleeping")]),
    "our own word for an error": (
        {"gateway_status": "unreachable"},
        False,
        [("", Status.OTHER, "unreachable")],
    ),
    "a status over many lines": ({"gateway_status": "a\nb"}, False, [("", Status.OTHER, "a b")]),
    "errors in the place of a status": (
        {"errors": [{"code": 1014, "title": "Internal"}]},
        False,
        [("", Status.UNREACHABLE, "1014 Internal")],
    ),
    "a status in capitals": ({"gateway_status": "Connected "}, False, [("", Status.CONNECTED, "")]),
    "a status that is a number": ({"gateway_status": 1}, False, [("", Status.OTHER, _NO_STATUS)]),
    "no errors beside nodes": (
        {"core:1": {"gateway_status": "connected", "role": "coreapp"}, "errors": []},
        True,
        [("core:1", Status.CONNECTED, "")],
    ),
    "nothing a node would say beside nodes": (
        {"core:1": {"gateway_status": "connected", "role": "coreapp"}, "later": 17, "core:2": None},
        True,
        [("core:1", Status.CONNECTED, ""), ("core:2", Status.OTHER, "nothing in the place of a node")],
    ),
    "a status beside more nodes than one": (
        {
            "core:1": {"gateway_status": "connected", "role": "coreapp"},
            "core:2": {"gateway_status": "disconnected", "role": "coreapp"},
            "gateway_status": "disconnected",
        },
        True,
        [("core:1", Status.CONNECTED, ""), ("core:2", Status.DISCONNECTED, "")],
    ),
    "a map beside the status of one client": (
        {"gateway_status": "connected", "later": {"role": "x"}},
        False,
        [("", Status.CONNECTED, "")],
    ),
    "errors with a gap, as PHP writes them": (
        {"core:1": {"errors": {"1": {"code": 1014, "title": "Internal"}}}},
        True,
        [("core:1", Status.UNREACHABLE, "1014 Internal")],
    ),
    "nodes of rubbish beside a good one": (
        {
            "a": 5,
            "b": None,
            "c": [],
            "d": {},
            "e": {"gateway_status": ["connected"]},
            "f": {"gateway_status": "connected"},
        },
        True,
        [
            ("a", Status.OTHER, "a number in the place of a node"),
            ("b", Status.OTHER, "nothing in the place of a node"),
            *((name, Status.OTHER, _NO_STATUS) for name in "cde"),
            ("f", Status.CONNECTED, ""),
        ],
    ),
    "a node that has both": (
        {"a": {"gateway_status": "connected", "errors": [{"code": 1}]}},
        True,
        [("a", Status.CONNECTED, "")],
    ),
    "a node whose errors are none": (
        {"a": {"errors": "x", "role": "coreapp"}},
        True,
        [("a", Status.OTHER, _NO_STATUS)],
    ),
    "an error of a node that need not be dead": (
        {"a": {"errors": [{"code": 1015, "title": "Too many requests"}]}},
        True,
        [("a", Status.OTHER, "1015 Too many requests")],
    ),
    "an error in the place of a status that is none of a dead coreapp": (
        {"errors": [{"code": 1016, "title": "Overloaded"}]},
        False,
        [("", Status.OTHER, "1016 Overloaded")],
    ),
    "errors beside one node": (
        {"core:1": {"gateway_status": "connected", "role": "CoreApp "}, "errors": [{"code": 1014}]},
        True,
        [("core:1", Status.CONNECTED, "")],
    ),
    "what stands beside nodes and is none": (
        {
            "core1": {"gateway_status": "connected", "role": "coreapp"},
            "meta": {"version": "v2", "errors": []},
            "version": "2.45",
            "count": 1,
        },
        True,
        [("core1", Status.CONNECTED, "")],
    ),
    "a node by the name of a key": (
        {"gateway_status": {"gateway_status": "connected"}},
        True,
        [("gateway_status", Status.CONNECTED, "")],
    ),
    "names that can't be shown": (
        {"a\n": {"gateway_status": "connected"}, "a\0": {"gateway_status": "connecting"}},
        True,
        [("a ", Status.CONNECTING, ""), ("a  (2)", Status.CONNECTED, "")],
    ),
}


@pytest.mark.parametrize("case", _HEALTH)
def test_health_is_read_as_far_as_it_makes_sense(case: str) -> None:
    said, clustered, expected = _HEALTH[case]

    health = read_health(_body({"health": said})).said

    assert health.clustered is clustered
    assert [(each.node, each.status, each.detail) for each in health.gateways] == expected


@pytest.mark.parametrize("meta", [None, [], "x", {"version": 5}, {}])
def test_meta_of_any_shape_is_no_reason_to_fail(meta: object) -> None:
    body = _body({"health": {"gateway_status": "connected"}, "meta": meta})

    health = read_health(body).said

    assert (health.version, health.api_status) == ("", "")


_NO_HEALTH: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "the answer is empty"),
    "blanks": (b" \r\n", "the answer is empty"),
    "a web page": (
        b"\n<!DOCTYPE html><p>Sign in",
        "the answer is a web page, not JSON: does the url lead to the webapp?",
    ),
    "words": (b"Service OK", "the answer is not JSON: JSON is malformed: invalid character (byte 0)"),
    "half a document": (b'{"health":{"gat', "the answer is not JSON: Input data was truncated"),
    "two documents": (
        b'{"other":{}}{}',
        "the answer is not JSON: JSON is malformed: trailing characters (byte 13)",
    ),
    "UTF-16": (
        "{}".encode("utf-16"),
        "the answer is not JSON: JSON is malformed: invalid character (byte 0)",
    ),
    "a list": (b"[]", "the answer is not the agreed document: a list, not a map"),
    "no health": (b"{}", "the answer has no 'health' in it"),
    "health of another type": (
        b'{"health":"connected"}',
        "the answer names neither a gateway_status nor a node",
    ),
    "no errors in the place of a status": (
        b'{"health":{"errors":[]}}',
        "the answer names neither a gateway_status nor a node",
    ),
    "an empty map": (b'{"health":{}}', "the answer names neither a gateway_status nor a node"),
    "no node": (
        b'{"health":{"gateway_status":null}}',
        "the answer names neither a gateway_status nor a node",
    ),
}


@pytest.mark.parametrize("case", _NO_HEALTH)
def test_what_is_no_health_is_told_in_words(case: str) -> None:
    body, words = _NO_HEALTH[case]

    with pytest.raises(BodyError) as caught:
        read_health(body)

    assert str(caught.value) == words


# --- logins ------------------------------------------------------------------------------------


def test_a_login_gives_a_token_and_its_end() -> None:
    token, ends = read_login(_data("login"))

    assert token == "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
    assert ends == datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC).timestamp()


_ENDS = {"expires_after": "2018-03-01 15:29:26+00:00"}
_END = datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("users", "end"),
    [
        ([{"token": "abc", **_ENDS}], _END),
        # nothing but the token is needed
        ([{"token": "abc"}], None),
        ([{"token": "abc", "expires_after": None}], None),
        ([{"token": "abc", "expires_after": 1_519_918_166}], None),
        ([{"token": "abc", "expires_after": "soon"}], None),
        ([{"token": "abc", "expires_after": ""}], None),
        ([{"token": "abc", "expires_after": []}], None),
        ([{"token": "abc", "expires_after": {"date": "2018-03-01"}}], None),
        # a list with a gap, as PHP writes it, and a map in the place of a list
        ({"1": {"token": "abc", **_ENDS}}, _END),
        ({"7": {"token": "abc"}, "10": {"token": "another"}}, None),
        ({"token": "abc", **_ENDS}, _END),
        # what is no session beside one
        (
            [None, 7, [], {}, {"token": None}, {"token": 17}, {"token": "a b\n"}, {"token": "abc", **_ENDS}],
            _END,
        ),
        ([{"token": "abc", "more": [{"deep": None}], **_ENDS}], _END),
    ],
)
def test_a_login_is_read_for_its_token_whatever_else_is_in_it(users: object, end: float | None) -> None:
    body = _body({"users": users, "meta": "nothing", "errors": []})

    assert read_login(body) == ("abc", end)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"users":[{"token":"abc"}]}',
        b'<br />Notice: Undefined index in login.php on line 1<br />{"users":[{"token":"abc"}]}',
        b'{"users":[{"token":"abc","name":"J\xfcrgen"}]}',
        b'{"users":[{"token":"abc","number":1e400}]}',
    ],
)
def test_a_login_is_read_although_its_answer_is_no_sound_json(body: bytes) -> None:
    assert read_login(body) == ("abc", None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-03-01 15:29:26+00:00", datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC)),
        ("2018-03-01T15:29:26Z", datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC)),
        ("2018-03-01T15:29:26.5+02:00", datetime(2018, 3, 1, 13, 29, 26, 500_000, tzinfo=UTC)),
        (" 2018-03-01 15:29:26 ", datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(text: str, moment: datetime) -> None:
    assert read_time(text) == moment.timestamp()


@pytest.mark.parametrize("text", ["", "tomorrow", "1519918166", "2018-13-01", "9" * 500])
def test_what_is_no_time_is_told_in_words(text: str) -> None:
    with pytest.raises(BodyError, match="is not a time") as caught:
        read_time(text)

    assert len(str(caught.value)) < 80


@pytest.mark.parametrize("token", ["", "a\r\nX-Other: header", "ключ", "a\0", "x" * 8193])
def test_a_token_that_fits_in_no_header_is_none(token: str) -> None:
    body = _body({"users": [{"token": token, "expires_after": "2018-03-01 15:29:26+00:00"}]})

    with pytest.raises(BodyError, match="the answer to the login has no token in it"):
        read_login(body)


@pytest.mark.parametrize("document", [{"users": []}, {"users": [{}]}, {"users": {}}, {}, [], None])
def test_an_answer_without_users_is_no_login(document: object) -> None:
    with pytest.raises(BodyError):
        read_login(_body(document))


# --- statistics --------------------------------------------------------------------------------


def _values(statistics: Statistics) -> dict[str, dict[str, list[object]]]:
    return {
        node: {name: [datum.value for datum in metric.data] for name, metric in metrics.items()}
        for node, metrics in statistics.nodes.items()
    }


def test_statistics_of_a_single_client() -> None:
    statistics = read_statistics(_data("stats-app-single"), "stats", "app")

    assert not statistics.clustered
    assert statistics.dropped == ()
    assert _values(statistics)[""]["callback_requests_duration_ms_count"] == [4353, 5]
    assert _values(statistics)[""]["pending_messages"] == ["7"]
    metric = statistics.nodes[""]["callback_queue_size"]
    assert (metric.type, metric.help) == ("gauge", "Current callback queue size")


def test_statistics_of_a_cluster() -> None:
    statistics = read_statistics(_data("stats-app-multiconnect"), "stats", "app")

    assert statistics.clustered
    assert list(statistics.nodes) == ["core-a:1f00", "core-b:2e11", "master-a:9c22"]
    assert _values(statistics)["master-a:9c22"] == {"callback_queue_size": [450]}


def test_database_statistics_of_a_cluster_come_from_one_node() -> None:
    statistics = read_statistics(_data("stats-db-multiconnect"), "stats", "db")

    assert statistics.clustered
    assert {node for node, metrics in statistics.nodes.items() if metrics} == {"master-a:9c22"}
    assert len(statistics.nodes) == 4


def test_database_statistics_of_a_single_client() -> None:
    statistics = read_statistics(_data("stats-db-single"), "stats", "db")

    assert _values(statistics) == {"": {"db_contacts": [2, 5], "db_pending_messages": [0]}}


def test_web_metrics_are_flat_and_may_hold_histograms() -> None:
    statistics = read_statistics(_data("metrics"), "metrics")

    (datum,) = statistics.nodes[""]["api_requests_duration_ms"].data
    assert not statistics.clustered
    assert (datum.bucket, datum.sum, datum.count, datum.value) == (
        {"10": 3, "100": 5, "+Inf": 6},
        412.5,
        6,
        None,
    )


def test_no_statistics_at_all_are_an_empty_answer() -> None:
    statistics = read_statistics(b'{"metrics":{}}', "metrics")

    assert statistics == Statistics({"": {}})


_GOOD = {"data": [{"value": 1}]}
_MIXED: dict[str, tuple[object, bool, dict[str, dict[str, list[object]]], dict[Drop, int]]] = {
    "a value of another type": (
        {"a": {"data": [{"value": [1]}, {"value": 2}, {"value": True}]}},
        False,
        {"": {"a": [None, 2, None]}},
        {},
    ),
    "samples that are none": (
        {"a": {"data": [5, None, "x", [1], {"value": 2}]}},
        False,
        {"": {"a": [2]}},
        {Drop.MALFORMED: 4},
    ),
    "samples with a gap, as PHP writes them": (
        {"a": {"data": {"0": {"value": 1}, "2": {"value": 3, "labels": []}}}},
        False,
        {"": {"a": [1, 3]}},
        {},
    ),
    "labels and buckets that are odd": (
        {"a": {"data": [{"value": 1, "bucket": 5}, {"value": 2, "labels": 5}, {"value": "3", "sum": []}]}},
        False,
        {"": {"a": [1, 2, "3"]}},
        {Drop.MALFORMED: 1},
    ),
    "one entry of a node that is none": (
        {"n1": {"a": _GOOD, "not_even": 17}, "n2": {"a": _GOOD}},
        True,
        {"n1": {"a": [1]}, "n2": {"a": [1]}},
        {Drop.MALFORMED: 1},
    ),
    "one family that is empty": (
        {"a": _GOOD, "future": {}},
        False,
        {"": {"a": [1]}},
        {Drop.MALFORMED: 1},
    ),
    "a node that says nothing, as PHP writes it": (
        {"n1": {"a": _GOOD}, "n2": []},
        True,
        {"n1": {"a": [1]}, "n2": {}},
        {},
    ),
    "nodes with an entry like a family's": (
        {"n:1": {"a": _GOOD, "data": 5, "type": "coreapp"}, "n:2": {"a": _GOOD, "data": None}},
        True,
        {"n:1": {"a": [1]}, "n:2": {"a": [1]}},
        {Drop.MALFORMED: 3},
    ),
    "a family that is called data": (
        {"n:1": {"data": _GOOD, "a": _GOOD}, "n:2": {"data": _GOOD}},
        True,
        {"n:1": {"data": [1], "a": [1]}, "n:2": {"data": [1]}},
        {},
    ),
    "buckets up to 0, 1 and 2, as PHP writes them": (
        {"a": {"type": "histogram", "data": [{"bucket": [1, 2, 3], "sum": 1, "count": 3}]}},
        False,
        {"": {"a": [None]}},
        {},
    ),
    "families that are empty beside a node": (
        {"a": _GOOD, "b": _GOOD, "n": {"inner": _GOOD}, "f0": [], "f1": {}},
        False,
        {"": {"a": [1], "b": [1]}},
        {Drop.MALFORMED: 3},
    ),
    "nodes none of which says anything": ({"n1": [], "n2": {}}, True, {"n1": {}, "n2": {}}, {}),
    "a family among nodes": (
        {"n1": {"a": _GOOD}, "n2": {"a": _GOOD}, "a": _GOOD},
        True,
        {"n1": {"a": [1]}, "n2": {"a": [1]}},
        {Drop.MALFORMED: 1},
    ),
    "a node among families": (
        {"a": _GOOD, "b": _GOOD, "n1": {"a": _GOOD}},
        False,
        {"": {"a": [1], "b": [1]}},
        {Drop.MALFORMED: 1},
    ),
    "no statistics, as PHP writes them": ([], False, {"": {}}, {}),
    "families that are none": (
        {"a": 5, "b": {"data": 5}, "c": None, "d": _GOOD},
        False,
        {"": {"d": [1]}},
        {Drop.MALFORMED: 3},
    ),
    "a type and a help of another type": (
        {"a": _GOOD | {"type": 5, "help": []}},
        False,
        {"": {"a": [1]}},
        {},
    ),
    "a node that failed beside a good one": (
        {"n1": {"errors": [{"code": 1014}]}, "n2": {"a": _GOOD}},
        True,
        {"n2": {"a": [1]}},
        {},
    ),
    "nodes that are none beside a good one": (
        {"n1": 5, "n2": {"a": _GOOD}, "n3": None},
        True,
        {"n2": {"a": [1]}},
        {Drop.MALFORMED: 2},
    ),
}


@pytest.mark.parametrize("case", _MIXED)
def test_of_mixed_statistics_the_good_is_taken_and_the_rest_counted(case: str) -> None:
    said, clustered, values, dropped = _MIXED[case]

    statistics = read_statistics(_body({"metrics": said}), "metrics")

    assert statistics.clustered is clustered
    assert _values(statistics) == values
    assert dict(statistics.dropped) == dropped


def test_a_number_beyond_all_bounds_beside_rubbish_is_kept_for_its_reader_to_judge() -> None:
    number = 10**400

    statistics = read_statistics(b'{"metrics":{"a":{"data":[{"value":%d},5]}}}' % number, "metrics")

    assert _values(statistics) == {"": {"a": [number]}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"stats":{}}', "the answer has no 'app' in it"),
        (b'{"meta":{}}', "the answer has no 'stats' in it"),
        (b'{"stats":{"app":{"a":5}}}', "nothing in the answer can be read: a: a number in the place of a"),
        (
            b'{"stats":{"app":{"n1":{"a":5}}}}',
            "nothing in the answer can be read: n1: a map without a list of data",
        ),
        (
            b'{"stats":{"app":null}}',
            "the answer is not the agreed document: nothing in the place of 'app'",
        ),
        (b'{"stats":{"app":{"a":' + b"[" * 100_000, "the answer is not JSON: "),
    ],
)
def test_an_answer_without_statistics_is_told_in_words(body: bytes, words: str) -> None:
    with pytest.raises(BodyError) as caught:
        read_statistics(body, "stats", "app")

    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("said", "labels"),
    [
        (b"{}", {}),
        (b"null", {}),
        (
            b'{"a":"x","b":"","c":5,"d":1.5,"e":null,"f":true}',
            {"a": "x", "b": "", "c": "5", "d": "1.5", "e": "", "f": "true"},
        ),
        (b'{"a":"1","a":"2"}', {"a": "2"}),
        (b'{"a":[]}', None),
        (b'{"a":{}}', None),
        (b"[]", {}),
        (b" [ ] ", {}),
        (b"[1]", None),
        (b'"a"', None),
    ],
)
def test_labels_are_texts(said: bytes, labels: dict[str, str] | None) -> None:
    assert read_labels(msgspec.Raw(said)) == labels


# --- whatever comes ----------------------------------------------------------------------------

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
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=30,
)
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
    """Read a body; gives the words of the BodyError, if there is one."""
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
