"""`waexporter pager test`: every step in words, at a real daemon and without one."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.commands.conftest import GROUP, MONITOR, SECRET, Workplace
from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.waiting import wait_for
from tests.real.network import find_free_port
from tests.simulator.webhooks import Webhook
from waexporter.commands.pager_test import FollowTimes, send_test_page
from waexporter.config import load, require_access
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def daemon(workplace: Workplace) -> Iterator[Exporter]:
    """Run the daemon of a workplace, and wait until it knows its client."""
    listen = f"--listen=127.0.0.1:{workplace.port}"
    with Exporter.run(workplace.file, listen) as exporter:
        wait_for(lambda: exporter.http.get("/-/ready").status_code == 200, deadline=60)
        yield exporter


# --- without a daemon --------------------------------------------------------------------------


def test_without_a_daemon_this_process_sends_and_reports_every_step(workplace: Workplace) -> None:
    result = workplace.run("pager", "test")

    assert result.status == 0, result
    assert f"no daemon listens at http://127.0.0.1:{workplace.port}, so this process sends" in result.output
    assert f"target support-line: verdict ok, would page {GROUP}" in result.output
    assert re.search(rf"^ok: support-line to {GROUP}: accepted \(\d+\.\d s\)$", result.output, re.MULTILINE)
    assert "accepted is not delivered" in result.output
    (text,) = workplace.texts()
    assert "This is a test of the pager." in text
    assert not workplace.state.exists()  # nothing is written


FAILURES = {
    "group_gone": ("1012 Group not found", "-> check the id of the group"),
    "group_empty": ("1012 Group not found", "-> check the id of the group"),
    "no_groups": ("1002 Invalid recipient type", "-> this version of the client has no groups"),
    "app_expired": ("verdict down", "the build has expired: upgrade the client"),
    "gateway_down": ("no target that is up knows whom to page", "-> `waexporter pager check` says why"),
    "web_down": ("verdict down", "no fallback is configured -> set pager.fallback"),
    "refuse_logins": ("verdict unknown", "-> check api_key, username and password"),
}


@pytest.mark.parametrize("fault", FAILURES)
def test_each_failure_is_reported_with_advice(workplace: Workplace, fault: str) -> None:
    workplace.configure(target={"on_call_group": GROUP})
    workplace.client.bring(fault)

    result = workplace.run("pager", "test")

    if fault != "gateway_down":  # the webapp takes messages for a coreapp that is away
        assert result.status == 1, result
        assert "NOT OK: nobody was paged -> follow the advice above" in result.output
    for words in FAILURES[fault]:
        assert words in result.output


def test_a_refused_message_is_not_sent_to_the_group_but_to_the_fallback(workplace: Workplace) -> None:
    workplace.client.control("PATCH", "/settings", {"webhooks": None})
    with Webhook() as fallback:
        workplace.configure(fallback=[fallback.url])

        result = workplace.run("pager", "test")

        got = fallback.next()
    assert result.status == 0, result
    assert "-> set webhooks.url in the client's application settings" in result.output
    assert "ok: fallback http://127.0.0.1/…: accepted" in result.output
    assert "This is a test of the pager." in got["text"]
    assert workplace.texts() == []


def test_people_are_paged_one_by_one(workplace: Workplace) -> None:
    workplace.configure(recipients=["+14155550101", "+14155550102"])

    result = workplace.run("pager", "test")

    assert result.status == 0, result
    assert "would page 14155550101, 14155550102" in result.output
    assert len(workplace.texts("14155550101")) == len(workplace.texts("14155550102")) == 1


def test_another_client_carries_the_page_of_one_that_is_down(workplace: Workplace) -> None:
    with (
        Simulator(Options(users=USERS, health_per_minute=None)) as other,
        SimulatedClient(other.url) as backup,
    ):
        config = json.loads(workplace.file.read_text())
        config["targets"].append(backup.target("backup-line", on_call_group=GROUP))
        workplace.file.write_text(json.dumps(config))
        workplace.client.bring("web_down")

        result = workplace.run("pager", "test", "--target", "support-line")
        workplace.client.lift()
        config["pager"]["via"] = ["backup-line"]
        workplace.file.write_text(json.dumps(config))
        bound = workplace.run("pager", "test", "--target", "support-line")

        messages = backup.control("GET", "/messages")["messages"]
    assert result.status == bound.status == 0, result
    assert "target support-line: verdict down" in result.output
    assert f"ok: backup-line to {GROUP}: accepted" in result.output
    assert "target support-line" not in bound.output  # it may carry nothing
    assert len(messages) == 2
    assert "WaExporterTest / support-line" in messages[0]["text"]["body"]


@pytest.mark.parametrize("through_the_daemon", [False, True])
def test_a_failed_attempt_is_reported_even_if_another_client_sent_the_page(
    workplace: Workplace, *, through_the_daemon: bool
) -> None:
    with (
        Simulator(Options(users=USERS, health_per_minute=None)) as other,
        SimulatedClient(other.url) as backup,
    ):
        config = json.loads(workplace.file.read_text())
        config["targets"].append(backup.target("orders", on_call_group="1415-17"))
        workplace.file.write_text(json.dumps(config))

        if through_the_daemon:
            with daemon(workplace):
                result = workplace.run("pager", "test", "--target", "orders")
                listed = workplace.run("pages")
        else:
            result = workplace.run("pager", "test", "--target", "orders")

    assert result.status == 0, result
    (failed,) = [line for line in result.output.splitlines() if "NOT OK" in line and "above" not in line]
    (carried,) = [line for line in result.output.splitlines() if f"support-line to {GROUP}: accepted" in line]
    assert "orders to 1415-17: answered 404: 1012" in failed
    assert carried.lstrip().startswith("ok: ")
    if through_the_daemon:
        assert "but not every way that was tried took it: NOT OK above says which, and why" in result.output
        assert f"       {failed.strip()}" in listed.output.splitlines()
        assert f"       {carried.strip()}" in listed.output.splitlines()


@pytest.mark.parametrize("fault", ["", "no_groups"])
def test_an_on_call_pager_that_is_a_person_is_paged_as_one(workplace: Workplace, fault: str) -> None:
    workplace.client.control("PATCH", "/settings", {"on_call_pager": "14155550101"})
    if fault:
        workplace.client.bring(fault)

    alone = workplace.run("pager", "test")
    with daemon(workplace):
        result = workplace.run("pager", "test")
        again = workplace.run("pager", "test")

    assert alone.status == result.status == again.status == 0, result
    code = 1002 if fault else 1012
    assert f"(sent as a person, since it is not a group ({code}); " in alone.output
    assert (
        f"support-line to 14155550101: accepted, sent as a person, since it is not a group ({code})"
        in result.output
    )
    assert "support-line to 14155550101: accepted\n" in again.output, "it is remembered"
    assert len(workplace.texts("14155550101")) == 3


# --- through the daemon ------------------------------------------------------------------------


def test_with_a_daemon_the_page_goes_the_way_of_every_page_and_is_followed(workplace: Workplace) -> None:
    with daemon(workplace):
        first = workplace.run("pager", "test")
        second = workplace.run("pager", "test", "--target", "support-line")

    for number, result in enumerate((first, second), start=1):
        assert result.status == 0, result
        assert f"the daemon at http://127.0.0.1:{workplace.port} runs, with a pager" in result.output
        assert "has taken the alert WaExporterTest into its journal" in result.output
        assert f"ok: page #{number} was accepted by WhatsApp: 1 attempt, " in result.output
        assert f"through the target support-line, to {GROUP}" in result.output
        assert "accepted is not delivered" in result.output
        assert SECRET not in result.output + result.complaints
    assert len(workplace.texts()) == 2


def test_a_failed_page_is_reported_with_advice(workplace: Workplace) -> None:
    with daemon(workplace):
        workplace.client.bring("group_gone")

        result = workplace.run("pager", "test")

    assert result.status == 1, result
    assert "NOT OK: page #1 could not be delivered: support-line: answered 404: 1012" in result.output
    assert "  -> check the id of the group" in result.output


def test_a_page_that_is_tried_again_is_followed_and_goes_out_by_the_fallback(workplace: Workplace) -> None:
    workplace.client.control("PATCH", "/settings", {"webhooks": None})
    with Webhook() as fallback:
        workplace.configure(fallback=[fallback.url], fallback_after="2s")
        with daemon(workplace):
            result = workplace.run("pager", "test")

    assert result.status == 0, result
    assert "  attempt 1 failed: support-line: answered 412: 1022" in result.output
    assert "  -> set webhooks.url" in result.output
    assert "was accepted by the fallback (webhook)" in result.output
    assert "and not by WhatsApp" in result.output


def test_a_page_that_does_not_get_out_in_time_is_left_to_the_daemon(workplace: Workplace) -> None:
    workplace.client.control("PATCH", "/settings", {"webhooks": None})
    config = load(str(workplace.configure(fallback_after="5s")), {}).config
    lines: list[str] = []
    with daemon(workplace):
        is_accepted = send_test_page(
            config, require_access(config, {}), "support-line", lines.append, FollowTimes(1.0, 0.5)
        )

        listed = workplace.run("pages")

    output = "\n".join(lines)
    assert not is_accepted, output
    assert "  waiting for the page to be accepted, for " in output
    assert "NOT OK: page #1 is not accepted yet after " in output
    assert "  -> set webhooks.url" in output
    assert "the daemon goes on trying until 1800 s after it took the page" in output
    assert listed.lines("#1     PENDING")


def test_a_wrong_secret_is_explained_by_the_daemons_older_one(workplace: Workplace) -> None:
    with daemon(workplace):
        workplace.configure(webhook={"secret": "another-secret"})

        result = workplace.run("pager", "test")

    assert result.status == 1
    assert "refuses the secret of pager.webhook (401)" in result.complaints
    assert "another-secret" not in result.output + result.complaints


def test_a_journal_that_cannot_be_written_is_reported(workplace: Workplace) -> None:
    workplace.state.write_text("a file where the folder should be")
    with daemon(workplace):
        result = workplace.run("pager", "test")

    assert result.status == 1
    assert "the daemon can't keep the page (503" in result.complaints
    assert "look at the disk and the owner of pager.state_dir" in result.complaints


def test_a_daemon_without_a_pager_and_another_server_are_distinguished(workplace: Workplace) -> None:
    plain = workplace.folder / "plain.yml"
    plain.write_text(
        f'targets: [{{url: "{workplace.client.url}"}}]\nweb: {{listen: "127.0.0.1:{workplace.port}"}}'
    )
    with Exporter.run(plain, f"--listen=127.0.0.1:{workplace.port}"):
        without = workplace.run("pager", "test")
    workplace.port = int(workplace.client.url.rpartition(":")[2])
    workplace.configure()

    stranger = workplace.run("pager", "test")

    assert "runs without a pager: restart the daemon" in without.complaints
    assert without.status == stranger.status == 1
    assert "check web.listen" in stranger.complaints


# --- what is asked for in vain -------------------------------------------------------------------


def test_a_configuration_without_a_pager_is_explained(workplace: Workplace) -> None:
    plain = workplace.folder / "plain.yml"
    plain.write_text(f'targets: [{{url: "{workplace.client.url}"}}]')
    workplace.file = plain

    for command in (("pager", "test"), ("pager", "check"), ("pages",)):
        result = workplace.run(*command)

        assert result.status == 1
        assert "no pager is configured, so nobody can be paged: add a block pager" in result.complaints


def test_an_unknown_target_is_an_error_that_lists_the_configured_ones(workplace: Workplace) -> None:
    result = workplace.run("pager", "test", "--target", "nobody")

    assert result.status == 1
    assert result.complaints == "no target is called 'nobody'; there are: support-line\n"


def test_an_account_that_may_not_read_settings_needs_a_configured_group(workplace: Workplace) -> None:
    workplace.configure(account=MONITOR)
    without = workplace.run("pager", "test")
    workplace.configure(account=MONITOR, target={"on_call_group": GROUP})

    result = workplace.run("pager", "test")

    assert without.status == 1
    assert "target support-line: verdict ok, no group is known" in without.output
    assert result.status == 0, result


def test_an_unreachable_client_is_reported(workplace: Workplace) -> None:
    workplace.configure(target={"url": f"http://127.0.0.1:{find_free_port()}", "on_call_group": GROUP})

    result = workplace.run("pager", "test")

    assert result.status == 1
    assert "Connection refused" in result.output
    assert "-> check that it runs, and the address, firewall" in result.output
