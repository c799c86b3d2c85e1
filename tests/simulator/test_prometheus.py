"""`?format=prometheus`, with the quirks one must not depend on."""

from __future__ import annotations

import re

import pytest

from tests.simulator.inprocess import Client

_PATHS = ("/v1/stats/app", "/v1/stats/db", "/v1/metrics")
_SAMPLE = re.compile(r'\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? \d+')


@pytest.mark.parametrize("path", _PATHS)
def test_every_sample_is_a_line(path: str) -> None:
    client = Client()

    text = client.call("GET", f"{path}?format=prometheus").body.decode()
    document = client.call("GET", path).document

    families = document.get("metrics") or document["stats"][path.rpartition("/")[2]]
    lines = text.splitlines()
    samples = [line for line in lines if not line.startswith("#")]
    assert [line for line in samples if not _SAMPLE.fullmatch(line)] == []
    assert len(samples) == sum(len(family["data"]) for family in families.values())
    assert [line for line in lines if line.startswith("# TYPE")] == [
        f"# TYPE {name} {family['type']}" for name, family in families.items()
    ]


def test_the_nodes_of_a_cluster_are_a_label() -> None:
    client = Client(topology="ha")

    text = client.call("GET", "/v1/stats/db?format=prometheus").body.decode()

    assert '\ndb_pending_messages{node="master1:77aa"} ' in text
    assert 'db_messages{node="master1:77aa",type="text"} ' in text


def test_counters_lack_total_and_the_type_is_not_that_of_prometheus() -> None:
    client = Client()

    reply = client.call("GET", "/v1/stats/app?format=prometheus")

    assert reply.content_type == "text/html; charset=utf-8"
    assert b"_total" not in reply.body


def test_nothing_is_escaped_and_histograms_are_written_out() -> None:
    client = Client(scenario="drift")

    text = client.call("GET", "/v1/stats/app?format=prometheus").body.decode()

    assert "# HELP later.name-with signs A name\nin two lines\n" in text
    assert 'later_latency_ms_bucket{kind="a",le="+Inf"} 9\nlater_latency_ms_sum{kind="a"} 512.5\n' in text


def test_an_error_is_an_empty_success() -> None:
    client = Client(scenario="dead_node")

    replies = {path: client.call("GET", f"{path}?format=prometheus") for path in _PATHS[:2]}

    assert {(reply.status, reply.body) for reply in replies.values()} == {(200, b"")}
    assert client.call("GET", "/v1/stats/app").outcome == (500, 1014)


def test_another_format_is_refused() -> None:
    client = Client()

    reply = client.call("GET", "/v1/metrics?format=xml")

    assert reply.outcome == (400, 1009)
