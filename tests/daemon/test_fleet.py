"""The fleet that is polled: what a poll leads to, and what a change of the fleet leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest
from structlog.testing import capture_logs

from waexporter.config import compare
from waexporter.daemon.fleet import Fleet
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import (
    ClientSettings,
    Config,
    Credentials,
    Endpoint,
    Failure,
    PollPlan,
    Reading,
    Reason,
    Secret,
    Success,
    Target,
    Tls,
    now,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.polling.poller import Poller

PLANS = {Endpoint.SETTINGS: PollPlan(365 * 86_400.0, 1.0)}  # the first poll is a matter of days
NOWHERE = "http://127.0.0.1:9"
SETTINGS = Success(document=ClientSettings(on_call_pager="1-2"))


class FakePoller:
    """Polls nothing: gives what it was told to, or raises it."""

    endpoint = Endpoint.SETTINGS

    def __init__(self, target: Target, outcome: Success | Exception) -> None:
        self.target = target
        self.outcome = outcome

    def poll(self) -> Reading:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return Reading(self.target.name, self.endpoint, now(), 0.1, self.outcome)

    def crashed_reading(self, crash: Exception) -> Reading:
        return Reading(self.target.name, self.endpoint, now(), 0.0, Failure(Reason.BODY, str(crash)))


class World:
    """A fleet that polls nothing by itself as long as a test lasts."""

    def __init__(self, *targets: Target) -> None:
        self.config = Config(targets)
        self.telemetry = Telemetry()
        self.groups: list[tuple[str, str]] = []
        self.fleet = Fleet(self.config, self.telemetry, now)

    def start(self) -> None:
        self.fleet.start(self.config, [], lambda target, group: self.groups.append((target, group)))

    def change(self, *targets: Target, elsewhere: Mapping[str, int] | None = None) -> None:
        config = replace(self.config, targets=targets, elsewhere=elsewhere or {})
        difference = compare(self.config, config)
        self.fleet.reconfigure(config, difference, self.fleet.make_clients(config, difference.to_start))
        self.config = config

    def poll(self, target: Target, outcome: Success | Exception) -> None:
        self.fleet._poll(cast("Poller", FakePoller(target, outcome)))

    def stop(self) -> None:
        self.fleet.stop()
        self.fleet.log_out()


def a_target(name: str, **more: object) -> Target:
    return Target(name, NOWHERE, plans=PLANS, **more)  # type: ignore[arg-type]


@pytest.fixture
def world() -> Iterator[World]:
    made = World(a_target("one"), a_target("two"))
    made.start()
    yield made
    made.stop()


def test_the_group_of_the_settings_is_handed_on(world: World) -> None:
    world.poll(world.fleet.clients["one"].target, SETTINGS)

    assert world.groups == [("one", "1-2")]


def test_a_poll_that_crashes_is_a_failed_poll_counted_each_time_and_told_once(world: World) -> None:
    target = world.fleet.clients["one"].target

    with capture_logs() as logs:
        for _ in range(3):
            world.poll(target, ZeroDivisionError("a bug"))

    assert world.telemetry.crashes._value.get() == 3
    assert [line["event"] for line in logs if "exc_info" in line] == [
        "a poll crashed; this is a bug of waexporter"
    ]
    assert isinstance(world.fleet.store.state("one").readings[Endpoint.SETTINGS].outcome, Failure)


def test_what_a_poll_of_a_former_target_comes_to_leads_to_nothing(world: World) -> None:
    former, gone = (world.fleet.clients[name].target for name in ("one", "two"))
    world.change(a_target("one", shards=4))

    with capture_logs() as logs:
        world.poll(former, SETTINGS)
        world.poll(gone, SETTINGS)
        world.poll(gone, ZeroDivisionError("of a connection that was closed"))

    assert (logs, world.groups) == ([], [])
    assert world.fleet.store.state("one").readings == {}
    assert world.fleet.store.names == {"one"}


def test_clients_are_kept_made_and_dropped_as_their_targets_are(world: World) -> None:
    before = dict(world.fleet.clients)

    world.change(a_target("three"), a_target("two"), a_target("one", shards=4))

    after = world.fleet.clients
    assert set(after) == {"one", "two", "three"}
    assert after["two"] is before["two"]
    assert after["one"] is not before["one"]
    assert [state.target.name for state in world.fleet.store.states()] == ["three", "two", "one"]


def test_a_target_whose_secrets_were_rotated_has_another_client_and_the_same_state(world: World) -> None:
    rotated = a_target("one", auth=Credentials(api_key=Secret("new")))
    world.change(replace(rotated, auth=Credentials(api_key=Secret("old"))), a_target("two"))
    world.poll(world.fleet.clients["one"].target, SETTINGS)
    state = world.fleet.store.state("one")
    former = world.fleet.clients["one"]

    world.change(rotated, a_target("two"))
    with capture_logs() as logs:
        world.poll(former.target, ZeroDivisionError("of a connection that was closed"))

    after = world.fleet.store.state("one")
    assert world.fleet.clients["one"] is not former
    assert world.fleet.clients["one"].target is after.target is rotated
    assert (after.readings, after.tallies, after.verdict) == (state.readings, state.tallies, state.verdict)
    assert logs == []
    world.poll(rotated, SETTINGS)
    assert world.fleet.store.state("one").tallies[Endpoint.SETTINGS].polls == 2


def test_a_certificate_that_is_not_verified_is_said_of_each_target_that_begins_to_be_polled() -> None:
    insecure = Tls(insecure_skip_verify=True)
    world = World(a_target("one", tls=insecure))

    with capture_logs() as logs:
        world.start()
        world.change(a_target("one", tls=insecure), a_target("two", tls=insecure))
    world.stop()

    assert [line["target"] for line in logs if "NOT VERIFIED" in line["event"]] == ["one", "two"]


def test_a_fleet_that_is_not_polled_can_not_change() -> None:
    world = World(a_target("one"))

    with pytest.raises(RuntimeError, match="before it is polled"):
        world.change(a_target("two"))

    world.stop()


def test_a_reload_replaces_the_targets_of_other_shards(world: World) -> None:
    assert world.fleet.members.elsewhere == {}

    world.change(a_target("one"), elsewhere={"three": 1})

    assert world.fleet.members.elsewhere == {"three": 1}
