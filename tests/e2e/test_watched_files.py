"""Whatever happens to the files, the daemon follows the last valid configuration, and loses nothing else."""

from __future__ import annotations

import itertools
import json
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.e2e.clients import MONITOR
from tests.e2e.exporters import Exporter
from tests.e2e.pages import Page
from tests.e2e.paging import OFF
from tests.e2e.reloads import SUCCESSFUL, World, configure
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate

KEY = "the-right-api-key"
WRONG_KEYS = ("a-key-that-is-wrong", "another-wrong-key")
LAST = "end"  # the only target at the end of each example
POLL = {**OFF, "health": "5m", "app": "5m", "web": "5m"}
WITH_LOGIN = {**POLL, "settings": "5m"}  # the settings need a login, whatever the key
COUNTERS = ("waexporter_polls_total", "waexporter_logins_total", "waexporter_poll_failures_total")
WAYS = st.sampled_from(["in place", "renamed", "created anew", "swapped"])
NAMES = ("one", "two", "three", "four")
BROKEN = {
    "waexporter.yml": ("targets: [", "targets: []", "{}", "targets: [{url: http://a, nothing: 1}]", "\0"),
    "web.yml": ("tls_server_config: {cert_file: server.pem}", "nothing: 1", "x: [", ""),
    "key": ("", "short", "two words here", "\n\n"),
    "token": ("", "not one\nbut two"),
    "server.pem": ("no certificate", ""),
    "server.key": ("no key", ""),
}
WEB = "{tls_server_config: {cert_file: server.pem, key_file: server.key}, bearer_token_files: [token]}"


class Files:
    """The files of a daemon, each of which can be changed in many ways."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = itertools.count()

    def put(self, name: str, text: str, way: str) -> None:
        """Write a file."""
        file, version = self.folder / name, next(self._versions)
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        if way == "in place":
            file.write_text(text)
        elif way == "created anew":
            file.unlink(missing_ok=True)
            file.write_text(text)
        elif way == "renamed":
            new = self.folder / f".{name}.swp"
            new.write_text(text)
            new.replace(file)
        else:
            self._swap(name, text, version)

    def _swap(self, name: str, text: str, version: int) -> None:
        """Replace a link to the folder of the file, as Kubernetes does."""
        data = f"..{name}"
        (self.folder / f"..{version}").mkdir()
        (self.folder / f"..{version}" / name).write_text(text)
        (self.folder / "..tmp").symlink_to(f"..{version}")
        (self.folder / "..tmp").replace(self.folder / data)
        (self.folder / "..link").symlink_to(f"{data}/{name}")
        (self.folder / "..link").replace(self.folder / name)

    def delete(self, name: str, *, put_folder: bool) -> None:
        """Delete a file, or put a folder in its place, which can't be read either."""
        file = self.folder / name
        with suppress(FileNotFoundError, IsADirectoryError):
            file.unlink()
        if put_folder:
            file.mkdir(exist_ok=True)
        elif file.is_dir():
            file.rmdir()


class Daemon:
    """A daemon that watches its files, and what the last valid ones said."""

    def __init__(self, files: Files, client: SimulatedClient) -> None:
        self.files, self.client = files, client
        self.authority = trustme.CA()
        self.chains: list[tuple[str, str]] = []
        for _ in range(3):
            issued = self.authority.issue_cert("127.0.0.1")
            chain, key = issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()
            self.chains.append((chain.decode(), key.decode()))
        self.exporter: Exporter | None = None
        self.good: dict[str, Any] = {}  # what the last valid files said
        self.failures: list[Exception] = []

    def config(self, targets: dict[str, str]) -> str:
        """Return the text of a valid configuration: targets by name, with the value of a label."""
        auth = {"api_key_file": "key", "username": MONITOR[0], "password": MONITOR[1]}
        entries = [
            self.client.target(
                name, auth=auth, poll=POLL if name == LAST else WITH_LOGIN, labels={"region": region}
            )
            for name, region in targets.items()
        ]
        return json.dumps({"targets": entries, "web": {"config_file": "web.yml"}}, indent=1)

    def open(self, token: str) -> httpx.Client:
        """Return a client on new connections."""
        assert self.exporter is not None
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        url = self.exporter.url.replace("http:", "https:")
        authorization = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=url, verify=context, trust_env=False, timeout=60, headers=authorization)

    def certificate(self) -> str:
        """Return the certificate of a new connection."""
        assert self.exporter is not None
        host, _, port = self.exporter.url.removeprefix("http://").partition(":")
        return ssl.get_server_certificate((host, int(port)))


