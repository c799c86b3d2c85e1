"""A function without a timeout gets one, and does not block those after it."""

from __future__ import annotations

import threading

import pytest

from waexporter.paging.channels.deadline import DeadlineRunner


def test_the_result_of_a_function_is_returned() -> None:
    assert DeadlineRunner(1, 30.0).run(lambda: "done") == "done"


def test_the_error_of_a_function_is_raised() -> None:
    def fail() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        DeadlineRunner(1, 30.0).run(fail)


def test_a_function_that_would_end_the_process_fails_alone() -> None:
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(RuntimeError, match="SystemExit"):
        DeadlineRunner(1, 30.0).run(leave)


def test_beyond_the_limit_of_hanging_functions_others_fail_at_once() -> None:
    released = threading.Event()
    runner = DeadlineRunner(2, 0.01)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            runner.run(released.wait)
    before = threading.active_count()

    with pytest.raises(TimeoutError, match="begun before"):
        runner.run(released.wait)

    assert threading.active_count() == before
    released.set()


def test_a_function_that_ended_makes_room() -> None:
    runner = DeadlineRunner(1, 30.0)

    assert [runner.run(lambda: "done") for _ in range(5)] == ["done"] * 5
