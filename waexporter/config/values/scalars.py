"""Single values: each function takes what the document holds and gives what the program works with.

All of them raise ValueError with a sentence that never quotes the value.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from waexporter.config.section import found, suggestion
from waexporter.config.values.characters import refuse_unseen
from waexporter.config.values.quantities import parse_bytes, parse_duration, parse_listen

if TYPE_CHECKING:
    from collections.abc import Callable

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# As WhatsApp knows a number: with the country's code, which never begins with 0.
_TELEPHONE = re.compile(r"[1-9][0-9]{5,14}")
_WRITTEN_NUMBER = re.compile(r"(\+|00)?([ ()/.-]*[0-9](?:[ ()/.-]*[0-9]){5,16})[ ()/.-]*")
_GROUP = re.compile(r"[1-9][0-9]*(-[0-9]+)?(@g\.us)?")


def text(value: object) -> str:
    """Take a text that is not blank and holds no control characters."""
    objection = _blemish(string(value))
    if objection:
        raise ValueError(objection)
    return str(value)


def visible(value: object) -> str:
    """Take a text without characters that nobody sees."""
    refuse_unseen(text(value))
    return str(value)


def string(value: object) -> str:
    """Take a text, whatever it holds."""
    if not isinstance(value, str):
        raise ValueError(_no_text(value))  # noqa: TRY004 - every problem of a value is a ValueError
    return value


def _blemish(word: str) -> str:
    if not word.strip():
        return "must not be empty"
    return "must not hold line breaks or other control characters" if _UNPRINTABLE.search(word) else ""


def _no_text(value: object) -> str:
    if value is None:
        return "must not be empty"
    quotes = "; put it in quotes" if isinstance(value, (bool, int, float)) else ""
    return f"must be a text, found {found(value)}{quotes}"


def listed(value: object, of: str) -> list[object]:
    """Parse a list; `of` says what it lists."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list of {of}")  # noqa: TRY004 - every problem of a value is a ValueError
    return value


def boolean(value: object) -> bool:
    """Take true or false."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, found {found(value)}")


def count(value: object) -> int:
    """Take a whole number of at least 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"must be a whole number of at least 1{_kind_unless_number(value)}")


def intervals(value: object) -> float:
    """Take a number of intervals of at least 1, with or without a fraction."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value < math.inf:
        return float(value)
    raise ValueError(f"must be a number of intervals, at least 1{_kind_unless_number(value)}")


def duration(value: object) -> float:
    """Take a duration with its unit, in seconds."""
    if isinstance(value, str):
        return parse_duration(value)
    kind = found(value)
    raise ValueError(
        "write a unit, such as 30s" if kind == "a number" else f"must be a duration such as 30s, found {kind}"
    )


def timeout(value: object) -> float:
    """Take a duration longer than nothing."""
    seconds = duration(value)
    if seconds <= 0:
        raise ValueError("must be longer than 0s")
    return seconds


def size(value: object) -> int:
    """Take a size in bytes, with a unit or as a plain number."""
    if isinstance(value, str):
        return _not_nothing(parse_bytes(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _not_nothing(value)
    raise ValueError(f"must be a size such as 16MiB, found {found(value)}")


def listen(value: object) -> tuple[str, int]:
    """Take an address to listen on, as host and port."""
    if isinstance(value, str):
        return parse_listen(value)
    raise ValueError(f"must be host:port, such as 127.0.0.1:9847, found {found(value)}")


def choice(*options: str) -> Callable[[object], str]:
    """Make the function that takes one of these words."""
    listed = f"{', '.join(options[:-1])} or {options[-1]}"

    def chosen(value: object) -> str:
        if isinstance(value, str) and value in options:
            return value
        hint = suggestion(value, options) if isinstance(value, str) else f", found {found(value)}"
        raise ValueError(f"must be one of {listed}{hint}")

    return chosen


def workers(value: object) -> int | None:
    """Take a number of worker threads, or `auto` as None."""
    if value == "auto":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000:  # noqa: PLR2004 - said below
        return value
    raise ValueError("must be auto or a whole number from 1 to 1000")


def shards(value: object) -> int:
    """Take a number of shards that the API knows (API documentation of multiconnect)."""
    if isinstance(value, int) and not isinstance(value, bool) and value in {1, 2, 4, 8, 16, 32}:
        return value
    raise ValueError("must be one of 1, 2, 4, 8, 16 or 32")


def group(value: object) -> str:
    """Take the id of a group, which becomes a part of an address; it may be a person's number."""
    identifier = text(value)
    if _GROUP.fullmatch(identifier) is None:
        hint = _hint(identifier)
        raise ValueError(
            "must be the id of a group, such as 14155550100-1520000000"
            + (f"; if it is a person's number, {hint}" if hint else "")
        )
    return identifier


def telephone(value: object) -> str:
    """Take a telephone number in the form in which WhatsApp knows it, with or without a plus."""
    number = text(value)
    if not _TELEPHONE.fullmatch(number.removeprefix("+")):
        hint = _hint(number)
        raise ValueError(
            'must be a telephone number in quotes, such as "+14155550100"' + (f"; {hint}" if hint else "")
        )
    return number


def _hint(written: str) -> str:
    """Say how a number has to be written; empty where it is none."""
    # So people write a 0 that is dialled at home alone.
    found = _WRITTEN_NUMBER.fullmatch(written.strip().replace("(0)", ""))
    if found is None:
        return ""
    digits = re.sub("[^0-9]", "", found[2])
    if found[1] is None and digits.startswith("0"):
        return "write the country's code in place of the 0, such as 4915112345678"
    return f"write {digits}" if _TELEPHONE.fullmatch(digits) else ""


def _not_nothing(size_in_bytes: int) -> int:
    if size_in_bytes < 1:
        raise ValueError("must be at least 1 byte")
    return size_in_bytes


def _kind_unless_number(value: object) -> str:
    kind = found(value)
    return "" if kind == "a number" else f", found {kind}"
