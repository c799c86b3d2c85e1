"""An explanation says which answers count, what follows, what would change it, and what is not known."""

from __future__ import annotations

from dataclasses import replace

from waexporter.model import (
    Endpoint,
    Failure,
    Gateway,
    Health,
    Instant,
    PollPlan,
    Reading,
    Reason,
    State,
    Status,
    Success,
    Support,
    SupportNode,
    Target,
)
from waexporter.polling.next_state import advance
from waexporter.polling.on_premises import ON_PREMISES
from waexporter.polling.state import TargetState, initial_state
from waexporter.polling.verdict_explanation import explain

START = Instant(1_769_851_800.0, 1_000.0)  # 2026-01-31T09:30:00Z
PLANS = {Endpoint.HEALTH: PollPlan(30.0, 10.0), Endpoint.SUPPORT: PollPlan(300.0, 10.0)}
TARGET = Target("support-line", "https://wa.example", plans=PLANS)
CONNECTED = Health((Gateway("", "", Status.CONNECTED),), clustered=False)
CONNECTING = Health((Gateway("", "", Status.CONNECTING),), clustered=False)
FULL = Support((SupportNode("", free_bytes=(("data", 50.0 * (1 << 20)),)),), clustered=False)


def after(seconds: float) -> Instant:
    """Return an instant after the start."""
    return Instant(START.wall + seconds, START.steady + seconds)


def reading(endpoint: Endpoint, outcome: Success | Failure, seconds: float = 0.0) -> Reading:
    return Reading(TARGET.name, endpoint, after(seconds), 0.2, outcome)


def a_state(*readings: Reading, target: Target = TARGET) -> TargetState:
    """Return the state of a target after these polls."""
    state = initial_state(target, ON_PREMISES, START)
    for each in readings:
        state = advance(state, each)
    return state


def test_a_problem_is_explained_by_its_rule_its_evidence_and_its_end() -> None:
    state = a_state(
        reading(Endpoint.HEALTH, Success(document=CONNECTED)),
        reading(Endpoint.SUPPORT, Success(document=FULL)),
    )

    problem = explain(state, after(12)).problems[0]

    assert problem.slug == "disk_low"
    assert problem.decides
    assert problem.sources == ("GET /v1/health, 12 s ago", "GET /v1/support, 12 s ago")
    assert problem.rule == "a node reports less than 1024 MiB of free space"
    assert problem.clears == "every node reports more"


def test_the_text_has_every_part_in_eighty_columns() -> None:
    state = a_state(
        reading(Endpoint.HEALTH, Success(document=CONNECTED)),
        reading(Endpoint.SUPPORT, Success(document=FULL)),
    )

    lines = explain(state, after(12)).lines()

    assert lines[0] == "support-line is DEGRADED, for 12 s, since 31 Jan 09:30 UTC"
    assert [line for line in lines if line and line[0].isupper()] == [
        "Problems",
        "Why degraded",
        "Answers",
        "What would change it",
        "Not known",
    ]
    assert "  disk_low, for 12 s: 50 MiB are left for data" in lines
    assert "    seen in: GET /v1/health, 12 s ago; GET /v1/support, 12 s ago" in lines
    assert "  The worst problem decides: disk_low alone makes it degraded." in lines
    assert "  GET /v1/health, 12 s ago: 1 node (connected), version not said; counts for 1" in lines
    assert max(map(len, lines)) <= 80


def test_the_next_answer_and_the_end_of_the_newest_one_are_foreseen() -> None:
    state = a_state(reading(Endpoint.HEALTH, Success(document=CONNECTED)))

    changes = explain(state, after(12)).changes

    assert [(round(change.at - START.wall), change.words) for change in changes] == [
        (30, "the next poll of GET /v1/health is due (every 30 s)"),
        (90, "without another poll, it becomes unknown, with the problem stale"),
    ]


def test_a_change_that_needs_no_new_answer_is_foreseen() -> None:
    state = a_state(reading(Endpoint.HEALTH, Success(document=CONNECTING)))

    changes = explain(state, after(12)).changes

    assert (round(changes[-1].at - START.wall), changes[-1].words) == (
        120,
        "if the answers stay as they are, it stays degraded, with the problem connecting_too_long",
    )


def test_what_is_foreseen_is_what_comes() -> None:
    state = a_state(reading(Endpoint.HEALTH, Success(document=CONNECTED)))
    foreseen = explain(state, after(12)).changes[-1]

    later = explain(state, after(foreseen.at - START.wall))

    assert (later.state, later.problems[0].slug) == (State.UNKNOWN, "stale")
    assert later.problems[0].sources == ("no answer that counts",)


