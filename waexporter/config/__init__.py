"""The configuration: a YAML file and the environment become one `Config`, or every problem at once."""

from __future__ import annotations

from waexporter.config.difference import Difference, compare
from waexporter.config.document import parse_document
from waexporter.config.loading import Door, Loaded, find_door, load
from waexporter.config.pager import check_gate
from waexporter.config.polls import DEFAULT_PLANS
from waexporter.config.printout import effective
from waexporter.config.quantities import parse_duration, parse_listen

__all__ = [
    "DEFAULT_PLANS",
    "Difference",
    "Door",
    "Loaded",
    "check_gate",
    "compare",
    "effective",
    "find_door",
    "load",
    "parse_document",
    "parse_duration",
    "parse_listen",
]
