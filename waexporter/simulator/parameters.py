"""Validation of request parameters: required, of the right type, and no unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from waexporter.simulator.envelope import Json, refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from waexporter.simulator.envelope import RefusalError

_Kind = TypeVar("_Kind")

_PIN_DIGITS = 6


def invalid(name: str, why: str) -> RefusalError:
    """Return the refusal of an invalid value."""
    return refusal(400, 1009, f"Parameter {name} {why}")


def missing(name: str) -> RefusalError:
    """Return the refusal for a missing parameter."""
    return refusal(400, 1008, f"Parameter {name} is missing")


def refuse_surplus(document: Json, known: Collection[str]) -> None:
    """Refuse unknown parameters."""
    surplus = sorted(document.keys() - set(known))
    if surplus:
        raise refusal(400, 1010, f"Parameter {surplus[0]} is unknown")


def wanted(document: Json, name: str, kind: type[_Kind]) -> _Kind:
    """Return a required parameter."""
    if document.get(name) in (None, ""):
        raise missing(name)
    value = document[name]
    # A flag is a number to Python, not to the API.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise invalid(name, "has a wrong type")
    return value


def wanted_text(document: Json, name: str, longest: int) -> str:
    """Return a required text of at most `longest` characters."""
    text = wanted(document, name, str)
    if len(text) > longest:
        raise refusal(400, 1001, f"Parameter {name} is longer than {longest} characters")
    return text


def wanted_list(document: Json, name: str) -> list[str]:
    """Return a required list of texts."""
    values = wanted(document, name, list)
    if not values or not all(isinstance(value, str) for value in values):
        raise invalid(name, "must be a list of texts")
    return values


def wanted_digits(document: Json, name: str, longest: int) -> str:
    """Return a required text of digits."""
    text = wanted(document, name, str)
    if not is_digits(text) or len(text) > longest:
        raise invalid(name, f"must be 1 to {longest} digits")
    return text


def wanted_pin(document: Json) -> str:
    """Return the PIN of the two-step verification."""
    pin = wanted(document, "pin", str)
    if not is_digits(pin) or len(pin) != _PIN_DIGITS:
        raise invalid("pin", f"must be {_PIN_DIGITS} digits")
    return pin


def chosen(document: Json, name: str, choices: tuple[str, ...], default: str) -> str:
    """Return one of the choices, or the default if the parameter is absent."""
    value = document.get(name, default)
    if not isinstance(value, str) or value not in choices:
        raise invalid(name, f"must be one of {', '.join(choices)}")
    return value


def is_digits(text: str) -> bool:
    """Return whether a text consists of the ASCII digits; Unicode has more digits than these."""
    return text.isascii() and text.isdigit()
