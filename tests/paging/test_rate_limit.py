"""How many messages one recipient gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waexporter.model import Rate
from waexporter.paging.rate_limit import RateLimiter


def test_the_last_messages_of_a_window_are_given_out_evenly() -> None:
    limiter = RateLimiter(Rate(10, 300.0))
    now = 1_000.0
    sent: list[float] = []
    while len(sent) < 12:
        now = max(now, limiter.free_at("group", now))
        limiter.record("group", now)
        sent.append(now - 1_000.0)

    # Eight at once, two kept for what comes later in the window, and then a window begins anew.
    assert sent == [0.0] * 8 + [100.0, 200.0, 300.0, 300.0]


def test_a_single_message_a_window_is_not_held_back() -> None:
    limiter = RateLimiter(Rate(1, 60.0))

    assert limiter.free_at("group", 5.0) == 5.0
    limiter.record("group", 5.0)
    assert limiter.free_at("group", 6.0) == 65.0
    assert limiter.free_at("group", 65.0) == 65.0


def test_recipients_do_not_count_for_each_other() -> None:
    limiter = RateLimiter(Rate(1, 60.0))
    limiter.record("one", 5.0)

    assert limiter.free_at("two", 5.0) == 5.0


def test_what_is_under_way_counts_as_sent_now_until_it_ends() -> None:
    limiter = RateLimiter(Rate(2, 60.0))
    limiter.record("group", 0.0)
    limiter.reserve("group")
    assert limiter.free_at("group", 10.0) == 60.0
    limiter.reserve("group")
    assert limiter.free_at("group", 10.0) == 70.0

    limiter.release("group")
    limiter.release("group")
    assert limiter.free_at("group", 10.0) == 10.0


def test_nothing_is_remembered_of_who_gets_nothing() -> None:
    limiter = RateLimiter(Rate(2, 60.0))
    limiter.record("group", 0.0)
    limiter.reserve("group")
    limiter.release("group")

    limiter.free_at("group", 60.0)

    assert not limiter._sent
    assert not limiter._reserved


@given(
    st.integers(1, 20),
    st.floats(1.0, 1_000.0),
    st.lists(st.floats(0.0, 400.0), min_size=1, max_size=80),
)
def test_no_window_has_more_than_its_rate_and_nobody_waits_for_ever(
    messages: int, per: float, pauses: list[float]
) -> None:
    limiter = RateLimiter(Rate(messages, per))
    now = 0.0
    sent: list[float] = []
    for pause in pauses:
        now += pause
        free = limiter.free_at("group", now)
        assert now <= free <= now + per
        now = free
        assert limiter.free_at("group", now) == now, "it keeps its word"
        limiter.record("group", now)
        sent.append(now)

    for first, last in zip(sent, sent[messages:], strict=False):
        # A window's ends are computed once by adding and once by taking away.
        assert last - first >= per * (1 - 1e-9) - 1e-9


def test_another_rate_counts_what_was_sent_before() -> None:
    limiter = RateLimiter(Rate(10, 300.0))
    for at in range(4):
        limiter.record("group", float(at))
    limiter.reserve("group")

    limiter.set_rate(Rate(4, 60.0))

    assert limiter.free_at("group", 10.0) > 10.0
    limiter.release("group")
    limiter.set_rate(Rate(10, 300.0))
    assert limiter.free_at("group", 10.0) == 10.0
