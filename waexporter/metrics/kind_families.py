"""The families that depend on the kind of client."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from waexporter.model import Document, Endpoint, Family, Head, Verdict


class DocumentedFamily(NamedTuple):
    """Where the documentation of an API has one of the families of its statistics, and with which type."""

    endpoint: Endpoint
    type: str


class Queue(NamedTuple):
    """A queue of the client: the family with its size, and its name for people."""

    family: str
    words: str


class Queues(NamedTuple):
    """The queues whose sizes one endpoint reports."""

    endpoint: Endpoint
    members: tuple[Queue, ...]


class KindFamilies(NamedTuple):
    """The functions that return the families of one kind of client."""

    # Takes the fresh documents by endpoint; whatsapp_up, _verdict and _problem are in families.py.
    of_verdict: Callable[[Verdict, Mapping[Endpoint, Document]], Iterable[Family]]
    of_document: Callable[[Document | None], Iterable[Family]]
    of_failure: Callable[[Endpoint], Iterable[Family]]  # of a failed poll of this endpoint
    documented: Mapping[str, DocumentedFamily]  # the families of statistics in the API's documentation
    heads: tuple[Head, ...]  # of every family that these functions return
    queues: Queues | None = None  # None: such a client has none
