"""Every scenario of the simulator is explained: no rule without words, no evidence that does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.scenarios import CLIENTS
from waexporter.config import DEFAULT_PLANS
from waexporter.health.trace import Trace, problem_key
from waexporter.model import Credentials, Endpoint, Limits, PollPlan, Secret, Target, now
from waexporter.polling.poller import Poller
from waexporter.polling.state import gather_evidence
from waexporter.polling.store import Store
from waexporter.polling.verdict_explanation import explain
from waexporter.simulator import Options, Simulator
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from tests.e2e.loop import Client as SimulatedClient
    from waexporter.polling.state import TargetState

OWNER = ("owner", "Owner-password-1", "admin")
TIMEOUT = 0.5  # seconds: some never answer
JUDGED = (Endpoint.HEALTH, Endpoint.SUPPORT, Endpoint.SETTINGS, Endpoint.CERTIFICATES, Endpoint.GROUP)


def poll_once(client: SimulatedClient) -> TargetState:
    """Poll a client in a scenario; return the state of the target then."""
    options = Options(
        topology=client.topology,
        scenario=client.fault or "healthy",
        users=(OWNER,),
        health_per_minute=None,
    )
    with Simulator(options) as simulator:
        target = Target(
            "support-line",
            simulator.url,
            auth=Credentials(username=OWNER[0], password=Secret(OWNER[1])),
            plans={each: PollPlan(plan.interval, TIMEOUT) for each, plan in DEFAULT_PLANS.items()},
        )
        store, sender = Store([target], now), Client(target, Limits(), TlsContexts())
        for endpoint in JUDGED:
            poller = Poller(sender, endpoint, Limits(), now, lambda: store.on_call_group(target.name))
            store.put(poller.poll())
        sender.close()
    return store.snapshot().states[0]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_scenario_is_explained_by_the_evidence_that_matters(client: SimulatedClient) -> None:
    state = poll_once(client)
    moment = now()

    explanation = explain(state, moment)
    evidence, _ = gather_evidence(state, moment)
    trace = Trace(state.tables.rules, evidence, state.verdict, moment)

    lines = explanation.lines()
    entries = [entry for section in explanation.sections for entry in section.entries]
    assert explanation.state is state.verdict.state
    assert {each.slug for each in explanation.problems} == {each.slug for each in state.verdict.problems}
    assert [line for line in lines if "None" in line] == []
    assert all(entry.words and all(map(all, entry.details)) for entry in entries)
    assert all(each.rule and each.clears and each.advice and each.sources for each in explanation.problems)
    for problem in state.verdict.problems:
        sources = frozenset(trace.sources(problem))
        assert problem_key(problem) in trace.problems_by(sources)
        assert [e for e in sources if problem_key(problem) in trace.problems_by(sources - {e})] == []
