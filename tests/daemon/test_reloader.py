"""A reload is everything or nothing, and never stands in the way."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from structlog.testing import capture_logs

from tests.receivers import receiving
from waexporter.config import ConfigDiff, LoadedConfig
from waexporter.daemon.config_source import ConfigSource
from waexporter.daemon.current_config import CurrentConfig
from waexporter.daemon.reloader import ReloadedParts, Reloader
from waexporter.daemon.target_discovery import TargetDiscovery
from waexporter.errors import CommandError, ConfigError
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import (
    Config,
    HttpSd,
    Instant,
    PagerSettings,
    ReloadCause,
    Secret,
    ServerTls,
    Target,
    WebSecurity,
    WebSettings,
)
from waexporter.transport.tls import TlsContexts
from waexporter.web.backend import ReloadResult
from waexporter.web.responses import IncomingRequest
from waexporter.web.security.current_security import CurrentSecurity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.config import Stamps
    from waexporter.daemon.fleet import Fleet
    from waexporter.daemon.paging import DaemonPager
    from waexporter.whatsapp.client import Client

PATIENCE = 60.0  # seconds; only a test that fails takes as long
NOW = Instant(1_700_000_000.0, 5.0)
ONE, TWO = Target("one", "http://one"), Target("two", "http://two")


class FakeFleet:
    """Remembers which fleet it was told to poll."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.changes: list[tuple[Config, ConfigDiff]] = []
        self.others: list[object] = []

    def make_clients(self, config: Config, names: Iterable[str]) -> dict[str, Client]:
        assert {target.name for target in config.targets} >= set(names)
        if self.error is not None:
            raise self.error
        return {}

    def reconfigure(self, config: Config, difference: ConfigDiff, clients: Mapping[str, Client]) -> None:
        assert clients == {}
        self.changes.append((config, difference))

    def replace_tasks(self, others: Iterable[object]) -> None:
        self.others += others


