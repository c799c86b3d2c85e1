"""Builds, disks and shards, as the versions of the API write them, and malformed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.json_values import json_values
from tests.whatsapp.documents.bodies import body_of
from waexporter.errors import BodyError
from waexporter.model import Drop, Support, SupportNode
from waexporter.whatsapp.documents.support import read_support

if TYPE_CHECKING:
    from collections.abc import Mapping

NODE: dict[str, Any] = {
    "version": "2.45.1",
    "db_engine": "MYSQL",
    "expire_timestamp": "2018-09-27T14:26:07",
    "free_space_data": 1000,
    "free_space_logs": "2000",
    "free_space_media_incoming": 9_223_372_036_854_775_807,
    "role": "coreapp",
    "shards": [[2, 3]],
    "socket_conn": "UP",
    "schema": {"axolotl": "32"},
    "env": ["WA_DB_PASSWORD=hidden"],
}
READ = SupportNode(
    node="",
    role="coreapp",
    version="2.45.1",
    db_engine="MYSQL",
    expires=1_538_058_367.0,
    free_bytes=(("data", 1000), ("logs", 2000.0)),
    shards=(2, 3),
    socket_connected=True,
)


def read(support: object) -> Support:
    return read_support(body_of({"support": support})).value


def test_a_single_client_is_read_and_its_environment_is_not() -> None:
    support = read(NODE)

    assert support == Support((READ,), clustered=False)
    assert "hidden" not in repr(support)


def test_the_nodes_of_a_cluster_are_read_and_a_dead_one_says_nothing() -> None:
    dead = {"errors": [{"code": 1014, "title": "Internal error"}]}

    support = read({"core2:b": NODE, "core1:a": {"version": "2.43.2"}, "core3:c": dead, "core4:d": None})

    assert support.clustered
    assert [node.node for node in support.nodes] == ["core1:a", "core2:b"]
    assert support.nodes[0] == SupportNode("core1:a", version="2.43.2")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("expire_timestamp", "soon", Drop.MALFORMED),
        ("expire_timestamp", 1538058367, Drop.MALFORMED),
        ("expire_timestamp", "0000-00-00T00:00:00", Drop.MALFORMED),
        ("free_space_data", -1, Drop.OUT_OF_RANGE),
        ("free_space_data", "-5", Drop.OUT_OF_RANGE),
        ("free_space_data", "plenty", Drop.NOT_A_NUMBER),
        ("free_space_data", True, Drop.NOT_A_NUMBER),
        ("free_space_data", 10**400, Drop.NOT_A_NUMBER),
        ("free_space_data", "1e999", Drop.NOT_A_NUMBER),
        ("free_space_data", [1], Drop.NOT_A_NUMBER),
    ],
)
def test_what_can_not_be_used_is_absent_and_counted_and_the_rest_is_there(
    key: str, value: object, reason: Drop
) -> None:
    wrong = {**NODE, key: value}

    outcome = read_support(body_of({"support": wrong}))

    (node,) = outcome.value.nodes
    assert outcome.dropped == ((reason, 1),)
    assert node.expires == (None if key == "expire_timestamp" else READ.expires)
    assert dict(node.free_bytes) == {"logs": 2000.0} | ({} if key == "free_space_data" else {"data": 1000})
    assert node.version == "2.45.1"


@pytest.mark.parametrize(
    ("said", "expires"),
    [
        ("2018-09-27T14:26:07", 1_538_058_367.0),
        ("2018-09-27 14:26:07", 1_538_058_367.0),
        ("2018-09-27T14:26:07Z", 1_538_058_367.0),
        ("2018-09-27T16:26:07+02:00", 1_538_058_367.0),
    ],
)
def test_a_date_is_read_in_every_form_it_may_have(said: str, expires: float) -> None:
    (node,) = read({**NODE, "expire_timestamp": said}).nodes

    assert node.expires == expires


@pytest.mark.parametrize(
    ("said", "owned"),
    [
        ([[-1, -1]], ()),
        ([], ()),
        ([[0, 0], [2, 3]], (0, 2, 3)),
        ([["0", "1"], ["-1", -1]], (0, 1)),
        ({"0": [0, 0], "2": {"0": 3, "1": 3}}, (0, 3)),
        ([[0, 0], None], (0,)),
        ([[0, 10**9]], None),
        ([[3, 2], [1], 7, None], None),
        ("0", None),
        (None, None),
    ],
)
def test_shards_are_those_that_a_node_owns(said: object, owned: tuple[int, ...] | None) -> None:
    (node,) = read({**NODE, "shards": said}).nodes

    assert node.shards == owned


@pytest.mark.parametrize(
    ("said", "are_all", "lost"),
    [
        ([[0, 0]], True, 0),
        ([], True, 0),
        ([[0, 0], None, "x"], False, 2),
        ([[40, 41]], False, 1),
        (7, False, 1),
    ],
)
def test_shards_that_can_not_be_read_are_counted(said: object, are_all: bool, lost: int) -> None:  # noqa: FBT001 - a column
    outcome = read_support(body_of({"support": {**NODE, "shards": said}}))

    (node,) = outcome.value.nodes
    assert node.are_shards_all is are_all
    assert sum(count for _, count in outcome.dropped) == lost


def test_one_more_key_beside_nodes_does_not_make_one_of_them() -> None:
    outcome = read_support(body_of({"support": {"core2:b": NODE, "core1:a": NODE, "version": "2.45.1"}}))

    assert outcome.value.clustered
    assert [node.node for node in outcome.value.nodes] == ["core1:a", "core2:b"]
    assert outcome.dropped == ((Drop.MALFORMED, 1),)
    assert outcome.losses == ("version: a text in the place of a node",)


@pytest.mark.parametrize(
    "beside", [{"meta": {"version": "v2.45.1"}}, {"info": {"role": "x"}}, {"meta": {"shards": []}}]
)
def test_what_stands_beside_nodes_is_none(beside: dict[str, object]) -> None:
    outcome = read_support(body_of({"support": {"core2:b": NODE, "core1:a": NODE, **beside}}))

    assert [node.node for node in outcome.value.nodes] == ["core1:a", "core2:b"]
    assert outcome.dropped == ((Drop.MALFORMED, 1),)


@pytest.mark.parametrize(
    ("said", "connected"),
    [("UP", True), ("UP receiving offline", True), ("SC", False), ("DN", False), ("UNK", None), (7, None)],
)
def test_a_socket_is_up_or_down_or_unknown(said: object, connected: bool | None) -> None:  # noqa: FBT001 - a column
    (node,) = read({**NODE, "socket_conn": said}).nodes

    assert node.socket_connected is connected


@pytest.mark.parametrize(
    "support", [{}, {"core1:a": {}}, {"core1:a": {"errors": []}}, {"core1:a": None}, [], "x", None]
)
def test_an_answer_about_nobody_is_none(support: object) -> None:
    with pytest.raises(BodyError):
        read(support)


_JSON = json_values(st.sampled_from(sorted(NODE)))


@given(st.dictionaries(st.sampled_from([*sorted(NODE), "core1:a"]), _JSON, max_size=9))
def test_any_document_is_read_or_refused(support: Mapping[str, object]) -> None:
    try:
        nodes = read(support).nodes
    except BodyError:
        return

    assert all(free >= 0 for node in nodes for _, free in node.free_bytes)
