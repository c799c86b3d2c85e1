"""What the web layer is given: pages made once per change, never too old, and whether all is well."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.documents import counter, gauge, sample, translate
from tests.metrics.reading_back import read_openmetrics, read_text
from tests.running.examples import examples
from waexporter.daemon.exporter import HEARTBEAT_LIMIT, Exporter, Heartbeat
from waexporter.daemon.shard_members import ShardMembers
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import (
    Endpoint,
    Failure,
    Gateway,
    Health,
    Instant,
    PollPlan,
    Reading,
    Reason,
    ReloadCause,
    Shard,
    State,
    Status,
    Success,
    Target,
)
from waexporter.polling.on_demand import OnDemandPolls
from waexporter.polling.store import Store
from waexporter.web.backend import NOT_APPLICABLE, OK, PENDING, PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.real.fixtures import RunTool

PLANS = {Endpoint.HEALTH: PollPlan(30.0, 10.0), Endpoint.APP: PollPlan(15.0, 10.0)}
TARGETS = tuple(Target(name, f"http://{name}", plans=PLANS) for name in ("one", "two"))
TEXT, OPENMETRICS = PageRequest(), PageRequest(openmetrics=True)
HEALTHY = Success(document=Health((Gateway("", "", Status.CONNECTED),), clustered=False))
WALL = 1_700_000_000.0


class World:
    """An exporter whose clock stands still until it is moved; `made` has the clashes of every page made."""

    def __init__(
        self,
        targets: tuple[Target, ...] = TARGETS,
        on_clashes: Callable[[tuple[str, ...]], None] | None = None,
    ) -> None:
        self.steady = 1000.0
        self.made: list[tuple[str, ...]] = []
        self.telemetry = Telemetry()
        self.store = Store(targets, self.clock)
        self.on_demand = OnDemandPolls(self.store, self.clock)
        self.heartbeat = Heartbeat(self.telemetry, self.clock)
        self.exporter = Exporter(
            self.store, self.on_demand, self.telemetry, self.heartbeat, on_clashes or self.made.append
        )

    def clock(self) -> Instant:
        return Instant(WALL + self.steady, self.steady)

    def put(self, target: str, endpoint: Endpoint, outcome: Success | Failure) -> None:
        self.store.put(Reading(target, endpoint, self.clock(), 0.25, outcome))

    def put_app(self, target: str, value: int = 1, kind: str = "gauge") -> None:
        metric = {"gauge": gauge, "counter": counter}[kind](sample(value))
        self.put(target, Endpoint.APP, translate({"x": metric}, common=(("target", target),)))

    def page(self, page_request: PageRequest = TEXT) -> str:
        page = b"".join(self.exporter.metrics(page_request))
        return (gzip.decompress(page) if page_request.gzip else page).decode()


@pytest.fixture
def world() -> World:
    return World()


# --- pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("openmetrics", [False, True])
@pytest.mark.parametrize(
    "names", [None, frozenset({"one"}), frozenset({"one", "two"}), frozenset({"nobody"})]
)
def test_a_page_is_the_same_compressed_and_not(
    world: World,
    openmetrics: bool,  # noqa: FBT001 - a row
    names: frozenset[str] | None,
) -> None:
    world.put_app("one")
    read = read_openmetrics if openmetrics else read_text

    plain, packed = (read(world.page(PageRequest(openmetrics, each, names))) for each in (False, True))

    # What is said of the process itself changes all the time.
    assert set(plain) == set(packed)
    assert {each: value for each, value in plain.items() if not each[0].startswith("process_")} == {
        each: value for each, value in packed.items() if not each[0].startswith("process_")
    }


def test_both_formats_hold_every_target_and_the_process() -> None:
    world = World()
    world.put_app("one", 7)

    text, strict = read_text(world.page(TEXT)), read_openmetrics(world.page(OPENMETRICS))

    assert set(text) == set(strict)
    assert text["whatsapp_x", frozenset({("target", "one")})] == 7
    assert text["whatsapp_up", frozenset({("target", "two")})] == 0
    assert text["waexporter_crashes_total", frozenset()] == 0


def test_promtool_finds_nothing_wrong_with_a_whole_page(promtool: RunTool, suite: str, world: World) -> None:
    world.put("one", Endpoint.HEALTH, HEALTHY)
    world.put("two", Endpoint.HEALTH, Failure(Reason.TIMEOUT, "words"))
    world.put_app("one")

    finding = promtool(suite, "check", "metrics", stdin=world.page().encode())

    assert (finding.status, finding.output) == (0, "")


def test_a_page_may_be_restricted_to_targets(world: World) -> None:
    world.put_app("one")
    world.put_app("two")

    of_one = read_text(world.page(PageRequest(targets=frozenset({"one"}))))

    targets = {dict(labels).get("target") for _, labels in of_one}
    assert targets == {"one", None}
    assert ("waexporter_crashes_total", frozenset()) in of_one


def test_a_restricted_page_is_not_kept_for_others(world: World) -> None:
    world.page(PageRequest(targets=frozenset({"one"})))

    assert 'whatsapp_up{target="two"} 0' in world.page()


def test_without_targets_there_is_still_a_page() -> None:
    world = World(())

    page = world.page(OPENMETRICS)

    assert "waexporter_build_info" in page
    assert read_openmetrics(page)


def test_a_large_page_comes_whole_whether_compressed_or_not() -> None:
    targets = tuple(Target(f"client-{number:03}", "http://t", plans=PLANS) for number in range(800))
    world = World(targets)

    plain, packed = (world.page(PageRequest(gzip=each)) for each in (False, True))

    assert len(plain) > 2 << 20
    assert len(read_text(plain)) == len(read_text(packed))


# --- made once per change ----------------------------------------------------------------------


def test_a_page_is_made_once_while_nothing_changes(world: World) -> None:
    for _ in range(3):
        world.page(PageRequest(gzip=True))
        world.page()

    assert len(world.made) == 1


def test_each_format_is_made_once(world: World) -> None:
    for _ in range(3):
        world.page(TEXT)
        world.page(OPENMETRICS)

    assert len(world.made) == 2


def test_a_page_is_made_anew_when_a_reading_comes(world: World) -> None:
    world.put_app("one", 1)
    world.page()
    world.put_app("one", 2)

    page = world.page()

    assert 'whatsapp_x{target="one"} 2' in page
    assert len(world.made) == 2


def test_a_page_is_made_anew_when_a_reading_goes_stale(world: World) -> None:
    world.put_app("one")
    fresh = world.page()
    world.steady += 44.9
    still_fresh = world.page()
    made = len(world.made)

    world.steady = 1045.0
    stale = world.page()

    assert 'whatsapp_x{target="one"} 1' in fresh
    assert 'whatsapp_x{target="one"} 1' in still_fresh
    assert 'whatsapp_x{target="one"}' not in stale
    assert (made, len(world.made)) == (1, 2)


def test_a_page_is_made_anew_when_a_verdict_goes_stale(world: World) -> None:
    world.put("one", Endpoint.HEALTH, HEALTHY)
    fresh = world.page()

    world.steady += 90
    stale = world.page()

    assert 'whatsapp_up{target="one"} 1' in fresh
    assert 'whatsapp_up{target="one"} 0' in stale


def test_scrapes_that_come_together_share_one_page() -> None:
    begun, second = threading.Event(), threading.Event()
    made: list[tuple[str, ...]] = []

    def note(clashes: tuple[str, ...]) -> None:
        made.append(clashes)
        (second if begun.is_set() else begun).set()
        second.wait(0.2)  # time for another scrape to begin a page of its own

    world = World(on_clashes=note)
    threads = [threading.Thread(target=world.page) for _ in range(2)]

    threads[0].start()
    begun.wait(60)
    threads[1].start()
    for thread in threads:
        thread.join()

    assert len(made) == 1


def test_the_process_is_described_anew_in_every_page(world: World) -> None:
    before = world.page()
    world.telemetry.crashes.inc()

    after = world.page()

    assert "waexporter_crashes_total 0.0" in before
    assert "waexporter_crashes_total 1.0" in after


# --- probes ------------------------------------------------------------------------------------


def probe(world: World, page_request: PageRequest, waited: float = 2.5) -> str:
    """Probe a target whose health is polled and whose statistics are not answered; gives the page."""
    world.on_demand.register("one", Endpoint.HEALTH, lambda: world.put("one", Endpoint.HEALTH, HEALTHY))
    world.on_demand.register("one", Endpoint.APP, lambda: None)
    begun = world.exporter.probe("one")
    assert begun is not None
    wait(begun.polls, 50)
    world.steady += waited
    page = b"".join(world.exporter.probe_page(begun, page_request))
    return (gzip.decompress(page) if page_request.gzip else page).decode()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("openmetrics", [False, True])
def test_a_probe_gives_its_target_alone_in_either_format_compressed_or_not(
    world: World,
    openmetrics: bool,  # noqa: FBT001 - a row
    packed: bool,  # noqa: FBT001 - a row
) -> None:
    world.put_app("two")
    read = read_openmetrics if openmetrics else read_text

    page = read(probe(world, PageRequest(openmetrics, packed)))

    of_one = frozenset({("target", "one")})
    assert {dict(labels)["target"] for _, labels in page} == {"one"}
    assert page["whatsapp_up", of_one] == 1
    assert page["probe_success", of_one] == 1
    assert page["probe_duration_seconds", of_one] == 2.5
    assert page["waexporter_poll_success", of_one | {("collector", "app")}] == 0


def test_promtool_finds_nothing_wrong_with_a_probe(promtool: RunTool, suite: str, world: World) -> None:
    finding = promtool(suite, "check", "metrics", stdin=probe(world, TEXT).encode())

    assert (finding.status, finding.output) == (0, "")


# --- clashes -----------------------------------------------------------------------------------


def test_targets_that_disagree_on_a_type_cost_the_second_ones_family_which_is_reported_at_once(
    world: World,
) -> None:
    world.put_app("one", 1, "gauge")
    world.put_app("two", 2, "counter")

    page = world.page()

    assert 'whatsapp_x{target="one"} 1' in page
    assert "whatsapp_x_total" not in page
    assert world.made == [("whatsapp_x (counter)",)]
    assert "waexporter_clashing_families 1.0" in page


def test_a_clash_that_is_over_is_reported_as_over(world: World) -> None:
    world.put_app("one", 1, "gauge")
    world.put_app("two", 2, "counter")
    world.page()
    world.put_app("two", 2, "gauge")

    page = world.page()

    assert world.made[-1] == ()
    assert "waexporter_clashing_families 0.0" in page


# --- freshness, whatever happens ---------------------------------------------------------------

_steps = st.tuples(
    st.sampled_from(["one", "two"]),
    st.sampled_from(["app", "healthy", "failed", "nothing"]),
    st.sampled_from([0.0, 1.0, 14.9, 15.0, 44.9, 45.0, 89.9, 90.0]),
    st.booleans(),
)


@settings(max_examples=examples(60))
@given(st.lists(_steps, max_size=15))
def test_no_page_holds_what_is_older_than_its_limit(steps: list[tuple[str, str, float, bool]]) -> None:
    world = World()
    born: dict[int, float] = {}
    healthy = {"one": -1e9, "two": -1e9}

    for serial, (target, what, pause, packed) in enumerate(steps):
        if what == "app":
            world.put_app(target, serial)
            born[serial] = world.steady
        elif what == "healthy":
            world.put(target, Endpoint.HEALTH, HEALTHY)
            healthy[target] = world.steady
        elif what == "failed":
            world.put(target, Endpoint.HEALTH, Failure(Reason.UNREACHABLE, "words"))
            healthy[target] = -1e9
        world.steady += pause
        page = read_text(world.page(PageRequest(gzip=packed)))

        served = {int(value) for (name, _), value in page.items() if name == "whatsapp_x"}
        assert all(world.steady - born[each] < 45.0 for each in served)
        for name, at in healthy.items():
            of = frozenset({("target", name)})
            assert page["whatsapp_up", of] == int(world.steady - at < 90.0)
            verdicts = {dict(labels)["verdict"] for (family, labels), value in page.items()
                        if family == "whatsapp_verdict" and of < labels and value == 1}  # fmt: skip
            assert len(verdicts) == 1


# --- status, readiness, health -----------------------------------------------------------------


def test_a_target_that_was_not_polled_is_pending(world: World) -> None:
    status = world.exporter.targets()[0]

    assert (status.name, status.url, status.verdict.state) == ("one", "http://one", State.UNKNOWN)
    assert [(each.endpoint, each.outcome, each.interval) for each in status.endpoints] == [
        (Endpoint.HEALTH, PENDING, 30.0),
        (Endpoint.APP, PENDING, 15.0),
    ]


def test_a_poll_that_succeeded_is_described(world: World) -> None:
    world.put_app("one")
    world.steady += 10

    app = world.exporter.targets()[0].endpoints[1]

    assert (app.outcome, app.message, app.samples, app.duration) == (OK, "", 1, 0.25)
    assert (app.at, app.age, app.last_success_at, app.stale) == (WALL + 1000, 10.0, WALL + 1000, False)


def test_a_poll_that_had_nothing_to_ask_is_not_called_ok() -> None:
    world = World((Target("one", "http://one", plans={Endpoint.GROUP: PollPlan(300.0, 10.0)}),))
    world.put("one", Endpoint.GROUP, Success())

    group = world.exporter.targets()[0].endpoints[0]

    assert group.outcome == NOT_APPLICABLE
    assert group.message.startswith("not asked: no on-call group is known")


def test_a_poll_that_failed_is_described_beside_the_last_that_did_not(world: World) -> None:
    world.put_app("one")
    world.steady += 15
    world.put("one", Endpoint.APP, Failure(Reason.TIMEOUT, "no answer in time"))

    app = world.exporter.targets()[0].endpoints[1]
    world.steady += 30
    later = world.exporter.targets()[0].endpoints[1]

    assert (app.outcome, app.message, app.samples) == (Reason.TIMEOUT, "no answer in time", 0)
    assert (app.at, app.last_success_at, app.stale) == (WALL + 1015, WALL + 1000, False)
    assert later.stale


def test_a_client_that_is_spared_is_described_as_it_was_when_it_was_asked(world: World) -> None:
    failure = Failure(Reason.RATE_LIMITED, "slow down")
    world.put("one", Endpoint.APP, failure)
    asked_at = world.clock()
    world.steady += 40
    world.store.put(Reading("one", Endpoint.APP, world.clock(), 0.25, failure, asked_at=asked_at))

    app = world.exporter.targets()[0].endpoints[1]

    assert (app.outcome, app.at, app.age) == (Reason.RATE_LIMITED, WALL + 1000, 40.0)


def test_names_are_those_of_the_configuration(world: World) -> None:
    assert world.exporter.target_names() == {"one", "two"}


def test_it_is_ready_once_every_target_was_polled_well_or_not(world: World) -> None:
    at_first = world.exporter.unready()
    world.put("one", Endpoint.HEALTH, HEALTHY)
    then = world.exporter.unready()
    world.put("two", Endpoint.HEALTH, Failure(Reason.TLS, "words"))
    at_last = world.exporter.unready()

    assert at_first == "waiting for the first poll of one, two"
    assert then == "waiting for the first poll of two"
    assert at_last is None


def test_it_stays_ready_while_targets_come_that_were_not_polled_yet(world: World) -> None:
    for name in ("one", "two"):
        world.put(name, Endpoint.HEALTH, HEALTHY)
    ready = world.exporter.unready()

    world.store.replace_targets([*TARGETS, Target("three", "http://three", plans=PLANS)])

    assert (ready, world.exporter.unready()) == (None, None)


def test_a_fleet_that_changed_is_on_the_next_page_and_no_other(world: World) -> None:
    world.put_app("one")
    before = read_text(world.page())

    world.store.replace_targets(TARGETS[1:])
    after = read_text(world.page())

    def named(page: Iterable[tuple[str, frozenset[tuple[str, str]]]]) -> set[str]:
        return {value for _, labels in page for name, value in labels if name == "target"}

    assert (named(before), named(after)) == ({"one", "two"}, {"two"})
    assert world.exporter.target_names() == {"two"}


def test_a_daemon_without_a_configuration_has_nothing_to_reload(world: World) -> None:
    [problem] = world.exporter.reload(ReloadCause.REQUEST).problems

    assert problem.startswith("nothing to reload")
    assert world.exporter.failed_reloads() == ()


def test_of_many_targets_that_are_waited_for_a_few_are_named() -> None:
    targets = tuple(Target(f"t{number}", "http://t", plans=PLANS) for number in range(5))

    waiting = World(targets).exporter.unready()

    assert waiting == "waiting for the first poll of t0, t1, t2 and 2 more"


def test_it_is_healthy_while_the_scheduler_beats(world: World) -> None:
    verdicts = []

    for pause in (0.0, HEARTBEAT_LIMIT, 0.1):
        world.steady += pause
        verdicts.append(world.exporter.unhealthy())
    world.heartbeat.beat()
    verdicts.append(world.exporter.unhealthy())

    assert verdicts == [None, None, "the scheduler has not run for 15 s", None]
    beat = read_text(world.page())["waexporter_scheduler_heartbeat_timestamp_seconds", frozenset()]
    assert beat == WALL + world.steady


def test_targets_of_other_daemons_are_known_by_their_shards() -> None:
    world = World()
    members = ShardMembers(Shard(0, 2), {"three": 1})
    sharded = Exporter(
        world.store, world.on_demand, world.telemetry, world.heartbeat, world.made.append, members=members
    )

    assert (sharded.shard, sharded.elsewhere("three"), sharded.elsewhere("one")) == (Shard(0, 2), 1, None)
    assert (world.exporter.shard, world.exporter.elsewhere("three")) == (Shard(), None)


def test_the_page_has_the_shard_of_a_sharded_daemon_only() -> None:
    world = World()
    before = world.page()

    world.telemetry.show_shard(Shard(3, 8))

    assert 'waexporter_shard_info{shard="3",shards="8"} 1' in world.page()
    assert "waexporter_shard_info{" not in before
