"""The values of an answer in base units, or the reasons why they can't be used; pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from waexporter.metrics.naming import COUNTER, HISTOGRAM, rename
from waexporter.metrics.node_metrics import bucket_bounds, render_bound
from waexporter.model import Drop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.metrics.naming import Unit
    from waexporter.whatsapp.documents.statistics import Datum

Number: TypeAlias = float | int | Drop  # a usable value, or the reason why it is not usable

_MAX_NUMBER = 1.7e308  # Prometheus has doubles only
_MAX_TEXT_LENGTH = 400  # characters of a number that is a text
_DECIMAL = re.compile(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,4})?\s*", re.ASCII)
_INFINITE = frozenset({"inf", "infinity"})
_NUMBER_TYPES = frozenset({int, float})


def are_numbers(values: Sequence[object]) -> bool:
    """Return whether all values are numbers; without a loop in Python, since there may be thousands."""
    return _NUMBER_TYPES.issuperset(map(type, values))


def read_values(name: str, metric_type: str, data: Sequence[Datum]) -> Sequence[Number]:
    """Return the values of a metric in base units, one for each sample; a Drop for one that can't be used."""
    unit = rename(name).unit
    if metric_type == HISTOGRAM:
        return [number for datum in data for number in _read_histogram(datum, unit)]
    raw = [datum.value for datum in data]
    highest = _MAX_NUMBER / unit.multiplier
    lowest = 0 if metric_type == COUNTER else -highest
    if _are_in_range(raw, lowest, highest):
        values: Sequence[Number] = unit.convert_all(raw)
    else:
        values = [_convert(_read_number(value, lowest, highest), unit) for value in raw]
    if metric_type == COUNTER and name.endswith("_count") and float in map(type, values):
        # It may become the count of a summary, and parsers reject a page with a fraction there.
        return [value if _is_whole(value) else Drop.MALFORMED for value in values]
    return values


def _are_in_range(
    values: list[float | int | str | None], lowest: float, highest: float
) -> TypeGuard[list[float | int]]:
    return are_numbers(values) and (
        not values or (lowest <= min(values) and max(values) <= highest)  # type: ignore[type-var, operator]
    )


def _read_number(value: object, lowest: float, highest: float) -> Number:
    if isinstance(value, str) and len(value) <= _MAX_TEXT_LENGTH and _DECIMAL.fullmatch(value):
        value = float(value) if set(value) & set(".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Drop.NOT_A_NUMBER
    return value if lowest <= value <= highest else Drop.OUT_OF_RANGE


def _convert(value: Number, unit: Unit) -> Number:
    return value if isinstance(value, Drop) else unit.convert(value)


def _is_whole(value: Number) -> bool:
    return not isinstance(value, float) or value.is_integer()


def _read_histogram(datum: Datum, unit: Unit) -> list[Number]:
    """Return the cumulative buckets, the count and the sum of one histogram, or a Drop for each of them."""
    buckets = datum.bucket or {}
    bounds = bucket_bounds(datum)
    row = [_read_number(buckets.get(bound, datum.count), 0, _MAX_NUMBER) for bound in bounds]
    row += [
        _read_number(datum.count, 0, _MAX_NUMBER),
        _read_number(datum.sum, 0, _MAX_NUMBER / unit.multiplier),
    ]
    usable = [value for value in row if not isinstance(value, Drop)]
    if len(usable) < len(row):
        return [next(value for value in row if isinstance(value, Drop))] * len(row)
    *cumulative, count, total = usable
    # Parsers reject a page with buckets that shrink, or that don't end in the count.
    is_sound = (
        cumulative == sorted(cumulative) and cumulative[-1] == count and all(map(_is_whole, cumulative))
    )
    if not is_sound or len(buckets) > len(bounds) or not _are_bounds(bounds, unit):
        return [Drop.MALFORMED] * len(row)
    return [*cumulative, count, unit.convert(total)]


def _are_bounds(texts: Sequence[str], unit: Unit) -> bool:
    """Return whether bounds, written in the base unit, rise from 0 or more to infinity."""
    if (
        not all(_DECIMAL.fullmatch(text) for text in texts[:-1])
        or texts[-1].lstrip("+").lower() not in _INFINITE
    ):
        return False
    bounds = [float(render_bound(text, unit)) for text in texts]
    return bounds[0] >= 0 and all(low < high for low, high in pairwise(bounds))
