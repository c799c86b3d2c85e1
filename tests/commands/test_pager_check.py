"""`waexporter pager check`: a line for each check, at real clients, a real daemon and a real Alertmanager."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands.conftest import GROUP, MONITOR, SECRET, Workplace
from tests.e2e.exporters import Exporter
from tests.real.alertmanager import Alertmanager
from waexporter.cli import main
from waexporter.commands.pager_checks.alertmanager import check_config
from waexporter.commands.pager_checks.alertmanager_config import read_config
from waexporter.model import PagerSettings, Secret, Watchdog, WebhookAuth, WebSettings
from waexporter.model.rendezvous import find_shard

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RealParts

StartAlertmanager = Callable[[str, Mapping[str, object]], Alertmanager]

FALLBACK: dict[str, Any] = {"fallback": ["http://127.0.0.1:9/hook/planted-token"]}


# --- the whole ---------------------------------------------------------------------------------


def test_a_correct_setup_has_no_failures(workplace: Workplace) -> None:
    workplace.configure(**FALLBACK, heartbeat_url="http://127.0.0.1:9/planted-ping")

    result = workplace.run("pager", "check")

    assert result.status == 0, result.output
    assert not result.lines("NOT OK")
    for line in (
        f"ok      pager.state_dir {workplace.state}: can be written",
        "ok      the journal: there is none yet, the daemon makes it at its start",
        "ok      pager.webhook: alerts are taken from whoever has the secret",
        "ok      target support-line: reachable, verdict ok",
        f"ok      target support-line: pages the group {GROUP} (the client's setting on_call_pager)",
        "ok      target support-line: the group exists, with 2 people in it",
        "ok      target support-line: webhooks.url is set",
        "ok      routes: a page would go through the first of these that takes it: support-line",
        "ok      pager.fallback[0] http://127.0.0.1/…: the host is known; nothing was sent",
        "ok      pager.heartbeat_url: the host is known; nothing was sent",
        "nothing is NOT OK; `waexporter pager test` sends a page",
    ):
        assert line in result.output.splitlines()
    assert workplace.texts() == []  # nobody was paged
    assert "planted" not in result.output + result.complaints
    assert SECRET not in result.output + result.complaints
    assert not workplace.state.exists()


def test_a_group_that_looks_like_a_persons_number_is_reported(workplace: Workplace) -> None:
    workplace.client.control("PATCH", "/settings", {"on_call_pager": "+14155550101"})
    by_client = workplace.run("pager", "check")
    workplace.configure(group="14155550102")

    by_configuration = workplace.run("pager", "check")

    (line,) = by_client.lines("note    target support-line: the client's setting on_call_pager")
    assert "+14155550101 looks like a person's number" in line
    assert "-> pages are sent to 14155550101, as to a person" in line
    (line,) = by_configuration.lines("note    target support-line: pager.group 14155550102")
    assert "-> pages are sent to 14155550102, as to a person" in line


def test_the_format_of_a_fallback_is_printed_and_apprise_is_recommended(workplace: Workplace) -> None:
    workplace.configure(
        fallback=[
            {"url": "http://127.0.0.1:9/planted-token", "format": "discord"},
            {"url": "https://ntfy.sh/planted-token", "format": "json"},
        ]
    )

    result = workplace.run("pager", "check")

    assert "ok      pager.fallback[0] http://127.0.0.1/… as discord: the host is known" in result.output
    (line,) = result.lines("note    pager.fallback[1] https://ntfy.sh/…")
    assert "Apprise knows how this service wants its messages" in line
    assert line.endswith("or give it as ntfys://… of Apprise")
    assert "planted" not in result.output + result.complaints


ADDRESSES = [
    "http://a..b",
    "http://.a",
    "http://a b",
    "http://*.a",
    "http://a\u2024b",
    "http://☃",
    "http://256.1.1.1",
    "http://[v1.x]",
    "http://[::1",
    "http://[fe80::1%25nowhere]:1",
    "http://127.1:1",
    "http://127.0.0.1:1/%zz?x#y",
    f"http://{'x' * 64}",
    "http://a:99999",
    "http://",
    "http:///x",
    "http://\udcff",
]


@pytest.mark.parametrize("address", ADDRESSES, ids=ascii)
def test_no_address_is_too_odd_for_a_check_or_a_probe(workplace: Workplace, address: str) -> None:
    statuses: list[object] = []
    for words in (("pager", "check", "--alertmanager", address), ("probe", address)):
        try:
            statuses.append(workplace.run(*words).status)
        except SystemExit as refused:
            statuses.append(refused.code)

    assert statuses[0] in {1, 2}
    assert statuses[1] in {2, 3}


def test_with_a_daemon_its_journal_is_looked_at_too(workplace: Workplace) -> None:
    workplace.configure(**FALLBACK)
    with Exporter.run(workplace.file, f"--listen=127.0.0.1:{workplace.port}"):
        assert workplace.run("pager", "test").status == 0

        result = workplace.run("pager", "check")

    assert result.status == 0, result.output
    assert f"ok      the daemon at http://127.0.0.1:{workplace.port}: runs, with a pager" in result.output
    assert "ok      the journal: sound; pages accepted: 1, failed: 0, pending: 0" in result.output


# --- clients -----------------------------------------------------------------------------------

FAULTS = {
    "group_gone": f"target support-line: there is no group {GROUP} (1012) -> check the id",
    "group_empty": "target support-line: nobody but the business is in the group (messages get 1012) -> let",
    "no_groups": "target support-line: the client knows no groups (404) -> give people's numbers",
    "pager_unset": "target support-line: no group is known: on_call_pager is not set -> `waexporter",
    "gateway_down": "target support-line: verdict down: the coreapp is disconnected",
    "web_down": "target support-line: verdict down: the client can't be reached",
    "refuse_logins": "target support-line: verdict unknown: the client does not accept the credentials",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_problems_of_a_client_are_reported_with_advice(workplace: Workplace, fault: str) -> None:
    workplace.configure(**FALLBACK)
    workplace.client.bring(fault)

    result = workplace.run("pager", "check")

    assert result.status == 1, result.output
    wrong = result.lines("NOT OK")
    assert any(line.startswith(f"NOT OK  {FAULTS[fault]}") for line in wrong), result.output
    assert all(" -> " in line for line in wrong)
    assert result.output.splitlines()[-1].startswith(f"{len(wrong)} NOT OK: mend the first one first")


def test_an_empty_group_is_answered_with_its_invite_link(workplace: Workplace) -> None:
    link = workplace.client.control("GET", "/groups")["groups"][0]["link"]
    workplace.client.bring("group_empty")

    result = workplace.run("pager", "check")

    assert f"let people join by {link}" in result.output


def test_messages_that_would_be_refused_are_foreseen(workplace: Workplace) -> None:
    workplace.configure(**FALLBACK)
    workplace.client.control("PATCH", "/settings", {"webhooks": None})

    result = workplace.run("pager", "check")

    (line,) = result.lines("NOT OK")
    words, _, remedy = line.partition(" -> ")
    assert words == "NOT OK  target support-line: webhooks.url is not set, so messages may be refused (1022)"
    assert remedy == "set it in the client's application settings: PATCH /v1/settings/application"


def test_an_account_without_rights_gets_notes_on_unknown_settings(workplace: Workplace) -> None:
    workplace.configure(account=MONITOR, target={"on_call_group": GROUP}, **FALLBACK)

    result = workplace.run("pager", "check")

    assert result.status == 0, result.output
    assert f"pages the group {GROUP} (on_call_group of the target)" in result.output
    assert "whether webhooks.url is set is not known: only an admin's account may read" in result.output


def test_people_are_not_looked_up_as_a_group(workplace: Workplace) -> None:
    workplace.configure(recipients=["+14155550101"], **FALLBACK)
    workplace.client.bring("no_groups")

    result = workplace.run("pager", "check")

    assert result.status == 0, result.output
    assert (
        "note    target support-line: pages 14155550101 (pager.recipients) -> each has to have"
        in result.output
    )


# --- surroundings ------------------------------------------------------------------------------


def test_a_fallback_whose_host_is_unknown_is_reported(workplace: Workplace) -> None:
    bare = workplace.run("pager", "check")
    workplace.configure(fallback=["https://nowhere.invalid/planted-token"])

    result = workplace.run("pager", "check")

    assert (
        "NOT OK  pager.fallback: there is none; when no client can send, nobody is paged -> " in bare.output
    )
    assert "NOT OK  pager.fallback[0] https://nowhere.invalid/…: the host can't be found: " in result.output
    assert "planted" not in result.output


def test_a_file_that_is_no_journal_is_reported(workplace: Workplace) -> None:
    workplace.state.mkdir()
    connection = sqlite3.connect(workplace.state / "pages.sqlite")
    connection.execute("CREATE TABLE other (x)")
    connection.close()
    foreign = workplace.run("pager", "check")
    (workplace.state / "pages.sqlite").write_bytes(b"no database at all" * 100)

    broken = workplace.run("pager", "check")

    for result, words in ((foreign, "is no journal of waexporter"), (broken, "file is not a database")):
        assert result.status == 1
        (line,) = (line for line in result.lines("NOT OK") if "journal" in line)
        assert words in line
        assert " -> stop the daemon, move the file away, start again" in line


def test_a_state_dir_that_is_no_folder_is_reported(workplace: Workplace) -> None:
    workplace.state.write_text("a file")

    result = workplace.run("pager", "check")

    assert f"NOT OK  pager.state_dir {workplace.state}: {workplace.state} is no folder -> " in result.output


# --- Alertmanager ------------------------------------------------------------------------------


def configuration(port: int, **webhook: object) -> dict[str, Any]:
    """Return a configuration that routes everything to the pager, the Watchdog often."""
    hook = {
        "url": f"http://127.0.0.1:{port}/api/v1/alerts",
        "http_config": {"authorization": {"credentials": "planted-secret"}},
        **webhook,
    }
    return {
        "route": {
            "receiver": "on-call",
            "group_by": ["alertname", "target"],
            "routes": [
                {
                    "matchers": ['alertname="Watchdog"'],
                    "receiver": "on-call",
                    "group_wait": "0s",
                    "group_interval": "1m",
                    "repeat_interval": "50s",
                }
            ],
        },
        "receivers": [{"name": "on-call", "webhook_configs": [hook]}],
    }


@pytest.fixture
def watched(workplace: Workplace) -> Workplace:
    """Configure a watchdog."""
    dog = {"name": "eu", "match": {"alertname": "Watchdog", "prometheus": "eu"}, "max_silence": "3m"}
    workplace.configure(**FALLBACK, watchdogs=[dog])
    return workplace


@pytest.fixture
def alertmanagers(suite: str, real_parts: RealParts, tmp_path: Path) -> Iterator[StartAlertmanager]:
    """Start Alertmanagers of a suite."""
    program = real_parts.program(suite, "prometheus-alertmanager")
    with ExitStack() as stack:
        yield lambda name, config: stack.enter_context(Alertmanager(program, tmp_path / name, config))


def test_a_real_alertmanager_is_read_and_judged(watched: Workplace, alertmanagers: StartAlertmanager) -> None:
    good = alertmanagers("good", configuration(watched.port))
    bad_config = configuration(watched.port, max_alerts=10, send_resolved=False, http_config={})
    bad_config["route"]["routes"][0]["repeat_interval"] = "4h"
    bad = alertmanagers("bad", bad_config)

    fine = watched.run("pager", "check", "--alertmanager", good.url)
    wrong = watched.run("pager", "check", "--alertmanager", f"{bad.url}/")

    assert fine.status == 0, fine.output
    assert "ok      Alertmanager at http://127.0.0.1/…: version 0." in fine.output
    assert "ok      receiver on-call: a route leads to it" in fine.output
    assert "ok      receiver on-call: max_alerts is 0" in fine.output
    assert "ok      receiver on-call: send_resolved is true" in fine.output
    assert (
        "ok      watchdog eu: comes every 1m, with repeat_interval 50s and group_interval 1m" in fine.output
    )
    # From 0.26 on, urls are hidden.
    assert ("leads to the pager, port" in fine.output) != ("this Alertmanager hides its urls" in fine.output)
    assert "planted" not in fine.output
    assert wrong.status == 1
    assert {line.partition(" -> ")[0] for line in wrong.lines("NOT OK")} == {
        "NOT OK  receiver on-call: max_alerts is 10: alerts are cut off, and a false end is told",
        "NOT OK  receiver on-call: send_resolved is false, so nobody hears of an end",
        "NOT OK  receiver on-call: sends no secret, so pager.webhook refuses every alert (401)",
        "NOT OK  watchdog eu: repeat_interval 4h is not below group_interval 1m: its gap doubles",
    }


def test_the_alertmanager_that_the_daemon_asks_is_asked(
    workplace: Workplace, alertmanagers: StartAlertmanager, free_port: int
) -> None:
    workplace.configure(**FALLBACK)
    without = workplace.run("pager", "check")
    there = alertmanagers("asked", configuration(workplace.port))
    workplace.configure(**FALLBACK, alertmanager_url=f"{there.url}/")
    well = workplace.run("pager", "check")
    workplace.configure(**FALLBACK, alertmanager_url=f"http://user:planted@127.0.0.1:{free_port}")
    nobody = workplace.run("pager", "check")
    workplace.configure(**FALLBACK, alertmanager_url=f"{workplace.client.url}/x")
    stranger = workplace.run("pager", "check")

    assert "note    pager.alertmanager_url: there is none; " in without.output
    assert "ok      pager.alertmanager_url http://127.0.0.1/…: answers what became of alerts" in well.output
    assert nobody.lines("NOT OK")[-1].startswith("NOT OK  pager.alertmanager_url http://127.0.0.1/…: ")
    assert "pager.alertmanager_url http://127.0.0.1/…: answered 4" in stranger.lines("NOT OK")[-1]
    assert (without.status, well.status, nobody.status, stranger.status) == (0, 0, 1, 1)
    assert "planted" not in nobody.output + nobody.complaints


def test_another_server_than_alertmanager_is_reported(workplace: Workplace, free_port: int) -> None:
    nobody = workplace.run("pager", "check", "--alertmanager", f"http://user:planted@127.0.0.1:{free_port}")
    stranger = workplace.run("pager", "check", "--alertmanager", workplace.client.url)

    assert (
        "NOT OK  Alertmanager at http://127.0.0.1/…: no connection: Connection refused -> check"
        in nobody.output
    )
    assert "planted" not in nobody.output
    assert "NOT OK  Alertmanager at http://127.0.0.1/…: answered 404" in stranger.output


@pytest.mark.parametrize("address", ["alertmanager:9093", "http://", "ftp://user:planted@host"])
def test_an_invalid_address_is_rejected_and_not_repeated(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["pager", "check", f"--alertmanager={address}"])

    result = capsys.readouterr().err
    assert ended.value.code == 2
    assert "must be an address such as http://alertmanager:9093" in result
    assert "planted" not in result


PAGER = PagerSettings(
    webhook=WebhookAuth(secret=Secret("planted")),
    watchdogs=(Watchdog("eu", (("alertname", "Watchdog"),), 180.0),),
)


def judged(document: Mapping[Any, Any], pager: PagerSettings = PAGER) -> list[str]:
    return [str(finding) for finding in check_config(read_config(document), pager, WebSettings())]


def test_a_configuration_that_leads_elsewhere_is_found() -> None:
    elsewhere = judged(configuration(9847, url="https://chat.example/hook"))
    slash = judged(configuration(9847, url="http://127.0.0.1:9847/api/v1/alerts/"))
    proxied = judged(configuration(9847, url="https://pager.example/api/v1/alerts"))

    assert elsewhere[0].startswith("NOT OK  receivers: none has a webhook that leads to the pager -> add")
    assert slash[0].startswith(
        "NOT OK  receiver on-call: its url has almost the pager's path -> write the path as"
    )
    assert proxied[0].startswith(
        "note    receiver on-call: its webhook leads to port 443, the daemon listens on"
    )


def test_if_urls_are_hidden_problems_of_receivers_are_only_notes() -> None:
    document = configuration(9847, url="<secret>", max_alerts=5)
    alone = judged(document)
    chat = {"name": "chat", "webhook_configs": [{"url": "<secret>", "send_resolved": False}]}
    document["receivers"].append(chat)

    among_others = judged(document)

    assert any(line.startswith("NOT OK  receiver on-call: max_alerts is 5") for line in alone)
    assert not any(line.startswith("NOT OK") for line in among_others), among_others
    assert any(line.startswith("note    receiver chat: send_resolved is false") for line in among_others)


def test_a_receiver_that_no_route_names_is_found() -> None:
    document = configuration(9847)
    document["route"] = {"receiver": "mail"}

    lines = judged(document)

    assert "NOT OK  receiver on-call: no route leads to it -> add a route with receiver: on-call" in lines
    assert any(
        line.startswith("NOT OK  watchdog eu: no route leads from it to the pager -> ") for line in lines
    )


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({}, "ok      watchdog eu: comes every 1m"),
        ({"repeat_interval": "1m"}, "NOT OK  watchdog eu: repeat_interval 1m is not below group_interval 1m"),
        (
            {"repeat_interval": "1h", "group_interval": "2h"},
            "NOT OK  watchdog eu: comes every 2h, with repeat",
        ),
        ({"matchers": ['alertname=~"Watch.*"', 'team!="db"']}, "ok      watchdog eu: comes every 1m"),
        ({"matchers": [], "match": {"alertname": "Watchdog"}}, "ok      watchdog eu: comes every 1m"),
        ({"matchers": [], "match_re": {"alertname": "Watch(dog)?"}}, "ok      watchdog eu: comes every 1m"),
        # Not this route, so the one above with Alertmanager's own intervals.
        ({"matchers": ['alertname="Watch"']}, "NOT OK  watchdog eu: repeat_interval 4h is not below"),
        ({"receiver": "mail"}, "NOT OK  watchdog eu: no route leads from it to the pager"),
        ({"receiver": "mail", "continue": True}, "NOT OK  watchdog eu: no route leads from it to the pager"),
    ],
)
def test_the_route_of_the_watchdog_is_walked_as_alertmanager_does(route: dict[str, Any], words: str) -> None:
    document = configuration(9847)
    document["route"]["routes"][0] |= route

    lines = judged(document)

    assert any(line.startswith(words) for line in lines), lines


def test_a_route_that_goes_on_lets_the_next_one_have_the_alert_too() -> None:
    document = configuration(9847)
    document["route"]["routes"].insert(0, {"receiver": "mail", "continue": True})

    lines = judged(document)

    assert "ok      watchdog eu: comes every 1m, with repeat_interval 50s and group_interval 1m" in lines


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"route": [], "receivers": {}},
        {"route": {"routes": [1, {"routes": {}}]}, "receivers": [None, {"name": 1}]},
    ],
)
def test_a_configuration_of_another_shape_is_judged_all_the_same(document: Mapping[Any, Any]) -> None:
    lines = judged(document)

    assert lines[0].startswith("NOT OK  receivers: none has a webhook")


# --- shards ------------------------------------------------------------------------------------


@pytest.fixture
def shared(workplace: Workplace) -> Workplace:
    """Name a second target in the configuration, so that each of two shards has one."""
    config = json.loads(workplace.configure(**FALLBACK).read_text())
    config["targets"].append(config["targets"][0] | {"name": "orders"})
    workplace.file.write_text(json.dumps(config))
    return workplace


@pytest.mark.parametrize("is_option", [True, False])
def test_a_shard_checks_the_targets_that_carry_its_pages_alone(
    shared: Workplace, monkeypatch: pytest.MonkeyPatch, *, is_option: bool
) -> None:
    own, other = find_shard("support-line", 2), find_shard("orders", 2)
    assert own != other
    options = ("--shard", f"{own}/2") if is_option else ()
    monkeypatch.setenv("WAEXPORTER_SHARD", f"{other if is_option else own}/2")

    result = shared.run("pager", "check", *options)

    assert result.status == 0, result.output
    assert f"shard {own}/2: targets of other shards are not asked (1)" in result.output
    assert result.lines("ok      target support-line: reachable")
    assert not result.lines("ok      target orders")
    assert result.lines("ok      routes:")[0].endswith(": support-line")


def test_a_test_page_about_a_target_of_another_shard_is_refused(shared: Workplace) -> None:
    own, other = find_shard("support-line", 2), find_shard("orders", 2)

    result = shared.run("pager", "test", "--shard", f"{own}/2", "--target", "orders")

    assert result.status == 1
    assert result.complaints == f"the target 'orders' is polled by shard {other}/2; this is shard {own}/2\n"


def test_a_shard_whose_targets_pager_via_does_not_name_says_that_only_the_fallback_is_left(
    shared: Workplace,
) -> None:
    config = json.loads(shared.file.read_text())
    config["pager"]["via"] = ["support-line"]
    shared.file.write_text(json.dumps(config))
    other = find_shard("orders", 2)

    result = shared.run("pager", "check", "--shard", f"{other}/2")

    assert result.status == 1
    assert "only pager.fallback is left" in result.complaints
    assert not result.lines("ok      target")
