"""How long a verdict has lasted, across a restart."""

from __future__ import annotations

import pytest

from waexporter.model import Problem, State, Verdict
from waexporter.paging.intake.verdict_durations import VerdictDurations

EVEN = 1_700_000_000.0


def after_restart(gap: float, *, since: float = 100.0, state: State = State.DOWN) -> VerdictDurations:
    """Return the durations restored `gap` seconds after a verdict that had lasted `since` seconds."""
    before = VerdictDurations()
    before.extend("alpha", Verdict(state, began=1_000.0 - since), 1_000.0, EVEN)
    kept = before.changed_facts(EVEN)
    durations = VerdictDurations()
    durations.restore(kept, EVEN + gap)
    return durations


def duration(durations: VerdictDurations, state: State, *, gap: float, began: float = 5.0) -> float:
    """Return how long a verdict has lasted that a new process saw 3 s ago."""
    return 8.0 - durations.extend("alpha", Verdict(state, began=began), 8.0, EVEN + gap).began


@pytest.mark.parametrize(
    ("gap", "state", "expected"),
    [
        (20.0, State.DOWN, 120.0),
        (20.0, State.DEGRADED, 3.0),
        (20.0, State.OK, 3.0),
        (119.0, State.DOWN, 219.0),
        (121.0, State.DOWN, 3.0),
        (-20.0, State.DOWN, 80.0),
        (-3_600.0, State.DOWN, 3.0),
    ],
)
def test_the_same_verdict_soon_after_has_lasted_all_the_while(
    gap: float, state: State, expected: float
) -> None:
    assert duration(after_restart(gap), state, gap=gap) == pytest.approx(expected)


def test_a_client_that_was_not_polled_yet_has_no_other_verdict() -> None:
    durations = after_restart(20.0)
    unpolled = Verdict(State.UNKNOWN, (Problem("not_polled", "not polled yet"),), began=1.0)

    assert durations.extend("alpha", unpolled, 2.0, EVEN + 14.0) == unpolled
    assert duration(durations, State.DOWN, gap=20.0) == pytest.approx(120.0)


def test_a_removed_target_is_forgotten_once() -> None:
    durations = VerdictDurations()
    for target in ("alpha", "beta"):
        durations.extend(target, Verdict(State.DOWN, began=1.0), 1_000.0, EVEN)
    durations.changed_facts(EVEN)

    durations.retain({"alpha"})
    kept = [durations.changed_facts(EVEN + seconds) for seconds in (1.0, 2.0, 60.0)]

    assert kept[0] == {"beta": ""}
    assert kept[1] == {}
    assert kept[2].keys() == {"alpha"}


def test_another_verdict_ends_it() -> None:
    durations = after_restart(20.0)
    duration(durations, State.OK, gap=20.0)

    assert duration(durations, State.DOWN, gap=20.0) == 3.0


def test_facts_are_saved_when_they_change_and_every_few_seconds() -> None:
    durations = VerdictDurations()

    def look(state: State, even: float) -> list[str]:
        durations.extend("alpha", Verdict(state, began=0.0), even, EVEN + even)
        return list(durations.changed_facts(EVEN + even))

    assert [look(State.DOWN, even) for even in (1.0, 2.0, 15.9, 16.0)] == [["alpha"], [], [], ["alpha"]]
    assert look(State.DEGRADED, 17.0) == ["alpha"]
    assert look(State.OK, 18.0) == ["alpha"]
    assert look(State.OK, 60.0) == []


@pytest.mark.parametrize(
    "fact", ["", "nonsense", "{}", '{"state": "down", "since": 1e999, "seen": 1.0}', "[]"]
)
def test_a_damaged_fact_is_ignored(fact: str) -> None:
    durations = VerdictDurations()
    durations.restore({"alpha": fact}, EVEN)

    assert duration(durations, State.DOWN, gap=0.0) == 3.0
