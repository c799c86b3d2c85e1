"""What a test reads out of the simulator's statistics."""

from __future__ import annotations

from typing import Any


def counters(families: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Give the value of every counter, by family and labels."""
    return {
        (name, str(sample.get("labels"))): sample["value"]
        for name, family in families.items()
        for sample in family["data"]
        if family["type"] == "counter"
    }
