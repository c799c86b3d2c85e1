"""`?format=prometheus` with its faults: no escaping, counters without `_total`, the content type of HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.envelope import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.simulator.envelope import Json

_TYPE = "text/html; charset=utf-8"

# What a refusal looks like: nothing at all, and a good status.
NOTHING = Answer(200, b"", _TYPE)


def write(nodes: Mapping[str, Json]) -> Answer:
    """Return families as text; nodes become a label unless the only one has no name."""
    lines = "\n".join(line for node, families in nodes.items() for line in _lines(node, families))
    return Answer(200, f"{lines}\n".encode(), _TYPE)


def _lines(node: str, families: Json) -> Iterator[str]:
    for name, family in families.items():
        yield f"# HELP {name} {family['help']}"
        yield f"# TYPE {name} {family['type']}"
        for sample in family["data"]:
            labels = {**({"node": node} if node else {}), **sample.get("labels", {})}
            yield from _samples(name, labels, sample)


def _samples(name: str, labels: Mapping[str, str], sample: Json) -> Iterator[str]:
    if "bucket" not in sample:
        yield f"{name}{_written(labels)} {sample.get('value')}"
        return
    for bound, count in sample["bucket"].items():
        yield f"{name}_bucket{_written({**labels, 'le': bound})} {count}"
    yield f"{name}_sum{_written(labels)} {sample['sum']}"
    yield f"{name}_count{_written(labels)} {sample['count']}"


def _written(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""
