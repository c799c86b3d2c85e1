"""A second kind of client needs tables of its own and nothing else: one is polled, judged and served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

import pytest

from tests.web.fakes import FakeBackend, an_application, ask
from waexporter.commands.pager_checks.clients import CLIENT_CHECKS
from waexporter.commands.reports.probe_report import explain_verdict
from waexporter.daemon.exporter import Exporter, Heartbeat
from waexporter.errors import UnreachableError
from waexporter.health.catalogue import KIND_RULES, PROBLEMS, list_problems
from waexporter.health.judging import HealthRules, Judgement
from waexporter.health.problem_kind import judged
from waexporter.health.verdict_times import with_start_times
from waexporter.metrics.families import gauge, one_sample
from waexporter.metrics.kind_families import DocumentedFamily, KindFamilies
from waexporter.metrics.known_families import KIND_FAMILIES, list_documented, list_heads
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import (
    Account,
    ClientKind,
    Endpoint,
    Limits,
    PollPlan,
    Problem,
    Reason,
    State,
    Success,
    Target,
    Verdict,
)
from waexporter.model import now as real_now
from waexporter.paging.channels import ACCEPTED
from waexporter.paging.channels.channel_types import CHANNEL_TYPES, ChannelType, TargetOpener
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.target_channels import target_channel_factory
from waexporter.paging.messages.message import Message
from waexporter.polling.kinds import TABLES
from waexporter.polling.on_demand import OnDemandPolls
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.polling.tables import CollectorRow, KindDescription, KindTables, NodeRow, NodeTable
from waexporter.transport.exchange import Reply, Request
from waexporter.web.backend import PageRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from waexporter.health.judging import Evidence
    from waexporter.model import Document, Family, Instant, VerdictDetails
    from waexporter.paging.channels import Outcome
    from waexporter.paging.channels.whatsapp import WhatsAppClient
    from waexporter.polling.tables import CollectorContext, Sender
    from waexporter.web.backend import TargetStatus


class FakeKind(StrEnum):
    """A kind of client that waexporter does not know."""

    TOASTER = "toaster"


TOASTER = cast("ClientKind", FakeKind.TOASTER)
TARGET = Target("t", "https://toaster.example", plans={Endpoint.HEALTH: PollPlan(30.0, 10.0)}, kind=TOASTER)
TOASTS = "whatsapp_toasts"  # a family that its documentation has
HEAT = gauge("whatsapp_toaster_heat_celsius", "How hot the toaster is.")


@dataclass(frozen=True)
class Heat:
    """The only document of a toaster."""

    degrees: float


@dataclass(frozen=True)
class Slots:
    """The details of a verdict on a toaster."""

    count: int


class HeatCollector:
    """GET /heat."""

    def __init__(self, context: CollectorContext) -> None:
        self._path = context.row.path

    def collect(self, sender: Sender, timeout: float) -> Success:
        reply = sender.send(Request("GET", self._path), timeout)
        return Success(document=cast("Document", Heat(float(reply.body))))


def judge_heat(evidence: Evidence, before: Verdict | None, now: Instant) -> Judgement:
    heat = evidence.document(Endpoint.HEALTH, Heat)
    problems = (Problem("too_cold", "the bread stays white"),) if heat and heat.degrees < 100 else ()
    state = State.UNKNOWN if heat is None else State.DEGRADED if problems else State.OK
    details = cast("VerdictDetails", Slots(2))
    verdict = Verdict(state, problems, up=heat is not None, details=details)
    return Judgement(with_start_times(verdict, before, now), None)


def heat_families(document: object) -> Iterable[Family]:
    return (one_sample(HEAT, document.degrees),) if isinstance(document, Heat) else ()


TOO_COLD = judged(
    "too_cold", State.DEGRADED, "plug it in", rule="it is below 100 degrees", clears="it is warm"
)
TOASTER_TABLES = KindTables(
    collectors={Endpoint.HEALTH: CollectorRow(path="/heat", collector=HeatCollector, affects_verdict=True)},
    rules=HealthRules(
        {"too_cold": TOO_COLD},
        judge_heat,
    ),
    families=KindFamilies(
        of_verdict=lambda _verdict, _documents: (),
        of_document=heat_families,
        of_failure=lambda _endpoint: (),
        documented={TOASTS: DocumentedFamily(Endpoint.HEALTH, "counter")},
        heads=(HEAT,),
    ),
    description=KindDescription(
        json_fields=lambda verdict: {"slots": cast("Slots", verdict.details).count},
        json_types={"slots": int},
        facts=lambda verdict: (f"{cast('Slots', verdict.details).count} slots",),
        probe_facts=lambda _verdict: ("a toaster",),
        probe_notes=lambda _target, _verdict, _documents: (),
        probe_lines=lambda _verdict: ("slots: 2",),
        summarize=lambda document: f"{cast('Heat', document).degrees:g} degrees",
        nodes=lambda verdict, _documents: NodeTable(
            ("slot",),
            tuple(NodeRow((f"{number}",), None) for number in range(cast("Slots", verdict.details).count)),
        ),
    ),
)
KINDS: Mapping[ClientKind, KindTables] = {**TABLES, TOASTER: TOASTER_TABLES}


class FakeSender:
    """A toaster that answers with its heat, or not at all."""

    def __init__(self, heat: bytes | None) -> None:
        self.target = TARGET
        self.heat = heat
        self.asked: list[str] = []

    def send(self, request: Request, timeout: float) -> Reply:
        del timeout
        self.asked.append(f"{request.method} {request.path}")
        if self.heat is None:
            raise UnreachableError("nobody is at home")
        return Reply(200, self.heat, "text/plain")

    def fetch_certificates(self, timeout: float) -> tuple[bytes, ...]:
        raise AssertionError(timeout)

    def account(self) -> Account:
        return Account()


class ToastChannel:
    """Writes a page on toast."""

    kind = "toast"

    def __init__(self, client: WhatsAppClient, recipient: Recipient) -> None:
        self._client = client
        self.where = recipient.to

    def send(self, message: Message) -> Outcome:
        self._client.send(Request("POST", "/toast", body=message.text.encode()), 1.0)
        return ACCEPTED


def polled(heat: bytes | None) -> tuple[Store, FakeSender]:
    """Return a store after one poll of a toaster, and what was sent to it."""
    store, sender = Store([TARGET], real_now, KINDS), FakeSender(heat)
    store.put(Poller(sender, Endpoint.HEALTH, Limits(), real_now, tables=TOASTER_TABLES).poll(), TARGET)
    return store, sender


def exporter_of(store: Store) -> Exporter:
    telemetry = Telemetry()
    return Exporter(
        store, OnDemandPolls(store, real_now), telemetry, Heartbeat(telemetry, real_now), lambda _: None
    )


def status_of(store: Store) -> TargetStatus:
    return exporter_of(store).targets()[0]


def page_of(store: Store) -> list[str]:
    text = b"".join(exporter_of(store).metrics(PageRequest(openmetrics=False, gzip=False))).decode()
    return [line for line in text.splitlines() if 'target="t"' in line]


@pytest.mark.parametrize(
    ("heat", "state", "slugs"), [(b"180", State.OK, []), (b"20", State.DEGRADED, ["too_cold"])]
)
def test_a_target_is_polled_and_judged_by_the_tables_of_its_kind(
    heat: bytes, state: State, slugs: list[str]
) -> None:
    store, sender = polled(heat)

    verdict = store.snapshot().states[0].verdict

    assert sender.asked == ["GET /heat"]
    assert (verdict.state, [problem.slug for problem in verdict.problems]) == (state, slugs)


def test_its_families_are_served_beside_those_of_every_kind_and_no_others() -> None:
    store, _ = polled(b"20")

    lines = page_of(store)

    assert 'whatsapp_toaster_heat_celsius{target="t"} 20.0' in lines
    assert 'whatsapp_up{target="t"} 1' in lines
    assert 'whatsapp_problem{target="t",problem="too_cold"} 1' in lines
    assert 'waexporter_poll_success{target="t",collector="health"} 1' in lines
    assert {line.partition("{")[0] for line in lines if line.startswith("whatsapp_")} == {
        "whatsapp_toaster_heat_celsius",
        "whatsapp_up",
        "whatsapp_verdict",
        "whatsapp_problem",
    }


def test_its_failures_are_counted_and_judged_as_those_of_any_other() -> None:
    store, _ = polled(None)

    state = store.snapshot().states[0]
    lines = page_of(store)

    assert state.verdict.state is State.UNKNOWN
    assert state.tallies[Endpoint.HEALTH].failures[list(Reason).index(Reason.UNREACHABLE)] == 1
    assert 'waexporter_poll_success{target="t",collector="health"} 0' in lines


def test_its_problem_has_advice_on_the_page_and_among_those_of_every_kind() -> None:
    store, _ = polled(b"20")

    target = status_of(store)
    every = list_problems([*KIND_RULES, TOASTER_TABLES.rules])

    assert target.problem_kinds["too_cold"].advice == "plug it in"
    assert set(every) == {*PROBLEMS, "too_cold"}
    assert any("-> plug it in" in line for line in explain_verdict(store.state("t")))


def test_the_details_of_its_verdict_are_shown_in_its_own_words() -> None:
    store, _ = polled(b"180")
    backend = FakeBackend((status_of(store),))

    document = json.loads(ask(an_application(backend), "/api/v1/targets").body)["targets"][0]
    page = ask(an_application(backend), "/").text
    report = list(explain_verdict(store.state("t")))

    assert document["slots"] == 2
    assert "topology" not in document
    assert "2 slots" in page
    assert report == ["verdict: OK (a toaster)", "slots: 2"]


def test_its_channel_carries_a_page() -> None:
    sender = FakeSender(b"20")
    toast = ChannelType("toast", lambda _why: "", target=TargetOpener(TOASTER, lambda: ToastChannel))
    open_channel = target_channel_factory({"t": sender}, (*CHANNEL_TYPES, toast))

    channel = open_channel("t", Recipient("breakfast"))

    assert channel.send(Message("burnt")).is_accepted
    assert (channel.kind, channel.where, sender.asked) == ("toast", "breakfast", ["POST /toast"])


def test_its_families_are_known_and_keep_their_names() -> None:
    kinds = [*KIND_FAMILIES, TOASTER_TABLES.families]

    assert HEAT in list_heads(kinds)
    assert list_documented(kinds)[TOASTS] == (Endpoint.HEALTH, "counter")


def test_every_kind_of_client_has_its_checks_by_the_pager() -> None:
    assert set(CLIENT_CHECKS) == set(ClientKind)


def test_every_kind_of_client_has_its_rules_and_families_in_the_catalogues() -> None:
    assert [tables.rules for tables in TABLES.values()] == list(KIND_RULES)
    assert [tables.families for tables in TABLES.values()] == list(KIND_FAMILIES)


def test_every_kind_of_client_has_its_tables_and_the_endpoint_health() -> None:
    assert set(TABLES) == set(ClientKind)
    assert all(Endpoint.HEALTH in tables.collectors for tables in TABLES.values())
