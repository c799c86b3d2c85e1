"""What each topology answers when all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from waexporter.simulator.statistics import coreapp
from waexporter.simulator.statistics import webapp as webstats
from waexporter.simulator.statistics.counters import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller

_NODES_OF_HA = {"core1:8f2c", "core2:1d7a", "master1:77aa", "master2:0b3e"}
_WEB_FAMILIES = {
    "web_uptime",
    "web_connections",
    "web_pending_connections",
    "web_max_pending_connections",
    "web_queue_len",
    "web_idle_processes",
    "web_total_processes",
    "web_process_limit_hit",
    "web_handled_requests",
    "web_out_kbytes",
    "web_requests",
    "api_requests_duration_ms_sum",
    "api_requests_duration_ms_count",
    "api_requests_db_duration_ms_sum",
    "api_requests_db_duration_ms_count",
    "api_requests_coreapp_duration_ms_sum",
    "api_requests_coreapp_duration_ms_count",
}
_APP_FAMILIES = {
    "callback_queue_size",
    "callback_requests",
    "callback_requests_duration_ms_count",
    "callback_requests_duration_ms_sum",
    "concurrent_rate_limit_triggered",
    "db_request_duration_us_count",
    "db_request_duration_us_sum",
    "db_request_error_duration_us_count",
    "db_request_error_duration_us_sum",
    "endpoint_requests",
    "endpoint_requests_duration_ms_count",
    "endpoint_requests_duration_ms_sum",
    "in_message_from_server",
    "in_message_decoded",
    "in_message_persisted",
    "in_messages_pending_processing",
    "internal_server_conn_duration_ms_count",
    "internal_server_conn_duration_ms_sum",
    "internal_server_requests_duration_ms_count",
    "internal_server_requests_duration_ms_sum",
    "media_downloads",
    "media_uploads",
    "out_message_persisted",
    "out_message_sent_duration_ms_count",
    "out_message_sent_duration_ms_sum",
    "out_message_status",
    "pending_callbacks",
    "pending_messages",
}
_DB_FAMILIES = {
    "db_contacts",
    "db_message_receipts",
    "db_messages",
    "db_pending_callbacks",
    "db_pending_messages",
}


def test_a_single_client_says_its_status_flat(single: Caller) -> None:
    caller = single

    answer = caller.get("/v1/health").json()

    assert answer == {
        "health": {"gateway_status": "connected"},
        "meta": {"version": "v2.45.1", "api_status": "stable"},
    }


def test_one_coreapp_of_an_ha_cluster_is_connected(ha: Caller) -> None:
    caller = ha

    health = caller.health()

    assert health == {
        "core1:8f2c": {"gateway_status": "connected", "role": "coreapp"},
        "core2:1d7a": {"gateway_status": "disconnected", "role": "coreapp"},
        "master1:77aa": {"gateway_status": "disconnected", "role": "primary_master"},
        "master2:0b3e": {"gateway_status": "disconnected", "role": "secondary_master"},
    }


def test_the_primary_master_of_a_multiconnect_cluster_is_connected_too(multiconnect: Caller) -> None:
    caller = multiconnect

    health = caller.health()

    assert health == {
        "core1:8f2c": {"gateway_status": "connected", "role": "coreapp"},
        "core2:1d7a": {"gateway_status": "connected", "role": "coreapp"},
        "core3:aa10": {"gateway_status": "disconnected", "role": "coreapp"},
        "master1:77aa": {"gateway_status": "connected", "role": "primary_master"},
        "master2:0b3e": {"gateway_status": "disconnected", "role": "secondary_master"},
    }


@pytest.mark.parametrize("shards", [1, 2, 4, 8, 16, 32])
def test_a_cluster_has_a_coreapp_for_every_shard_and_a_spare(
    simulate: Callable[..., Caller],
    shards: int,
) -> None:
    caller = simulate(topology="multiconnect", shards=shards).become("boss")

    health = caller.health()
    support = caller.get("/v1/support").json()["support"]
    told = caller.get("/v1/account/shards").json()["account"]

    coreapps = [node["gateway_status"] for node in health.values() if node["role"] == "coreapp"]
    assert (coreapps.count("connected"), len(coreapps)) == (shards, shards + 1)
    owned = sorted(node["shards"] for node in support.values() if node["role"] == "coreapp")
    assert owned == [[], *([[n, n]] for n in range(shards))]
    assert told == {"shards": shards}


def test_the_statistics_of_a_single_client_hold_every_family(single: Caller) -> None:
    caller = single

    app = caller.stats()
    db = caller.get("/v1/stats/db").json()["stats"]["db"]

    assert set(app) == _APP_FAMILIES
    assert set(db) == _DB_FAMILIES
    assert sum(len(family["data"]) for family in app.values()) >= 100
    assert app["pending_messages"]["data"][0].keys() == {"value"}
    assert {"labels", "value"} == app["endpoint_requests"]["data"][0].keys()


def test_the_statistics_of_a_cluster_are_keyed_by_node(ha: Caller) -> None:
    caller = ha

    app = caller.stats()
    db = caller.get("/v1/stats/db").json()["stats"]["db"]

    assert set(app) == set(db) == _NODES_OF_HA
    assert set(app["core1:8f2c"]) == _APP_FAMILIES
    assert set(app["master1:77aa"]) == {"pending_messages"}
    assert (app["core2:1d7a"], app["master2:0b3e"]) == ({}, {})
    assert set(db["master1:77aa"]) == _DB_FAMILIES
    assert [node for node, families in db.items() if families] == ["master1:77aa"]


def test_the_webapp_answers_flat_with_its_own_name_on_every_sample(single: Caller) -> None:
    caller = single

    metrics = caller.get("/v1/metrics").json()["metrics"]

    assert set(metrics) == _WEB_FAMILIES
    nodes = {sample["labels"]["node"] for family in metrics.values() for sample in family["data"]}
    assert nodes == {"06475793be9d"}
    methods = {sample["labels"]["method"] for sample in metrics["api_requests_duration_ms_count"]["data"]}
    assert len(methods) > 5


def test_two_webapps_take_turns(ha: Caller) -> None:
    caller = ha

    seen = [
        caller.get("/v1/metrics").json()["metrics"]["web_queue_len"]["data"][0]["labels"]["node"]
        for _ in range(4)
    ]

    assert len(set(seen)) == 2
    assert seen[:2] == seen[2:]
    assert seen[0] != seen[1]


def test_support_tells_shards_and_when_the_build_ends(ha: Caller) -> None:
    caller = ha

    support = caller.get("/v1/support").json()["support"]

    assert {key: (node["role"], node["shards"], node["socket_conn"]) for key, node in support.items()} == {
        "core1:8f2c": ("coreapp", [[0, 0]], "UP"),
        "core2:1d7a": ("coreapp", [], "DN"),
        "master1:77aa": ("primary_master", [[-1, -1]], "DN"),
        "master2:0b3e": ("secondary_master", [], "DN"),
    }
    assert support["core1:8f2c"]["expire_timestamp"] == "2024-03-13T22:13:20"
    assert support["core1:8f2c"]["free_space_media_incoming"] > 9e18


def test_support_of_a_single_client_is_flat_and_has_no_shards(single: Caller) -> None:
    caller = single

    support = caller.get("/v1/support").json()["support"]

    assert support["multi_connect"] is False
    assert support["socket_conn"] == "UP"
    assert not {"role", "shards"} & set(support)


def test_a_fresh_webapp_leaves_its_uptime_out(single: Caller) -> None:
    begun = single.clock.now
    meter = Meter(1, "fresh", begun, begun, labels=(("node", "fresh"),))

    document = webstats.read(meter, {"core1": 0.0})

    assert set(document) == _WEB_FAMILIES - {"web_uptime"}


def test_every_family_of_the_catalogue_has_rows() -> None:
    families = (*coreapp.APP, *coreapp.MASTER, *coreapp.DB)

    empty = [family.name for family in families if not family.rows]

    assert empty == []