def test_a_failure_beside_an_answer_that_still_counts_is_told_with_both() -> None:
    limited = Failure(Reason.RATE_LIMITED, "answered 429")
    state = a_state(
        reading(Endpoint.HEALTH, Success(document=CONNECTED)), reading(Endpoint.HEALTH, limited, 30)
    )

    explanation = explain(state, after(40))

    assert explanation.state is State.OK
    assert explanation.problems[0].sources == ("the failed poll of GET /v1/health, 10 s ago",)
    assert explanation.answers[0].words == (
        "failed 10 s ago: answered 429; the answer of 40 s ago counts for 50 s more"
    )


def test_what_is_off_refused_or_not_asked_is_not_known_and_says_what_is_missed() -> None:
    refused = Failure(Reason.REFUSED, "it is for admins", is_for_admins=True)
    plans = {**PLANS, Endpoint.SETTINGS: PollPlan(300.0, 10.0), Endpoint.CERTIFICATES: PollPlan(300.0, 10.0)}
    state = a_state(
        reading(Endpoint.HEALTH, Success(document=CONNECTED)),
        reading(Endpoint.SETTINGS, refused),
        target=replace(TARGET, plans=plans),
    )

    unknown = explain(state, after(1)).unknown

    said = {words.partition(": ")[0]: words for words in unknown}
    assert said["GET /v1/support"] == (
        "GET /v1/support: not asked yet. So these may be missed: build_expired, duplicate_client, "
        "shard_uncovered, primary_master_disconnected, no_secondary_master, no_spare_coreapp, disk_low, "
        "build_expiring, version_skew"
    )
    assert (
        "settings/application: it is for admins. So these may be missed"
        in said["GET /v1/settings/application"]
    )
    assert said["GET /v1/groups"].startswith("GET /v1/groups: off")


def test_without_an_answer_about_the_health_nothing_else_is_claimed() -> None:
    failed = Failure(Reason.TIMEOUT, "no answer in 10 s")
    state = a_state(reading(Endpoint.SUPPORT, Success(document=FULL)), reading(Endpoint.HEALTH, failed, 1))

    explanation = explain(state, after(2))

    assert [problem.slug for problem in explanation.problems] == ["timeout"]
    assert explanation.unknown == (
        "without an answer of GET /v1/health that counts, no rule looks at nodes, builds, disks or groups",
    )


def test_before_the_first_poll_the_explanation_says_so() -> None:
    explanation = explain(a_state(), after(0))

    assert [problem.slug for problem in explanation.problems] == ["not_polled"]
    assert explanation.answers[0].words == "not asked yet"
    assert "now: the next poll of GET /v1/health is due (every 30 s)" in "\n".join(explanation.lines())


def test_a_statistic_that_fails_is_named_as_having_no_part() -> None:
    target = replace(TARGET, plans={**PLANS, Endpoint.APP: PollPlan(30.0, 10.0)})
    state = a_state(
        reading(Endpoint.HEALTH, Success(document=CONNECTED)),
        reading(Endpoint.APP, Failure(Reason.STATUS, "answered 500")),
        target=target,
    )

    explanation = explain(state, after(1))

    assert "GET /v1/stats/app fails: answered 500; it has no part in the verdict" in explanation.unknown


def test_problems_of_one_kind_share_their_rule() -> None:
    nodes = tuple(Gateway(f"core{n}", "coreapp", Status.UNREACHABLE, "refused") for n in range(9))
    health = Health((*nodes, Gateway("core9", "coreapp", Status.CONNECTED)), clustered=True)
    state = a_state(reading(Endpoint.HEALTH, Success(document=health)))

    explanation = explain(state, after(1))

    entries = [each for each in explanation.sections[0].entries if "node_unreachable" in each.words]
    assert len([each for each in explanation.problems if each.slug == "node_unreachable"]) == 9
    assert [bool(each.details) for each in entries] == [False] * 4 + [True]
    assert entries[-1].words.endswith("core4 is unreachable: refused; and 4 more node_unreachable")


def test_times_in_the_future_follow_the_wall_clock_after_it_was_set() -> None:
    state = a_state(reading(Endpoint.HEALTH, Success(document=CONNECTED)))
    now = Instant(START.wall + 86_400.0, START.steady + 12.0)  # the clock was a day slow

    explanation = explain(state, now)

    health = explanation.answers[0]
    assert health.endpoint is Endpoint.HEALTH
    assert (health.at, health.next_at) == (now.wall - 12.0, now.wall + 18.0)
    assert explanation.changes[0].at == now.wall + 18.0
