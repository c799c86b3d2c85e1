"""The store: the newest of everything, nothing older than its limit, and every target always there."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.documents import counter, gauge, histogram, pair, sample, translate, web
from tests.metrics.reading_back import read_openmetrics
from tests.running.examples import examples
from waexporter.health.on_premises import CONNECTING_TOO_LONG
from waexporter.metrics.page import compose
from waexporter.model import (
    Account,
    Credentials,
    Drop,
    Endpoint,
    Failure,
    Gateway,
    Health,
    Instant,
    Part,
    PollPlan,
    Reading,
    Reason,
    Secret,
    State,
    Status,
    Success,
    Target,
)
from waexporter.polling.state import lifetime
from waexporter.polling.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.polling.state import TargetState

HEALTH, APP, WEB, DB = Endpoint.HEALTH, Endpoint.APP, Endpoint.WEB, Endpoint.DB
PLANS = {
    HEALTH: PollPlan(30.0, 10.0),
    APP: PollPlan(15.0, 10.0),
    WEB: PollPlan(15.0, 10.0),
    DB: PollPlan(300.0, 60.0),
}
TARGET = Target("t", "http://t", plans=PLANS)
COMMON = (("target", "t"),)
WALL = 1_700_000_000.0


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.steady = 1000.0

    def __call__(self) -> Instant:
        return Instant(WALL + self.steady, self.steady)

    def move(self, seconds: float) -> None:
        self.steady += seconds


@dataclass
class World:
    """A store of one target, and the clock it lives by."""

    store: Store
    clock: Clock

    def put(
        self, endpoint: Endpoint, outcome: Success | Failure, account: Account | None = None
    ) -> TargetState:
        reading = Reading("t", endpoint, self.clock(), 0.1, outcome, account or Account())
        step = self.store.put(reading)
        assert step is not None
        return step[1]

    def state(self) -> TargetState:
        return self.store.snapshot().states[0]

    def lines(self) -> list[str]:
        snapshot = self.store.snapshot()
        return [
            line
            for state in snapshot.states
            for fragment in state.fragments(snapshot.at.steady)
            for line in fragment.lines.decode().splitlines()
        ]


@pytest.fixture
def world() -> World:
    return a_world()


def a_world(target: Target = TARGET) -> World:
    clock = Clock()
    return World(Store([target], clock), clock)


def health(status: Status = Status.CONNECTED) -> Success:
    return Success(document=Health((Gateway("", "", status),), clustered=False, version="v2.45.1"))


def coreapps(*statuses: Status) -> Success:
    gateways = tuple(Gateway(f"core{place}", "coreapp", status) for place, status in enumerate(statuses))
    return Success(document=Health(gateways, clustered=True))


def app(value: int = 1, name: str = "x") -> Success:
    return translate({name: gauge(sample(value))}, APP, common=COMMON)


def failure(reason: Reason = Reason.UNREACHABLE) -> Failure:
    return Failure(reason, "words")


# --- before anything ---------------------------------------------------------------------------


def test_every_target_has_a_verdict_and_is_not_up_before_the_first_poll(world: World) -> None:
    lines = world.lines()

    assert 'whatsapp_up{target="t"} 0' in lines
    assert 'whatsapp_verdict{target="t",verdict="unknown"} 1' in lines
    assert 'whatsapp_problem{target="t",problem="not_polled"} 1' in lines


def test_every_counter_of_every_endpoint_is_at_nothing_before_the_first_poll(world: World) -> None:
    lines = world.lines()

    for endpoint in PLANS:
        assert f'waexporter_polls_total{{target="t",collector="{endpoint}"}} 0' in lines
        for reason in Reason:
            series = (
                f'waexporter_poll_failures_total{{target="t",collector="{endpoint}",reason="{reason}"}} 0'
            )
            assert series in lines


def test_what_is_not_polled_has_no_counters() -> None:
    world = a_world(replace(TARGET, plans={APP: PLANS[APP]}))

    lines = world.lines()

    assert not any('endpoint="health"' in line for line in lines)
    assert 'whatsapp_up{target="t"} 0' in lines


def test_targets_stay_in_configured_order() -> None:
    targets = [replace(TARGET, name=name) for name in ("b", "a", "c")]

    store = Store(targets, Clock())

    assert [state.target.name for state in store.snapshot().states] == ["b", "a", "c"]
    assert store.names == {"a", "b", "c"}


# --- readings ----------------------------------------------------------------------------------


def test_a_reading_is_served_until_the_next_one_of_its_endpoint(world: World) -> None:
    world.put(APP, app(1))
    world.put(APP, app(2, "y"))

    lines = world.lines()

    assert 'whatsapp_y{target="t"} 2' in lines
    assert not any(line.startswith("whatsapp_x{") for line in lines)


def test_a_failure_keeps_what_was_known_until_it_is_stale(world: World) -> None:
    world.put(APP, app(1))
    world.clock.move(15)
    world.put(APP, failure())

    before = world.lines()
    world.clock.move(30)
    after = world.lines()

    assert 'whatsapp_x{target="t"} 1' in before
    assert 'whatsapp_x{target="t"} 1' not in after


def test_an_answer_with_nothing_in_it_takes_back_what_was_there(world: World) -> None:
    world.put(APP, app(1))
    world.put(APP, Success())

    assert not any(line.startswith("whatsapp_x{") for line in world.lines())


@pytest.mark.parametrize("stale_after", [1.0, 3.0, 2.5])
def test_a_reading_vanishes_exactly_at_its_limit(stale_after: float) -> None:
    world = a_world(replace(TARGET, stale_after=stale_after))
    world.put(APP, app(1))
    limit = lifetime(world.state().target, APP)

    world.clock.move(limit - 0.001)
    just_before = world.lines()
    world.clock.steady = 1000.0 + limit
    at_the_limit = world.lines()

    assert limit == 15.0 * stale_after
    assert 'whatsapp_x{target="t"} 1' in just_before
    assert 'whatsapp_x{target="t"} 1' not in at_the_limit


def test_a_state_tells_until_when_it_may_be_served(world: World) -> None:
    world.put(APP, app(1))
    world.put(DB, translate({"d": gauge(sample(1))}, DB, common=COMMON))

    now = world.clock.steady

    assert world.state().fresh_until(now) == now + 45
    assert world.state().fresh_until(now + 45) == now + 900


def test_webapps_behind_one_address_keep_their_last_reading_until_it_is_stale(world: World) -> None:
    world.put(WEB, translate(web("a", 1), WEB, common=COMMON))
    world.clock.move(30)
    world.put(WEB, translate(web("b", 2), WEB, common=COMMON))

    both = [line for line in world.lines() if line.startswith("whatsapp_web_connections_total")]
    world.clock.move(15)
    one = [line for line in world.lines() if line.startswith("whatsapp_web_connections_total")]

    series = 'whatsapp_web_connections_total{target="t",node="%s"} %d'
    assert both == [series % ("a", 23781), series % ("b", 47562)]
    assert one == [series % ("b", 47562)]


def test_a_webapp_that_answers_again_replaces_its_own_reading(world: World) -> None:
    world.put(WEB, translate(web("a", 1), WEB, common=COMMON))
    world.put(WEB, translate(web("a", 2), WEB, common=COMMON))

    found = [line for line in world.lines() if line.startswith("whatsapp_web_connections_total")]
    assert found == ['whatsapp_web_connections_total{target="t",node="a"} 47562']


def test_a_family_whose_name_was_free_for_a_while_is_another_endpoints_by_then(world: World) -> None:
    said = {"x": gauge(sample(1))}
    world.put(APP, translate(said, APP, common=COMMON))
    world.clock.move(46)
    world.put(DB, translate({"x": gauge(sample(2))}, DB, common=COMMON))

    state = world.put(APP, translate(said, APP, common=COMMON))

    outcome = state.readings[APP].outcome
    assert isinstance(outcome, Success)
    assert outcome.dropped == ((Drop.CLASH, 1),)
    assert [line for line in world.lines() if line.startswith("whatsapp_x{")] == ['whatsapp_x{target="t"} 2']


def test_webapps_that_are_gone_are_forgotten(world: World) -> None:
    for number in range(100):
        world.put(WEB, translate(web(f"n{number}"), WEB, common=COMMON))
        world.clock.move(15)

    assert len(world.state().served) <= 4


# --- what shows only beside other readings -----------------------------------------------------


def test_a_family_that_another_endpoint_gives_is_left_out_and_counted(world: World) -> None:
    world.put(APP, translate({"x": gauge(sample(1), sample(2, a="1"))}, APP, common=COMMON))
    other = translate({"x": gauge(sample(3), sample(4, a="1")), "y": gauge(sample(5))}, DB, common=COMMON)

    state = world.put(DB, other)

    outcome = state.readings[DB].outcome
    assert isinstance(outcome, Success)
    assert (outcome.dropped, outcome.samples) == (((Drop.CLASH, 2),), 1)
    assert [line for line in world.lines() if line.startswith(("whatsapp_x{", "whatsapp_y{"))] == [
        'whatsapp_x{target="t",a=""} 1',
        'whatsapp_x{target="t",a="1"} 2',
        'whatsapp_y{target="t"} 5',
    ]
    assert 'waexporter_dropped_samples_total{target="t",collector="db",reason="clash"} 2' in world.lines()


def test_a_family_that_is_served_no_more_stands_in_nobodys_way(world: World) -> None:
    world.put(APP, app(1))
    world.clock.move(45)

    state = world.put(DB, translate({"x": gauge(sample(3))}, DB, common=COMMON))

    outcome = state.readings[DB].outcome
    assert isinstance(outcome, Success)
    assert outcome.dropped == ()
    assert 'whatsapp_x{target="t"} 3' in world.lines()


def test_a_family_that_is_documented_to_come_from_an_endpoint_stays_there() -> None:
    world = a_world()
    world.put(APP, translate({"db_contacts": counter(sample(7)), "x": gauge(sample(1))}, APP, common=COMMON))
    well_said = translate({"db_contacts": gauge(sample(5)), "x": gauge(sample(2))}, DB, common=COMMON)

    state = world.put(DB, well_said)
    again = world.put(APP, translate({"db_contacts": counter(sample(7))}, APP, common=COMMON))

    series = [line for line in world.lines() if line.startswith(("whatsapp_db_contacts", "whatsapp_x"))]
    assert series == ['whatsapp_db_contacts{target="t"} 5']
    app_outcome, db_outcome = state.readings[APP].outcome, state.readings[DB].outcome
    assert isinstance(app_outcome, Success)
    assert isinstance(db_outcome, Success)
    assert (app_outcome.samples, db_outcome.samples) == (1, 1)
    assert db_outcome.dropped == ((Drop.CLASH, 1),)  # x, which app gave first
    assert again.tallies[APP].dropped == (0, 0, 0, 0, 1, 0, 0)


SILENT: dict[str, tuple[Success, dict[str, object], tuple[str, ...]]] = {
    "both answer": (coreapps(Status.CONNECTED, Status.DISCONNECTED), {"core0": {}, "core1": {}}, ()),
    "one is left out": (coreapps(Status.CONNECTED, Status.DISCONNECTED), {"core0": {}}, ("core1",)),
    "one is dead": (coreapps(Status.CONNECTED, Status.UNREACHABLE), {"core0": {}}, ()),
    "all are left out": (coreapps(Status.CONNECTED, Status.DISCONNECTED), {}, ("core0", "core1")),
    "the answer is flat": (coreapps(Status.CONNECTED), {"x": gauge(sample(1))}, ()),
    "a single client": (health(), {}, ()),
}


@pytest.mark.parametrize(("said", "document", "silent"), SILENT.values(), ids=SILENT.keys())
def test_a_node_that_health_reaches_and_statistics_leave_out_is_silent(
    said: Success, document: dict[str, object], silent: tuple[str, ...]
) -> None:
    world = a_world()
    world.put(HEALTH, said)

    state = world.put(APP, translate(document, APP, common=COMMON))

    outcome = state.readings[APP].outcome
    assert isinstance(outcome, Success)
    words = [flaw.message for flaw in outcome.flaws if flaw.reason is Reason.STALE_NODE]
    assert words == (
        [f"left out of the answer, though /health reaches them: {', '.join(silent)}"] if silent else []
    )
    series = 'waexporter_poll_failures_total{target="t",collector="app",reason="stale_node"}'
    assert f"{series} {int(bool(silent))}" in world.lines()


def test_nodes_without_database_statistics_are_not_silent(world: World) -> None:
    world.put(HEALTH, coreapps(Status.CONNECTED, Status.DISCONNECTED))

    state = world.put(DB, translate({"core0": {}}, DB, common=COMMON))

    outcome = state.readings[DB].outcome
    assert isinstance(outcome, Success)
    assert outcome.flaws == ()


# --- verdicts ----------------------------------------------------------------------------------


def test_health_makes_a_verdict(world: World) -> None:
    state = world.put(HEALTH, health())

    assert (state.verdict.state, state.verdict.up) == (State.OK, True)
    assert 'whatsapp_up{target="t"} 1' in world.lines()
    assert 'whatsapp_api_info{target="t",version="v2.45.1",api_status=""} 1' in world.lines()


def test_a_verdict_turns_unknown_exactly_when_its_answer_is_stale(world: World) -> None:
    world.put(HEALTH, health())

    world.clock.move(89.999)
    fresh = world.state().verdict
    world.clock.steady = 1090.0
    stale = world.state().verdict

    assert (fresh.state, fresh.up) == (State.OK, True)
    assert (stale.state, stale.up, [each.slug for each in stale.problems]) == (
        State.UNKNOWN,
        False,
        ["stale"],
    )
    assert not any(
        line.startswith(("whatsapp_gateway_status", "whatsapp_api_info")) for line in world.lines()
    )


def test_too_many_requests_keep_the_verdict_until_it_is_stale(world: World) -> None:
    world.put(HEALTH, health())
    verdicts = []

    for _ in range(3):
        world.clock.move(30)
        world.put(HEALTH, failure(Reason.RATE_LIMITED))
        verdicts.append((world.state().verdict.state, world.state().verdict.up))

    assert verdicts == [(State.OK, True), (State.OK, True), (State.UNKNOWN, False)]


def test_while_a_client_is_spared_its_verdict_rests_on_the_answer_that_asked_for_it(world: World) -> None:
    limited = failure(Reason.RATE_LIMITED)
    state = world.put(HEALTH, limited)
    asked_at, counted = world.clock(), state.tallies[HEALTH]

    for _ in range(10):
        world.clock.move(30)
        world.store.put(Reading("t", HEALTH, world.clock(), 0.1, limited, asked_at=asked_at))

    after = world.state()
    assert [each.slug for each in after.verdict.problems] == ["rate_limited"]
    assert after.verdict.state is State.UNKNOWN
    assert after.tallies[HEALTH] == counted


def test_a_failure_that_is_old_says_no_more_than_that_nothing_is_known(world: World) -> None:
    world.put(HEALTH, failure(Reason.UNREACHABLE))

    world.clock.move(89.999)
    fresh = world.state().verdict
    world.clock.steady = 1090.0
    stale = world.state().verdict

    assert fresh.state is State.DOWN
    assert (stale.state, [each.slug for each in stale.problems]) == (State.UNKNOWN, ["stale"])


def test_a_failure_outlives_the_answer_before_it(world: World) -> None:
    world.put(HEALTH, health())
    world.clock.move(60)
    world.put(HEALTH, failure(Reason.UNREACHABLE))

    world.clock.move(31)

    assert world.state().verdict.state is State.DOWN


def test_connecting_becomes_too_long_by_time_alone() -> None:
    plans = {**PLANS, HEALTH: PollPlan(300.0, 10.0)}
    world = a_world(replace(TARGET, plans=plans))
    world.put(HEALTH, health(Status.CONNECTING))

    world.clock.move(CONNECTING_TOO_LONG - 1)
    before = {each.slug for each in world.state().verdict.problems}
    world.clock.move(1)
    after = {each.slug for each in world.state().verdict.problems}

    assert before == {"connecting"}
    assert after == {"connecting", "connecting_too_long"}


def test_another_endpoint_does_not_change_the_verdict(world: World) -> None:
    world.put(HEALTH, health())

    state = world.put(APP, failure())

    assert state.verdict.state is State.OK


def test_logins_are_shown_where_there_is_a_password_to_log_in_with() -> None:
    target = replace(TARGET, auth=Credentials(username="u", password=Secret("s3cret")))
    world = a_world(target)

    world.put(APP, Success(), Account((("ok", 2),), token_expires=1.8e9))
    lines = world.lines()

    assert 'waexporter_logins_total{target="t",result="ok"} 2' in lines
    assert 'whatsapp_token_expiry_timestamp_seconds{target="t"} 1800000000.0' in lines
    assert not any(line.startswith("waexporter_logins") for line in a_world().lines())


def test_configured_labels_are_on_what_is_said_of_the_client_and_not_of_its_polls() -> None:
    world = a_world(replace(TARGET, labels=(("region", "eu"),)))
    world.put(HEALTH, health())

    lines = world.lines()

    assert all('{target="t",region="eu"' in line for line in lines if line.startswith("whatsapp_"))
    assert not any("region" in line for line in lines if line.startswith("waexporter_"))


# --- counting and versions ---------------------------------------------------------------------


def test_polls_are_counted(world: World) -> None:
    world.put(APP, app())
    world.put(APP, failure(Reason.TIMEOUT))
    world.store.count_missed(world.store.state("t").target, APP, 3)

    lines = world.lines()

    assert 'waexporter_polls_total{target="t",collector="app"} 2' in lines
    assert 'waexporter_poll_success{target="t",collector="app"} 0' in lines
    assert 'waexporter_poll_failures_total{target="t",collector="app",reason="timeout"} 1' in lines
    assert 'waexporter_polls_missed_total{target="t",collector="app"} 3' in lines


def test_a_version_stands_still_while_nothing_changes_and_moves_with_every_change(world: World) -> None:
    versions = [world.store.snapshot().version for _ in range(3)]
    world.put(HEALTH, health())
    versions.append(world.store.snapshot().version)
    world.store.count_missed(world.store.state("t").target, APP, 1)
    versions.append(world.store.snapshot().version)
    world.clock.move(90)
    versions.append(world.store.snapshot().version)
    versions.append(world.store.snapshot().version)

    changes = [old != new for old, new in pairwise(versions)]
    assert changes == [False, False, True, True, True, False]


# --- another fleet -----------------------------------------------------------------------------


def fleet(*names: str) -> tuple[Target, ...]:
    return tuple(Target(name, f"http://{name}", plans=PLANS) for name in names)


def test_of_a_target_that_is_as_it_was_all_that_is_known_stays() -> None:
    clock = Clock()
    store = Store(fleet("a", "b"), clock)
    store.put(Reading("a", HEALTH, clock(), 0.1, health()))
    known, version = store.state("a"), store.snapshot().version

    store.replace_targets(fleet("c", "a"))

    snapshot = store.snapshot()
    assert [state.target.name for state in snapshot.states] == ["c", "a"]
    assert snapshot.states[1] is known
    assert snapshot.version != version
    assert store.names == {"a", "c"}
    assert (store.verdict("b"), store.on_call_group("b")) == (None, None)


def test_a_target_that_is_another_one_begins_anew() -> None:
    clock = Clock()
    [one] = fleet("a")
    store = Store([one], clock)
    store.put(Reading("a", HEALTH, clock(), 0.1, health()))

    store.replace_targets([replace(one, shards=4)])

    assert (store.state("a").readings, store.state("a").verdict.state) == ({}, State.UNKNOWN)


def test_what_a_poll_comes_to_after_its_target_was_taken_out_is_never_its_successors() -> None:
    clock = Clock()
    [one], [same] = fleet("a"), fleet("a")
    store = Store([one], clock)
    reading = Reading("a", HEALTH, clock(), 0.1, health())

    store.replace_targets([])
    assert store.put(reading, one) is None
    store.replace_targets([same])  # equal to the first, but not the one that was polled

    assert store.put(reading, one) is None
    store.count_missed(one, HEALTH, 5)
    assert store.state("a").readings == {}
    assert store.state("a").tallies[HEALTH].missed == 0
    assert store.put(reading, same) is not None


# --- targets that disagree ---------------------------------------------------------------------


@dataclass
class Fleet:
    """A store of many targets."""

    store: Store
    clock: Clock

    def put(self, name: str, document: dict[str, object], endpoint: Endpoint = APP) -> None:
        outcome = translate(document, endpoint, common=(("target", name),))
        self.store.put(Reading(name, endpoint, self.clock(), 0.1, outcome))

    def series(self, prefix: str) -> list[str]:
        snapshot = self.store.snapshot()
        fragments = [each for state in snapshot.states for each in state.fragments(snapshot.at.steady)]
        page = b"".join(compose(fragments, openmetrics=True).chunks).decode()
        read_openmetrics(f"{page}# EOF\n")
        return [line for line in page.splitlines() if line.startswith(prefix)]

    def clashes(self, name: str, endpoint: Endpoint = APP) -> int:
        return self.store.state(name).tallies[endpoint].dropped[list(Drop).index(Drop.CLASH)]


def a_fleet(*names: str) -> Fleet:
    clock = Clock()
    return Fleet(Store(fleet(*names), clock), clock)


QUEUE = "callback_queue_size"
ODD: dict[str, dict[str, object]] = {
    "another type": {QUEUE: counter(sample(9))},
    "a histogram": {QUEUE: histogram({"+Inf": 9}, 9, 9)},
    "a name that is a sample's": {f"{QUEUE}_count": gauge(sample(9)), f"{QUEUE}_sum": gauge(sample(9))},
}
MANY = {
    "another type": {QUEUE: gauge(sample(1))},
    "a histogram": {QUEUE: gauge(sample(1))},
    "a name that is a sample's": {**pair(QUEUE, (1, 1, {}))},
}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("kind", ODD)
def test_the_odd_target_loses_its_family_as_its_own_drop_and_the_others_keep_theirs(
    kind: str, place: int
) -> None:
    names = ["b", "c"]
    names.insert(place, "odd")
    world, calm = a_fleet(*names), a_fleet("b", "c")

    for _ in range(2):
        for name in names:
            document = {**(ODD if name == "odd" else MANY)[kind], "x": gauge(sample(3))}
            world.put(name, document)
            if name != "odd":
                calm.put(name, document)

    mine = f"whatsapp_{QUEUE}"
    assert world.series(mine) == calm.series(mine) != []
    assert 'whatsapp_x{target="odd"} 3' in world.series("whatsapp_x{")
    assert world.clashes("odd") >= len(ODD[kind])
    assert (world.clashes("b"), world.clashes("c")) == (0, 0)
    assert {name for name, _ in world.store.snapshot().losers} <= {mine, f"{mine}_count", f"{mine}_sum"}


@pytest.mark.parametrize("said", [None, 5, "", "mystery", ["gauge"]], ids=repr)
def test_a_type_that_one_target_cannot_say_takes_nothing_from_anybody(said: object) -> None:
    world = a_fleet("a", "b", "c")

    world.put("a", {QUEUE: {**gauge(sample(1)), "type": said}})
    world.put("b", {QUEUE: gauge(sample(2))})
    world.put("c", {QUEUE: gauge(sample(3))})

    assert world.series("whatsapp_callback_queue_size") == [
        f'whatsapp_callback_queue_size{{target="{name}"}} {value}' for value, name in enumerate("abc", 1)
    ]
    assert [world.clashes(name) for name in "abc"] == [0, 0, 0]
    assert world.store.snapshot().losers == frozenset()


def test_a_new_type_that_most_say_wins_over_the_documented_one() -> None:
    world = a_fleet("old", "b", "c")
    for name in ("old", "b", "c", "old", "b"):
        world.put(name, {QUEUE: (gauge if name == "old" else counter)(sample(1))})

    assert world.series(f"whatsapp_{QUEUE}") == [
        f'whatsapp_{QUEUE}_total{{target="{name}"}} 1' for name in ("b", "c")
    ]
    assert world.clashes("old") == 1
    assert world.clashes("c") == 0


@pytest.mark.parametrize("end", ["stale", "taken out", "another one"])
def test_targets_that_are_not_served_any_more_claim_nothing(end: str) -> None:
    world = a_fleet("a", "b", "odd")
    for name in ("a", "b", "odd"):
        world.put(name, {QUEUE: (counter if name == "odd" else gauge)(sample(1))})
    assert world.clashes("odd") == 1

    if end == "stale":
        world.clock.move(45)
    elif end == "taken out":
        world.store.replace_targets([world.store.state("odd").target])
    else:
        targets = [state.target for state in world.store.states()]
        world.store.replace_targets([replace(target, shards=4) for target in targets[:2]] + targets[2:])
    world.put("odd", {QUEUE: counter(sample(2))})

    assert world.series(f"whatsapp_{QUEUE}") == [f'whatsapp_{QUEUE}_total{{target="odd"}} 2']
    assert world.store.snapshot().losers == frozenset()


def test_a_poll_that_ends_after_its_target_was_taken_out_claims_nothing() -> None:
    world = a_fleet("a", "b")
    [old, _] = [state.target for state in world.store.states()]
    outcome = translate({QUEUE: counter(sample(1))}, APP, common=(("target", "a"),))
    world.store.replace_targets(fleet("a", "b"))

    for _ in range(3):
        world.store.put(Reading("a", APP, world.clock(), 0.1, outcome), old)
    world.put("b", {QUEUE: gauge(sample(1))})
    world.store.replace_targets([])
    world.store.replace_targets(fleet("b"))

    assert world.store.snapshot().losers == frozenset()


def test_a_poll_that_ends_while_its_target_is_taken_out_claims_nothing() -> None:
    world = a_fleet("a", "b")
    [one, other] = [state.target for state in world.store.states()]
    said = translate({"x": counter(sample(1))}, APP, common=(("target", "a"),))

    class Interrupted(tuple[Part, ...]):
        """Parts whose reading replaces the targets of the store."""

        __slots__ = ()

        def __iter__(self) -> Iterator[Part]:
            world.store.replace_targets([other])
            return super().__iter__()

    outcome = replace(said, parts=Interrupted(said.parts))
    world.store.put(Reading("a", APP, world.clock(), 0.1, outcome), one)
    world.put("b", {"x": gauge(sample(2))})

    assert world.series("whatsapp_x") == ['whatsapp_x{target="b"} 2']
    assert world.clashes("b") == 0


def test_put_gives_the_state_before_and_after(world: World) -> None:
    step = world.store.put(Reading("t", HEALTH, world.clock(), 0.1, health()))

    assert step is not None
    before, after = step
    assert (before.verdict.state, after.verdict.state) == (State.UNKNOWN, State.OK)
    assert before.readings == {}


def test_one_target_may_be_looked_at_alone(world: World) -> None:
    world.put(HEALTH, health())

    assert world.store.state("t") is world.state()


@pytest.fixture
def _many_switches() -> Iterator[None]:
    """Switch threads as often as possible, so that a change without a lock is interrupted."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("_many_switches")
