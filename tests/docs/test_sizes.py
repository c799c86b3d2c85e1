"""The sizes in docs/sizing.md follow from what was measured."""

from __future__ import annotations

import re

import pytest

from tests.markdown import DOCS, METRICS, blocks, prose, rows


def measured(pattern: str) -> float:
    text = blocks(DOCS / "benchmarks.md", "text")[0]
    found = re.search(pattern, text)
    assert found, (
        f"docs/benchmarks.md says nothing like {pattern!r} any more: mend docs/sizing.md and this test"
    )
    return float(found[1])


def between(clients: float, one: float, thousand: float) -> float:
    return one + (thousand - one) * (clients - 1) / 999


@pytest.mark.parametrize("row", rows((DOCS / "sizing.md").read_text())[:3], ids=lambda row: row[0])
def test_a_size_lies_between_the_sizes_that_were_measured(row: list[str]) -> None:
    clients, memory, processor, series = (float(re.sub(r"[^0-9.]", "", cell)) for cell in row)
    sidecar = measured(r"one target: ([\d.]+) MiB")
    fleet = measured(r"resident: ([\d.]+) MiB")
    busy = measured(r"processor: ([\d.]+) % of one core")

    assert memory == round(between(clients, sidecar, fleet))
    assert processor == pytest.approx(max(busy * clients / 1000, 0.1), abs=0.05)
    assert series == clients * (240 + 96)


def test_the_series_of_a_client_are_those_of_the_reference() -> None:
    text = " ".join(prose(METRICS).split())

    assert "a single client has about 240 series of its own" in text
    assert "each target adds 96 `waexporter_` series" in text
