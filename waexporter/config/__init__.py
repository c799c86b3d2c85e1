"""The configuration: a YAML file and the environment become one `Config`, or every problem at once."""

from __future__ import annotations

from waexporter.config.diff import Difference, compare
from waexporter.config.dump import effective
from waexporter.config.loading import Door, Loaded, find_door, load
from waexporter.config.pager import check_gate
from waexporter.config.polls import DEFAULT_PLANS
from waexporter.config.quantities import parse_duration, parse_listen
from waexporter.config.yaml_document import parse_document

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
