"""Statistics of a single client and of a cluster, and their malformed parts."""

from __future__ import annotations

import msgspec
import pytest

from tests.whatsapp.documents.bodies import body_of, stored
from waexporter.errors import BodyError
from waexporter.model import Drop
from waexporter.whatsapp.documents.statistics import Statistics, read_labels, read_statistics


def _values(statistics: Statistics) -> dict[str, dict[str, list[object]]]:
    return {
        node: {name: [datum.value for datum in metric.data] for name, metric in metrics.items()}
        for node, metrics in statistics.nodes.items()
    }


def test_statistics_of_a_single_client() -> None:
    statistics = read_statistics(stored("stats-app-single"), "stats", "app")

    assert not statistics.clustered
    assert statistics.dropped == ()
    assert _values(statistics)[""]["callback_requests_duration_ms_count"] == [4353, 5]
    assert _values(statistics)[""]["pending_messages"] == ["7"]
    metric = statistics.nodes[""]["callback_queue_size"]
    assert (metric.type, metric.help) == ("gauge", "Current callback queue size")


def test_statistics_of_a_cluster() -> None:
    statistics = read_statistics(stored("stats-app-multiconnect"), "stats", "app")

    assert statistics.clustered
    assert list(statistics.nodes) == ["core-a:1f00", "core-b:2e11", "master-a:9c22"]
    assert _values(statistics)["master-a:9c22"] == {"callback_queue_size": [450]}


def test_database_statistics_of_a_cluster_come_from_one_node() -> None:
    statistics = read_statistics(stored("stats-db-multiconnect"), "stats", "db")

    assert statistics.clustered
    assert {node for node, metrics in statistics.nodes.items() if metrics} == {"master-a:9c22"}
    assert len(statistics.nodes) == 4


def test_database_statistics_of_a_single_client() -> None:
    statistics = read_statistics(stored("stats-db-single"), "stats", "db")

    assert _values(statistics) == {"": {"db_contacts": [2, 5], "db_pending_messages": [0]}}


def test_web_metrics_are_flat_and_matches_histograms() -> None:
    statistics = read_statistics(stored("metrics"), "metrics")

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

    statistics = read_statistics(body_of({"metrics": said}), "metrics")

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
