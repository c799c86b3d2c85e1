"""Statistics of a client as fragments of a page.

What a client says hardly changes from poll to poll but for its values, so everything else is worked out
once: the names, units, labels and rendered series of all samples, as a layout. A poll then compares shapes,
takes the values in the layout's order and writes them into ready text; another shape means another layout.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, TypeGuard

from isal import isal_zlib

from waexporter.metrics.columns import Column, Settler, edges
from waexporter.metrics.exposition import encode
from waexporter.metrics.layout import SEPARATOR, Context, Layout, PartLayout, bound_text, build
from waexporter.metrics.naming import COUNTER, HISTOGRAM, TYPES, rename
from waexporter.model import Drop, Endpoint, Fragment, Part, Success
from waexporter.transport.lenient_json import MAX_DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from msgspec import Raw

    from waexporter.metrics.naming import Unit
    from waexporter.whatsapp.documents.statistics import Datum, Statistics

Number = float | int | Drop  # a usable value, or why there is none

_LARGEST = 1.7e308  # nothing beyond fits into a double, and Prometheus has nothing else
_DECIMAL = re.compile(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?\s*", re.ASCII)
_INFINITE = frozenset({"inf", "infinity"})
_LONGEST = 400  # characters of a number said as a text
_KEPT_LAYOUTS = 4
_USABLE = frozenset({int, float})
_BAD = {
    Drop.NOT_A_NUMBER: "a value that is no number",
    Drop.OUT_OF_RANGE: "a value that is out of range",
    Drop.MALFORMED: "values that do not fit together",
}


class Translator:
    """Turns the statistics of one endpoint of one target into fragments; keeps the last shapes' layouts."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._layouts: dict[bytes, Layout] = {}
        # Webapps behind one address take turns in answering.
        self._kept = _KEPT_LAYOUTS if context.endpoint is Endpoint.WEB else 1

    def translate(self, statistics: Statistics) -> Success:
        """Give the fragments of one answer; what can't be used is left out and counted, never raised."""
        columns, values, shape = _columns(statistics, self._context.known)
        bad: dict[int, Drop] = {}
        if not _USABLE.issuperset(map(type, values)):
            bad = {index: value for index, value in enumerate(values) if isinstance(value, Drop)}
        layout = self._layout(columns, bad, shape, is_whole=not statistics.dropped)
        return Success(
            parts=tuple([_fill(part, values) for part in layout.parts]),
            dropped=_sum_up(statistics.dropped, bad, layout.dropped),
            losses=(*statistics.losses, *_tell(bad, columns), *layout.losses)[:MAX_DESCRIBED],
            unknown_families=layout.unknown_families,
            nodes=frozenset(statistics.nodes) if statistics.clustered else frozenset(),
        )

    def _layout(
        self, columns: Sequence[Column], bad: Mapping[int, Drop], shape: bytes, *, is_whole: bool
    ) -> Layout:
        if bad or not is_whole:
            shape += repr((list(bad), is_whole)).encode()
        layout = self._layouts.pop(shape, None)
        if layout is None:
            layout = build(columns, frozenset(bad), self._context, is_whole=is_whole)
        # Put last what was used last, so that the first is the one to forget.
        self._layouts[shape] = layout
        while len(self._layouts) > self._kept:
            del self._layouts[next(iter(self._layouts))]
        return layout


def _columns(statistics: Statistics, known: Mapping[str, str]) -> tuple[list[Column], list[Number], bytes]:
    """Lay all values of an answer in one row; also give a digest of everything in it but its values."""
    clustered = statistics.clustered
    columns: list[Column] = []
    values: list[Number] = []
    shape: list[bytes | Raw] = []
    settler: Settler | None = None
    for node, metrics in statistics.nodes.items():
        for name, metric in metrics.items():
            kind = metric.type
            if kind not in TYPES:
                settler = settler or Settler(statistics.nodes.values(), known)
                kind = settler.settle(name, metric)
            columns.append(Column(node, name, metric, kind, len(values), clustered))
            data = metric.data
            shape.append(encode(f"{node}\0{name}\0{metric.type}\0{metric.help}\0{len(data)}"))
            shape += [datum.labels for datum in data]
            if kind == HISTOGRAM:
                shape.append(encode(repr([edges(datum) for datum in data])))
            values += numbers(name, kind, data)
    return columns, values, blake2b(b"\0".join(shape), digest_size=16).digest()


