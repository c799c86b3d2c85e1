"""What announces itself: each lasting condition of a client shows on a real daemon's page, and passes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import PATIENT, WITHOUT_COLLECTORS, Exporter, write_config
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.e2e.pages import Page

OFTEN = {
    "health": "1s", "app": "off", "web": "off", "db": "off", "support": "1s", "settings": "1s",
    "certificates": "1s", "group": "1s", **PATIENT,
}  # fmt: skip


class Row(NamedTuple):
    """The problem that a condition shows as, or none, and a metric's value while it holds."""

    problem: str
    metric: str
    value: float | None
    topology: str = "ha"


ROWS: Mapping[str, Row] = {
    "disk_low": Row("disk_low", "whatsapp_on_call_pager_configured", 1),
    "build_expiring": Row("build_expiring", "whatsapp_webhook_configured", 1),
    "version_skew": Row("version_skew", "whatsapp_shards", 2, "multiconnect"),
    "pager_unset": Row("", "whatsapp_on_call_pager_configured", 0),
    "group_empty": Row("on_call_group_unreachable", "whatsapp_on_call_group_participants", 0),
    "group_gone": Row("on_call_group_unreachable", "whatsapp_on_call_group_reachable", 0),
    "no_groups": Row("", "whatsapp_on_call_group_reachable", None),
    "certificate_expiring": Row("certificate_expiring", "whatsapp_up", 1),
    "two_primary_masters": Row("two_primary_masters", "whatsapp_coreapps_connected", 1),
}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SimulatedClient]]:
    folder = tmp_path_factory.mktemp("authorities")
    with ExitStack() as stack:
        found = {}
        for name, row in ROWS.items():
            options = Options(
                topology=row.topology, shards=2, users=USERS, health_per_minute=None, tls=True,
                ca_file=str(folder / f"{name}.pem"),
            )  # fmt: skip
            simulator = stack.enter_context(Simulator(options))
            found[name] = stack.enter_context(SimulatedClient(simulator.url, folder / f"{name}.pem"))
        yield found


@pytest.fixture(scope="module")
def exporter(
    clients: dict[str, SimulatedClient], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exporter]:
    user, password = OWNER
    auth = {"username": user, "password": password}
    targets = [client.target(name, auth=auth) for name, client in clients.items()]
    with Exporter.run(
        write_config(tmp_path_factory.mktemp("run"), {"targets": targets, "poll": OFTEN})
    ) as started:
        started.wait_until_ok(*clients)
        yield started


@pytest.mark.parametrize("name", ROWS)
def test_a_condition_shows_while_it_lasts(
    clients: dict[str, SimulatedClient], exporter: Exporter, name: str
) -> None:
    row = ROWS[name]

    clients[name].bring(name)
    page = wait_for(exporter.page, until=lambda page: _shows(page, name, row))
    clients[name].lift(name)
    after = wait_for(exporter.page, until=lambda page: row.problem not in page.problems(name))

    assert page.value(row.metric, target=name) == row.value
    assert page.value("whatsapp_up", target=name) == after.value("whatsapp_up", target=name) == 1


def _shows(page: Page, name: str, row: Row) -> bool:
    has_problem = not row.problem or row.problem in page.problems(name)
    return has_problem and page.value(row.metric, target=name) == row.value


def test_a_setting_that_changes_is_named_in_the_log_and_timed_on_the_page(
    clients: dict[str, SimulatedClient], exporter: Exporter
) -> None:
    name = "two_primary_masters"
    hidden = "https://hooks.example.com/another-place"

    clients[name].control("PATCH", "/settings", {"webhooks": {"url": hidden}})
    page = wait_for(
        exporter.page,
        until=lambda page: page.value("whatsapp_settings_last_change_timestamp_seconds", target=name),
    )
    lines = wait_for(lambda: exporter.log(msg="settings changed", target=name))

    assert "webhooks.url" in {key for line in lines for key in line["keys"]}
    assert hidden not in exporter.process.output
    assert hidden not in page.text


def test_a_plain_account_reads_all_but_the_settings_and_that_is_said_once(
    clients: dict[str, SimulatedClient], tmp_path: Path
) -> None:
    target = clients["disk_low"].target("plain")

    with Exporter.run(write_config(tmp_path, {"targets": [target], "poll": OFTEN})) as exporter:
        page = wait_for(
            exporter.page,
            until=lambda page: (
                _well_polled(page) >= 3 and _refusals(page) and len(list(_successes(page))) == 4
            ),
        )
        told = exporter.targets()["plain"]
        shown = exporter.get("/targets/plain").text
        said = [line for line in exporter.log(target="plain") if "settings" in str(line)]

    well = {labels["collector"]: value for labels, value in _successes(page)}
    assert well == {"health": 1, "support": 1, "certificates": 1, "group": 1}  # settings are none of its own
    assert _refusals(page) == 1  # the client is not asked again, so that nothing more is counted
    assert [(line["level"], line["why"]) for line in said] == [
        ("info", "for admins only: this account is not an admin's")
    ]
    outcomes = {each["endpoint"]: each["outcome"] for each in told["endpoints"]}
    assert (outcomes["settings"], outcomes["group"]) == ("for_admins", "not_applicable")
    assert "for admins only: this account is not an admin" in shown
    assert 'class="reading bad"' not in shown


@pytest.mark.parametrize("health_only", [False, True])
def test_a_key_alone_is_enough_for_health_and_where_it_is_good_for_statistics(
    tmp_path: Path,
    health_only: bool,  # noqa: FBT001 - a row
) -> None:
    key = "a-key-of-sixteen"
    with (
        Simulator(Options(api_key=key, api_key_health_only=health_only, health_per_minute=None)) as simulator,
        SimulatedClient(simulator.url) as client,
    ):
        alone = client.target("alone", auth={"api_key": key})
        both = client.target("both", auth={"api_key": key, "username": "admin", "password": "Another-1"})
        client.log_in("admin", "secret", "Another-1")
        poll = {**WITHOUT_COLLECTORS, "health": "1s", "app": "1s", "web": "1s", "db": "1s"}
        file = write_config(tmp_path, {"targets": [alone, both], "poll": poll})
        with Exporter.run(file) as exporter:
            page = wait_for(exporter.page, until=lambda page: len(list(_successes(page))) == 8)

    well = {(labels["target"], labels["collector"]): value for labels, value in _successes(page)}
    assert [value for (target, _), value in well.items() if target == "both"] == [1, 1, 1, 1]
    assert well["alone", "health"] == 1
    assert well["alone", "app"] == well["alone", "web"] == well["alone", "db"] == int(not health_only)


def _well_polled(page: Page) -> float:
    return page.total("waexporter_polls_total", collector="support")


def _refusals(page: Page) -> float:
    labels = {"target": "plain", "collector": "settings", "reason": "refused"}
    return page.value("waexporter_poll_failures_total", **labels) or 0.0


def _successes(page: Page) -> Iterator[tuple[dict[str, str], float]]:
    return page.find("waexporter_poll_success")
