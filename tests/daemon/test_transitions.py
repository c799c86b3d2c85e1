"""The log tells of every change once, and in the order in which things changed."""

from __future__ import annotations

import threading

import pytest
from structlog.testing import capture_logs

from waexporter.daemon.transitions import DroppedSamplesLog, OutageLog, VerdictLog, log_poll, log_transition
from waexporter.model import (
    Drop,
    Endpoint,
    Failure,
    Instant,
    Problem,
    Reading,
    Reason,
    State,
    Success,
    Target,
    Verdict,
)
from waexporter.polling.on_premises import ON_PREMISES
from waexporter.polling.state import TargetState

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
        each = VerdictLog(lambda _: next(newest))
        for _ in verdicts:
            each.log("wa")

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
    left_out = DroppedSamplesLog()
    told: list[float] = []

    for at, *dropped in readings:
        with capture_logs() as logs:
            left_out.log(a_reading(at, *dropped))  # type: ignore[arg-type]
        told += [at for _ in logs]  # type: ignore[misc]

    assert told == said


def test_what_was_left_out_of_a_target_that_is_gone_is_forgotten() -> None:
    left_out = DroppedSamplesLog()
    left_out.log(a_reading(0, Drop.MALFORMED))

    left_out.forget("wa")
    with capture_logs() as logs:
        left_out.log(a_reading(15, Drop.MALFORMED))

    assert [line["what"] for line in logs] == ["somewhere"]


def test_it_is_said_with_its_reasons() -> None:
    with capture_logs() as logs:
        VerdictLog(lambda _: DOWN).log("wa")

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
        verdicts = VerdictLog(newest)
        slow = threading.Thread(target=verdicts.log, args=("wa",))
        slow.start()
        held.wait(60)
        current[0] = DOWN
        verdicts.log("wa")
        overtaken.set()
        slow.join()
        verdicts.log("wa")

    said = [line["verdict"] for line in logs]
    assert said == ["ok", "down"]


def test_what_was_said_of_a_target_is_forgotten_with_it() -> None:
    verdicts: dict[str, Verdict] = {"wa": DOWN}

    with capture_logs() as logs:
        each = VerdictLog(verdicts.get)
        each.log("wa")
        each.log("nobody")
        each.forget("wa")
        each.forget("nobody")
        each.log("wa")

    assert [(line["target"], line["verdict"]) for line in logs] == [("wa", "down"), ("wa", "down")]


# --- polls that fail ---------------------------------------------------------------------------

DEAD = Failure(Reason.UNREACHABLE, "no connection: connection refused")
SLOW = Failure(Reason.TIMEOUT, "no complete answer in time")
PLAIN = Failure(
    Reason.REFUSED, "for admins only: this account is not an admin's", 1005, 403, is_for_admins=True
)
GOOD = Success()
HEALTH, APP, WEB, DB = Endpoint.HEALTH, Endpoint.APP, Endpoint.WEB, Endpoint.DB


def lines_about(*polls: tuple[float, Endpoint, Success | Failure], target: str = "wa") -> list[str]:
    """Give what the log says of polls, a line each as `event: collectors`."""
    outages = OutageLog()
    with capture_logs() as logs:
        for at, endpoint, outcome in polls:
            outages.log(Reading(target, endpoint, Instant(1.7e9 + at, at), 0.1, outcome))
    return [
        " ".join([line["event"], line.get("reason") or f"after {line['after']}", *line.get("collectors", [])])
        for line in logs
    ]


