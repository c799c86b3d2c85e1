"""The states of the gateways, of a single client and of a cluster."""

from __future__ import annotations

import pytest

from tests.whatsapp.documents.bodies import body_of, stored
from waexporter.errors import BodyError
from waexporter.model import Gateway, Health, Status
from waexporter.whatsapp.documents.health import read_health


def test_health_of_a_single_client() -> None:
    health = read_health(stored("health-single")).value

    assert health == Health((Gateway("", "", Status.CONNECTED),), False, "v2.45.1", "stable")  # noqa: FBT003


@pytest.mark.parametrize(
    ("name", "connected"),
    [
        ("health-ha", ["core-a:1f00"]),
        ("health-multiconnect", ["core-a:1f00", "core-b:2e11", "master-a:9c22"]),
    ],
)
def test_health_of_a_cluster(name: str, connected: list[str]) -> None:
    health = read_health(stored(name)).value

    assert health.clustered
    assert [each.node for each in health.gateways if each.status is Status.CONNECTED] == connected
    assert Gateway("master-b:7d33", "secondary_master", Status.DISCONNECTED) in health.gateways


def test_a_dead_node_of_a_cluster_is_unreachable_in_the_words_of_the_api() -> None:
    health = read_health(stored("health-node-down")).value

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

    health = read_health(body_of({"health": said})).value

    assert health.clustered is clustered
    assert [(each.node, each.status, each.detail) for each in health.gateways] == expected


@pytest.mark.parametrize("meta", [None, [], "x", {"version": 5}, {}])
def test_meta_of_any_shape_is_no_reason_to_fail(meta: object) -> None:
    body = body_of({"health": {"gateway_status": "connected"}, "meta": meta})

    health = read_health(body).value

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
