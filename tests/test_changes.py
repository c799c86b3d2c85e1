"""The log tells of every change once, and in the order in which things changed."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from waexporter.changes import LeftOut, Verdicts
from waexporter.model import Drop, Endpoint, Instant, Problem, Reading, State, Success, Verdict

OK = Verdict(State.OK)
DOWN = Verdict(State.DOWN, (Problem("unreachable", "the client can't be reached"),))
UNKNOWN = Verdict(State.UNKNOWN)


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        ([UNKNOWN, UNKNOWN], []),
        ([OK, OK, DOWN, DOWN, OK], ["ok", "down", "ok"]),
        ([DOWN, UNKNOWN, DOWN], ["down", "unknown", "down"]),
    ],
)
def test_a_verdict_is_said_once_per_change(verdicts: list[Verdict], said: list[str]) -> None:
    newest = iter(verdicts)

    with capture_logs() as logs:
        each = Verdicts(lambda _: next(newest))
        for _ in verdicts:
            each.say("wa")

    assert [line["verdict"] for line in logs] == said


def a_reading(at: float, *dropped: Drop) -> Reading:
    outcome = Success(dropped=tuple((drop, 1) for drop in dropped), losses=("somewhere",))
    return Reading("wa", Endpoint.APP, Instant(1.7e9 + at, at), 0.1, outcome)


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ([(0, Drop.MALFORMED), (15,), (30, Drop.MALFORMED), (45,), (60, Drop.MALFORMED)], [0]),
        ([(0, Drop.MALFORMED), (15, Drop.MALFORMED, Drop.CLASH), (30, Drop.CLASH)], [0, 15]),
        ([(0, Drop.MALFORMED), (3000, Drop.MALFORMED), (6000, Drop.MALFORMED)], [0]),
        ([(0, Drop.MALFORMED), (3000,), (3700, Drop.MALFORMED)], [0, 3700]),
        ([(0,), (15,)], []),
    ],
)
def test_what_is_left_out_is_said_once_until_it_has_been_away_for_an_hour(
    readings: list[tuple[float | Drop, ...]], said: list[float]
) -> None:
    left_out = LeftOut()
    told: list[float] = []

    for at, *dropped in readings:
        with capture_logs() as logs:
            left_out.say(a_reading(at, *dropped))  # type: ignore[arg-type]
        told += [at for _ in logs]  # type: ignore[misc]

    assert told == said


def test_what_was_left_out_of_a_target_that_is_gone_is_forgotten() -> None:
    left_out = LeftOut()
    left_out.say(a_reading(0, Drop.MALFORMED))

    left_out.forget("wa")
    with capture_logs() as logs:
        left_out.say(a_reading(15, Drop.MALFORMED))

    assert [line["what"] for line in logs] == ["somewhere"]


def test_it_is_said_with_its_reasons() -> None:
    with capture_logs() as logs:
        Verdicts(lambda _: DOWN).say("wa")

    assert logs == [
        {
            "event": "verdict",
            "log_level": "warning",
            "target": "wa",
            "verdict": "down",
            "why": ["the client can't be reached"],
        }
    ]


def test_two_polls_that_end_at_once_say_no_verdict_that_has_been_overtaken() -> None:
    """One thread has read its verdict and stands still, while another one's poll changes it."""
    held, overtaken = threading.Event(), threading.Event()
    current = [OK]

    def newest(_target: str) -> Verdict:
        verdict = current[0]
        if not held.is_set():
            held.set()
            overtaken.wait(0.3)  # time for the other thread to say its own; it must wait for this one's
        return verdict

    with capture_logs() as logs:
        verdicts = Verdicts(newest)
        slow = threading.Thread(target=verdicts.say, args=("wa",))
        slow.start()
        held.wait(60)
        current[0] = DOWN
        verdicts.say("wa")
        overtaken.set()
        slow.join()
        verdicts.say("wa")

    said = [line["verdict"] for line in logs]
    assert said == ["ok", "down"]


def test_what_was_said_of_a_target_is_forgotten_with_it() -> None:
    verdicts: dict[str, Verdict] = {"wa": DOWN}

    with capture_logs() as logs:
        each = Verdicts(verdicts.get)
        each.say("wa")
        each.say("nobody")
        each.forget("wa")
        each.forget("nobody")
        each.say("wa")

    assert [(line["target"], line["verdict"]) for line in logs] == [("wa", "down"), ("wa", "down")]