def test_polls_that_end_together_lose_nothing(world: World) -> None:
    begin = threading.Barrier(len(PLANS))

    def put_many(endpoint: Endpoint) -> None:
        begin.wait(60)
        for _ in range(100):
            world.put(endpoint, failure())

    threads = [threading.Thread(target=put_many, args=(endpoint,)) for endpoint in PLANS]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for endpoint in PLANS:
        assert f'waexporter_polls_total{{target="t",collector="{endpoint}"}} 100' in world.lines()


# --- whatever happens --------------------------------------------------------------------------

_outcomes = st.sampled_from(["success", "web a", "web b", "connecting", "failure", "limited"])
_steps = st.tuples(
    st.sampled_from(list(PLANS)), _outcomes, st.sampled_from([0.0, 0.5, 15.0, 29.5, 45.0, 90.0, 400.0])
)


def _outcome(endpoint: Endpoint, kind: str, serial: int) -> Success | Failure:
    if kind in {"failure", "limited"}:
        return failure(Reason.UNREACHABLE if kind == "failure" else Reason.RATE_LIMITED)
    if endpoint is HEALTH:
        return health(Status.CONNECTING if kind == "connecting" else Status.CONNECTED)
    labels = {"node": kind[-1]} if endpoint is WEB else {}
    return translate({f"{endpoint}_serial": counter(sample(serial, **labels))}, endpoint, common=COMMON)


