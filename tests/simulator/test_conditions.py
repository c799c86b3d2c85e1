"""The lasting conditions: what a client tells that ages, or was set up badly."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509

from tests.simulator.conftest import USERS
from tests.simulator.inprocess import Client
from waexporter.simulator import Options, Simulator
from waexporter.simulator.faults.conditions import CONDITIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Caller

_ON_CALL = "14155550100-1520000000"
_BEGUN = 1_700_000_000.0
_DAY = 86_400.0
_TEXT = {"to": "14155550101", "type": "text", "text": {"body": "x"}}


def _support(client: Client) -> dict[str, Any]:
    support: dict[str, Any] = client.call("GET", "/v1/support").document["support"]
    return support


def _settings(client: Client) -> dict[str, Any]:
    settings: dict[str, Any] = client.call("GET", "/v1/settings/application").document["settings"][
        "application"
    ]
    return settings


def _page(client: Client) -> tuple[int, int]:
    message = {"to": _ON_CALL, "recipient_type": "group", "type": "text", "text": {"body": "x"}}
    return client.call("POST", "/v1/messages", message).outcome


def test_hardly_any_space_is_left() -> None:
    calm, client = Client(), Client(scenario="disk_low")

    before, free = _support(calm)["free_space_data"], _support(client)["free_space_data"]

    assert free < 100 * 1024 * 1024 < before


@pytest.mark.parametrize(
    ("scenario", "seconds", "days", "statuses"),
    [
        ("healthy", None, 120, (201, 200)),
        ("build_expiring", None, 5, (201, 200)),
        ("build_expiring", _DAY, 1, (201, 200)),
        ("build_expired", None, -1, (403, 403)),
    ],
)
def test_a_build_ends(scenario: str, seconds: float | None, days: float, statuses: tuple[int, int]) -> None:
    client = Client()
    if scenario != "healthy":
        client.clock.now = _BEGUN - 10  # the call that brings it moves the clock by 10 s
        client.bring(scenario, **({} if seconds is None else {"seconds": seconds}))

    end = datetime.fromisoformat(_support(client)["expire_timestamp"]).replace(tzinfo=UTC)
    sent = client.call("POST", "/v1/messages", _TEXT)
    checked = client.call("POST", "/v1/contacts", {"contacts": ["14155550101"]})

    assert (end.timestamp() - _BEGUN) / _DAY == pytest.approx(days)
    assert (sent.status, checked.status) == statuses


def test_the_last_coreapp_runs_an_older_version() -> None:
    client = Client(topology="ha", scenario="version_skew")

    versions = {key: node["version"] for key, node in _support(client).items()}

    assert versions == {
        "core1:8f2c": "2.45.1",
        "core2:1d7a": "2.43.2",
        "master1:77aa": "2.45.1",
        "master2:0b3e": "2.45.1",
    }


@pytest.mark.parametrize("topology", ["single", "multiconnect"])
def test_the_numbers_of_support_are_texts(topology: str) -> None:
    calm = Client(topology=topology)
    client = Client(topology=topology, scenario="support_flat_numbers_as_text")

    support = _support(client)

    assert _numbers(support) == []
    assert len(_numbers(_support(calm))) >= 12
    node = support if topology == "single" else support["core1:8f2c"]
    assert node["free_space_logs"] == "14269902848"
    assert node["multi_connect"] is (topology == "multiconnect")


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [number for each in inner for number in _numbers(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_a_primary_master_is_not_connected() -> None:
    calm, client = (
        Client(topology="multiconnect"),
        Client(topology="multiconnect", scenario="master_disconnected"),
    )

    statuses = [
        {
            node["gateway_status"]
            for node in each.call("GET", "/v1/health").document["health"].values()
            if node["role"] == "primary_master"
        }
        for each in (calm, client)
    ]

    assert statuses == [{"connected"}, {"disconnected"}]


def test_two_primary_masters_stay() -> None:
    client = Client(topology="ha", scenario="two_primary_masters")
    client.clock.move(3600)

    health = client.call("GET", "/v1/health").document["health"]

    assert [node["role"] for node in health.values()].count("primary_master") == 2
    assert health["core1:8f2c"]["gateway_status"] == "connected"


def test_the_url_of_the_webhook_changes_again_and_again() -> None:
    client = Client(scenario="settings_changed")

    urls = []
    for _ in range(3):
        urls.append(_settings(client)["webhooks"]["url"])
        client.clock.move(50)  # with the call itself, a minute

    assert len(set(urls)) == 3
    assert "settings_changed" not in client.world.settings


def test_a_pager_that_is_not_set_is_not_shown() -> None:
    client = Client(scenario="pager_unset")

    settings = _settings(client)

    assert "on_call_pager" not in settings
    assert settings["webhooks"]["url"] == "https://hooks.example.com/wa"


def test_nobody_is_in_the_on_call_group() -> None:
    client = Client(scenario="group_empty")

    info = client.call("GET", f"/v1/groups/{_ON_CALL}").document["groups"][0]

    assert (info["participants"], info["admins"]) == ([], ["14155550100"])
    assert _page(client) == (404, 1012)


def test_the_on_call_group_is_gone() -> None:
    client = Client(scenario="group_gone")

    info = client.call("GET", f"/v1/groups/{_ON_CALL}")
    listed = client.call("GET", "/v1/groups").document["groups"]

    assert info.outcome == (404, 1012)
    assert listed == []
    assert _page(client) == (404, 1012)


def test_it_is_the_group_of_the_settings_that_goes() -> None:
    client = Client()
    other = client.call("POST", "/v1/groups", {"subject": "Night shift"}).document["groups"][0]["id"]
    client.call("PATCH", "/v1/settings/application", {"on_call_pager": other})

    client.bring("group_gone")

    assert client.call("GET", f"/v1/groups/{other}").status == 404
    assert _page(client) == (201, 0)


def test_a_later_version_has_no_groups() -> None:
    client = Client(scenario="no_groups")

    outcomes = {
        client.call(method, path).outcome
        for method, path in (("GET", "/v1/groups"), ("POST", "/v1/groups"), ("GET", f"/v1/groups/{_ON_CALL}"))
    }

    assert outcomes == {(404, 1006)}
    assert _page(client) == (400, 1002)
    assert client.call("POST", "/v1/messages", _TEXT).status == 201


def test_a_later_version_has_no_contacts() -> None:
    client = Client(scenario="no_contacts")

    reply = client.call("POST", "/v1/contacts", {"contacts": ["14155550101"], "blocking": "wait"})

    assert reply.outcome == (404, 1006)


def test_the_external_authority_is_not_pem() -> None:
    client = Client(scenario="ca_garbage")

    reply = client.call("GET", "/v1/certificates/external/ca")

    assert reply.status == 200
    assert b"BEGIN CERTIFICATE" not in reply.body


def test_a_contact_check_takes_its_time(simulate: Callable[..., Caller]) -> None:
    caller = simulate().become("monitor")
    caller.bring("canary_slow", seconds=0.3)
    asked = {"contacts": ["14155550101"], "blocking": "wait"}

    slow = caller.call("POST", "/v1/contacts", asked)
    other = caller.get("/v1/health")

    assert slow.status_code == other.status_code == 200
    assert slow.elapsed.total_seconds() >= 0.3
    assert slow.elapsed > other.elapsed


@pytest.mark.parametrize(("scenario", "days"), [("certificate_expiring", 5), ("certificate_expired", -1)])
def test_the_served_certificate_ends(scenario: str, days: int) -> None:
    with Simulator(Options(tls=True, users=USERS, scenario=scenario)) as simulator:
        left = _served(simulator).not_valid_after_utc - datetime.now(UTC)

    assert left.total_seconds() / _DAY == pytest.approx(days, abs=0.01)


def test_a_certificate_expires_for_new_connections_and_is_well_again_later() -> None:
    with Simulator(Options(tls=True, users=USERS)) as simulator:
        trusting = ssl.create_default_context(cadata=simulator.ca_pem)
        control = httpx.Client(base_url=simulator.control_url, verify=trusting, trust_env=False)

        control.post("/faults", json={"fault": "certificate_expired"})
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            httpx.get(simulator.url, verify=trusting, trust_env=False)
        control.delete("/faults/certificate_expired")
        after = httpx.get(simulator.url, verify=trusting, trust_env=False)
        control.close()

    assert after.status_code == 200


def _served(simulator: Simulator) -> x509.Certificate:
    address = httpx.URL(simulator.url)
    pem = ssl.get_server_certificate((address.host, address.port or 0))
    return x509.load_pem_x509_certificate(pem.encode())


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_leaves_health_and_statistics_answered(name: str) -> None:
    client = Client(topology="multiconnect", scenario=name)

    statuses = {client.call("GET", path).status for path in ("/v1/health", "/v1/stats/app", "/v1/metrics")}

    assert statuses == {200}
