"""How many messages one recipient gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waexporter.model import Rate
from waexporter.paging.rate_limit import Throttle


def test_the_last_messages_of_a_window_are_given_out_evenly() -> None:
    throttle = Throttle(Rate(10, 300.0))
    now = 1_000.0
    sent: list[float] = []
    while len(sent) < 12:
        now = max(now, throttle.free_at("group", now))
        throttle.note("group", now)
        sent.append(now - 1_000.0)

    # Eight at once, two kept for what comes later in the window, and then a window begins anew.
    assert sent == [0.0] * 8 + [100.0, 200.0, 300.0, 300.0]


def test_a_single_message_a_window_is_not_held_back() -> None:
    throttle = Throttle(Rate(1, 60.0))

    assert throttle.free_at("group", 5.0) == 5.0
    throttle.note("group", 5.0)
    assert throttle.free_at("group", 6.0) == 65.0
    assert throttle.free_at("group", 65.0) == 65.0


def test_recipients_do_not_count_for_each_other() -> None:
    throttle = Throttle(Rate(1, 60.0))
    throttle.note("one", 5.0)

    assert throttle.free_at("two", 5.0) == 5.0


def test_what_is_under_way_counts_as_sent_now_until_it_ends() -> None:
    throttle = Throttle(Rate(2, 60.0))
    throttle.note("group", 0.0)
    throttle.begin("group")
    assert throttle.free_at("group", 10.0) == 60.0
    throttle.begin("group")
    assert throttle.free_at("group", 10.0) == 70.0

    throttle.end("group")
    throttle.end("group")
    assert throttle.free_at("group", 10.0) == 10.0


def test_nothing_is_remembered_of_who_gets_nothing() -> None:
    throttle = Throttle(Rate(2, 60.0))
    throttle.note("group", 0.0)
    throttle.begin("group")
    throttle.end("group")

    throttle.free_at("group", 60.0)

    assert not throttle._sent
    assert not throttle._under_way


@given(
    st.integers(1, 20),
    st.floats(1.0, 1_000.0),
    st.lists(st.floats(0.0, 400.0), min_size=1, max_size=80),
)
def test_no_window_has_more_than_its_rate_and_nobody_waits_for_ever(
    messages: int, per: float, pauses: list[float]
) -> None:
    throttle = Throttle(Rate(messages, per))
    now = 0.0
    sent: list[float] = []
    for pause in pauses:
        now += pause
        free = throttle.free_at("group", now)
        assert now <= free <= now + per
        now = free
        assert throttle.free_at("group", now) == now, "it keeps its word"
        throttle.note("group", now)
        sent.append(now)

    for first, last in zip(sent, sent[messages:], strict=False):
        # A window's ends are computed once by adding and once by taking away.
        assert last - first >= per * (1 - 1e-9) - 1e-9


def test_another_rate_counts_what_was_sent_before() -> None:
    throttle = Throttle(Rate(10, 300.0))
    for at in range(4):
        throttle.note("group", float(at))
    throttle.begin("group")

    throttle.set_rate(Rate(4, 60.0))

    assert throttle.free_at("group", 10.0) > 10.0
    throttle.end("group")
    throttle.set_rate(Rate(10, 300.0))
    assert throttle.free_at("group", 10.0) == 10.0
