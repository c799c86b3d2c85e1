"""The families in which one kind of client differs from another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from waexporter.model import Document, Endpoint, Family, Verdict


class KindFamilies(NamedTuple):
    """How what is known of a client of one kind becomes families."""

    # Besides whatsapp_up, whatsapp_verdict and whatsapp_problem; from the fresh documents, by endpoint.
    of_verdict: Callable[[Verdict, Mapping[Endpoint, Document]], Iterable[Family]]
    of_document: Callable[[Document | None], Iterable[Family]]
    of_failure: Callable[[Endpoint], Iterable[Family]]  # what a failed poll says by itself
    documented: Mapping[
        str, Endpoint
    ]  # families of statistics, by the endpoint that is documented to have it
