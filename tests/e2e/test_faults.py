"""Every fault of the simulator at once, each at a client of its own, watched by one exporter."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.e2e.waiting import wait_for, watch
from waexporter.simulator import Options, Simulator
from waexporter.simulator.faults.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.pages import Page


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, where it is brought, and what has to be seen of it; without a reason polls go on well."""

    verdict: str
    problem: str = ""
    reason: str = ""
    up: bool = False
    topology: str = "single"
    parameters: Mapping[str, object] = field(default_factory=dict)


ROWS: Mapping[str, Row] = {
    # the nodes
    "dead_node": Row("degraded", "node_unreachable", up=True, topology="multiconnect"),
    "shard_uncovered": Row("degraded", "shard_uncovered", up=True, topology="multiconnect"),
    "no_primary_master": Row("degraded", "no_primary_master", up=True, topology="ha"),
    "failover": Row("down", "two_primary_masters", up=True, topology="ha"),
    "duplicate_client": Row("degraded", "duplicate_client", up=True, topology="ha"),
    "connecting": Row("degraded", "connecting", up=True),
    "gateway_down": Row("down", "no_coreapp_connected", up=True),
    "unregistered": Row("down", "unregistered", up=True),
    "uninitialized": Row("down", "uninitialized", up=True),
    "odd_status": Row("unknown", "status_unclear", up=True),
    "slow_node": Row("unknown", "timeout", "timeout", parameters={"seconds": 30}),
    # the numbers
    "growing_queues": Row("ok", up=True),
    "messages_pile_up": Row("ok", up=True),
    "webhook_fails": Row("ok", up=True),
    "webhook_slow": Row("ok", up=True),
    "sends_fail": Row("ok", up=True, topology="ha"),
    "queries_fail": Row("ok", up=True),
    "queries_slow": Row("ok", up=True),
    "processes_exhausted": Row("ok", up=True, topology="ha"),
    "stats_lost": Row("ok", up=True),
    "counter_reset": Row("ok", up=True),
    "drift": Row("ok", up=True, topology="ha", parameters={"endpoint": "/v1/stats/app"}),
    # who may come in
    "expired_token": Row("ok", up=True),
    "refuse_logins": Row("unknown", "auth_refused", "refused"),
    # another answer than the right one
    "rate_limited": Row("unknown", "rate_limited", "rate_limited"),
    "overload": Row("degraded", "overloaded", "status"),
    "app_expired": Row("down", "build_expired", "refused"),
    "database": Row("down", "database", "status"),
    "errors_in_200": Row("down", "no_coreapp_connected", "body"),
    "garbage": Row("unknown", "unexpected_answer", "body"),
    "html": Row("unknown", "unexpected_answer", "body"),
    "empty": Row("unknown", "unexpected_answer", "body"),
    "redirect": Row("unknown", "unexpected_answer", "status"),
    # a broken stream
    "huge": Row("unknown", "unexpected_answer", "too_large", parameters={"endpoint": "/v1/health"}),
    "truncated": Row("unknown", "unexpected_answer", "body"),
    "drip": Row("unknown", "timeout", "timeout"),
    "hang": Row("unknown", "timeout", "timeout"),
    "web_down": Row("down", "unreachable", "unreachable"),
    # messages alone
    "message_fails": Row("ok", up=True),
    "message_unmastered": Row("ok", up=True),
    "answer_lost": Row("ok", up=True),
    # contact checks alone
    "contacts_fail": Row("ok", up=True),
}
BYSTANDERS = {"calm-single": "single", "calm-ha": "ha", "calm-multiconnect": "multiconnect"}
CALM_INTERVAL = 4.0  # seconds between two polls of theirs; a pool that silence has filled would miss some
SILENCE = "6s"  # that long it holds each thread that waits for it
FAILING = [name for name, row in ROWS.items() if row.reason]
# A refused login is not repeated for two minutes: thirty of them would lock the address out.
LASTING = "refuse_logins"


@dataclass(frozen=True, slots=True)
class Course:
    """What was seen before, while and after everything went wrong."""

    exporter: Exporter
    calm: Page
    sights: list[Page]  # while the faults held
    after: Page


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, SimulatedClient]]:
    topologies = {**{name: row.topology for name, row in ROWS.items()}, **BYSTANDERS}
    with ThreadPoolExecutor(8) as pool, ExitStack() as stack:
        simulators = {name: Simulator(_options(topology)) for name, topology in topologies.items()}
        stack.callback(lambda: list(pool.map(Simulator.stop, simulators.values())))
        list(pool.map(Simulator.start, simulators.values()))
        yield {name: stack.enter_context(SimulatedClient(each.url)) for name, each in simulators.items()}


def _options(topology: str) -> Options:
    # A failover takes 30 s; twice as fast, each of its halves is still seen by several polls.
    return Options(topology=topology, shards=2, users=USERS, health_per_minute=None, speed=2)


