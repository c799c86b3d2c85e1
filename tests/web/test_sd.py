"""Service discovery for Prometheus."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from waexporter.web.responses import IncomingRequest
from waexporter.web.sd import read_address, read_shard


def test_every_target_is_one_scrape_of_this_exporter() -> None:
    labelled = replace(a_target("b b"), url="https://me:hunter2@b.example", labels=(("my-region", "eu"),))
    backend = FakeBackend((a_target("a"), labelled))

    got = ask(an_application(backend), "/sd", host="wa.example:9847")

    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.body) == [
        {
            "targets": ["wa.example:9847"],
            "labels": {
                "__metrics_path__": "/metrics",
                "__param_target": "a",
                "__meta_waexporter_target": "a",
                "__meta_waexporter_url": "https://a.example:9090",
                "target_name": "a",
            },
        },
        {
            "targets": ["wa.example:9847"],
            "labels": {
                "__metrics_path__": "/metrics",
                "__param_target": "b b",
                "__meta_waexporter_target": "b b",
                "__meta_waexporter_url": "https://b.example",
                "__meta_waexporter_label_my_region": "eu",
                "target_name": "b b",
            },
        },
    ]


def test_shards_share_all_targets_without_overlap() -> None:
    names = [f"client-{number}" for number in range(300)]
    application = an_application(FakeBackend(tuple(map(a_target, names))))

    parts = [json.loads(ask(application, f"/sd?shard={index}/3").body) for index in range(3)]

    found = [[entry["labels"]["__param_target"] for entry in part] for part in parts]
    assert sorted(name for part in found for name in part) == sorted(names)
    assert all(60 < len(part) < 140 for part in found)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        "3/3",
        "4/3",
        "0/0",
        "-1/3",
        "+0/3",
        "0/3/3",
        " 0/3",
        "a/b",
        "\u0660/\u0663",
        "0/257",
        "0/99999",
    ],
)
def test_a_wrong_shard_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="like 0/3"):
        read_shard((value,))


def test_a_wrong_shard_gets_an_explanation() -> None:
    got = ask(an_application(FakeBackend()), "/sd?shard=3/3")

    assert got.status == 400
    assert got.text == "The parameter shard must be given as i/n with 0 <= i < n <= 256, like 0/3.\n"


def test_a_shard_is_given_once() -> None:
    got = ask(an_application(FakeBackend()), "/sd?shard=0/2&shard=1/2")

    assert got.status == 400
    assert got.text == "The parameter shard must be given once.\n"


@pytest.mark.parametrize(
    "host", ["wa.example", "wa.example:9847", "wa_exporter-1:80", "[::1]:9847", "10.0.0.1"]
)
def test_the_address_is_that_of_the_host_header(host: str) -> None:
    request = IncomingRequest("/sd", headers=(("host", host),), address=("192.0.2.7", 9847))

    assert read_address(request) == host


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "a/b",
        "<script>",
        "a\nb",
        "user@wa",
        "wa:port",
        "wa:123456",
        "[zz]",
        "a,b",
        "é",
        "-x",
        "a" * 300,
    ],
)
def test_a_strange_host_is_not_reflected(host: str) -> None:
    request = IncomingRequest("/sd", headers=(("host", host),), address=("192.0.2.7", 9847))

    assert read_address(request) == "192.0.2.7:9847"


@pytest.mark.parametrize(
    ("address", "told"), [(("2001:db8::7", 80), "[2001:db8::7]:80"), (None, "localhost")]
)
def test_the_address_of_a_socket_is_written_as_one(address: tuple[str, int] | None, told: str) -> None:
    assert read_address(IncomingRequest("/sd", address=address)) == told
