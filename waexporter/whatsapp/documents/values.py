"""Single values as the API may write them: numbers as texts, truths as words."""

from __future__ import annotations

import math
import re

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