@pytest.fixture(scope="module")
def course(clients: dict[str, SimulatedClient], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    topologies = {**{name: row.topology for name, row in ROWS.items()}, **BYSTANDERS}
    targets = [
        clients[name].target(name, **_arrangement(topologies[name]), poll=_poll(name)) for name in clients
    ]
    config = {"targets": targets, "poll": EVERY_SECOND, "limits": {"body_bytes": "1MiB"}}
    file = write_config(tmp_path_factory.mktemp("faults"), config)
    with Exporter.run(file) as exporter:
        exporter.wait_until_ok(*clients, deadline=90)
        calm = exporter.page()
        _bring_everything(clients)
        sights = watch(exporter.page, until=_everything_was_seen, deadline=90)
        for client in clients.values():
            client.lift()
        exporter.wait_until_ok(*(name for name in clients if name != LASTING), deadline=90)
        yield Course(exporter, calm, sights, exporter.page())


def _arrangement(topology: str) -> dict[str, object]:
    return {"topology": topology, "shards": 2} if topology == "multiconnect" else {"topology": topology}


def _poll(name: str) -> dict[str, object]:
    """Let silence end soon where it is the fault, and leave time to those whom nothing may disturb."""
    if name in BYSTANDERS:
        interval = f"{CALM_INTERVAL:.0f}s"
        return {"health": interval, "app": interval, "web": interval, "db": {"interval": interval}}
    return {"timeout": SILENCE, "db": {"timeout": SILENCE}} if ROWS[name].reason == "timeout" else {}


def _bring_everything(clients: dict[str, SimulatedClient]) -> None:
    for name, row in ROWS.items():
        clients[name].bring(name, **row.parameters)
    clients[LASTING].control("POST", "/expire_tokens")


def _everything_was_seen(sights: list[Page]) -> bool:
    """Say whether every row was seen as it has to be, and long enough to tell a repetition."""
    newest, first = sights[-1], sights[0]
    # Whose login is refused is not asked again so soon, and what is not asked is no poll.
    asked = ROWS.keys() - {LASTING}
    polls = min(_polls(newest, name) - _polls(first, name) for name in asked)
    return polls >= 3 and all(any(_is_seen(page, name) for page in sights) for name in ROWS)


def _polls(page: Page, target: str) -> float:
    return page.value("waexporter_polls_total", target=target, collector="health") or 0.0


def _is_seen(page: Page, name: str) -> bool:
    row = ROWS[name]
    return (
        page.verdict(name) == row.verdict
        and (not row.problem or row.problem in page.problems(name))
        and page.value("whatsapp_up", target=name) == row.up
    )


def test_the_table_has_every_fault_of_the_simulator() -> None:
    known = set(FAULTS)

    rows = set(ROWS)

    assert rows == known


@pytest.mark.parametrize("name", ROWS)
def test_a_fault_shows_as_its_verdict_and_its_problem(course: Course, name: str) -> None:
    row = ROWS[name]

    seen = [
        (page.verdict(name), sorted(page.problems(name)), page.value("whatsapp_up", target=name))
        for page in course.sights
    ]

    assert any(_is_seen(page, name) for page in course.sights), f"{row} was never seen, but {seen[-1]}"
    assert row.verdict == "ok" or course.calm.verdict(name) == "ok"


@pytest.mark.parametrize("name", ROWS)
def test_a_failing_poll_is_counted_by_its_reason_and_a_successful_one_is_not(
    course: Course, name: str
) -> None:
    # A login is one for all collectors, so its refusal is counted where it was met first, and only there.
    counted = {"target": name} if name == LASTING else {"target": name, "collector": "health"}
    least = 1 if name == LASTING else 2

    before, during = (_failures(page, counted) for page in (course.calm, course.sights[-1]))

    more = {reason: count - before[reason] for reason, count in during.items() if count > before[reason]}
    assert more.keys() == ({ROWS[name].reason} if ROWS[name].reason else set())
    assert all(count >= least for count in more.values())


def _failures(page: Page, labels: dict[str, str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for sample, value in page.find("waexporter_poll_failures_total", **labels):
        counts[sample["reason"]] += int(value)
    return counts


@pytest.mark.parametrize("name", [name for name in ROWS if name != LASTING])
def test_after_a_fault_all_is_well_again(course: Course, name: str) -> None:
    page = course.after

    verdict, problems, up = page.verdict(name), page.problems(name), page.value("whatsapp_up", target=name)

    assert (verdict, problems, up) == ("ok", frozenset(), 1.0)


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_is_logged_once_and_so_is_its_end(course: Course, name: str) -> None:
    log = [line for line in course.exporter.log(target=name) if "poll" in line["msg"]]

    messages = [(line["msg"], line.get("reason") or line.get("after")) for line in log]

    # However many collectors fail alike.
    reason = ROWS[name].reason
    of_health = [message for message in messages if message[1] == reason]
    end = [] if name == LASTING else ["poll succeeds again"]
    assert [words for words, _ in of_health if words.startswith("poll ")] == ["poll failed", *end]


@pytest.mark.parametrize("name", ROWS)
def test_a_verdict_is_logged_as_often_as_it_changes(course: Course, name: str) -> None:
    log = course.exporter.log(target=name, msg="verdict")

    logged = [line["verdict"] for line in log]

    assert logged[:1] == ["ok"]
    assert all(one != other for one, other in pairwise(logged)), logged
    assert (ROWS[name].verdict in logged[1:]) == (ROWS[name].verdict != "ok")
    assert logged[-1] == ("unknown" if name == LASTING else "ok")


@pytest.mark.parametrize("name", BYSTANDERS)
def test_a_client_that_is_well_is_untouched_by_the_faults_of_all_others(course: Course, name: str) -> None:
    pages = [course.calm, *course.sights, course.after]

    first, last = pages[0], pages[-1]

    assert {(page.verdict(name), page.value("whatsapp_up", target=name)) for page in pages} == {("ok", 1.0)}
    assert last.total("waexporter_poll_failures_total", target=name) == 0
    assert last.total("waexporter_polls_missed_total", target=name) == 0
    assert _polls(last, name) - _polls(first, name) >= 0.8 * _seconds_between(first, last) / CALM_INTERVAL
    assert [line["msg"] for line in course.exporter.log(target=name)] == ["verdict"]


def _seconds_between(first: Page, last: Page) -> float:
    name = "waexporter_scheduler_heartbeat_timestamp_seconds"
    return (last.value(name) or 0) - (first.value(name) or 0)


def test_a_failover_shows_no_primary_master_then_two_then_one(course: Course) -> None:
    problems = [page.problems("failover") for page in course.sights]

    masters = [
        slug
        for each in problems
        for slug in ("no_primary_master", "two_primary_masters", "")
        if slug in each or (not slug and not each & {"no_primary_master", "two_primary_masters"})
    ]

    changes = re.sub(r"(\S+)( \1)+", r"\1", " ".join(slug or "one" for slug in masters))
    assert changes.removeprefix("one ") in {
        "no_primary_master two_primary_masters one",
        "no_primary_master two_primary_masters",
    }


def test_growing_queues_are_followed(course: Course) -> None:
    name = "whatsapp_callback_queue_size"

    sizes = [page.value(name, target="growing_queues") or 0 for page in (course.calm, course.sights[-1])]

    assert sizes[1] > sizes[0] + 500


def test_a_restarted_coreapp_begins_to_count_anew(course: Course) -> None:
    name, target = "whatsapp_in_message_decoded_total", "counter_reset"

    before, during = (page.value(name, target=target) or 0 for page in (course.calm, course.sights[-1]))

    assert before > 100
    assert during < before / 10


def test_what_a_later_version_might_say_is_exported_or_counted(course: Course) -> None:
    page = course.sights[-1]

    unknown = page.value("waexporter_unknown_families", target="drift", collector="app")
    dropped = {
        labels["reason"]: value
        for labels, value in page.find("waexporter_dropped_samples_total", target="drift", collector="app")
        if value
    }

    assert unknown == 5
    assert set(dropped) == {"not_a_number", "out_of_range"}
    assert page.value("whatsapp_later_values", target="drift", value="fine", node="core1:8f2c") == 7
    assert len(course.exporter.log(target="drift", collector="app", msg="samples were left out")) == 1


def test_a_token_that_expires_is_renewed_without_a_failed_poll(course: Course) -> None:
    counts = [_logins(page, "expired_token") for page in (course.calm, course.sights[-1])]

    before, during = counts

    assert during["ok"] > before["ok"] == 1
    assert during["refused"] == during["failed"] == 0


def test_a_refused_login_is_not_repeated_at_once(course: Course, clients: dict[str, SimulatedClient]) -> None:
    logins = _logins(course.after, LASTING)

    tokens = clients[LASTING].tokens()

    assert logins == {"ok": 1, "refused": 1, "rate_limited": 0, "failed": 0}
    assert tokens == 0


def _logins(page: Page, target: str) -> dict[str, float]:
    return {labels["result"]: value for labels, value in page.find("waexporter_logins_total", target=target)}


def test_nothing_of_it_is_a_bug_of_ours(course: Course) -> None:
    page, log = course.after, course.exporter.log(level="error")

    crashes = page.value("waexporter_crashes_total")

    assert crashes == 0
    assert log == []
    assert "Traceback" not in course.exporter.process.output


def test_no_client_keeps_a_token_but_the_one_in_use(
    course: Course, clients: dict[str, SimulatedClient]
) -> None:
    quiet = [name for name in clients if name not in {LASTING, "expired_token"}]

    tokens: dict[str, Any] = wait_for(lambda: {name: clients[name].tokens() for name in quiet})

    assert set(tokens.values()) == {1}
    assert course.exporter.process.is_running
