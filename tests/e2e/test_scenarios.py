"""The table of what each scenario raises is whole."""

from __future__ import annotations

from tests.e2e.scenarios import CLIENTS, SCENARIOS
from tests.places import hold
from waexporter.simulator.faults.faults import KINDS


def test_every_scenario_of_the_simulator_has_its_place_in_the_table() -> None:
    hold(
        KINDS,
        {client.fault for client in CLIENTS if client.fault},
        add="Add a row to SCENARIOS in tests/e2e/scenarios.py: what it raises, or why nothing.",
        remove="SCENARIOS names a fault that the simulator has not: see KINDS in waexporter/simulator.",
    )
    assert [each.client.name for each in SCENARIOS if bool(each.alerts) == bool(each.why)] == []
