"""A page of metrics, read by prometheus_client's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator


class Page:
    """Every sample of a page; labels that are not named in a question may have any value."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [
            (sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]

    def __iter__(self) -> Iterator[tuple[str, dict[str, str], float]]:
        return iter(self._samples)

    def find(self, name: str, **labels: str) -> Iterator[tuple[dict[str, str], float]]:
        """Give labels and value of every sample that fits."""
        wanted = labels.items()
        return (
            (has, value) for sample, has, value in self._samples if sample == name and wanted <= has.items()
        )

    def value(self, name: str, **labels: str) -> float | None:
        """Give the value of the one sample that fits; None when none does."""
        values = [value for _, value in self.find(name, **labels)]
        assert len(values) <= 1, f"{name} {labels} fits {len(values)} samples"
        return values[0] if values else None

    def total(self, name: str, **labels: str) -> float:
        """Add up every sample that fits."""
        return sum(value for _, value in self.find(name, **labels))

    def verdict(self, target: str) -> str:
        """Give the verdict that holds."""
        return self._one("whatsapp_verdict", "verdict", target)

    def problems(self, target: str) -> frozenset[str]:
        """Give the problems that are present."""
        return frozenset(
            labels["problem"] for labels, value in self.find("whatsapp_problem", target=target) if value
        )

    def _one(self, name: str, label: str, target: str) -> str:
        (found,) = (labels[label] for labels, value in self.find(name, target=target) if value == 1)
        return found
