"""The details of a target are what is fresh; what is too old is left out."""

from __future__ import annotations

from waexporter.daemon.target_details import describe_target
from waexporter.model import (
    Endpoint,
    Gateway,
    Health,
    Instant,
    OnCallGroup,
    PollPlan,
    Reading,
    State,
    Status,
    Success,
    Target,
    Verdict,
)
from waexporter.polling.next_state import advance
from waexporter.polling.on_premises import ON_PREMISES
from waexporter.polling.state import TargetState, initial_state
from waexporter.web.backend import TargetDetails, TargetStatus

START = Instant(1_769_851_800.0, 1_000.0)
PLANS = {Endpoint.HEALTH: PollPlan(30.0, 10.0), Endpoint.GROUP: PollPlan(300.0, 10.0)}
TARGET = Target("wa", "https://wa.example", plans=PLANS)
HEALTH = Health((Gateway("", "", Status.CONNECTED),), clustered=False, version="2.53.3")


def after(seconds: float) -> Instant:
    return Instant(START.wall + seconds, START.steady + seconds)


def a_state(group: OnCallGroup | None) -> TargetState:
    state = initial_state(TARGET, ON_PREMISES, START)
    for endpoint, document in ((Endpoint.HEALTH, HEALTH), (Endpoint.GROUP, group)):
        state = advance(state, Reading("wa", endpoint, START, 0.2, Success(document=document)))
    return state


def details(state: TargetState, seconds: float) -> TargetDetails:
    status = TargetStatus("wa", TARGET.url, Verdict(State.OK))
    return describe_target(state, status, after(seconds))


def test_a_fresh_answer_has_its_content_in_words() -> None:
    shown = details(a_state(OnCallGroup(3)), 60)

    assert shown.summaries == {
        "health": "1 node (connected), version 2.53.3",
        "group": "on-call group: 3 members",
    }


def test_a_success_without_a_document_says_why() -> None:
    shown = details(a_state(None), 60)

    assert shown.summaries["group"].startswith("not asked: no on-call group is known")


def test_what_is_too_old_is_left_out_but_the_past_stays() -> None:
    shown = details(a_state(None), 100)

    assert set(shown.summaries) == {"group"}
    assert [poll.endpoint for poll in shown.polls] == ["health", "group"]
