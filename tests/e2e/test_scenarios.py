"""The table of what each scenario raises is whole."""

from __future__ import annotations

from tests.e2e.scenarios import CLIENTS, SCENARIOS
from waexporter.simulator.faults import KINDS


def test_every_scenario_of_the_simulator_has_its_place_in_the_table() -> None:
    assert {client.fault for client in CLIENTS} == {None, *KINDS}
    assert [each.client.name for each in SCENARIOS if bool(each.alerts) == bool(each.why)] == []
