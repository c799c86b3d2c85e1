"""The list of targets at a real server: requested, taken over, refused and missed."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.clocks import HandClock
from tests.e2e.waiting import wait_for
from tests.metrics.reading_back import read_text
from tests.receivers import Receiver, receiving
from waexporter.daemon.target_discovery import TargetDiscovery
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Config, HttpSd, ReloadCause, Secret
from waexporter.transport.tls import TlsContexts
from waexporter.web.backend import ReloadResult

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0  # seconds; only a test that fails takes as long
TWO, THREE = b'["a", "b"]', b'["a", "b", "c"]'


class World:
    """A server with a list, and what takes it over, which counts its quotes."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        receiver.answer = TWO
        self.clock, self.telemetry = HandClock(), Telemetry()
        self.config = Config((), http_sd=HttpSd(f"http://{receiver.place}/targets", timeout=10.0))
        self.problems: tuple[str, ...] = ()
        self.is_busy = False
        self.reloads: list[tuple[ReloadCause, str | None]] = []
        self.discovery = TargetDiscovery(TlsContexts(), self.telemetry, self.clock, lambda: 0.5)
        self.configure(self.config)

    def configure(self, config: Config, text: str | None = None) -> None:
        self.config = config
        self.discovery.apply(config, self.discovery.prepare(config), text)

    def reload(self, cause: ReloadCause) -> ReloadResult:
        text = self.discovery.text(cause)
        self.reloads.append((cause, text))
        if self.problems or self.is_busy:
            return ReloadResult(self.problems, is_busy=self.is_busy)
        self.configure(replace(self.config, discovered=(text or "").count('"') // 2), text)
        return ReloadResult()

    def step(self) -> float | None:
        # Without its thread, so that a test sees each request.
        self.discovery._reload = self.reload
        return self.discovery.step()

    def shown(self) -> dict[str, float]:
        page = self.telemetry.render(as_openmetrics=False).decode()
        begin = "waexporter_http_sd_"
        return {
            name.removeprefix(begin): value for (name, _), value in read_text(page).items() if begin in name
        }


@pytest.fixture
def world() -> Iterator[World]:
    with receiving() as receiver:
        yield World(receiver)


def test_a_list_is_taken_over_once_and_requested_each_minute(world: World) -> None:
    waiting = world.discovery.missing()
    before = world.shown()

    pauses = [world.step(), world.step()]

    assert waiting == f"waiting for the list of targets at {world.config.http_sd.url}"
    assert before == {}
    assert pauses == pytest.approx([60.0, 60.0])
    assert world.reloads == [(ReloadCause.HTTP_SD, TWO.decode())]
    assert world.discovery.missing() is None
    assert world.shown() == {"success": 1, "last_success_timestamp_seconds": 1_700_000_000, "targets": 2}


def test_the_time_of_the_last_success_moves_with_each_good_answer(world: World) -> None:
    world.step()

    world.clock.move(60.0)
    world.step()

    assert world.shown()["last_success_timestamp_seconds"] == 1_700_000_060


def test_a_changed_list_is_taken_over(world: World) -> None:
    world.step()

    world.receiver.answer = THREE
    world.step()

    assert [text for _, text in world.reloads] == [TWO.decode(), THREE.decode()]
    assert world.shown()["targets"] == 3


def test_a_dead_server_is_asked_sooner_at_first_and_is_said_once(world: World) -> None:
    world.receiver.status = 503

    with capture_logs() as logs:
        pauses = [world.step() for _ in range(3)]

    assert pauses == pytest.approx([1.0, 2.0, 4.0])
    assert [line["event"] for line in logs] == ["no usable answer from http_sd_url"]
    assert world.discovery.missing() == (
        f"waiting for the list of targets at {world.config.http_sd.url}: it answers 503"
    )
    assert world.shown() == {"success": 0}


def test_a_server_that_fails_later_leaves_the_last_good_list(world: World) -> None:
    world.step()

    world.receiver.status = 503
    world.clock.move(60.0)
    with capture_logs() as failing:
        pause = world.step()
    seen = (world.shown(), world.discovery.missing(), world.discovery.problem())
    world.receiver.status = 200
    with capture_logs() as recovered:
        world.step()

    words = (
        f"the list of targets at {world.config.http_sd.url}: it answers 503; "
        "its last good answer counts, with 2 targets"
    )
    assert pause == pytest.approx(60.0)
    assert seen == (
        {"success": 0, "last_success_timestamp_seconds": 1_700_000_000, "targets": 2},
        None,
        words,
    )
    assert [(line["event"], line.get("why")) for line in failing] == [
        ("no usable answer from http_sd_url", words)
    ]
    assert [line["event"] for line in recovered] == ["http_sd_url answers again"]
    assert world.discovery.problem() is None
    assert len(world.reloads) == 1


def test_a_refused_list_is_tried_again_while_others_reload_with_the_last_good_one(world: World) -> None:
    world.step()

    world.receiver.answer, world.problems = THREE, ("http_sd_url: [2].url: is required",)
    world.step()
    world.step()
    during = (world.shown(), world.discovery.problem(), world.discovery.text(ReloadCause.FILE))
    world.problems = ()
    world.step()

    assert during[0]["success"] == 0
    assert during[0]["targets"] == 2
    assert during[1] is not None
    assert "a new list is refused for 1 problem" in during[1]
    assert during[2] == TWO.decode()
    assert [text for _, text in world.reloads] == [TWO.decode(), *[THREE.decode()] * 3]
    assert world.shown()["targets"] == 3


def test_a_refused_list_that_is_taken_back_is_no_problem_any_more(world: World) -> None:
    world.step()
    world.receiver.answer, world.problems = THREE, ("http_sd_url: [2].url: is required",)
    world.step()

    world.receiver.answer, world.problems = TWO, ()
    world.step()

    assert world.reloads[-1] == (ReloadCause.HTTP_SD, TWO.decode())
    assert world.discovery.problem() is None


def test_a_reload_of_another_cause_does_not_make_a_problem_of_the_list_disappear(world: World) -> None:
    world.step()
    world.receiver.status = 503
    world.step()

    world.configure(replace(world.config, discovered=1))

    assert world.discovery.problem() is not None
    assert world.shown()["success"] == 0


def test_while_another_reload_runs_the_list_is_tried_again_soon(world: World) -> None:
    world.is_busy = True

    pause = world.step()

    assert pause == pytest.approx(2.0)
    assert world.discovery.missing() is not None


def test_another_url_keeps_the_last_good_list_until_it_answers(world: World) -> None:
    world.step()
    world.receiver.status = 503
    world.step()

    world.configure(replace(world.config, http_sd=replace(world.config.http_sd, interval=5.0)))
    text, problem = world.discovery.text(ReloadCause.FILE), world.discovery.problem()
    pause = world.step()

    assert (text, problem) == (TWO.decode(), None)
    assert pause == pytest.approx(5.0)
    assert world.discovery.problem() is not None


def test_a_new_list_of_the_former_url_does_not_count_as_an_answer_of_the_new_one(world: World) -> None:
    world.step()
    moved = replace(world.config, http_sd=replace(world.config.http_sd, query=Secret("from=elsewhere")))

    # The reload that the list causes is the first one that reads the changed file.
    world.receiver.answer, world.config = THREE, moved
    world.clock.move(60.0)
    world.step()
    during = (world.discovery.text(ReloadCause.FILE), world.shown(), world.discovery._wake.is_set())
    world.step()

    assert during[0] == THREE.decode()  # its targets are polled already
    assert during[1] == {"success": 1, "last_success_timestamp_seconds": 1_700_000_000, "targets": 3}
    assert during[2]  # the new URL is requested at once
    assert world.shown()["last_success_timestamp_seconds"] == 1_700_000_060


def test_a_configuration_without_a_url_forgets_the_list(world: World) -> None:
    world.step()

    world.configure(replace(world.config, http_sd=HttpSd()))

    assert world.step() is None
    assert world.discovery.text(ReloadCause.FILE) is None
    assert (world.discovery.missing(), world.discovery.problem()) == (None, None)
    assert world.shown() == {}


def test_a_bug_ends_nothing_and_is_counted(world: World) -> None:
    def crash(_: ReloadCause) -> ReloadResult:
        raise RuntimeError("a bug")

    world.discovery._reload = crash
    with capture_logs() as logs:
        pause = world.discovery.step()

    assert pause == pytest.approx(1.0)
    assert world.shown() == {"success": 0}
    assert [line["log_level"] for line in logs] == ["error"]
    assert world.telemetry.crashes._value.get() == 1


def test_the_list_is_requested_at_once_after_a_reload_of_another_cause(world: World) -> None:
    world.discovery.start(world.reload)
    wait_for(lambda: len(world.receiver.heard), until=lambda heard: heard == 1)

    world.configure(world.config)
    heard = wait_for(lambda: len(world.receiver.heard), until=lambda heard: heard == 2)
    world.discovery.stop()

    assert heard == 2


def test_its_thread_takes_the_list_over_at_once_and_ends_when_it_is_told(world: World) -> None:
    taken = threading.Event()

    def reload(cause: ReloadCause) -> ReloadResult:
        result = world.reload(cause)
        taken.set()
        return result

    world.discovery.start(reload)
    was_taken = taken.wait(PATIENCE)
    world.discovery.stop()
    thread = world.discovery._thread
    assert thread is not None
    thread.join(PATIENCE)

    assert was_taken
    assert not thread.is_alive()
