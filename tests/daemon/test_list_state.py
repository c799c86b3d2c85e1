"""What is known of a published list, and when it is requested next."""

from __future__ import annotations

import pytest

from waexporter.daemon.list_state import ListState

URL = "https://cmdb.example/targets"
IN_ORDER = ListState().succeeded("[1]", 5, 1_700_000_000.0)


def test_while_there_is_no_list_requests_follow_each_other_sooner_and_sooner_less_often() -> None:
    state, pauses = ListState(), []
    for _ in range(8):
        state = state.failed("nobody answers")
        pauses.append(state.next_pause(60.0, 0.5))

    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])


def test_a_failure_of_weeks_still_has_a_pause() -> None:
    state = ListState(failures=1_000_000)

    assert state.next_pause(60.0, 0.5) == pytest.approx(60.0)


@pytest.mark.parametrize(("chance", "pause"), [(0.0, 54.0), (0.5, 60.0), (1.0, 66.0)])
def test_once_there_is_a_list_the_interval_counts_give_or_take_a_tenth(chance: float, pause: float) -> None:
    failed = IN_ORDER.failed("nobody answers")

    assert IN_ORDER.next_pause(60.0, chance) == pytest.approx(pause)
    assert failed.next_pause(60.0, chance) == pytest.approx(pause)


def test_the_same_list_is_no_news_unless_another_one_was_refused() -> None:
    unreachable = IN_ORDER.failed("nobody answers")
    refused = IN_ORDER.failed("2 problems", is_refused=True).failed("nobody answers")

    assert [state.is_news("[1]") for state in (IN_ORDER, unreachable, refused)] == [False, False, True]
    assert IN_ORDER.is_news("[2]")


def test_a_failure_keeps_the_last_good_list() -> None:
    failed = IN_ORDER.failed("nobody answers")

    assert (failed.text, failed.targets, failed.at) == ("[1]", 5, 1_700_000_000.0)
    assert failed.succeeded("[1]", 5, 1_700_000_060.0).explain(URL) is None


def test_a_problem_is_explained_with_what_counts_meanwhile() -> None:
    never, once = ListState().failed("nobody answers"), IN_ORDER.failed("nobody answers")

    assert ListState().explain(URL) is None
    assert never.explain(URL) == f"the list of targets at {URL}: nobody answers; there is none yet"
    assert once.explain(URL) == (
        f"the list of targets at {URL}: nobody answers; its last good answer counts, with 5 targets"
    )