def _tell(bad: Mapping[int, Drop], columns: Sequence[Column]) -> Iterator[str]:
    """Yield the first few places of values that can't be used, each with the reason."""
    told: dict[str, Drop] = {}
    for index, drop in bad.items():
        column = columns[bisect_right(columns, index, key=lambda each: each.start) - 1]
        told.setdefault(column.place(), drop)
        if len(told) >= MAX_DESCRIBED:
            break
    yield from (f"{place}: {_BAD.get(drop, drop)}" for place, drop in told.items())


def _fill(part: PartLayout, values: Sequence[Number]) -> Part:
    text = isal_zlib.decompress(part.packed) % part.pick(values)
    families = zip(part.heads, text.split(SEPARATOR), strict=False)  # after the last separator comes nothing
    fragments = tuple([Fragment(head, lines) for head, lines in families])
    return Part(part.source, fragments, part.samples, part.heads)


def _sum_up(
    said: Iterable[tuple[Drop, int]], bad: Mapping[int, Drop], layout: Iterable[tuple[Drop, int]]
) -> tuple[tuple[Drop, int], ...]:
    if not (said or bad or layout):
        return ()
    dropped: Counter[Drop] = Counter(bad.values())
    for drop, count in (*said, *layout):
        dropped[drop] += count
    return tuple(dropped.items())


# --- values ------------------------------------------------------------------------------------


def numbers(name: str, kind: str, data: Sequence[Datum]) -> Sequence[Number]:
    """Give the values of a metric in base units, one for each sample; the reason for what is not usable."""
    unit = rename(name).unit
    if kind == HISTOGRAM:
        return [number for datum in data for number in _histogram(datum, unit)]
    said = [datum.value for datum in data]
    largest = _LARGEST / unit.multiplier
    lowest = 0 if kind == COUNTER else -largest
    if _are_usable(said, lowest, largest):
        values: Sequence[Number] = unit.convert_all(said)
    else:
        values = [_converted(_number(value, lowest, largest), unit) for value in said]
    if kind == COUNTER and name.endswith("_count") and float in map(type, values):
        # Half a summary: no parser would take the page if it had counted a fraction.
        return [value if _is_whole(value) else Drop.MALFORMED for value in values]
    return values


def _are_usable(
    values: list[float | int | str | None], lowest: float, largest: float
) -> TypeGuard[list[float | int]]:
    # The usual case, told without a step of Python for each value.
    return _USABLE.issuperset(map(type, values)) and (
        not values or (lowest <= min(values) and max(values) <= largest)  # type: ignore[type-var, operator]
    )


def _number(value: object, lowest: float, largest: float) -> Number:
    if isinstance(value, str) and len(value) <= _LONGEST and _DECIMAL.fullmatch(value):
        value = float(value) if set(value) & set(".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Drop.NOT_A_NUMBER
    return value if lowest <= value <= largest else Drop.OUT_OF_RANGE


def _converted(value: Number, unit: Unit) -> Number:
    return value if isinstance(value, Drop) else unit.convert(value)


def _is_whole(value: Number) -> bool:
    return not isinstance(value, float) or value.is_integer()


def _histogram(datum: Datum, unit: Unit) -> list[Number]:
    """Give the cumulative buckets, the count and the sum of one histogram, or a reason in place of each."""
    said = datum.bucket or {}
    ends = edges(datum)
    row = [_number(said.get(edge, datum.count), 0, _LARGEST) for edge in ends]
    row += [_number(datum.count, 0, _LARGEST), _number(datum.sum, 0, _LARGEST / unit.multiplier)]
    usable = [value for value in row if not isinstance(value, Drop)]
    if len(usable) < len(row):
        return [next(value for value in row if isinstance(value, Drop))] * len(row)
    *cumulative, count, total = usable
    # Buckets that shrink, or that don't end in the count, are no histogram: no parser would take the page.
    is_sound = (
        cumulative == sorted(cumulative) and cumulative[-1] == count and all(map(_is_whole, cumulative))
    )
    if not is_sound or len(said) > len(ends) or not _are_bounds(ends, unit):
        return [Drop.MALFORMED] * len(row)
    return [*cumulative, count, unit.convert(total)]


def _are_bounds(ends: Sequence[str], unit: Unit) -> bool:
    """Tell whether bounds rise from 0 or more to infinity, once written in the base unit."""
    if (
        not all(_DECIMAL.fullmatch(edge) for edge in ends[:-1])
        or ends[-1].lstrip("+").lower() not in _INFINITE
    ):
        return False
    bounds = [float(bound_text(edge, unit)) for edge in ends]
    return bounds[0] >= 0 and all(low < high for low, high in pairwise(bounds))