@settings(max_examples=examples(150))
@given(st.lists(_steps, max_size=25))
def test_nothing_older_than_its_limit_is_ever_served(steps: list[tuple[Endpoint, str, float]]) -> None:
    world = a_world()
    born: dict[int, tuple[Endpoint, float]] = {}
    newest_health = -1e9

    for serial, (endpoint, kind, pause) in enumerate(steps):
        outcome = _outcome(endpoint, kind, serial)
        world.put(endpoint, outcome)
        born[serial] = (endpoint, world.clock.steady)
        if endpoint is HEALTH and isinstance(outcome, Success):
            newest_health = world.clock.steady
        world.clock.move(pause)

        lines = world.lines()
        for line in lines:
            if "_serial_total" in line:
                owner, at = born[int(line.rsplit(" ", 1)[1])]
                assert world.clock.steady - at < lifetime(TARGET, owner)
        is_up = 'whatsapp_up{target="t"} 1' in lines
        assert is_up or 'whatsapp_up{target="t"} 0' in lines
        assert not (is_up and world.clock.steady - newest_health >= lifetime(TARGET, HEALTH))
        assert sum(line.startswith("whatsapp_verdict{") and line.endswith(" 1") for line in lines) == 1
        assert len({line.rsplit(" ", 1)[0] for line in lines}) == len(lines)
        assert world.state().fresh_until(world.clock.steady) > world.clock.steady
