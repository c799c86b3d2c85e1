"""The built-in watch: lasting verdicts page, those that flap don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paging.fakes import WALL
from waexporter.model import Instant, Problem, State, Verdict
from waexporter.paging.dedup import deduplicate
from waexporter.paging.intake.verdict_watch import find_verdict_alerts
from waexporter.paging.messages.compose import compose
from waexporter.paging.model import Item, ItemKind, Page, Webhook

if TYPE_CHECKING:
    from waexporter.paging.alert_record import AlertRecord
    from waexporter.paging.model import Alert

FOR = 120.0


class Guard:
    """Remembers the alerts about the target "alpha", as the journal does."""

    def __init__(self) -> None:
        self.known: dict[str, AlertRecord] = {}
        self.wall = WALL
        self.steady = 1_000.0

    def look(self, state: State, *problems: str, age: float = FOR) -> dict[str, bool]:
        """Return the alerts about a verdict that has lasted for a time, and whether they fire."""
        return {alert.labels["alertname"]: alert.fires for alert in self.alerts(state, *problems, age=age)}

    def alerts(self, state: State, *problems: str, age: float = FOR) -> tuple[Alert, ...]:
        found = tuple(Problem(words, words, since=self.wall - age) for words in problems)
        self.steady += 1_000.0
        verdict = Verdict(state, found, since=self.wall - age, began=self.steady - age)
        now = Instant(self.wall, self.steady)
        alerts = find_verdict_alerts([("alpha", verdict)], self.known, FOR, now).get("alpha", ())
        decision = deduplicate(Webhook("t", alerts), self.known, (), self.wall, self.wall)
        assert len(decision.page.items if decision.page else ()) == len(alerts), (
            "every new alert is in the page"
        )
        self.known |= {memory.fingerprint: memory for memory in decision.records}
        return alerts


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.DOWN, {"WhatsAppDown": True}),
        (State.DEGRADED, {"WhatsAppDegraded": True}),
        (State.UNKNOWN, {"WhatsAppUnknown": True}),
        (State.OK, {}),
    ],
)
def test_a_lasting_verdict_fires_once(state: State, expected: dict[str, bool]) -> None:
    guard = Guard()

    assert guard.look(state, age=FOR - 0.1) == {}
    assert guard.look(state) == expected
    guard.wall += 86_400.0
    assert guard.look(state) == {}


def test_a_lasting_ok_resolves_the_alert_once() -> None:
    guard = Guard()
    guard.look(State.DOWN)

    assert guard.look(State.OK, age=FOR - 1.0) == {}
    assert guard.look(State.OK) == {"WhatsAppDown": False}
    assert guard.look(State.OK) == {}


def test_a_verdict_that_flaps_changes_nothing() -> None:
    guard = Guard()
    guard.look(State.DOWN)
    for _ in range(20):
        guard.wall += 30.0
        assert guard.look(State.OK, age=15.0) == {}
        assert guard.look(State.DOWN, age=15.0) == {}
    assert guard.look(State.DOWN) == {}


def test_degraded_resolves_down() -> None:
    guard = Guard()
    guard.look(State.DOWN)

    assert guard.look(State.DEGRADED) == {"WhatsAppDegraded": True, "WhatsAppDown": False}
    assert guard.look(State.DOWN) == {"WhatsAppDown": True}
    assert guard.look(State.OK) == {"WhatsAppDown": False, "WhatsAppDegraded": False}


def test_unknown_resolves_nothing() -> None:
    guard = Guard()
    guard.look(State.DOWN)

    assert guard.look(State.UNKNOWN) == {"WhatsAppUnknown": True}
    assert guard.look(State.DOWN) == {"WhatsAppUnknown": False}


def test_an_alert_describes_the_problems_and_the_affected_channel() -> None:
    [down] = Guard().alerts(State.DOWN, "no coreapp is connected", "the disk is full")
    [degraded] = Guard().alerts(State.DEGRADED)

    assert down.labels == {
        "alertname": "WhatsAppDown",
        "severity": "critical",
        "target": "alpha",
        "affects_channel": "whatsapp",
    }
    assert down.annotations["description"] == "alpha: no coreapp is connected; the disk is full"
    assert "affects_channel" not in degraded.labels
    assert degraded.annotations["description"] == "alpha: the verdict is degraded"


@pytest.mark.parametrize("state", [State.DOWN, State.DEGRADED, State.UNKNOWN])
def test_a_resolved_alert_does_not_describe_the_next_verdict(state: State) -> None:
    guard = Guard()
    guard.look(state, "the disk is full")
    guard.wall += 1_000.0

    [over] = guard.alerts(State.OK, "a token ends soon")
    text = compose([Page("t", (Item(over, ItemKind.RESOLVED),), received_at=guard.wall)], guard.wall)

    assert "ALL CLEAR" in text
    assert "Was:" not in text
    assert "the verdict is" not in text
    assert "a token ends soon" not in text


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0], ids=["forward", "back"])
def test_a_wall_clock_that_jumps_neither_hastens_nor_delays(jump: float) -> None:
    began = Instant(WALL, 1_000.0)
    verdict = Verdict(State.DOWN, since=began.wall, began=began.steady)

    early = find_verdict_alerts(
        [("alpha", verdict)], {}, FOR, Instant(WALL + jump + FOR - 1.0, 1_000.0 + FOR - 1.0)
    )
    late = find_verdict_alerts([("alpha", verdict)], {}, FOR, Instant(WALL + jump + FOR, 1_000.0 + FOR))

    assert early == {}
    [alert] = late["alpha"]
    assert alert.starts_at == WALL + jump, "where the verdict began, by the clock as it is now"


def test_an_alert_begins_and_ends_where_its_verdict_did() -> None:
    guard = Guard()
    [down] = guard.alerts(State.DOWN, age=300.0)
    guard.wall += 1_000.0
    [over] = guard.alerts(State.OK, age=200.0)

    assert (down.starts_at, over.starts_at, over.ends_at) == (WALL - 300.0, WALL - 300.0, WALL + 800.0)


def test_only_the_first_problems_are_described() -> None:
    [down] = Guard().alerts(State.DOWN, *(f"problem {number}" for number in range(9)))

    assert "problem 4" in down.annotations["description"]
    assert "problem 5" not in down.annotations["description"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(State), st.sampled_from([0.0, 60.0, FOR, 500.0]), st.integers(-4_000, 4_000)
        ),
        max_size=20,
    )
)
def test_after_a_lasting_ok_nothing_fires(
    past: list[tuple[State, float, int]],
) -> None:
    guard = Guard()
    for state, age, pause in past:
        guard.wall += pause  # a clock may be set back
        guard.look(state, age=age)

    guard.look(State.OK)

    assert not [each for each in guard.known.values() if each.ends_at is None]
