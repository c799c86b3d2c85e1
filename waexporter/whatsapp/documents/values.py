"""Single values as the API may write them: numbers as texts, truths as words."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

from waexporter.errors import BodyError
from waexporter.transport.lenient_json import printable

_DECIMAL = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)
_LONGEST = 40  # characters
_TRUTHS = {"true": True, "false": False, "1": True, "0": False}


def read_number(said: object) -> float | None:
    """Give a number, also one written as a text; None for anything else and for what has no end."""
    if isinstance(said, str) and len(said) <= _LONGEST and _DECIMAL.fullmatch(said.strip()):
        said = float(said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    try:
        return said if math.isfinite(said) else None
    except OverflowError:  # JSON's whole numbers have no end, but ours have
        return None


def read_truth(said: object) -> bool | None:
    """Give true or false, also as a text or as 1 and 0; None for anything else."""
    return said if isinstance(said, bool) else _TRUTHS.get(str(said).strip().lower())


def read_time(text: str) -> float:
    """Read `2018-03-01 15:29:26+00:00` or ISO's form, UTC if no zone is given; seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        message = f"{printable(text, 40)!r} is not a time"
        raise BodyError(message) from error
