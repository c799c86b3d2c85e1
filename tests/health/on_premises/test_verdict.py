"""Verdicts, row by row: the client's answers, and the verdict that follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.places import hold
from waexporter.health import PROBLEMS, with_current_times
from waexporter.health.on_premises import CONNECTING_TOO_LONG, Facts, changes_at, judge
from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.model import (
    Certificates,
    ClientSettings,
    Distrust,
    Failure,
    Gateway,
    Health,
    Instant,
    OnCallGroup,
    OnPremisesDetails,
    Problem,
    Reason,
    State,
    Status,
    Support,
    SupportNode,
    Topology,
    Verdict,
)

OK, DEGRADED, DOWN, UNKNOWN = State.OK, State.DEGRADED, State.DOWN, State.UNKNOWN
HA, MULTI, SINGLE = Topology.HA, Topology.MULTICONNECT, Topology.SINGLE
NOW = 1_700_000_000.0


def at(seconds: float = 0.0) -> Instant:
    """Return the instant that is `seconds` after NOW; the steady clock has another start."""
    return Instant(NOW + seconds, 1_000.0 + seconds)


ROLES = {"c": "coreapp", "p": "primary_master", "s": "secondary_master", "x": ""}
STATUSES = {
    "+": Status.CONNECTED,
    "~": Status.CONNECTING,
    "-": Status.DISCONNECTED,
    "0": Status.UNINITIALIZED,
    "?": Status.UNREGISTERED,
    "!": Status.UNREACHABLE,
    "*": Status.OTHER,
}


def single(status: Status, detail: str = "") -> Health:
    return Health((Gateway("", "", status, detail),), clustered=False)


def cluster(picture: str) -> Health:
    """Draw a cluster: `c+ c- p- s-` is a connected coreapp, a spare and two masters that are not."""
    nodes = [
        Gateway(f"{drawn[0]}{place}", ROLES[drawn[0]], STATUSES[drawn[1]], "refused" if "!" in drawn else "")
        for place, drawn in enumerate(picture.split())
    ]
    return Health(tuple(nodes), clustered=True)


def failed(
    reason: Reason, code: int | None = None, message: str = "words", status: int | None = None
) -> Facts:
    return Facts(failure=Failure(reason, message, code, status))


def of_gateway(status: int) -> Facts:
    return Facts(failure=Failure(Reason.STATUS, "words", status=status, is_foreign=True))


@dataclass(frozen=True)
class Row:
    """Facts and the expected verdict; the numbers are connected, expected, shards, covered."""

    says: str
    facts: Facts
    state: State
    slugs: str = ""
    numbers: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    topology: Topology | None = None


def of_single(says: str, status: Status, state: State, slugs: str = "") -> Row:
    connected = int(status is Status.CONNECTED)
    return Row(says, Facts(single(status)), state, slugs, (connected, 1, None, None), SINGLE)


def of_ha(says: str, picture: str, state: State, slugs: str = "", connected: int = 0) -> Row:
    numbers = (connected, 1, 1, min(connected, 1))
    return Row(says, Facts(cluster(picture), topology=HA), state, slugs, numbers, HA)


def of_multi(
    says: str, picture: str, state: State, slugs: str, counts: tuple[int, int | None] = (0, 2)
) -> Row:
    """Return a row about a cluster with `counts[1]` shards and `counts[0]` connected coreapps."""
    connected, shards = counts
    covered = None if shards is None else min(connected, shards)
    facts = Facts(cluster(picture), topology=MULTI, shards=shards)
    return Row(says, facts, state, slugs, (connected, shards, shards, covered), MULTI)


DAY = 86400.0
UNCLEAR = "status_unclear"


def of_unclear(  # noqa: PLR0913, PLR0917 - one for each column
    says: str, picture: str, state: State, slugs: str = "", connected: int | None = None, shards: int = 1
) -> Row:
    """Return a row about a cluster with unclear nodes, so that its numbers may not be known."""
    topology = MULTI if shards > 1 else HA
    covered = None if connected is None else min(connected, shards)
    said = support(expires=NOW - 1) if "build_expired" in slugs else None
    facts = Facts(cluster(picture), topology=topology, shards=shards, support=said)
    return Row(says, facts, state, slugs, (connected, shards, shards, covered), topology)


def support(expires: float | None = None, free_bytes: tuple[tuple[str, float], ...] = ()) -> Support:
    return Support((SupportNode("", expires=expires, free_bytes=free_bytes),), clustered=False)


def foretold(says: str, said: Support | Certificates | OnCallGroup, state: State, slugs: str = "") -> Row:
    """Return a row about a single client that is connected, with further facts."""
    health = single(Status.CONNECTED)
    facts = (
        Facts(health, support=said)
        if isinstance(said, Support)
        else Facts(health, certificates=said)
        if isinstance(said, Certificates)
        else Facts(health, group=said)
    )
    return Row(says, facts, state, slugs, (1, 1, None, None), SINGLE)


TOO_LONG = "connecting connecting_too_long"

ROWS = [
    # A single client: connected is ok, connecting is degraded, anything else is down.
    of_single("connected", Status.CONNECTED, OK),
    of_single("connecting", Status.CONNECTING, DEGRADED, "connecting"),
    of_single("disconnected", Status.DISCONNECTED, DOWN, "no_coreapp_connected"),
    of_single("uninitialized", Status.UNINITIALIZED, DOWN, "uninitialized"),
    of_single("unregistered", Status.UNREGISTERED, DOWN, "unregistered"),
    of_single("an error in its place", Status.UNREACHABLE, DOWN, "no_coreapp_connected"),
    Row(
        "a status nobody knows",
        Facts(single(Status.OTHER, "sleeping")),
        UNKNOWN,
        "status_unclear",
        (None, 1, None, None),
        SINGLE,
    ),
    # HA: exactly one coreapp is connected, all else is not, the primary master neither.
    of_ha("healthy", "c+ c- p- s-", OK, "", 1),
    of_ha("healthy, with two spares", "c- c+ c- p- s-", OK, "", 1),
    of_ha("a spare that is connecting can take over", "c+ c~ p- s-", OK, "connecting", 1),
    of_ha("a connected primary master harms nobody", "c+ c- p+ s-", OK, "", 1),
    of_ha("no spare at all", "c+ p- s-", DEGRADED, "no_spare_coreapp", 1),
    of_ha("the spare is dead", "c+ x! p- s-", DEGRADED, "no_spare_coreapp node_unreachable", 1),
    of_ha("one spare of two is dead", "c+ c- x! p- s-", DEGRADED, "node_unreachable", 1),
    of_ha("the spare is uninitialized", "c+ c0 p- s-", DEGRADED, "no_spare_coreapp uninitialized", 1),
    of_ha("the spare is unregistered", "c+ c? p- s-", DEGRADED, "no_spare_coreapp unregistered", 1),
    of_unclear("the spare says what nobody knows", "c+ c* p- s-", OK),
    of_unclear("the spare is unclear beside a dead one", "c+ c* x! p- s-", DEGRADED, "node_unreachable"),
    of_unclear("the only one that may be connected says what nobody knows", "c* c- p- s-", UNKNOWN, UNCLEAR),
    of_unclear("one is connected, and its role is not known", "x+ c- p- s-", UNKNOWN, UNCLEAR),
    of_unclear("nothing of a node is understood", "x* c- p- s-", UNKNOWN, UNCLEAR),
    of_unclear("nothing of a node is understood beside one that serves", "x* c+ c- p- s-", OK),
    of_unclear("the role of a spare is not known", "c+ x- p- s-", OK, connected=1),
    of_unclear("the role of the primary master is not known", "c+ c- x- s-", OK, connected=1),
    of_unclear("the role of the secondary master is not known", "c+ c- p- x-", OK, connected=1),
    of_unclear("the status of the primary master is not known", "c+ c- p* s-", OK, connected=1),
    of_unclear(
        "a build that has ended is no outage while one serves", "c+ c* p- s-", DEGRADED, "build_expired"
    ),
    of_ha("no secondary master", "c+ c- p-", DEGRADED, "no_secondary_master", 1),
    of_ha("the secondary master is dead", "c+ c- p- x!", DEGRADED, "no_secondary_master node_unreachable", 1),
    of_ha("two primary masters", "c+ c- p- p- s-", DEGRADED, "two_primary_masters", 1),
    of_ha("both masters are primary", "c+ c- p- p-", DEGRADED, "no_secondary_master two_primary_masters", 1),
    of_ha("no primary master", "c+ c- s- s-", DEGRADED, "no_primary_master", 1),
    of_ha("the primary master is dead", "c+ c- x! s-", DEGRADED, "no_primary_master node_unreachable", 1),
    of_ha("no master at all", "c+ c-", DEGRADED, "no_primary_master no_secondary_master", 1),
    of_ha("two coreapps are connected", "c+ c+ p- s-", DEGRADED, "duplicate_client", 2),
    of_ha("none is connected", "c- c- p- s-", DOWN, "no_coreapp_connected", 0),
    of_ha("a failover is under way", "c- c~ p- s-", DOWN, "connecting no_coreapp_connected", 0),
    of_ha("only a master is connected", "c- c- p+ s-", DOWN, "no_coreapp_connected", 0),
    of_ha(
        "only the last coreapp is left, and it is not connected",
        "x! c- p- s-",
        DOWN,
        "no_coreapp_connected no_spare_coreapp node_unreachable",
    ),
    of_ha("all coreapps are new", "c0 c0 p- s-", DOWN, "no_coreapp_connected no_spare_coreapp uninitialized"),
    of_ha(
        "all is dead",
        "x! x! x!",
        DOWN,
        "no_coreapp_connected no_primary_master no_secondary_master no_spare_coreapp node_unreachable",
    ),
    # Multiconnect: a coreapp per shard and the primary master are connected.
    of_multi("healthy", "c+ c+ c- p+ s-", OK, "", (2, 2)),
    of_unclear("a master says what nobody knows", "c+ c+ p* s-", OK, "", 2, shards=2),
    of_unclear("the role of the master is not known", "c+ c+ x+ s-", OK, "", shards=2),
    of_unclear("one may cover the shard that is left", "c+ c* p+ s-", UNKNOWN, UNCLEAR, shards=2),
    of_unclear("one may be a second client, or not", "c+ x+ p- s-", UNKNOWN, UNCLEAR),
    of_unclear("one may be a third client, or not", "c+ c+ x+ p+ s-", UNKNOWN, UNCLEAR, shards=2),
    of_unclear("one can't cover two shards", "c+ c* p+ s-", DEGRADED, "shard_uncovered", shards=4),
    of_unclear("what none of the two says is understood", "c* x* p+ s-", UNKNOWN, UNCLEAR, shards=2),
    of_multi("healthy, without spares", "c+ c+ p+", OK, "", (2, 2)),
    of_multi("a spare is connecting", "c+ c+ c~ p+ s-", OK, "connecting", (2, 2)),
    of_multi("a shard is without coreapp", "c+ c- p+ s-", DEGRADED, "shard_uncovered", (1, 2)),
    of_multi(
        "a shard is being taken over",
        "c+ x! c~ p+ s-",
        DEGRADED,
        "connecting node_unreachable shard_uncovered",
        (1, 2),
    ),
    of_multi("a spare is dead", "c+ c+ x! p+ s-", DEGRADED, "node_unreachable", (2, 2)),
    of_multi(
        "the primary master is not connected", "c+ c+ p- s-", DEGRADED, "primary_master_disconnected", (2, 2)
    ),
    of_multi(
        "the primary master is connecting",
        "c+ c+ p~ s-",
        DEGRADED,
        "connecting primary_master_disconnected",
        (2, 2),
    ),
    of_multi("no primary master", "c+ c+ s- s-", DEGRADED, "no_primary_master", (2, 2)),
    of_multi("two primary masters, one connected", "c+ c+ p+ p-", DEGRADED, "two_primary_masters", (2, 2)),
    of_multi("more connected than shards", "c+ c+ c+ p+ s-", DEGRADED, "duplicate_client", (3, 2)),
    of_multi("none is connected", "c- c- p+ s-", DOWN, "no_coreapp_connected", (0, 2)),
    of_multi(
        "none is connected and none can be", "x! x! p+ s-", DOWN, "no_coreapp_connected node_unreachable"
    ),
    of_multi("four shards, three covered", "c+ c+ c+ c- p+ s-", DEGRADED, "shard_uncovered", (3, 4)),
    of_multi(
        "one is unregistered beside one that serves",
        "c+ c? p+",
        DEGRADED,
        "shard_uncovered unregistered",
        (1, 2),
    ),
    of_multi("one is uninitialized where all are covered", "c+ c+ c0 p+", DEGRADED, "uninitialized", (2, 2)),
    of_multi("shards are not known", "c+ c- p+ s-", OK, "", (1, None)),
    of_multi(
        "shards are not known and none is connected", "c- c- p+", DOWN, "no_coreapp_connected", (0, None)
    ),
    # Which topology it is, when nobody said.
    Row(
        "a flat answer is single",
        Facts(single(Status.CONNECTED), topology=HA),
        OK,
        "",
        (1, 1, None, None),
        SINGLE,
    ),
    Row("nothing points to multiconnect", Facts(cluster("c+ c- p- s-")), OK, "", (1, 1, 1, 1), HA),
    Row("its master is connected", Facts(cluster("c+ c+ p+ s-")), OK, "", (2, None, None, None), MULTI),
    Row("its master may be connected", Facts(cluster("c+ c+ p* s-")), OK, "", (2, None, None, None), None),
    Row("its master may be any", Facts(cluster("c+ c+ x+ s-")), OK, "", (None,) * 4, None),
    Row("it has one shard", Facts(cluster("c+ c- p+ s-"), shards=1), OK, "", (1, 1, 1, 1), HA),
    Row(
        "it has two shards, and its master lost its connection",
        Facts(cluster("c+ c+ p- s-"), shards=2),
        DEGRADED,
        "primary_master_disconnected",
        (2, 2, 2, 2),
        MULTI,
    ),
    Row(
        "single is said of a cluster",
        Facts(cluster("c+ c- p- s-"), topology=SINGLE),
        OK,
        "",
        (1, 1, 1, 1),
        HA,
    ),
    Row(
        "two are connected where HA is all there is to see",
        Facts(cluster("c+ c+ p- s-")),
        DEGRADED,
        "duplicate_client",
        (2, 1, 1, 1),
        HA,
    ),
    # No answer that is fresh.
    Row("nothing was asked yet", Facts(polled=False), UNKNOWN, "not_polled"),
    Row("the last answer is old", Facts(), UNKNOWN, "stale"),
    Row("no connection", failed(Reason.UNREACHABLE), DOWN, "unreachable"),
    Row("no answer in time", failed(Reason.TIMEOUT), UNKNOWN, "timeout"),
    Row(
        "the proxy in between is no way to the client",
        Facts(failure=Failure(Reason.UNREACHABLE, "words", is_foreign=True)),
        UNKNOWN,
        "unexpected_answer",
    ),
    Row("no trust", failed(Reason.TLS), UNKNOWN, "tls"),
    Row("refused", failed(Reason.REFUSED, 1005, "answered 401: Access denied"), UNKNOWN, "auth_refused"),
    Row("a new account", failed(Reason.REFUSED, 1024), UNKNOWN, "auth_refused"),
    Row(
        "an expired token", failed(Reason.REFUSED, 1005, "Denied: Token has expired"), UNKNOWN, "auth_refused"
    ),
    Row(
        "an expired build",
        failed(Reason.REFUSED, 1005, "answered 403: 1005 App Expired"),
        DOWN,
        "build_expired",
    ),
    Row(
        "an expired build, in more words",
        failed(Reason.REFUSED, 1005, "application has expired"),
        DOWN,
        "build_expired",
    ),
    Row(
        "App Expired with another code", failed(Reason.REFUSED, None, "App Expired"), UNKNOWN, "auth_refused"
    ),
    Row("too many requests and nothing fresh", failed(Reason.RATE_LIMITED, 1015), UNKNOWN, "rate_limited"),
    Row("not ready", failed(Reason.STATUS, 1011), DOWN, "uninitialized"),
    Row("the coreapp is dead", failed(Reason.STATUS, 1014), DOWN, "no_coreapp_connected"),
    Row("the coreapp is dead, with a 2xx", failed(Reason.BODY, 1014), DOWN, "no_coreapp_connected"),
    Row("overloaded", failed(Reason.STATUS, 1016), DEGRADED, "overloaded"),
    Row("no primary coreapp", failed(Reason.STATUS, 1018), DOWN, "no_coreapp_connected"),
    Row("no database", failed(Reason.STATUS, 1023), DOWN, "database"),
    Row("a generic error", failed(Reason.STATUS, 1000), UNKNOWN, "unexpected_answer"),
    Row("an error without a code", failed(Reason.STATUS), UNKNOWN, "unexpected_answer"),
    Row("a web page", failed(Reason.BODY), UNKNOWN, "unexpected_answer"),
    *(Row(f"{status} of a gateway", of_gateway(status), DOWN, "unreachable") for status in (502, 503, 504)),
    Row("503 of the client", failed(Reason.STATUS, 1016, status=503), DEGRADED, "overloaded"),
    Row("503 of a later client", failed(Reason.STATUS, 1099, status=503), UNKNOWN, "unexpected_answer"),
    Row("503 of the client without a code", failed(Reason.STATUS, status=503), UNKNOWN, "unexpected_answer"),
    Row("500 of nobody knows whom", of_gateway(500), UNKNOWN, "unexpected_answer"),
    Row("too much", failed(Reason.TOO_LARGE), UNKNOWN, "unexpected_answer"),
    Row("a code that belongs to no status", failed(Reason.UNREACHABLE, 1023), DOWN, "unreachable"),
    # What announces itself is a note, unless it is here already.
    foretold(
        "support is well", Support((SupportNode("", free_bytes=(("data", 5e9),)),), clustered=False), OK
    ),
    foretold("the build ends in a month", support(expires=NOW + 30 * DAY), OK),
    foretold("the build ends in five days", support(expires=NOW + 5 * DAY), OK, "build_expiring"),
    foretold("the build has ended, yet it serves", support(expires=NOW - 1), DEGRADED, "build_expired"),
    foretold("the disk is nearly full", support(free_bytes=(("data", 5e7),)), DEGRADED, "disk_low"),
    foretold(
        "two versions",
        Support((SupportNode("a", version="2.45.1"), SupportNode("b", version="2.43.2")), clustered=True),
        OK,
        "version_skew",
    ),
    foretold("a certificate ends in a month", Certificates((("served", NOW + 30 * DAY),)), OK),
    foretold(
        "a certificate ends in five days",
        Certificates((("served", NOW + 5 * DAY), ("external_ca", NOW + 99 * DAY))),
        OK,
        "certificate_expiring",
    ),
    foretold(
        "a certificate has ended", Certificates((("webhook_ca", NOW),)), DEGRADED, "certificate_expired"
    ),
    foretold("somebody is on call", OnCallGroup(2), OK),
    foretold("nobody is on call", OnCallGroup(0), OK, "on_call_group_unreachable"),
    foretold("the group is gone", OnCallGroup(None, exists=False), OK, "on_call_group_unreachable"),
    foretold("somebody at least is on call", OnCallGroup(None, at_least=1), OK),
    foretold("who is on call can't be read", OnCallGroup(None), OK),
    Row(
        "down, and the build has ended",
        Facts(single(Status.DISCONNECTED), support=support(expires=NOW - 1)),
        DOWN,
        "build_expired no_coreapp_connected",
        (0, 1, None, None),
        SINGLE,
    ),
    # A failure outweighs an answer before it, unless it says nothing.
    Row(
        "fresh, but the newest poll found nobody",
        Facts(single(Status.CONNECTED), Failure(Reason.UNREACHABLE, "words")),
        DOWN,
        "unreachable",
    ),
    Row(
        "fresh, and the newest poll was one too many",
        Facts(single(Status.CONNECTED), Failure(Reason.RATE_LIMITED, "words")),
        OK,
        "rate_limited",
        (1, 1, None, None),
        SINGLE,
    ),
    Row(
        "down, and the newest poll was one too many",
        Facts(cluster("c- c- p- s-"), Failure(Reason.RATE_LIMITED, "words"), topology=HA),
        DOWN,
        "no_coreapp_connected rate_limited",
        (0, 1, 1, 0),
        HA,
    ),
    *(
        Row(
            f"tokens are {distrust}",
            Facts(single(Status.CONNECTED), distrust=distrust),
            DEGRADED,
            "token_refused",
            (1, 1, None, None),
            SINGLE,
        )
        for distrust in Distrust
    ),
    Row(
        "tokens are refused, and health too",
        replace(failed(Reason.REFUSED, 1005), distrust=Distrust.CONTRADICTORY),
        UNKNOWN,
        "auth_refused token_refused",
    ),
]


def _says_nothing(failure: Failure | None) -> bool:
    return failure is None or failure.reason is Reason.RATE_LIMITED


details_of = OnPremisesDetails.of


def slugs(verdict: Verdict) -> list[str]:
    return sorted({problem.slug for problem in verdict.problems})


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
def test_facts_lead_to_a_verdict(row: Row) -> None:
    verdict = judge(row.facts, None, at())
    details = details_of(verdict)

    assert (verdict.state, slugs(verdict)) == (row.state, sorted(row.slugs.split()))
    assert (details.connected, details.expected, details.shards, details.covered) == row.numbers
    assert details.topology is row.topology
    assert verdict.up is (row.facts.health is not None and _says_nothing(row.facts.failure))
    assert details.gateways == (row.facts.health.gateways if row.facts.health and verdict.up else ())


def test_there_are_rows_for_every_problem_but_the_one_that_takes_time() -> None:
    reached = {slug for row in ROWS for slug in row.slugs.split()}

    hold(
        set(PROBLEM_STATES) - {"connecting_too_long"},
        reached,
        add="Add rows to ROWS in tests/health/on_premises/test_verdict.py: facts that make it, and others.",
        remove="ROWS has a problem that PROBLEM_STATES in waexporter/health/on_premises/problems.py has not.",
    )


def test_there_is_advice_for_every_kind_of_problem_in_one_sentence() -> None:
    odd = [kind.slug for kind in PROBLEMS.values() if not kind.advice or kind.advice[-1] in ".!?"]

    assert odd == []


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
def test_every_problem_is_one_sentence_that_begins_now(row: Row) -> None:
    verdict = judge(row.facts, None, at())

    for problem in verdict.problems:
        assert problem.words
        assert "\n" not in problem.words
        assert problem.since == NOW


@pytest.mark.parametrize("row", [row for row in ROWS if row.state is not OK], ids=str)
def test_a_verdict_that_is_not_ok_has_a_reason(row: Row) -> None:
    assert judge(row.facts, None, at()).problems


@pytest.mark.parametrize("reason", Reason)
def test_every_failure_there_is_has_a_verdict(reason: Reason) -> None:
    verdict = judge(failed(reason), None, at())

    assert verdict.state is not OK
    assert verdict.problems
    assert "words" in verdict.problems[0].words or reason is Reason.RATE_LIMITED


def test_nodes_in_trouble_are_named() -> None:
    verdict = judge(Facts(cluster("c+ x! c0 p- s-"), topology=HA), None, at())

    by_slug = {problem.slug: problem for problem in verdict.problems}
    assert by_slug["node_unreachable"].node == "x1"
    assert by_slug["node_unreachable"].words == "x1 is unreachable: refused"
    assert by_slug["uninitialized"].node == "c2"


# --- memory ------------------------------------------------------------------------------------


def test_since_is_carried_over_while_state_and_problem_last() -> None:
    before = judge(Facts(cluster("c+ p- s-"), topology=HA), None, at())

    after = judge(Facts(cluster("c+ p- s-"), topology=HA), before, at(30))

    assert (after.since, after.problems[0].since) == (NOW, NOW)


def test_since_begins_anew_with_another_state_and_for_another_problem() -> None:
    before = judge(Facts(cluster("c+ p- s-"), topology=HA), None, at())

    after = judge(Facts(cluster("c- p- s-"), topology=HA), before, at(30))

    assert after.since == NOW + 30
    assert {problem.slug: problem.since for problem in after.problems} == {
        "no_coreapp_connected": NOW + 30,
        "no_spare_coreapp": NOW,
    }


def test_the_same_problem_of_another_node_is_another_problem() -> None:
    before = judge(Facts(cluster("c+ c- x! p- s-"), topology=HA), None, at())

    after = judge(Facts(cluster("x! c+ c- p- s-"), topology=HA), before, at(30))

    assert [(problem.node, problem.since) for problem in after.problems] == [("x0", NOW + 30)]


def test_a_problem_that_returns_begins_anew() -> None:
    sick, well = Facts(cluster("c+ p- s-"), topology=HA), Facts(cluster("c+ c- p- s-"), topology=HA)
    first = judge(sick, None, at())

    second = judge(sick, judge(well, first, at(30)), at(60))

    assert (second.since, second.problems[0].since) == (NOW + 60, NOW + 60)


@pytest.mark.parametrize(
    ("after", "too_long"),
    [(0.0, False), (CONNECTING_TOO_LONG - 1, False), (CONNECTING_TOO_LONG, True), (1e6, True)],
)
def test_connecting_is_fine_until_it_has_been_too_long(after: float, too_long: bool) -> None:  # noqa: FBT001 - a row
    facts = Facts(cluster("c+ c~ p- s-"), topology=HA)
    before = judge(facts, None, at())

    verdict = judge(facts, before, at(after))

    assert slugs(verdict) == (TOO_LONG.split() if too_long else ["connecting"])
    assert verdict.state is (DEGRADED if too_long else OK)


def test_the_time_of_connecting_is_each_nodes_own() -> None:
    first = judge(Facts(cluster("c+ c~ c- p- s-"), topology=HA), None, at())
    both = judge(Facts(cluster("c+ c~ c~ p- s-"), topology=HA), first, at(100))

    later = judge(Facts(cluster("c+ c~ c~ p- s-"), topology=HA), both, at(130))

    assert [problem.node for problem in later.problems if problem.slug == "connecting_too_long"] == ["c1"]
    assert changes_at(later, Facts(), at(130)) == at(100 + CONNECTING_TOO_LONG).steady


def test_a_node_that_connected_in_between_starts_over() -> None:
    connecting = Facts(cluster("c+ c~ p- s-"), topology=HA)
    first = judge(connecting, None, at())
    between = judge(Facts(cluster("c+ c- p- s-"), topology=HA), first, at(60))

    again = judge(connecting, between, at(CONNECTING_TOO_LONG + 60))

    assert slugs(again) == ["connecting"]


def test_time_alone_changes_a_verdict_only_where_something_is_connecting() -> None:
    waiting = judge(Facts(single(Status.CONNECTING)), None, at())
    overdue = judge(Facts(single(Status.CONNECTING)), waiting, at(CONNECTING_TOO_LONG))

    assert changes_at(waiting, Facts(), at()) == at(CONNECTING_TOO_LONG).steady
    assert changes_at(overdue, Facts(), at(CONNECTING_TOO_LONG)) is None
    assert changes_at(judge(Facts(single(Status.CONNECTED)), None, at()), Facts(), at()) is None
    assert changes_at(Verdict(UNKNOWN, (Problem("stale", "w", since=NOW),)), Facts(), at()) is None


def test_a_rate_limit_keeps_the_time_of_connecting() -> None:
    facts = Facts(single(Status.CONNECTING))
    before = judge(facts, None, at())
    limited = Facts(facts.health, Failure(Reason.RATE_LIMITED, "words"))

    between = judge(limited, before, at(60))
    verdict = judge(facts, between, at(CONNECTING_TOO_LONG))

    assert slugs(between) == ["connecting", "rate_limited"]
    assert slugs(verdict) == TOO_LONG.split()


def test_multiconnect_is_remembered_when_its_master_loses_the_connection() -> None:
    before = judge(Facts(cluster("c+ c+ p+ s-")), None, at())

    verdict = judge(Facts(cluster("c+ c+ p- s-")), before, at(30))

    assert (details_of(verdict).topology, slugs(verdict)) == (MULTI, ["primary_master_disconnected"])


def test_the_topology_is_remembered_while_nothing_is_heard() -> None:
    before = judge(Facts(cluster("c+ c+ p+ s-")), None, at())

    silent = judge(failed(Reason.TIMEOUT), before, at(30))
    verdict = judge(Facts(cluster("c+ c+ p- s-")), silent, at(60))

    assert (details_of(silent).topology, details_of(verdict).topology) == (MULTI, MULTI)


def test_the_module_promises_a_state_for_every_problem() -> None:
    assert {row.state for row in ROWS} == set(State)
    assert set(PROBLEM_STATES.values()) == set(State)


# --- shards ------------------------------------------------------------------------------------


def owning(*shards: tuple[int, ...] | None) -> Support:
    """Return the support document of coreapps c0, c1, ... that own these shards."""
    nodes = (SupportNode(f"c{place}", shards=owned) for place, owned in enumerate(shards))
    return Support(tuple(nodes), clustered=True)


def half_known(*shards: tuple[int, ...]) -> Support:
    """Give the same, where some of the last one's shards can't be read."""
    *nodes, last = owning(*shards).nodes
    return Support((*nodes, replace(last, are_shards_all=False)), clustered=True)


@pytest.mark.parametrize(
    ("said", "shards", "topology"),
    [
        ({"shards": 2, "settings": ClientSettings(shards=4)}, 2, MULTI),
        ({"settings": ClientSettings(shards=2), "support": owning((0,), (1,), (2,))}, 2, MULTI),
        ({"settings": ClientSettings(shards=1)}, 1, HA),
        ({"support": owning((0,), (1,), ())}, 2, MULTI),
        ({"support": owning((0,), (1,), (2,))}, 4, MULTI),
        ({"support": owning((0, 1), (2, 3))}, 4, MULTI),
        ({"support": owning((0,), ())}, 1, HA),
        ({"support": owning(None, None)}, 1, HA),
        ({"support": half_known((0,), (1,))}, 1, HA),
        ({}, 1, HA),
    ],
)
def test_the_number_of_shards_comes_from_the_best_source_there_is(
    said: dict[str, Any], shards: int, topology: Topology
) -> None:
    verdict = judge(Facts(cluster("c+ c+ c- p- s-"), **said), None, at())

    assert (details_of(verdict).shards, details_of(verdict).topology) == (shards, topology)


def test_a_shard_that_has_lost_its_owner_is_remembered() -> None:
    before = judge(Facts(cluster("c+ c+ p+ s-"), support=owning((0,), (1,))), None, at())

    after = judge(
        Facts(cluster("c+ c- p+ s-"), support=owning((0,), ()), support_at=NOW + 60), before, at(60)
    )

    details = details_of(after)
    assert (details.topology, details.shards, details.covered) == (MULTI, 2, 1)
    assert "shard_uncovered" in slugs(after)


def test_owners_count_only_if_they_are_newer_than_what_health_says() -> None:
    # Both are connected, but one of them owns nothing.
    picture, owners = cluster("c+ c+ p+ s-"), owning((0,), ())
    before = judge(Facts(picture, shards=2), None, at())

    old = judge(Facts(picture, shards=2, support=owners, support_at=at(-60).steady), before, at(30))
    new = judge(Facts(picture, shards=2, support=owners, support_at=at(10).steady), before, at(30))

    assert (details_of(old).covered, slugs(old)) == (2, [])
    assert (details_of(new).covered, slugs(new)) == (1, ["shard_uncovered"])


def test_a_poll_that_failed_does_not_begin_the_time_of_connecting_anew() -> None:
    connecting = Facts(single(Status.CONNECTING))
    first = judge(connecting, None, at())
    between = judge(failed(Reason.TIMEOUT), first, at(60))

    verdict = judge(connecting, between, at(CONNECTING_TOO_LONG))

    assert slugs(verdict) == TOO_LONG.split()


def test_what_is_foretold_changes_the_verdict_on_its_day() -> None:
    facts = Facts(single(Status.CONNECTED), support=support(expires=NOW + 30 * DAY))
    verdict = judge(facts, None, at())

    assert changes_at(verdict, facts, at()) == at(23 * DAY).steady
    assert changes_at(verdict, facts, at(24 * DAY)) == at(30 * DAY).steady
    assert changes_at(verdict, facts, at(31 * DAY)) is None


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            Failure(Reason.UNREACHABLE, "no connection to the proxy: Connection refused", is_foreign=True),
            "the proxy does not lead to the client: no connection to the proxy: Connection refused",
        ),
        (
            Failure(Reason.UNREACHABLE, "no connection: Connection refused"),
            "the client can't be reached: no connection: Connection refused",
        ),
        (
            Failure(Reason.TIMEOUT, "the resolver does not answer for the host's name"),
            "the client does not answer in time: the resolver does not answer for the host's name",
        ),
        (
            Failure(Reason.RATE_LIMITED, "the login failed: answered 429: 1015 Too many requests"),
            "the login failed: answered 429: 1015 Too many requests",
        ),
        (
            Failure(Reason.RATE_LIMITED, "answered 429: 1015 Too many requests"),
            "the client answers /health with 429: more than 10 requests a minute, all callers together",
        ),
    ],
)
def test_a_problem_says_who_failed(failure: Failure, words: str) -> None:
    (problem,) = judge(Facts(failure=failure), None, at()).problems

    assert problem.words == words


# --- a wall clock that jumps -------------------------------------------------------------------

HOUR = 3_600.0


def jumped(seconds: float, by: float) -> Instant:
    """Give a moment so long after NOW, whose wall clock has jumped."""
    return Instant(at(seconds).wall + by, at(seconds).steady)


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_how_long_a_node_has_been_connecting_is_no_matter_of_the_wall_clock(by: float) -> None:
    facts = Facts(single(Status.CONNECTING))
    first = judge(facts, None, at())

    early = judge(facts, first, jumped(CONNECTING_TOO_LONG - 1, by))
    late = judge(facts, early, jumped(CONNECTING_TOO_LONG, by))

    assert "connecting_too_long" not in [problem.slug for problem in early.problems]
    assert "connecting_too_long" in [problem.slug for problem in late.problems]
    assert changes_at(early, facts, jumped(60, by)) == at(CONNECTING_TOO_LONG).steady


@pytest.mark.parametrize("by", [HOUR, -HOUR], ids=["forward", "back"])
def test_people_read_when_it_began_by_the_clock_as_it_is_now(by: float) -> None:
    first = judge(Facts(single(Status.DISCONNECTED)), None, at())

    steady, moved = with_current_times(first, at(60)), with_current_times(first, jumped(60, by))

    assert steady == first
    assert (moved.since, moved.problems[0].since) == (NOW + by, NOW + by)