class Edits(RuleBasedStateMachine):
    """Edits of the files; None in `disk` is a file that is broken, or that is not there."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__()
        self.daemon, self.files = daemon, daemon.files
        self.disk: dict[str, Any] = {}
        self.counts: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        self.labels: dict[str, str] = {}

    @initialize()
    def begin(self) -> None:
        self.repair({"one": "eu", "two": "eu"})
        if self.daemon.exporter is None:
            self.daemon.exporter = Exporter.run(self.files.folder / "waexporter.yml", watch=True)
            self.daemon.good = dict(self.disk)

    # --- what is valid -------------------------------------------------------------------------

    @rule(fleet=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["eu", "us"]), min_size=1), way=WAYS)
    def configure(self, fleet: dict[str, str], way: str) -> None:
        self.write("waexporter.yml", fleet, self.daemon.config(fleet), way)

    @rule(key=st.sampled_from([KEY, *WRONG_KEYS]), way=WAYS)
    def rotate_key(self, key: str, way: str) -> None:
        self.write("key", key, key + "\n", way)

    @rule(token=st.sampled_from(["first-token-of-many-letters", "second-token-of-many"]), way=WAYS)
    def rotate_token(self, token: str, way: str) -> None:
        self.write("token", token, token, way)

    @rule(number=st.integers(0, 2), way=WAYS)
    def rotate_certificate(self, number: int, way: str) -> None:
        chain, key = self.daemon.chains[number]
        self.write("server.pem", number, chain, way)
        self.write("server.key", number, key, way)

    @rule(way=WAYS)
    def restore_web(self, way: str) -> None:
        self.write("web.yml", True, WEB, way)  # noqa: FBT003 - there is one valid content

    # --- what is not ---------------------------------------------------------------------------

    @rule(data=st.data(), name=st.sampled_from(sorted(BROKEN)), way=WAYS)
    def break_file(self, data: st.DataObject, name: str, way: str) -> None:
        self.write(name, None, data.draw(st.sampled_from(BROKEN[name])), way)

    @rule(name=st.sampled_from(sorted(BROKEN)), put_folder=st.booleans())
    def lose_file(self, name: str, put_folder: bool) -> None:  # noqa: FBT001 - drawn
        self.disk[name] = None
        self.files.delete(name, put_folder=put_folder)

    # --- what must hold ------------------------------------------------------------------------

    @invariant()
    def follows_the_last_valid_files(self) -> None:
        if not self.disk:
            return
        try:
            self.reload_and_check()
        except Exception as error:
            # Kept, since a second try of the same edits begins with another state of the daemon.
            self.daemon.failures.append(error)
            raise

    def reload_and_check(self) -> None:
        before, is_valid = self.daemon.good, self.is_valid()
        if is_valid:
            self.daemon.good = dict(self.disk)
        with self.daemon.open(before["token"]) as http:
            answer = wait_for(lambda: http.post("/-/reload"), until=lambda found: found.status_code != 503)
        if answer.status_code == 401:
            assert before["token"] != self.daemon.good["token"]  # the watcher was faster
        else:
            assert answer.status_code == (200 if is_valid else 400), answer.text
        self.check()

    def check(self) -> None:
        good = self.daemon.good
        with self.daemon.open(good["token"]) as http:
            listed, scraped = http.get("/api/v1/targets"), http.get("/metrics")
        assert (listed.status_code, scraped.status_code) == (200, 200)
        targets = {each["name"]: each["labels"]["region"] for each in listed.json()["targets"]}
        page = Page(scraped.text)
        assert targets == good["waexporter.yml"]
        assert page.value("waexporter_config_last_reload_successful") == self.is_valid()
        chain, _ = self.daemon.chains[good["server.pem"]]
        assert self.daemon.certificate().split() == chain.split()
        kept = {name for name, region in targets.items() if self.labels.get(name) == region}
        counts = {
            (name, frozenset(labels.items())): value for name in COUNTERS for labels, value in page.find(name)
        }
        for key, value in self.counts.items():
            if dict(key[1])["target"] in kept:
                assert counts.get(key, 0.0) >= value, f"{key} was lost"
        self.counts, self.labels = counts, targets

    def is_valid(self) -> bool:
        is_pair = self.disk["server.pem"] == self.disk["server.key"]
        return is_pair and all(found is not None for found in self.disk.values())

    def teardown(self) -> None:
        if not self.disk:
            return
        good = self.daemon.good
        wait_for(self.daemon.client.tokens)
        self.repair(good["waexporter.yml"], WRONG_KEYS[0] if good["key"] == KEY else KEY)
        self.reload_and_check()
        self.repair({LAST: "eu"})
        self.daemon.good = dict(self.disk)
        # Nobody asks for it: the daemon notices it by itself.
        wait_for(self.follows)
        # The other targets have logged out, also of the logins before the rotation; this one needs no login.
        wait_for(self.daemon.client.tokens, until=lambda tokens: tokens == 0)

    def write(self, name: str, value: object, text: str, way: str) -> None:
        self.disk[name] = value
        self.files.put(name, text, way)

    def repair(self, targets: dict[str, str], key: str = KEY) -> None:
        """Make all files valid."""
        self.rotate_certificate(0, "renamed")
        self.rotate_key(key, "renamed")
        self.rotate_token("first-token-of-many-letters", "renamed")
        self.restore_web("renamed")
        self.configure(targets, "renamed")

    def follows(self) -> bool:
        try:
            self.check()
        except (AssertionError, KeyError, httpx.HTTPError):
            return False
        return True


@pytest.fixture
def daemon(simulate: Simulate, tmp_path: Path) -> Iterator[Daemon]:
    """Yield a daemon that starts at the first edit; end it by SIGTERM."""
    made = Daemon(Files(tmp_path), simulate(f"--api-key={KEY}"))
    yield made
    if made.exporter is not None:
        made.exporter.http.close()
        made.exporter.process.stop()


def test_any_edits_end_in_what_the_last_valid_files_say(daemon: Daemon) -> None:
    class EditsOfThisDaemon(Edits):
        def __init__(self) -> None:
            super().__init__(daemon)

    # Each example waits some seconds for the watcher.
    chosen = settings(max_examples=6, stateful_step_count=15, deadline=None, phases=[Phase.generate])
    try:
        run_state_machine_as_test(EditsOfThisDaemon, settings=chosen)
    except Exception:
        if daemon.failures:
            raise daemon.failures[0] from None
        raise

    assert daemon.exporter is not None
    assert "Traceback" not in daemon.exporter.process.output


# --- what people see of it ---------------------------------------------------------------------


@pytest.fixture
def watching(simulate: Simulate, tmp_path: Path) -> Iterator[World]:
    """Yield a daemon that watches its files, with one target."""
    client = simulate()
    with Exporter.run(configure(tmp_path, client.target("one")), watch=True) as exporter:
        exporter.wait_until_ok("one")
        yield World(tmp_path, exporter)


def test_a_refused_file_is_said_once_everywhere_and_so_is_its_repair(watching: World) -> None:
    exporter, file = watching.exporter, watching.folder / "waexporter.yml"
    good = file.read_text()

    file.write_text(good.replace('"targets"', '"log": {"level": "loud"}, "targets"'))
    wait_for(lambda: watching.value(SUCCESSFUL), until=lambda value: value == 0)
    page = exporter.get("/").text
    file.write_text(good.replace('"targets"', '"log": {"level":  "loud"}, "targets"'))
    failed = {"cause": "file", "result": "failed"}
    wait_for(
        lambda: watching.value("waexporter_config_reloads_total", **failed), until=lambda count: count == 2
    )
    file.write_text(good)
    wait_for(lambda: watching.value(SUCCESSFUL))

    [line] = exporter.log(msg="RELOAD FAILED: all goes on as before")
    assert (line["cause"], line["count"]) == ("file", 1)
    assert line["problems"][0].startswith("log.level: ")
    assert len(exporter.log(msg="the configuration is accepted again")) == 1
    assert "log.level: " in page
    assert "log.level: " not in exporter.get("/").text
    assert watching.value("waexporter_config_reload_failed", cause="file") == 0
    assert watching.value("waexporter_polls_total", target="one", collector="health") == 1


def test_what_needs_a_restart_is_said_once_and_not_read_again(watching: World) -> None:
    exporter, file = watching.exporter, watching.folder / "waexporter.yml"

    file.write_text(file.read_text().replace('"targets"', '"web": {"max_connections": 9}, "targets"'))
    wait_for(lambda: watching.value(SUCCESSFUL), until=lambda value: value == 0)
    looked = watching.value("waexporter_config_watch_timestamp_seconds")
    assert looked is not None
    wait_for(
        lambda: watching.value("waexporter_config_watch_timestamp_seconds") or 0.0,
        until=lambda now: now > looked + 4,
    )

    [line] = exporter.log(msg="RELOAD FAILED: all goes on as before")
    assert line["problems"] == ["web.max_connections: needs a restart"]
    assert watching.value("waexporter_config_reloads_total", cause="file", result="failed") == 1


def test_without_watching_no_look_is_taken(simulate: Simulate, tmp_path: Path) -> None:
    file = configure(tmp_path, simulate().target("one"))

    with Exporter.run(file, "--no-watch", watch=True) as exporter:
        page = exporter.page()

    assert page.value("waexporter_config_watch_timestamp_seconds") is None
