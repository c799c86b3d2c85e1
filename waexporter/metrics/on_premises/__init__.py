"""The families of a client of the On-Premises API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.metrics.kind_families import KindFamilies
from waexporter.metrics.on_premises import cluster_families, document_families
from waexporter.metrics.on_premises.upstream_catalogue import DOCUMENTED, QUEUES
from waexporter.model import Endpoint, Health

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.model import Document, Family, Verdict


def _verdict_families(verdict: Verdict, documents: Mapping[Endpoint, Document]) -> Iterator[Family]:
    yield from cluster_families.cluster_families(verdict)
    health = documents.get(Endpoint.HEALTH)
    if isinstance(health, Health) and verdict.up:
        yield from cluster_families.api_families(health)


ON_PREMISES_FAMILIES: Final = KindFamilies(
    of_verdict=_verdict_families,
    of_document=document_families.document_families,
    of_failure=document_families.failure_families,
    documented=DOCUMENTED,
    heads=(*cluster_families.HEADS, *document_families.HEADS),
    queues=QUEUES,
)
