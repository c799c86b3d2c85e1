"""A simulated On-Premises client for demos and tests; it imports nothing else of this package."""

from __future__ import annotations

from waexporter.simulator.faults.scenarios import SCENARIOS, TOPOLOGIES, Scenario
from waexporter.simulator.foreground import serve
from waexporter.simulator.options import SHARDS, Options
from waexporter.simulator.server import Simulator

__all__ = ["SCENARIOS", "SHARDS", "TOPOLOGIES", "Options", "Scenario", "Simulator", "serve"]
