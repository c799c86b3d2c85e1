"""A running daemon follows its configuration, and what did not change notices nothing."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.clients import MONITOR
from tests.e2e.exporters import EVERY_SECOND, WAEXPORTER, Exporter, clean_environment, write_config
from tests.e2e.paging import OFF
from tests.e2e.reloads import SELDOM, SUCCESS_TIME, SUCCESSFUL, account, readings
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.process import Process

if TYPE_CHECKING:
    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate
    from tests.e2e.reloads import Reloadable


@pytest.fixture(scope="module")
def simulated(simulate: Simulate) -> SimulatedClient:
    return simulate()


@pytest.fixture
def client(simulated: SimulatedClient) -> SimulatedClient:
    """Give a client with nothing wrong, and with the tokens of nobody."""
    simulated.lift()
    simulated.control("POST", "/expire_tokens")
    return simulated


# --- targets -----------------------------------------------------------------------------------


def test_targets_come_and_go_and_change_while_the_others_notice_nothing(
    reloadable: Reloadable, client: SimulatedClient
) -> None:
    world = reloadable(client.target("stays"), client.target("goes"), client.target("changes"))
    exporter = world.exporter
    before = readings(exporter, "stays"), account(exporter, "stays")
    assert client.tokens() == 3

    world.write(
        client.target("comes"), client.target("changes", labels={"region": "eu"}), client.target("stays")
    )
    said = world.document()

    assert said == {
        "status": "reloaded",
        "added": ["comes"],
        "removed": ["goes"],
        "changed": ["changes"],
        "rotated": [],
        "kept": 1,
        "keys": [],
    }
    assert list(exporter.targets()) == ["comes", "changes", "stays"]
    assert not list(exporter.page().find("waexporter_polls_total", target="goes"))
    assert not list(exporter.page().find("whatsapp_up", target="goes"))
    exporter.wait_until_ok("comes", "changes", "stays")
    assert exporter.page().value("whatsapp_up", target="changes", region="eu") == 1
    assert (readings(exporter, "stays"), account(exporter, "stays")) == before
    # Who is gone has logged out, and so has what is another target now.
    wait_for(client.tokens, until=lambda tokens: tokens == 3)
    [line] = exporter.log(msg="reloaded")
    assert [line[key] for key in ("added", "removed", "changed", "kept")] == [
        ["comes"],
        ["goes"],
        ["changes"],
        1,
    ]


def test_nothing_changes_when_nothing_changed(reloadable: Reloadable, client: SimulatedClient) -> None:
    world = reloadable(client.target("one"), client.target("two"))
    exporter = world.exporter
    before = [(readings(exporter, name), account(exporter, name)) for name in ("one", "two")]
    loaded = world.value(SUCCESS_TIME)

    said = [world.document() for _ in range(5)]

    assert {(each["kept"], *each["added"], *each["removed"], *each["changed"]) for each in said} == {(2,)}
    assert [(readings(exporter, name), account(exporter, name)) for name in ("one", "two")] == before
    assert client.tokens() == 2
    assert loaded is not None
    assert (world.value(SUCCESS_TIME) or 0) > loaded


def test_the_plan_of_a_target_that_is_kept_goes_on_while_others_come_and_go(
    reloadable: Reloadable, simulate: Simulate
) -> None:
    """Not one poll more, not one less, and none left out: the lattice of planned polls is as it was."""
    client = simulate()  # its own: the API takes only so many requests
    world = reloadable(client.target("steady", poll=EVERY_SECOND))
    for number in range(20):
        others = [client.target(f"other-{number}"), client.target(f"other-{number + 1}")]
        world.write(client.target("steady", poll=EVERY_SECOND), *others)
        assert world.document()["kept"] >= 1
    exporter = world.exporter

    polled = "waexporter_polls_total"
    count = exporter.page().value(polled, target="steady", collector="health") or 0

    later = wait_for(
        lambda: exporter.page().value(polled, target="steady", collector="health") or 0,
        until=lambda polls: polls >= count + 3,
    )
    assert later >= count + 3
    assert account(exporter, "steady")[0] == 1


def test_a_target_that_hangs_delays_no_reload_and_its_poll_is_never_taken_for_its_successors(
    reloadable: Reloadable, client: SimulatedClient, simulate: Simulate
) -> None:
    hanging = simulate()
    slow = {"health": {"interval": "1s", "timeout": "3s"}, "app": "off", "web": "off", "db": "off"}
    world = reloadable(client.target("other"), hanging.target("one", poll=SELDOM | slow))
    exporter = world.exporter
    hanging.bring("hang")
    wait_for(lambda: hanging.control("GET")["waiting"])

    # Of the same name, at another address.
    world.write(client.target("other"), client.target("one"))
    said = world.document()

    assert said["changed"] == ["one"]
    exporter.wait_until_ok("one")
    wait_for(lambda: hanging.control("GET")["waiting"], until=lambda waiting: waiting == 0)
    polls = exporter.page()
    assert polls.value("waexporter_polls_total", target="one", collector="health") == 1
    assert polls.total("waexporter_poll_failures_total", target="one") == 0
    hanging.lift()


# --- secrets and authorities -------------------------------------------------------------------


def test_a_password_file_that_was_replaced_is_used_although_the_configuration_reads_the_same(
    reloadable: Reloadable, client: SimulatedClient, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text(f"{MONITOR[1]}\n")
    auth = {"username": MONITOR[0], "password_file": str(password)}
    world = reloadable(client.target("one", auth=auth), client.target("two"))
    kept = account(world.exporter, "two")
    polls = world.exporter.page().total("waexporter_polls_total", target="one")

    password.write_text("a-wrong-password\n")
    said = world.document()

    assert (said["rotated"], said["changed"], said["kept"]) == (["one"], [], 1)
    failures = wait_for(
        lambda: world.exporter.page().total("waexporter_poll_failures_total", target="one", reason="refused")
    )
    assert failures > 0
    assert account(world.exporter, "two") == kept

    password.write_text(f"{MONITOR[1]}\n")
    assert world.document()["rotated"] == ["one"]
    world.exporter.wait_until_ok("one")
    page = world.exporter.page()
    assert page.total("waexporter_polls_total", target="one") > polls
    assert page.value("waexporter_logins_total", target="one", result="ok") == 2
    assert page.value("waexporter_logins_total", target="one", result="refused")
    wait_for(client.tokens, until=lambda tokens: tokens == 2)
    assert "a-wrong-password" not in world.exporter.process.output


def test_an_authority_that_was_replaced_is_used(
    reloadable: Reloadable, simulate: Simulate, tmp_path: Path
) -> None:
    tls, other = simulate("--tls"), simulate("--tls")
    assert tls.ca_file is not None
    assert other.ca_file is not None
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(tls.ca_file.read_bytes())
    world = reloadable(tls.target("one", tls={"ca_file": str(ca_file)}))

    ca_file.write_bytes(other.ca_file.read_bytes())
    assert world.document()["rotated"] == ["one"]

    wait_for(lambda: world.exporter.page().total("waexporter_poll_failures_total", reason="tls"))
    wait_for(lambda: world.exporter.targets()["one"]["up"], until=lambda up: up is False)


def test_a_folder_that_kubernetes_swaps_is_followed(client: SimulatedClient, tmp_path: Path) -> None:
    """A mounted ConfigMap: the file is a link through `..data`, which is replaced by one rename."""

    def publish(version: str, *names: str) -> None:
        (tmp_path / version).mkdir()
        targets = [client.target(name, auth=auth) for name in names]
        write_config(tmp_path / version, {"targets": targets, "poll": SELDOM})
        (tmp_path / version / "password").write_text(MONITOR[1])
        (tmp_path / "..data_tmp").symlink_to(version)
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")

    auth = {"username": MONITOR[0], "password_file": "password"}
    publish("..2026_01", "one")
    for name in ("waexporter.yml", "password"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    with Exporter.run(tmp_path / "waexporter.yml") as exporter:
        exporter.wait_until_ok("one")

        publish("..2026_02", "one", "two")
        answer = exporter.http.post("/-/reload")

        assert answer.text == "Reloaded: targets: 1 added, 0 removed, 0 changed, 1 kept.\n"
        exporter.wait_until_ok("one", "two")


# --- what is wrong -----------------------------------------------------------------------------


def test_a_bad_file_changes_nothing_and_every_problem_is_said(
    reloadable: Reloadable, client: SimulatedClient
) -> None:
    world = reloadable(client.target("one"))
    exporter = world.exporter
    before = readings(exporter, "one"), account(exporter, "one")
    loaded = world.value(SUCCESS_TIME)

    world.write(client.target("one", shards=3), {"name": "two", "url": "ftp://x"}, log={"level": "loud"})
    text, document = world.reload(400).text, world.document(400)

    checked = Process(
        (*WAEXPORTER, "check-config", "--config", str(world.folder / "waexporter.yml")),
        env=clean_environment(),
        cwd=parts.ROOT,
    )
    assert checked.wait() == 2
    assert text == checked.output
    assert document["problems"] == text.splitlines()
    assert [line.partition(": ")[0] for line in text.splitlines()] == [
        "targets[0].shards",
        "targets[1].url",
        "log.level",
    ]
    assert world.value(SUCCESSFUL) == 0
    assert world.value(SUCCESS_TIME) == loaded
    assert (readings(exporter, "one"), account(exporter, "one")) == before
    assert list(exporter.targets()) == ["one"]
    assert len(exporter.log(msg="RELOAD FAILED: all goes on as before")) == 2

    world.write(client.target("one"), client.target("two"))
    world.reload()

    assert world.value(SUCCESSFUL) == 1
    exporter.wait_until_ok("one", "two")


def test_what_needs_a_restart_is_refused_as_a_whole(
    reloadable: Reloadable, client: SimulatedClient, tmp_path: Path
) -> None:
    world = reloadable(client.target("one"))

    world.write(client.target("two"), pager={"state_dir": str(tmp_path / "state")}, log={"level": "debug"})

    assert world.document(400)["problems"] == ["pager: needs a restart"]
    assert list(world.exporter.targets()) == ["one"]
    assert world.value(SUCCESSFUL) == 0


def test_the_level_of_the_log_and_limits_follow(reloadable: Reloadable, client: SimulatedClient) -> None:
    world = reloadable(client.target("one"))

    world.write(
        client.target("one"), log={"level": "error"}, limits={"samples_per_endpoint": 5}, poll=EVERY_SECOND
    )
    said = world.document()

    assert (said["changed"], said["keys"]) == (["one"], ["limits.samples_per_endpoint", "log.level"])
    exporter = world.exporter
    wait_for(
        lambda: exporter.page().total("waexporter_dropped_samples_total", target="one", reason="samples")
    )
    assert not exporter.log(msg="reloaded")


# --- who asks, and how -------------------------------------------------------------------------


def test_sighup_reloads_and_does_not_end_the_process(reloadable: Reloadable, client: SimulatedClient) -> None:
    world = reloadable(client.target("one"))
    exporter = world.exporter

    world.write(client.target("one"), client.target("two"))
    os.kill(exporter.process.pid, signal.SIGHUP)

    exporter.process.wait_for_line(r"\breloaded\b")
    exporter.wait_until_ok("one", "two")
    assert account(exporter, "one")[0] == 1

    world.write(client.target("one", shards=3))
    os.kill(exporter.process.pid, signal.SIGHUP)

    wait_for(lambda: world.value(SUCCESSFUL), until=lambda value: value == 0)
    assert list(exporter.targets()) == ["one", "two"]
    assert exporter.process.stop() == 0


def test_many_who_ask_at_once_each_get_an_answer_and_pages_are_served_meanwhile(
    reloadable: Reloadable, simulate: Simulate
) -> None:
    client = simulate()  # its own: the API takes only so many requests
    targets = [client.target(f"client-{number}", poll=SELDOM | {"db": "off"}) for number in range(40)]
    world = reloadable(client.target("one"))
    exporter = world.exporter
    with ThreadPoolExecutor(12) as pool:
        asked = []
        for number in range(36):
            world.write(client.target("one"), *targets[: number % 3])
            asked.append(pool.submit(httpx.post, f"{exporter.url}/-/reload", trust_env=False, timeout=60))
            os.kill(exporter.process.pid, signal.SIGHUP)
            assert exporter.get("/metrics").status_code == 200
        answers = {future.result().status_code for future in asked}

    assert answers <= {200, 503}
    assert 200 in answers
    # Whatever was asked last is in force, or a reload that sees it is on its way.
    world.write(client.target("one"), *targets[:3])
    wait_for(lambda: exporter.http.post("/-/reload").status_code, until=lambda status: status == 200)
    assert list(exporter.targets()) == ["one", "client-0", "client-1", "client-2"]
    assert account(exporter, "one")[0] == 1
    assert "Traceback" not in exporter.process.output


def test_the_end_comes_promptly_while_reloads_go_on(reloadable: Reloadable, simulate: Simulate) -> None:
    client = simulate()  # its own: the API takes only so many requests
    world = reloadable(client.target("one"))
    world.write(*(client.target(f"client-{number}") for number in range(100)))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            os.kill(world.exporter.process.pid, signal.SIGHUP)
            pool.submit(httpx.post, f"{world.exporter.url}/-/reload", trust_env=False, timeout=60)
        status = world.exporter.process.stop()

    assert status == 0
    assert "Traceback" not in world.exporter.process.output
    wait_for(client.tokens, until=lambda tokens: tokens == 0)


def test_without_a_file_the_secrets_that_the_environment_names_are_read_anew(
    client: SimulatedClient, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text(MONITOR[1])
    environment = clean_environment(
        WAEXPORTER_TARGET_URL=client.url,
        WAEXPORTER_TARGET_NAME="one",
        WAEXPORTER_USERNAME=MONITOR[0],
        WAEXPORTER_PASSWORD_FILE=str(password),
        WAEXPORTER_LISTEN="127.0.0.1:0",
    )
    with Exporter(Process((*WAEXPORTER, "run"), env=environment, cwd=parts.ROOT)) as exporter:
        wait_for(lambda: exporter.page().value("waexporter_logins_total", target="one", result="ok"))
        assert exporter.http.post("/-/reload").text.endswith("0 changed, 1 kept.\n")

        password.write_text("another-password")

        assert exporter.http.post("/-/reload").text.endswith(
            "0 changed, 1 with new secrets or certificates, 0 kept.\n"
        )


def test_a_web_page_can_not_have_it_reloaded_and_get_is_told_what_is_allowed(
    reloadable: Reloadable, client: SimulatedClient
) -> None:
    world = reloadable(client.target("one"))

    forged = world.reload(403, origin="http://evil.example")
    got = world.exporter.http.get("/-/reload")

    assert "web page" in forged.text
    assert (got.status_code, got.headers["allow"]) == (405, "POST")
    assert not world.exporter.log(msg="reloaded")


# --- in the long run ---------------------------------------------------------------------------


def test_fifty_reloads_leave_nothing_behind(reloadable: Reloadable, simulate: Simulate) -> None:
    """Few requests are made here, and fewer logins: the API takes only so many."""
    key = "a-key-of-many-letters"
    client = simulate(f"--api-key={key}")
    light = {**OFF, "health": "30s"}
    keyed = {"auth": {"api_key": key}, "poll": light}

    def targets(number: int) -> list[dict[str, object]]:
        changes = {"labels": {"round": str(number)}}
        return [
            client.target("stays", poll=light),
            client.target(f"comes-{number}", **keyed),
            client.target("changes", **keyed, **changes),
            client.target("logs-in", labels={"round": str(number // 5)}, poll=light),
        ]

    world = reloadable(*targets(0))
    exporter = world.exporter
    process = Path(f"/proc/{exporter.process.pid}")

    def turn(number: int) -> None:
        world.write(*targets(number))
        world.reload()
        exporter.wait_until_ok(f"comes-{number}", "changes", "logs-in")

    def used() -> tuple[int, int, int]:
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return (
            int(status["Threads"]),
            len(list((process / "fd").iterdir())),
            int(status["VmRSS"].split()[0]),  # KiB
        )

    for number in range(1, 11):
        turn(number)
    threads, files, memory = used()
    for number in range(11, 61):
        turn(number)

    # What is closed in the background is closed soon; one of anything for each reload would be fifty.
    wait_for(used, until=lambda now: now[0] <= threads + 20 and now[1] <= files + 20)
    assert used()[2] < memory + 10 * 1024
    wait_for(client.tokens, until=lambda tokens: tokens == 2)
    assert exporter.page().value("waexporter_crashes_total") == 0
    assert "Traceback" not in exporter.process.output
    assert account(exporter, "stays")[0] == 1
