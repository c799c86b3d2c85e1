"""Parsers of single values: from a value of the document to that of the program.

They raise ValueError with a sentence that never quotes the value.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from waexporter.config.section import kind_of, suggestion
from waexporter.config.values.characters import refuse_invisible
from waexporter.config.values.quantities import parse_bytes, parse_duration, parse_listen

if TYPE_CHECKING:
    from collections.abc import Callable

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# As WhatsApp knows a number: with the country's code, which never begins with 0.
_TELEPHONE = re.compile(r"[1-9][0-9]{5,14}")
_WRITTEN_NUMBER = re.compile(r"(\+|00)?([ ()/.-]*[0-9](?:[ ()/.-]*[0-9]){5,16})[ ()/.-]*")
_GROUP = re.compile(r"[1-9][0-9]*(-[0-9]+)?(@g\.us)?")


def text(value: object) -> str:
    """Parse a text that is not blank and contains no control characters."""
    problem = _find_text_problem(string(value))
    if problem:
        raise ValueError(problem)
    return str(value)


def visible(value: object) -> str:
    """Parse a text without invisible characters."""
    refuse_invisible(text(value))
    return str(value)


def string(value: object) -> str:
    """Parse any text."""
    if not isinstance(value, str):
        raise ValueError(_explain_not_text(value))  # noqa: TRY004 - every problem of a value is a ValueError
    return value


def _find_text_problem(word: str) -> str:
    if not word.strip():
        return "must not be empty"
    return "must not hold line breaks or other control characters" if _UNPRINTABLE.search(word) else ""


def _explain_not_text(value: object) -> str:
    if value is None:
        return "must not be empty"
    quotes = "; put it in quotes" if isinstance(value, (bool, int, float)) else ""
    return f"must be a text, found {kind_of(value)}{quotes}"


def listed(value: object, of: str) -> list[object]:
    """Parse a list; `of` names its entries in the error message."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list of {of}")  # noqa: TRY004 - every problem of a value is a ValueError
    return value


def boolean(value: object) -> bool:
    """Parse true or false."""
    if isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, found {kind_of(value)}")


def count(value: object) -> int:
    """Parse a whole number of at least 1."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError(f"must be a whole number of at least 1{_explain_not_number(value)}")


def intervals(value: object) -> float:
    """Parse a number of intervals of at least 1, with or without a fraction."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value < math.inf:
        return float(value)
    raise ValueError(f"must be a number of intervals, at least 1{_explain_not_number(value)}")


def duration(value: object) -> float:
    """Parse a duration with its unit, in seconds."""
    if isinstance(value, str):
        return parse_duration(value)
    kind = kind_of(value)
    raise ValueError(
        "write a unit, such as 30s" if kind == "a number" else f"must be a duration such as 30s, found {kind}"
    )


def timeout(value: object) -> float:
    """Parse a duration longer than 0 s."""
    seconds = duration(value)
    if seconds <= 0:
        raise ValueError("must be longer than 0s")
    return seconds


def size(value: object) -> int:
    """Parse a size in bytes, with a unit or as a plain number."""
    if isinstance(value, str):
        return _check_size(parse_bytes(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _check_size(value)
    raise ValueError(f"must be a size such as 16MiB, found {kind_of(value)}")


def listen(value: object) -> tuple[str, int]:
    """Parse an address to listen on, as host and port."""
    if isinstance(value, str):
        return parse_listen(value)
    raise ValueError(f"must be host:port, such as 127.0.0.1:9847, found {kind_of(value)}")


def choice(*options: str) -> Callable[[object], str]:
    """Return the parser of one of these words."""
    listed = f"{', '.join(options[:-1])} or {options[-1]}"

    def parse(value: object) -> str:
        if isinstance(value, str) and value in options:
            return value
        hint = suggestion(value, options) if isinstance(value, str) else f", found {kind_of(value)}"
        raise ValueError(f"must be one of {listed}{hint}")

    return parse


def workers(value: object) -> int | None:
    """Parse a number of worker threads, or `auto` as None."""
    if value == "auto":
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000:  # noqa: PLR2004 - the message below names them
        return value
    raise ValueError("must be auto or a whole number from 1 to 1000")


def shards(value: object) -> int:
    """Parse a number of shards that the API knows (API documentation of multiconnect)."""
    if isinstance(value, int) and not isinstance(value, bool) and value in {1, 2, 4, 8, 16, 32}:
        return value
    raise ValueError("must be one of 1, 2, 4, 8, 16 or 32")


def group(value: object) -> str:
    """Parse the id of a group, which becomes a part of an address; it may be a person's number."""
    identifier = text(value)
    if _GROUP.fullmatch(identifier) is None:
        hint = _suggest_number(identifier)
        raise ValueError(
            "must be the id of a group, such as 14155550100-1520000000"
            + (f"; if it is a person's number, {hint}" if hint else "")
        )
    return identifier


def telephone(value: object) -> str:
    """Parse a telephone number in the form in which WhatsApp knows it, with or without a plus."""
    number = text(value)
    if not _TELEPHONE.fullmatch(number.removeprefix("+")):
        hint = _suggest_number(number)
        raise ValueError(
            'must be a telephone number in quotes, such as "+14155550100"' + (f"; {hint}" if hint else "")
        )
    return number


def _suggest_number(written: str) -> str:
    """Return advice on how to write a telephone number; empty if the text is none."""
    # People write (0) for a digit that is only dialled within the country.
    found = _WRITTEN_NUMBER.fullmatch(written.strip().replace("(0)", ""))
    if found is None:
        return ""
    digits = re.sub("[^0-9]", "", found[2])
    if found[1] is None and digits.startswith("0"):
        return "write the country's code in place of the 0, such as 4915112345678"
    return f"write {digits}" if _TELEPHONE.fullmatch(digits) else ""


def _check_size(size_in_bytes: int) -> int:
    if size_in_bytes < 1:
        raise ValueError("must be at least 1 byte")
    return size_in_bytes


def _explain_not_number(value: object) -> str:
    kind = kind_of(value)
    return "" if kind == "a number" else f", found {kind}"