class FakeDaemonPager:
    """Remembers which settings it is given."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.reconfigured: list[PagerSettings] = []

    def prepare(self, settings: PagerSettings) -> PagerSettings:
        if self.error is not None:
            raise self.error
        return settings

    def reconfigure(self, settings: PagerSettings) -> list[str]:
        self.reconfigured.append(settings)
        return ["heartbeat"]


class World:
    """A reloader that reads whatever a test says."""

    def __init__(self, config: Config) -> None:
        self.read: list[Config | Exception] = []
        self.notes: tuple[str, ...] = ()
        self.stamps: Stamps = {}
        self.fleet, self.daemon_pager, self.telemetry = FakeFleet(), FakeDaemonPager(), Telemetry()
        self.security = CurrentSecurity()
        self.discovery = TargetDiscovery(TlsContexts(), self.telemetry, lambda: NOW)
        self.current = CurrentConfig(config, 0.0)
        self.lists: list[str | None] = []
        self.reading, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.telemetry.reload_successful.set(1)
        self.reloader = Reloader(
            config,
            ConfigSource(self.load, {}),
            ReloadedParts(
                cast("Fleet", self.fleet),
                cast("DaemonPager", self.daemon_pager),
                self.security,
                self.discovery,
                self.current,
            ),
            (self.telemetry, lambda: NOW),
        )

    def load(self, stamps: Stamps, discovered: str | None) -> LoadedConfig:
        self.lists.append(discovered)
        stamps.update(self.stamps)
        found = self.read.pop(0)
        self.reading.set()
        self.go_on.wait(PATIENCE)
        if isinstance(found, Exception):
            raise found
        return LoadedConfig(found, self.notes)

    def figures(self) -> tuple[float, float]:
        told = self.telemetry
        return told.reload_successful._value.get(), told.reload_success_time._value.get()


WITH_LIST = Config((ONE,), pager=PagerSettings(), http_sd=HttpSd("http://127.0.0.1:1"))
GOOD, BAD = (1.0, 1_700_000_000.0), (0.0, 0.0)


@pytest.fixture
def world() -> World:
    return World(Config((ONE,), pager=PagerSettings()))


def test_what_changed_is_in_force_and_the_next_reload_begins_from_there(world: World) -> None:
    second = Config((ONE, TWO), pager=PagerSettings())
    world.read += [second, second]
    world.notes = ("targets[1].url: http:// carries the credentials in the clear",)

    with capture_logs() as logs:
        first, again = world.reloader.reload(ReloadCause.REQUEST), world.reloader.reload(ReloadCause.REQUEST)

    assert first == ReloadResult(added=("two",), kept=1)
    assert again == ReloadResult(kept=2)
    assert [difference.added for _, difference in world.fleet.changes] == [("two",), ()]
    assert world.figures() == GOOD
    assert [line["event"] for line in logs] == [world.notes[0], "reloaded", "reloaded"]
    changes = ("added", "removed", "changed", "keys", "kept")
    assert [{key: line[key] for key in changes if key in line} for line in logs[1:]] == [
        {"added": ["two"], "kept": 1},
        {"kept": 2},
    ]


@pytest.mark.parametrize(
    ("found", "problems"),
    [
        (ConfigError(["a: wrong", "b: wrong"]), ("a: wrong", "b: wrong")),
        (Config((TWO,), pager=None), ("pager: needs a restart",)),
    ],
)
def test_what_is_wrong_changes_nothing_and_is_one_line(
    world: World, found: Config | Exception, problems: tuple[str, ...]
) -> None:
    world.read.append(found)

    with capture_logs() as logs:
        assert world.reloader.reload(ReloadCause.REQUEST) == ReloadResult(problems)

    assert world.fleet.changes == []
    assert world.figures() == BAD
    [line] = logs
    assert (line["log_level"], line["problems"], line["count"]) == ("error", list(problems), len(problems))


def test_a_thousand_problems_are_a_line_that_can_be_read(world: World) -> None:
    world.read.append(ConfigError([f"targets[{number}].url: is required" for number in range(1000)]))

    with capture_logs() as logs:
        done = world.reloader.reload(ReloadCause.REQUEST)

    assert (len(done.problems), logs[0]["count"], len(logs[0]["problems"])) == (1000, 1000, 20)


def test_what_can_not_be_made_keeps_everything_as_it_is(world: World) -> None:
    new = Config((TWO,), pager=PagerSettings(group="1-2"))
    world.read += [new, new]

    world.fleet.error = FileNotFoundError(2, "No such file or directory")
    without_file = world.reloader.reload(ReloadCause.REQUEST)
    world.fleet.error, world.daemon_pager.error = None, CommandError("pager.fallback: needs Apprise")
    without_way = world.reloader.reload(ReloadCause.REQUEST)

    assert without_file.problems == (
        "tls.ca_file: a file changed while it was read: No such file or directory",
    )
    assert without_way.problems == ("pager.fallback: needs Apprise",)
    assert (world.fleet.changes, world.daemon_pager.reconfigured) == ([], [])


def test_a_crash_is_no_success(world: World) -> None:
    world.read.append(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        world.reloader.reload(ReloadCause.REQUEST)

    assert (world.figures(), world.fleet.changes) == (BAD, [])
    world.read.append(Config((ONE, TWO), pager=PagerSettings()))
    assert world.reloader.reload(ReloadCause.REQUEST).added == ("two",)


@pytest.mark.parametrize(
    ("changed", "follows"),
    [
        ({"targets": (ONE, TWO)}, True),
        ({"targets": (TWO,)}, True),
        ({"pager": PagerSettings(group="1-2")}, True),
        ({"workers": 5}, False),
        ({}, False),
    ],
)
def test_the_pager_hears_of_what_concerns_it(
    world: World,
    changed: dict[str, object],
    follows: bool,  # noqa: FBT001 - a row
) -> None:
    config = replace(Config((ONE,), pager=PagerSettings()), **changed)  # type: ignore[arg-type]
    world.read.append(config)

    world.reloader.reload(ReloadCause.REQUEST)

    assert world.daemon_pager.reconfigured == ([config.pager] if follows else [])
    assert world.fleet.others == (["heartbeat"] if follows else [])


def test_of_many_at_once_one_reads_one_waits_to_read_what_is_there_then_and_the_others_come_again(
    world: World,
) -> None:
    config = Config((ONE,), pager=PagerSettings())
    world.read += [config, config]
    world.go_on.clear()
    done: list[ReloadResult] = []
    threads = [
        threading.Thread(target=lambda: done.append(world.reloader.reload(ReloadCause.REQUEST)))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    # Six are told at once, while the first one still reads.
    for _ in range(6000):
        if len(done) == 6:
            break
        threading.Event().wait(0.01)
    assert [each.is_busy for each in done] == [True] * 6
    assert world.reading.wait(PATIENCE)  # the first one may only be about to read
    assert len(world.read) == 1
    world.go_on.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(each.is_busy for each in done) == [False] * 2 + [True] * 6
    assert world.read == []


def test_the_end_does_not_wait_for_a_slow_disk_and_nothing_changes_after_it(world: World) -> None:
    world.read.append(Config((TWO,), pager=PagerSettings()))
    world.go_on.clear()
    done: list[ReloadResult] = []
    thread = threading.Thread(target=lambda: done.append(world.reloader.reload(ReloadCause.REQUEST)))
    thread.start()
    world.reading.wait(PATIENCE)

    world.reloader.stop()
    world.go_on.set()
    thread.join(PATIENCE)

    assert done == [ReloadResult(is_busy=True)]
    assert world.fleet.changes == []


def test_new_users_are_let_in_by_a_reload() -> None:
    before = Config(targets=())
    users = (("alice", Secret("$2b$04$" + "a" * 53)),)
    world = World(before)
    world.read = [replace(before, web=WebSettings(config_file="web.yml", security=WebSecurity(users=users)))]
    request = IncomingRequest("/metrics")
    was_open = not world.security.access.needs_credentials(request)

    done = world.reloader.reload(ReloadCause.REQUEST)

    assert done.keys == ("web.config_file",)
    assert was_open
    assert world.security.access.needs_credentials(request)


def test_what_openssl_refuses_changes_nothing() -> None:
    before = Config(targets=())
    tls = ServerTls(b"no certificate", Secret("no key"))
    world = World(before)
    world.read = [replace(before, web=WebSettings(config_file="web.yml", security=WebSecurity(tls)))]

    done = world.reloader.reload(ReloadCause.REQUEST)

    assert len(done.problems) == 1
    assert done.problems[0].startswith("web.config_file: tls_server_config: OpenSSL refuses it: ")
    assert world.security.context is None


# --- what caused it, and what is refused -------------------------------------------------------

WRONG, WORSE = ConfigError(["log.level: wrong"]), ConfigError(["log.level: wrong", "poll.health: wrong"])


def count(world: World, cause: str, result: str) -> float | None:
    labels = {"cause": cause, "result": result}
    return world.telemetry.registry.get_sample_value("waexporter_config_reloads_total", labels)


def failing(world: World) -> dict[str, float | None]:
    read = world.telemetry.registry.get_sample_value
    return {cause: read("waexporter_config_reload_failed", {"cause": cause}) for cause in ReloadCause}


def test_a_refused_file_is_logged_once_per_change_of_its_problems_and_when_it_is_right_again(
    world: World,
) -> None:
    good = Config((ONE,), pager=PagerSettings())
    world.read += [WRONG, WRONG, WORSE, good, good]

    with capture_logs() as logs:
        for _ in range(5):
            world.reloader.reload(ReloadCause.FILE)

    assert [line["event"] for line in logs] == [
        "RELOAD FAILED: all goes on as before",
        "RELOAD FAILED: all goes on as before",
        "the configuration is accepted again",
        "reloaded",
        "reloaded",
    ]
    assert [line["count"] for line in logs[:2]] == [1, 2]
    # The last one has changed nothing.
    assert [line["log_level"] for line in logs[-2:]] == ["info", "debug"]


def test_one_who_asks_for_a_reload_finds_its_result_in_the_log(world: World) -> None:
    world.read += [WRONG, WRONG, WRONG]

    with capture_logs() as logs:
        for cause in (ReloadCause.FILE, ReloadCause.SIGNAL, ReloadCause.REQUEST):
            world.reloader.reload(cause)

    assert [line["cause"] for line in logs] == ["file", "signal", "request"]


def test_what_is_refused_has_the_cause_that_found_it_and_is_over_once_any_reload_succeeds(
    world: World,
) -> None:
    world.read += [WRONG, WORSE, Config((ONE,), pager=PagerSettings())]

    world.reloader.reload(ReloadCause.FILE)
    world.reloader.reload(ReloadCause.SIGNAL)
    [refused] = world.reloader.refused
    states = [failing(world)]
    world.reloader.reload(ReloadCause.REQUEST)
    states.append(failing(world))

    assert (refused.cause, refused.problems) == (ReloadCause.FILE, WORSE.problems)
    assert world.reloader.refused == ()
    none = dict.fromkeys(ReloadCause, 0.0)
    assert states == [none | {"file": 1.0}, none]
    assert count(world, "file", "failed") == count(world, "signal", "failed") == 1.0
    assert (count(world, "request", "ok"), count(world, "http_sd", "ok")) == (1.0, 0.0)


def test_a_refused_list_of_http_sd_is_another_thing_than_a_refused_file(world: World) -> None:
    good = replace(WITH_LIST, pager=PagerSettings())
    world.read += [WORSE, WRONG, good, good]
    seen = []

    for cause in (ReloadCause.HTTP_SD, ReloadCause.FILE, ReloadCause.SIGNAL, ReloadCause.HTTP_SD):
        world.reloader.reload(cause)
        seen.append([refused.cause.value for refused in world.reloader.refused])

    assert seen == [["http_sd"], ["file", "http_sd"], ["http_sd"], []]
    assert world.figures() == GOOD


def test_a_list_that_is_not_named_any_more_is_not_refused_any_more(world: World) -> None:
    world.read += [WORSE, replace(WITH_LIST, http_sd=HttpSd())]
    world.reloader.reload(ReloadCause.HTTP_SD)

    world.reloader.reload(ReloadCause.FILE)

    assert world.reloader.refused == ()


def test_only_a_reload_for_the_list_reads_the_new_one_until_it_is_in_effect(world: World) -> None:
    with receiving() as receiver:
        published = replace(WITH_LIST, http_sd=HttpSd(f"http://{receiver.place}"))
        world.discovery.apply(published, world.discovery.prepare(published), None)
        world.discovery._reload = world.reloader.reload
        world.read += [published, WRONG, published, published]
        for answer in (b"[1]", b"[2]"):
            receiver.answer = answer
            world.discovery.step()
        world.reloader.reload(ReloadCause.FILE)
        world.discovery.step()

    assert world.lists == ["[1]", "[2]", "[1]", "[2]"]


def test_a_refused_list_does_not_hide_that_a_file_has_changed(world: World) -> None:
    world.stamps = {"missing": None}
    world.read += [WRONG, WITH_LIST]

    world.reloader.reload(ReloadCause.HTTP_SD)
    refused = world.reloader.stamps
    world.reloader.reload(ReloadCause.HTTP_SD)

    assert refused == {}
    assert world.reloader.stamps == {"missing": None}


def test_the_stamps_are_those_of_the_last_read_also_of_one_that_failed(world: World) -> None:
    before = world.reloader.stamps
    world.read.append(WRONG)
    world.stamps = {"missing": None}

    world.reloader.reload(ReloadCause.FILE)

    assert before == {}
    assert world.reloader.stamps == {"missing": None}


def test_a_crash_is_shown_until_a_reload_succeeds(world: World) -> None:
    world.read += [ZeroDivisionError(), Config((ONE,), pager=PagerSettings())]

    with pytest.raises(ZeroDivisionError):
        world.reloader.reload(ReloadCause.FILE)
    [refused] = world.reloader.refused
    world.reloader.reload(ReloadCause.FILE)

    assert refused.problems == ("waexporter itself failed on it, which is a bug; its log says more",)
    assert world.reloader.refused == ()
