"""Polls on demand: shared with the timetable and other probes, spared where one was just made, bounded."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog.testing

from tests.e2e.waiting import wait_for
from tests.metrics.documents import gauge, sample, translate
from waexporter.model import (
    Canary,
    ClientSettings,
    Endpoint,
    Failure,
    Gateway,
    Health,
    Instant,
    PollPlan,
    Reading,
    Reason,
    Status,
    Success,
    Target,
)
from waexporter.polling.on_demand import OnDemandPolls, Probe
from waexporter.polling.state import MIN_POLL_AGE, probe_succeeded
from waexporter.polling.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE = 50.0  # seconds; waiting ends as soon as what is waited for happens
HEALTH, APP, DB, CANARY, SETTINGS = (
    Endpoint.HEALTH,
    Endpoint.APP,
    Endpoint.DB,
    Endpoint.CANARY,
    Endpoint.SETTINGS,
)
PLANS = {HEALTH: PollPlan(30.0, 10.0), APP: PollPlan(15.0, 10.0), DB: PollPlan(300.0, 60.0)}
TARGET = Target("t", "http://t", labels=(("region", "eu"),), plans=PLANS)
HEALTHY = Success(document=Health((Gateway("", "", Status.CONNECTED),), clustered=False))
WALL = 1_700_000_000.0


class World:
    """Targets whose polls end at once or when a test releases them, on a clock that stands still."""

    def __init__(self, *targets: Target, max_polls: int = 100) -> None:
        self.steady = 1000.0
        self.polls: list[tuple[str, Endpoint]] = []  # that began, in their order
        self.outcomes: dict[Endpoint, Success | Failure] = {
            HEALTH: HEALTHY,
            APP: app(1),
            DB: app(1, "in_db", DB),
            CANARY: Success(document=Canary(0.5)),
            SETTINGS: Success(document=ClientSettings()),
        }
        self.held: dict[Endpoint, threading.Event] = {}  # polls of these wait
        self.store = Store(targets or (TARGET,), self.clock)
        self.on_demand = OnDemandPolls(self.store, self.clock, max_polls)
        self.timed = {
            (target.name, endpoint): self.on_demand.register(
                target.name, endpoint, self._poll(target.name, endpoint)
            )
            for target in targets or (TARGET,)
            for endpoint in target.plans
        }

    def clock(self) -> Instant:
        return Instant(WALL + self.steady, self.steady)

    def _poll(self, target: str, endpoint: Endpoint) -> Callable[[], None]:
        def poll() -> None:
            self.polls.append((target, endpoint))
            if endpoint in self.held:
                assert self.held[endpoint].wait(DEADLINE)
            self.store.put(Reading(target, endpoint, self.clock(), 0.25, self.outcomes[endpoint]))

        return poll

    def hold(self, *endpoints: Endpoint) -> None:
        self.held |= {endpoint: threading.Event() for endpoint in endpoints}

    def let_go(self) -> None:
        for event in self.held.values():
            event.set()

    def run_timetable(self) -> None:
        for run in self.timed.values():
            run()

    def begin(self, name: str = "t") -> Probe:
        probe = self.on_demand.probe(name)
        assert probe is not None
        return probe

    def probe(self, name: str = "t") -> list[str]:
        """Probe to the end; return the lines."""
        probe = self.begin(name)
        assert not wait(probe.polls, DEADLINE).not_done
        return self.lines(probe)

    def lines(self, probe: Probe) -> list[str]:
        state, now = self.on_demand.current_state(probe)
        lines = b"".join(fragment.lines for fragment in state.fragments(now.steady))
        return lines.decode().splitlines()

    def has_answered(self, probe: Probe) -> bool:
        return probe_succeeded(self.on_demand.current_state(probe)[0])


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.let_go()


def waiters(poll: Future[None]) -> int:
    """Count the threads that already wait for a poll; this is not public."""
    return len(poll._condition._waiters)  # type: ignore[attr-defined] # of the standard library


def app(value: int, name: str = "x", endpoint: Endpoint = APP) -> Success:
    return translate({name: gauge(sample(value))}, endpoint, common=(("target", "t"),))


def success(endpoint: Endpoint) -> str:
    return f'waexporter_poll_success{{target="t",collector="{endpoint}"}}'


# --- what is polled ----------------------------------------------------------------------------


def test_a_probe_polls_every_endpoint_once(world: World) -> None:
    lines = world.probe()

    assert sorted(world.polls) == sorted(("t", endpoint) for endpoint in PLANS)
    assert 'whatsapp_up{target="t",region="eu"} 1' in lines
    assert 'whatsapp_x{target="t"} 1' in lines
    assert {f"{success(endpoint)} 1" for endpoint in PLANS} <= set(lines)


def test_what_a_probe_polled_is_known_to_everybody(world: World) -> None:
    world.probe()

    state = world.store.snapshot().states[0]

    assert set(state.readings) == set(PLANS)
    assert state.verdict.up
    assert state.tallies[APP].polls == 1


def test_a_probe_polls_its_target_alone() -> None:
    world = World(TARGET, replace(TARGET, name="other"))

    lines = world.probe("other")

    assert {target for target, _ in world.polls} == {"other"}
    assert not any('target="t"' in line for line in lines if line.startswith(("waexporter_", "whatsapp_up")))


def test_endpoints_are_polled_at_the_same_time(world: World) -> None:
    world.hold(*PLANS)

    world.begin()

    assert wait_for(lambda: len(world.polls), until=lambda count: count == len(PLANS))


@pytest.mark.parametrize(
    ("endpoint", "age", "is_polled"),
    [
        (HEALTH, MIN_POLL_AGE - 0.1, False),
        (HEALTH, MIN_POLL_AGE, True),
        (APP, MIN_POLL_AGE - 0.1, False),
        (APP, MIN_POLL_AGE, True),
        # The timetable's own reading is good until it is stale.
        (DB, 899.9, False),
        (DB, 900.0, True),
    ],
)
def test_what_was_just_polled_is_spared(
    world: World,
    endpoint: Endpoint,
    age: float,
    is_polled: bool,  # noqa: FBT001 - a row
) -> None:
    world.timed["t", endpoint]()
    world.polls.clear()
    world.steady += age

    lines = world.probe()

    assert (("t", endpoint) in world.polls) == is_polled
    assert f"{success(endpoint)} 1" in lines


def test_what_is_polled_more_often_than_that_is_spared_no_longer_than_its_interval() -> None:
    world = World(replace(TARGET, plans={HEALTH: PollPlan(1.0, 1.0)}))
    world.run_timetable()

    world.steady += 0.9
    world.probe()
    world.steady += 0.1
    world.probe()

    assert len(world.polls) == 2


@pytest.mark.parametrize("interval", [6.0, 11.0, 12.0, 13.0, 15.0, 20.0, 23.0, 24.0, 30.0, 300.0])
@pytest.mark.parametrize("every", [0.5, 3.0, 12.5])
def test_however_many_probes_come_health_is_asked_within_its_limit(interval: float, every: float) -> None:
    world = World(replace(TARGET, plans={HEALTH: PollPlan(interval, 1.0)}))
    began: list[float] = []
    due = probed = world.steady

    while world.steady < 1000 + 600:
        count = len(world.polls)
        if world.steady >= due:
            world.timed["t", HEALTH]()
            due += interval
        if world.steady >= probed:
            world.probe()
            probed += every
        began += [world.steady] * (len(world.polls) - count)
        world.steady += 0.5

    assert max(sum(at <= each < at + 60 for each in began) for at in began) <= 10


def test_a_canary_is_sent_no_more_often_than_configured() -> None:
    world = World(replace(TARGET, plans={CANARY: PollPlan(60.0, 10.0)}))

    for _ in range(30):
        world.probe()
        world.steady += 5

    assert len(world.polls) == 1


# --- what is shared ----------------------------------------------------------------------------


def test_probes_that_come_together_share_one_poll(world: World) -> None:
    world.hold(HEALTH, APP)

    with ThreadPoolExecutor(20) as pool:
        probes = list(pool.map(lambda _: world.begin(), range(20)))
    world.let_go()
    for probe in probes:
        assert not wait(probe.polls, DEADLINE).not_done

    assert len(world.polls) == len(PLANS)
    assert {tuple(world.lines(probe)) for probe in probes} == {tuple(world.lines(probes[0]))}


def test_a_probe_waits_for_the_poll_that_the_timetable_has_under_way(world: World) -> None:
    world.hold(APP)
    timetable = threading.Thread(target=world.timed["t", APP])
    timetable.start()
    wait_for(lambda: world.polls)

    probe = world.begin()
    world.let_go()
    wait(probe.polls, DEADLINE)
    timetable.join(DEADLINE)

    assert world.polls.count(("t", APP)) == 1
    assert 'whatsapp_x{target="t"} 1' in world.lines(probe)


def test_a_poll_that_is_due_while_a_probe_makes_it_is_that_one(world: World) -> None:
    world.hold(APP)
    probe = world.begin()
    wait_for(lambda: ("t", APP) in world.polls)

    timetable = threading.Thread(target=world.timed["t", APP])
    timetable.start()
    under_way = probe.polls[list(PLANS).index(APP)]
    is_waiting = wait_for(lambda: waiters(under_way)) == 1
    world.let_go()
    timetable.join(DEADLINE)

    assert is_waiting
    assert not timetable.is_alive()
    assert not wait(probe.polls, DEADLINE).not_done
    assert world.polls.count(("t", APP)) == 1


def test_a_poll_that_is_due_after_a_probe_is_made_all_the_same(world: World) -> None:
    world.probe()
    world.polls.clear()

    world.run_timetable()

    assert sorted(world.polls) == sorted(("t", endpoint) for endpoint in PLANS)


# --- what is shown -----------------------------------------------------------------------------


def test_what_has_not_answered_is_absent_and_said_to_have_failed(world: World) -> None:
    world.run_timetable()
    world.steady += 20
    world.hold(APP)
    probe = world.begin()
    wait_for(lambda: sum(poll.done() for poll in probe.polls) == 1)
    world.steady += 9.5

    lines = world.lines(probe)
    elsewhere = [
        line
        for fragment in world.store.state("t").fragments(world.steady)
        for line in fragment.lines.decode().splitlines()
    ]

    assert not any(line.startswith("whatsapp_x") for line in lines)
    assert f"{success(APP)} 0" in lines
    assert 'waexporter_poll_duration_seconds{target="t",collector="app"} 9.5' in lines
    assert f"{success(HEALTH)} 1" in lines
    # The poll goes on, and nobody else is told that it failed; a counter never goes back.
    assert 'waexporter_polls_total{target="t",collector="app"} 1' in lines
    assert 'waexporter_poll_failures_total{target="t",collector="app",reason="timeout"} 0' in lines
    assert f"{success(APP)} 1" in elsewhere
    assert 'whatsapp_x{target="t"} 1' in elsewhere


def test_a_client_whose_health_has_not_answered_is_not_up_for_this_probe_alone(world: World) -> None:
    world.run_timetable()
    world.steady += 20
    world.hold(HEALTH)
    probe = world.begin()
    world.steady += 9.5

    lines = world.lines(probe)

    assert 'whatsapp_up{target="t",region="eu"} 0' in lines
    assert 'whatsapp_verdict{target="t",region="eu",verdict="unknown"} 1' in lines
    assert 'whatsapp_problem{target="t",region="eu",problem="timeout"} 1' in lines
    assert not world.has_answered(probe)
    assert world.store.state("t").verdict.up


def test_what_came_too_late_for_a_probe_serves_the_next_one(world: World) -> None:
    world.hold(APP)
    late = world.begin()
    world.steady += 9.5
    shown = world.lines(late)
    world.let_go()
    wait(late.polls, DEADLINE)
    count = len(world.polls)

    lines = world.probe()

    assert not any(line.startswith("whatsapp_x") for line in shown)
    assert 'whatsapp_x{target="t"} 1' in lines
    assert world.polls[count:] == []


def test_what_failed_is_absent_though_an_older_reading_is_still_good_elsewhere(world: World) -> None:
    world.run_timetable()
    world.steady += 20
    world.outcomes[APP] = Failure(Reason.STATUS, "500")

    probe = world.begin()
    wait(probe.polls, DEADLINE)
    lines = world.lines(probe)

    assert not any(line.startswith("whatsapp_x") for line in lines)
    assert f"{success(APP)} 0" in lines
    assert 'waexporter_poll_failures_total{target="t",collector="app",reason="status"} 1' in lines
    assert world.has_answered(probe)


def test_a_probe_is_a_failure_when_health_is(world: World) -> None:
    world.outcomes[HEALTH] = Failure(Reason.UNREACHABLE, "refused")

    probe = world.begin()
    wait(probe.polls, DEADLINE)

    assert not world.has_answered(probe)
    assert 'whatsapp_verdict{target="t",region="eu",verdict="down"} 1' in world.lines(probe)


@pytest.mark.parametrize(
    ("outcome", "is_success"), [(app(1), True), (Failure(Reason.TLS, "words"), False)], ids=["well", "not"]
)
def test_where_health_is_not_polled_anything_that_answers_is_a_success(
    outcome: Success | Failure,
    is_success: bool,  # noqa: FBT001 - a row
) -> None:
    world = World(replace(TARGET, plans={APP: PLANS[APP], SETTINGS: PollPlan(300.0, 10.0)}))
    world.outcomes |= {APP: outcome, SETTINGS: Failure(Reason.REFUSED, "words")}

    probe = world.begin()
    wait(probe.polls, DEADLINE)

    assert world.has_answered(probe) == is_success


def test_a_verdict_remembers_since_when_it_holds(world: World) -> None:
    world.run_timetable()
    since = world.store.state("t").verdict.since
    world.steady += 20

    probe = world.begin()
    wait(probe.polls, DEADLINE)

    assert world.on_demand.current_state(probe)[0].verdict.since == since


# --- bounds ------------------------------------------------------------------------------------


def test_clients_that_hang_use_up_the_probes_and_nothing_else() -> None:
    targets = [replace(TARGET, name=name) for name in ("hangs", "t")]
    world = World(*targets, max_polls=len(PLANS) + 1)
    world.hold(*PLANS)
    first = world.begin("hangs")

    refused = world.on_demand.probe("t")
    again = world.begin("hangs")  # needs no thread
    world.let_go()
    wait(first.polls, DEADLINE)
    after = wait_for(lambda: world.on_demand.probe("t"))

    assert refused is None
    assert again.polls == first.polls
    assert len(after.polls) == len(PLANS) if after else False


def test_the_timetable_needs_no_thread_of_the_probes() -> None:
    world = World(TARGET, replace(TARGET, name="hangs"), max_polls=len(PLANS))
    world.hold(HEALTH)
    world.begin("hangs")

    world.timed["t", APP]()

    assert ("t", APP) in world.polls
    world.let_go()


def test_a_poll_that_crashes_ends_for_everybody_and_is_made_again(world: World) -> None:
    def crash() -> None:
        raise RuntimeError("a bug")

    run = world.on_demand.register("t", APP, crash)

    with structlog.testing.capture_logs() as logs:
        probe = world.begin()
        assert not wait(probe.polls, DEADLINE).not_done
        wait_for(lambda: logs)
    with pytest.raises(RuntimeError, match="a bug"):
        run()

    assert [entry["event"] for entry in logs] == ["a poll crashed; this is a bug of waexporter"]
    assert f"{success(APP)} 0" in world.lines(probe)


def test_nobody_who_waits_cancels_a_poll(world: World) -> None:
    world.hold(APP)

    probe = world.begin()

    assert not any(poll.cancel() for poll in probe.polls)


def test_where_no_thread_is_to_be_had_the_polls_are_left_to_the_timetable() -> None:
    threads: list[Callable[[], None]] = []

    def start_thread(run: Callable[[], None]) -> None:
        if threads:
            raise RuntimeError("can't start new thread")
        threads.append(run)

    world = World()
    world.on_demand = OnDemandPolls(world.store, world.clock, max_polls=len(PLANS), start_thread=start_thread)
    timed = {
        endpoint: world.on_demand.register("t", endpoint, world._poll("t", endpoint)) for endpoint in PLANS
    }

    refused = world.on_demand.probe("t")
    threads.pop()()
    for run in timed.values():
        run()
    world.steady += MIN_POLL_AGE
    again = world.on_demand.probe("t")

    assert refused is None
    assert again is None
    assert len(world.polls) == 1 + len(PLANS)


def test_a_target_that_is_taken_out_is_no_longer_probed(world: World) -> None:
    world.on_demand.forget("t")
    changing = world.on_demand.probe("t")
    world.store.replace_targets(())
    gone = world.on_demand.probe("t")

    assert (changing, gone, world.polls) == (None, None, [])


@pytest.mark.parametrize("after", [(), (replace(TARGET, url="http://other"),)], ids=["removed", "changed"])
def test_what_is_polled_for_a_former_target_counts_for_nobody(
    world: World, after: tuple[Target, ...]
) -> None:
    world.hold(APP)
    probe = world.begin()

    world.on_demand.forget("t")
    world.store.replace_targets(after)
    world.let_go()
    assert not wait(probe.polls, DEADLINE).not_done

    assert f"{success(HEALTH)} 0" in world.lines(probe)
    assert not world.has_answered(probe)
