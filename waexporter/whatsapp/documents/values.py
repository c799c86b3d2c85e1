"""Readers of single values, which the API may write as strings: numbers, booleans and times."""

from __future__ import annotations

import math
import re
from datetime import datetime

from waexporter.errors import BodyError
from waexporter.timefmt import to_seconds
from waexporter.transport.lenient_json import printable

_DECIMAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)
_MAX_LENGTH = 40  # characters
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def read_number(value: object) -> float | None:
    """Return a finite number, even if it is written as a string; None for anything else."""
    if isinstance(value, str) and len(value) <= _MAX_LENGTH and _DECIMAL.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # an integer of JSON may be larger than any float
        return None


def read_boolean(value: object) -> bool | None:
    """Return a boolean, even if it is written as a string, or as 1 or 0; None for anything else."""
    return value if isinstance(value, bool) else _BOOLEANS.get(str(value).strip().lower())


def read_time(text: str) -> float:
    """Read `2018-03-01 15:29:26+00:00` or ISO 8601, in UTC by default; return seconds since the epoch."""
    try:
        return to_seconds(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError) as error:
        message = f"{printable(text, 40)!r} is not a time"
        raise BodyError(message) from error
