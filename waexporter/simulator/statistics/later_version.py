"""What a later version might report: unknown families, and values that are barely numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.simulator.envelope import Json

FAMILIES: Mapping[str, Json] = {
    "later_requests": {
        "type": "counter",
        "help": "Total number of requests of a kind that is new",
        "data": [
            {"labels": {"kind": "a", "le": "1"}, "value": "1200"},
            {"labels": {"kind": "b"}, "value": 3.5},
        ],
    },
    "later_latency_ms": {
        "type": "histogram",
        "help": "Latency (ms) of something new",
        "data": [
            {"labels": {"kind": "a"}, "bucket": {"10": 3, "100": 8, "+Inf": 9}, "sum": 512.5, "count": 9},
        ],
    },
    "later_summary": {"type": "quantiles", "help": "", "data": [{"value": 1}]},
    "later.name-with signs": {"type": "gauge", "help": "A name\nin two lines", "data": [{"value": 0.25}]},
    "later_values": {
        "type": "gauge",
        "help": "Values that are hardly numbers",
        "data": [
            {"labels": {"value": "text"}, "value": "many"},
            {"labels": {"value": "flag"}, "value": True},
            {"labels": {"value": "nothing"}, "value": None},
            {"labels": {"value": "missing"}},
            {"labels": {"value": "big"}, "value": 10**400},
            {"labels": {"value": "fine"}, "value": 7},
        ],
    },
}