@pytest.mark.parametrize(
    ("polls", "said"),
    [
        ([(0, HEALTH, GOOD), (1, APP, GOOD)], []),
        ([(0, HEALTH, DEAD), (30, HEALTH, DEAD)], ["poll failed unreachable health"]),
        # One dead client is one line, and one more that names the others.
        (
            [(0, HEALTH, DEAD), (1, APP, DEAD), (2, WEB, DEAD), (30, HEALTH, DEAD), (59, APP, DEAD)],
            ["poll failed unreachable health"],
        ),
        (
            [(0, HEALTH, DEAD), (1, APP, DEAD), (2, WEB, DEAD), (60, HEALTH, DEAD), (75, APP, DEAD)],
            ["poll failed unreachable health", "more polls fail alike unreachable app web"],
        ),
        # What is polled seldom joins later, and is said seldom.
        (
            [(0, HEALTH, DEAD), (1, APP, DEAD), (60, APP, DEAD), (300, DB, DEAD), (659, APP, DEAD)],
            ["poll failed unreachable health", "more polls fail alike unreachable app"],
        ),
        (
            [(0, HEALTH, DEAD), (1, APP, DEAD), (60, APP, DEAD), (300, DB, DEAD), (660, APP, DEAD)],
            [
                "poll failed unreachable health",
                "more polls fail alike unreachable app",
                "more polls fail alike unreachable db",
            ],
        ),
        # Another reason is another line.
        (
            [(0, HEALTH, DEAD), (1, DB, SLOW), (2, APP, DEAD)],
            ["poll failed unreachable health", "poll failed timeout db"],
        ),
        (
            [(0, HEALTH, DEAD), (30, HEALTH, SLOW), (60, HEALTH, GOOD)],
            [
                "poll failed unreachable health",
                "poll failed timeout health",
                "poll succeeds again after timeout health",
            ],
        ),
        # The end is said once it begins, and once it is complete.
        (
            [(0, DB, DEAD), (300, DB, GOOD)],
            ["poll failed unreachable db", "poll succeeds again after unreachable db"],
        ),
        (
            [
                *((0, each, DEAD) for each in (HEALTH, APP, WEB)),
                *((30, each, GOOD) for each in (HEALTH, APP, WEB, HEALTH)),
            ],
            [
                "poll failed unreachable health",
                "poll succeeds again after unreachable health",
                "all polls succeed again after unreachable",
            ],
        ),
        # That the account is no admin is no failure, and ends none of another kind.
        ([(0, Endpoint.SETTINGS, PLAIN), (300, Endpoint.SETTINGS, PLAIN)], []),
    ],
)
def test_polls_that_fail_are_said_once_per_client_and_reason(
    polls: list[tuple[float, Endpoint, Success | Failure]], said: list[str]
) -> None:
    assert lines_about(*polls) == said


def test_a_poll_that_failed_is_said_with_why_and_who_still_fails_when_another_succeeds() -> None:
    outages = OutageLog()
    with capture_logs() as logs:
        for endpoint, outcome in ((HEALTH, DEAD), (APP, DEAD), (APP, GOOD)):
            outages.log(Reading("wa", endpoint, Instant(1.7e9, 0.0), 0.1, outcome))

    assert (logs[0]["log_level"], logs[0]["why"], logs[0]["target"]) == ("warning", DEAD.message, "wa")
    assert (logs[1]["log_level"], logs[1]["still_failing"]) == ("info", ["health"])


def test_each_target_has_its_own_and_one_that_is_gone_is_forgotten() -> None:
    outages = OutageLog()
    with capture_logs() as logs:
        for name in ("a", "b", "a"):
            outages.log(Reading(name, HEALTH, Instant(1.7e9, 0.0), 0.1, DEAD))
        outages.forget("a")
        outages.forget("nobody")
        outages.log(Reading("a", HEALTH, Instant(1.7e9, 0.0), 0.1, DEAD))

    assert [line["target"] for line in logs] == ["a", "b", "a"]


def test_an_account_that_is_no_admin_is_said_once_and_without_alarm() -> None:
    state = TargetState(Target("wa", "https://wa.example"), ON_PREMISES)
    reading = Reading("wa", Endpoint.SETTINGS, Instant(1.7e9, 0.0), 0.1, PLAIN)

    with capture_logs() as logs:
        log_transition(state, reading)
        log_transition(TargetState(state.target, ON_PREMISES, {Endpoint.SETTINGS: reading}), reading)

    assert [(line["log_level"], line["why"]) for line in logs] == [("info", PLAIN.message)]


def test_each_poll_is_said_with_its_phases_to_whoever_looks_closely() -> None:
    phases = (
        ("login", 0.25),
        ("dns", 0.001),
        ("connect", 0.002),
        ("tls", 0.01),
        ("wait", 0.1),
        ("body", 0.003),
    )
    good = Reading("wa", HEALTH, Instant(1.7e9, 9.0), 0.366, GOOD, phases=phases)
    bad = Reading("wa", HEALTH, Instant(1.7e9, 9.0), 10.0, SLOW, phases=(("dns", 0.001), ("wait", 9.999)))
    repeated = Reading("wa", HEALTH, Instant(1.7e9, 9.0), 0.0, SLOW, asked_at=Instant(1.7e9, 1.0))

    with capture_logs() as logs:
        for reading in (good, bad, repeated):
            log_poll(reading)

    assert {line["log_level"] for line in logs} == {"debug"}
    assert {key: value for key, value in logs[0].items() if key.endswith("_ms")} == {
        "took_ms": 366.0,
        "login_ms": 250.0,
        "dns_ms": 1.0,
        "connect_ms": 2.0,
        "tls_ms": 10.0,
        "wait_ms": 100.0,
        "read_ms": 3.0,
    }
    assert [
        (line["event"].partition(":")[0], line["outcome"], line.get("samples", line.get("why")))
        for line in logs
    ] == [
        ("poll", "ok", 0),
        ("poll", "timeout", SLOW.message),
        ("not polled", "timeout", SLOW.message),
    ]
