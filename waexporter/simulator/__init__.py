"""A stand-in for the whole client API, for demos and tests; it shares nothing with the rest of us."""

from __future__ import annotations

from waexporter.simulator.faults.scenarios import SCENARIOS, Scenario
from waexporter.simulator.foreground import serve
from waexporter.simulator.options import Options
from waexporter.simulator.server import Simulator

__all__ = ["SCENARIOS", "Options", "Scenario", "Simulator", "serve"]
