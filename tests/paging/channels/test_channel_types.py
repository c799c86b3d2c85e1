"""A channel is in all of its places, and a forgotten place is named."""

from __future__ import annotations

import re
from importlib import import_module
from pkgutil import iter_modules

import pytest

from tests.markdown import DOCS
from tests.places import hold
from waexporter.model import Fallback, Secret
from waexporter.paging import channels
from waexporter.paging.channels.channel_types import CHANNEL_TYPES
from waexporter.paging.channels.whatsapp import _KNOWN_CODES, ERROR_CODES


def channel_classes() -> dict[str, type]:
    """Return every class in a module of `paging/channels` that can send messages, by its name."""
    modules = (import_module(f"{channels.__name__}.{each.name}") for each in iter_modules(channels.__path__))
    members = ((module, member) for module in modules for member in vars(module).values())
    return {
        member.__name__: member
        for module, member in members
        if isinstance(member, type) and member.__module__ == module.__name__ and hasattr(member, "kind")
        if hasattr(member, "send")
    }


def test_every_channel_has_a_row() -> None:
    hold(
        (vars(each)["kind"] for each in channel_classes().values()),
        (each.name for each in CHANNEL_TYPES),
        add="Add a row to CHANNEL_TYPES in waexporter/paging/channels/channel_types.py: its name, what to do "
        "about its failures and, for an address in pager.fallback, how it is opened.",
        remove="Take the row out of CHANNEL_TYPES in waexporter/paging/channels/channel_types.py, or write "
        "the class with `kind`, `where` and `send` in a module of that package.",
    )


@pytest.mark.parametrize("address", ["https://hooks.example/x", "http://hooks.example", "tgram://1:x/y"])
def test_an_entry_of_the_fallback_is_served_by_one_type_alone(address: str) -> None:
    fallback = Fallback(Secret(address))

    accepting = [each.name for each in CHANNEL_TYPES if each.fallback and each.fallback.accepts(fallback)]

    assert len(accepting) == 1


def test_every_channel_is_explained() -> None:
    metrics = " ".join((DOCS / "metrics.md").read_text().split())
    explained = re.search(r"`channel` is [^:]+: ([^(]+) \(", metrics)
    assert explained is not None

    hold(
        (each.name for each in CHANNEL_TYPES),
        re.split(r", | or ", explained[1]),
        add="Add it to the values of the label `channel` in docs/metrics.md.",
        remove="docs/metrics.md names a channel that is not there.",
    )


def test_every_error_code_that_is_known_may_be_a_label() -> None:
    assert ERROR_CODES.keys() <= set(_KNOWN_CODES)
