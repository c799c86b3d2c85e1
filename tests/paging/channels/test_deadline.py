"""What has no deadline of its own gets one, and keeps nobody waiting behind it."""

from __future__ import annotations

import threading

import pytest

from waexporter.paging.channels.deadline import DeadlineRunner


def test_what_a_step_gives_is_given() -> None:
    assert DeadlineRunner(1, 30.0).run(lambda: "done") == "done"


def test_what_a_step_raises_is_raised() -> None:
    def fail() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        DeadlineRunner(1, 30.0).run(fail)


def test_a_step_that_would_end_the_process_fails_alone() -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="SystemExit"):
        DeadlineRunner(1, 30.0).run(leave)


def test_only_so_many_may_hang_and_the_others_fail_at_once() -> None:
    released = threading.Event()
    patience = DeadlineRunner(2, 0.01)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            patience.run(released.wait)
    before = threading.active_count()

    with pytest.raises(TimeoutError, match="begun before"):
        patience.run(released.wait)

    assert threading.active_count() == before
    released.set()


def test_one_that_came_to_its_end_makes_room() -> None:
    patience = DeadlineRunner(1, 30.0)

    assert [patience.run(lambda: "done") for _ in range(5)] == ["done"] * 5
