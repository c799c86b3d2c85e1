"""How an On-Premises client is described."""

from __future__ import annotations

from typing import get_args

import pytest

from waexporter.model import (
    Canary,
    Certificates,
    ClientSettings,
    Document,
    Gateway,
    Health,
    OnCallGroup,
    OnPremisesDetails,
    State,
    Status,
    Support,
    SupportNode,
    Target,
    Topology,
    Verdict,
)
from waexporter.polling.on_premises.description import ON_PREMISES_DESCRIPTION

TARGET = Target("wa", "https://wa.example")
SUMMARIES: list[tuple[Document, str]] = [
    (Health((Gateway("", "", Status.CONNECTED),), clustered=False), "1 node (connected), version not said"),
    (Health((), clustered=True, version="v2.45.1"), "0 nodes, version v2.45.1"),
    (
        Support((SupportNode("a", version="2"), SupportNode("b", version="1")), clustered=True),
        "2 nodes, version 1, 2",
    ),
    (ClientSettings(has_webhook=True, has_on_call_pager=False), "a webhook, no on-call group"),
    (ClientSettings(), "a webhook that can't be read, an on-call group that can't be read"),
    (Certificates((("served", 1_769_851_800.0),)), "served until 2026-01-31"),
    (Certificates(), "no certificate"),
    (OnCallGroup(3), "on-call group: 3 members"),
    (OnCallGroup(None, at_least=1), "on-call group: 1 member at least"),
    (OnCallGroup(None), "on-call group: its members can't be read"),
    (OnCallGroup(None, exists=False), "on-call group: no such group"),
    (Canary(0.25), "a contact check took 250ms"),
]


def verdict_on(details: OnPremisesDetails | None) -> Verdict:
    return Verdict(State.OK, up=True, details=details)


def a_cluster(topology: Topology = Topology.MULTICONNECT, *gateways: Gateway) -> OnPremisesDetails:
    return OnPremisesDetails(topology, connected=1, expected=2, shards=2, covered=1, gateways=gateways)


@pytest.mark.parametrize(("document", "summary"), SUMMARIES, ids=[row[1] for row in SUMMARIES])
def test_a_document_is_summarized_in_a_few_words(document: Document, summary: str) -> None:
    assert ON_PREMISES_DESCRIPTION.summarize(document) == summary


def test_every_document_has_a_summary() -> None:
    assert {type(document) for document, _ in SUMMARIES} == set(get_args(Document))


def test_the_fields_in_json_come_from_the_verdict() -> None:
    fields = ON_PREMISES_DESCRIPTION.json_fields(verdict_on(a_cluster()))

    assert list(fields.items()) == [
        ("topology", "multiconnect"),
        ("connected", 1),
        ("expected", 2),
        ("shards", 2),
        ("covered", 1),
    ]


@pytest.mark.parametrize(
    ("details", "facts", "probe_facts"),
    [
        (None, [], []),
        (
            a_cluster(),
            ["multiconnect", "1 of 2 connected", "1 of 2 shards covered"],
            ["multiconnect client", "1 of 2 coreapps connected"],
        ),
        (OnPremisesDetails(connected=1), [], ["1 coreapp connected"]),
    ],
)
def test_only_facts_that_are_known_are_named(
    details: OnPremisesDetails | None, facts: list[str], probe_facts: list[str]
) -> None:
    verdict = verdict_on(details)

    assert list(ON_PREMISES_DESCRIPTION.facts(verdict)) == facts
    assert list(ON_PREMISES_DESCRIPTION.probe_facts(verdict)) == probe_facts


@pytest.mark.parametrize(
    ("topology", "documents", "note"),
    [
        (Topology.HA, (), "taken for ha"),
        (Topology.MULTICONNECT, (), "a missing coreapp goes unnoticed"),
        (Topology.SINGLE, (), None),
        (Topology.HA, (ClientSettings(shards=1),), None),
        (Topology.HA, (Support((SupportNode("a", shards=(0,)),), clustered=True),), None),
    ],
)
def test_a_guessed_topology_is_noted(
    topology: Topology, documents: tuple[Document, ...], note: str | None
) -> None:
    notes = list(ON_PREMISES_DESCRIPTION.probe_notes(TARGET, verdict_on(a_cluster(topology)), documents))

    assert len(notes) == int(note is not None)
    assert note is None or note in notes[0]


def test_of_many_nodes_only_those_that_are_not_connected_are_listed() -> None:
    gateways = [Gateway(f"n{number}", "coreapp", Status.CONNECTED) for number in range(9)]
    silent = Gateway("n9", "", Status.UNREACHABLE)

    few = list(ON_PREMISES_DESCRIPTION.probe_lines(verdict_on(a_cluster(Topology.HA, gateways[0], silent))))
    many = list(ON_PREMISES_DESCRIPTION.probe_lines(verdict_on(a_cluster(Topology.HA, *gateways, silent))))

    assert [line.split() for line in few] == [
        ["nodes:"],
        ["n0", "coreapp", "connected"],
        ["n9", "role", "not", "said", "unreachable"],
    ]
    assert many == ["nodes:", few[2], "  and 9 more, most of them connected"]
