"""What is remembered of a target: bounded, small, and never more than was known."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running.examples import examples
from waexporter.metrics.on_premises.upstream_catalogue import DOCUMENTED, QUEUES
from waexporter.model import (
    ClientSettings,
    Endpoint,
    Failure,
    Fragment,
    Head,
    Instant,
    Part,
    PollPlan,
    Reading,
    Reason,
    Success,
    Target,
)
from waexporter.polling.history import (
    KEPT_CHANGES,
    KEPT_POLLS,
    PHASES,
    History,
    list_polls,
    list_queues,
    record_changes,
    record_poll,
    record_queues,
)
from waexporter.polling.on_premises import ON_PREMISES
from waexporter.polling.store import Store

START = 1_769_851_800.0
OK = Success()
ADMIN = Failure(Reason.REFUSED, "for admins only", status=403, is_for_admins=True)
SECONDS = st.floats(0, 90, width=32)
OUTCOMES = st.sampled_from(
    [
        (OK, "ok", None),
        (Success(flaws=(Failure(Reason.STALE_NODE, "core2 is missing"),)), "in_part", None),
        (ADMIN, "for_admins", 403),
        *((Failure(reason, "it failed", status=503), reason.value, 503) for reason in Reason),
        (Failure(Reason.TIMEOUT, "no answer"), "timeout", None),
        (Failure(Reason.STATUS, "odd", status=99_999), "status", None),
        (Failure(Reason.STATUS, "odd", status=-1), "status", None),
    ]
)
PHASE_TIMES = st.lists(st.tuples(st.sampled_from(PHASES), SECONDS), unique_by=lambda each: each[0])


def at(seconds: float) -> Instant:
    return Instant(START + seconds, seconds)


def a_reading(seconds: float = 0.0, endpoint: Endpoint = Endpoint.APP, **others: object) -> Reading:
    values: dict[str, object] = {"duration": 0.25, "outcome": OK, **others}
    return Reading("wa", endpoint, at(seconds), **values)  # type: ignore[arg-type]


def statistics(**sizes: float | tuple[float, ...]) -> Success:
    """Return an answer with these queues, of several nodes if there are several sizes."""
    fragments = []
    for name, size in sizes.items():
        each_node = size if isinstance(size, tuple) else (size,)
        lines = "".join(f'{name}{{target="wa",node="a {n}"}} {each!r}\n' for n, each in enumerate(each_node))
        fragments.append(Fragment(Head(name, "gauge", "h"), lines.encode()))
    return Success(parts=(Part.from_fragments("", tuple(fragments)),))


# --- polls -------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(Endpoint), SECONDS, OUTCOMES, PHASE_TIMES), max_size=70))
@settings(max_examples=examples(100), deadline=None)
def test_the_last_polls_are_remembered_as_they_were(
    polls: list[tuple[Endpoint, float, tuple[Success | Failure, str, int | None], list[tuple[str, float]]]],
) -> None:
    kept = History()
    for number, (endpoint, duration, (outcome, _, _), phases) in enumerate(polls):
        kept = record_poll(
            kept, a_reading(number, endpoint, duration=duration, outcome=outcome, phases=tuple(phases))
        )

    listed = list_polls(kept, at(100))

    assert [tuple(each) for each in listed] == [
        (
            endpoint,
            START + number,
            duration,
            word,
            status,
            tuple(sorted(phases, key=lambda each: PHASES.index(each[0]))),
        )
        for number, (endpoint, duration, (_, word, status), phases) in enumerate(polls)
    ][-KEPT_POLLS:]


def test_a_reading_that_repeats_another_is_no_poll() -> None:
    kept = record_poll(History(), a_reading(asked_at=at(-30)))

    assert kept == History()


def test_a_clock_that_was_set_moves_the_polls_with_it() -> None:
    kept = record_poll(History(), a_reading(10.0))

    [poll] = list_polls(kept, Instant(START + 7_200 + 40, 40.0))

    assert poll.at == START + 7_200 + 10


# --- queues ------------------------------------------------------------------------------------


def test_every_queue_is_a_documented_gauge_of_its_endpoint() -> None:
    assert {DOCUMENTED[queue.family] for queue in QUEUES.members} == {(QUEUES.endpoint, "gauge")}


def test_a_queue_is_sampled_once_a_minute_as_the_sum_of_all_nodes() -> None:
    kept = History()
    for poll in range(13):
        outcome = statistics(whatsapp_pending_messages=(1 + poll, 2), whatsapp_callback_queue_size=7)
        kept = record_queues(kept, a_reading(poll * 15.0, outcome=outcome), QUEUES)

    messages, callbacks = list_queues(kept, QUEUES, 15.0, at(185))

    assert messages == (
        "messages to be sent",
        tuple((START + minute * 60, 3.0 + 4 * minute) for minute in range(4)),
    )
    assert callbacks.words == "callbacks in memory"
    assert {size for _, size in callbacks.sizes} == {7.0}


def test_a_queue_that_the_client_does_not_report_is_absent_and_not_empty() -> None:
    kept = record_queues(History(), a_reading(outcome=statistics(whatsapp_other=1)), QUEUES)

    assert list_queues(kept, QUEUES, 15.0, at(1)) == ()
    assert list_queues(History(), None, 15.0, at(1)) == ()


@pytest.mark.parametrize(
    "outcome",
    [
        Failure(Reason.TIMEOUT, "no answer"),
        replace(
            statistics(whatsapp_pending_messages=1), flaws=(Failure(Reason.STALE_NODE, "core2 is missing"),)
        ),
    ],
)
def test_while_a_node_or_the_answer_is_missing_nothing_is_known(outcome: Success | Failure) -> None:
    kept = History()
    for minute in range(9):
        is_known = not 2 <= minute < 6
        each = statistics(whatsapp_pending_messages=5) if is_known else outcome
        kept = record_queues(kept, a_reading(minute * 60.0, outcome=each), QUEUES)

    [messages] = list_queues(kept, QUEUES, 15.0, at(500))

    assert [(time - START, size) for time, size in messages.sizes] == [
        (0, 5), (60, 5), (60, None), (360, 5), (420, 5), (480, 5),
    ]  # fmt: skip


def test_seldom_polls_are_no_gap() -> None:
    kept = History()
    for poll in range(3):
        outcome = statistics(whatsapp_pending_messages=5)
        kept = record_queues(kept, a_reading(poll * 600.0, outcome=outcome), QUEUES)

    [messages] = list_queues(kept, QUEUES, 600.0, at(1200))

    assert [size for _, size in messages.sizes] == [5, 5, 5]


@given(
    st.lists(st.tuples(st.floats(0, 4000), st.floats(allow_nan=False, allow_infinity=False)), max_size=150)
)
@settings(max_examples=examples(100), deadline=None)
def test_any_sizes_at_any_times_stay_within_the_hour_and_the_bound(
    samples: list[tuple[float, float]],
) -> None:
    kept, seconds = History(), 0.0
    for pause, size in samples:
        seconds += pause
        reading = a_reading(seconds, outcome=statistics(whatsapp_pending_messages=size))
        kept = record_queues(kept, reading, QUEUES)

    shown = list_queues(kept, QUEUES, 15.0, at(seconds))

    assert len(kept.queues) <= 64 * 24
    for queue in shown:
        assert all(START + seconds - 3600 <= time <= START + seconds for time, _ in queue.sizes)
        assert all(size is None or math.isfinite(size) for _, size in queue.sizes)


# --- settings ----------------------------------------------------------------------------------


def settings_reading(seconds: float, document: ClientSettings | None) -> Reading:
    return a_reading(seconds, Endpoint.SETTINGS, outcome=Success(document=document))


BEFORE = ClientSettings(
    numbers=(("heartbeat_interval_seconds", 5.0), ("callback_backoff_delay_seconds", 3.0)),
    booleans=(("sent_status", True),),
    on_call_pager="group-one",
    digests=(
        ("callback_backoff_delay_ms", b"1"),
        ("heartbeat_interval", b"1"),
        ("on_call_pager", b"1"),
        ("pass_through", b"1"),
        ("sent_status", b"1"),
    ),
)


def test_a_changed_setting_has_its_values_unless_they_may_be_private() -> None:
    after = replace(
        BEFORE,
        numbers=(("callback_backoff_delay_seconds", 2.5),),
        booleans=(("pass_through", False), ("sent_status", False)),
        on_call_pager="group-two",
        digests=tuple((key, b"2") for key, _ in BEFORE.digests if key != "heartbeat_interval"),
        changed_keys=tuple(key for key, _ in BEFORE.digests),
    )

    kept = record_changes(
        History(), settings_reading(60, after), settings_reading(0, BEFORE), ON_PREMISES.settings
    )

    assert [tuple(change) for change in kept.changes] == [
        ("callback_backoff_delay_ms", "3000", "2500", START + 60),
        ("heartbeat_interval", "5", "not set", START + 60),
        ("on_call_pager", None, None, START + 60),
        ("pass_through", None, "false", START + 60),
        ("sent_status", "true", "false", START + 60),
    ]
    assert "group" not in repr(kept)


def test_the_changes_are_bounded_whatever_a_client_sends() -> None:
    kept = History()
    for poll in range(3):
        keys = tuple(f"{'k' * 10_000}{number}" for number in range(1_000))
        document = replace(BEFORE, changed_keys=keys)
        kept = record_changes(kept, settings_reading(poll, document), None, ON_PREMISES.settings)

    assert len(kept.changes) == KEPT_CHANGES
    assert max(len(change.key) for change in kept.changes) == 120


def test_another_endpoint_changes_no_settings() -> None:
    reading = a_reading(outcome=Success(document=replace(BEFORE, changed_keys=("sent_status",))))

    assert record_changes(History(), reading, None, ON_PREMISES.settings) == History()
    assert record_changes(History(), settings_reading(0, None), None, ON_PREMISES.settings) == History()


# --- in the store ------------------------------------------------------------------------------

TARGET = Target("wa", "https://wa.example", plans={Endpoint.APP: PollPlan(15.0, 10.0)})


def test_a_reload_keeps_the_history_of_an_unchanged_target_only() -> None:
    store = Store([TARGET], lambda: at(0))
    store.put(a_reading())

    store.replace_targets([TARGET, replace(TARGET, name="other")])
    kept = store.state("wa").history
    store.replace_targets([replace(TARGET, stale_after=9.0)])

    assert [poll.endpoint for poll in list_polls(kept, at(1))] == [Endpoint.APP]
    assert store.state("wa").history == History()


def test_the_history_of_a_thousand_targets_takes_a_few_mebibytes() -> None:
    phases = tuple((name, 0.01) for name in PHASES)
    outcome = statistics(**{queue.family: 5.0 for queue in QUEUES.members})
    tracemalloc.start()
    try:
        fleet = []
        for _ in range(100):
            kept = History()
            for minute in range(65):
                reading = a_reading(minute * 60.0, outcome=outcome, phases=phases)
                kept = record_queues(record_poll(kept, reading), reading, QUEUES)
            fleet.append(kept)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(list_polls(fleet[0], at(0))) == KEPT_POLLS
    assert 10 * size < 4.5 * 1024**2
