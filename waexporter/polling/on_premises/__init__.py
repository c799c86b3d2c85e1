"""The tables for the On-Premises API, with a row for each endpoint that is polled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.health.on_premises import ON_PREMISES_RULES
from waexporter.health.on_premises.failures import is_access_denied
from waexporter.health.on_premises.rules import list_reachable_coreapps
from waexporter.metrics.on_premises import ON_PREMISES_FAMILIES
from waexporter.metrics.tally import AnswerKind
from waexporter.model import ClientSettings, Endpoint
from waexporter.polling.on_premises.collectors import (
    CanaryCollector,
    CertificatesCollector,
    GroupCollector,
    HealthCollector,
    SettingsCollector,
    StatisticsCollector,
    SupportCollector,
)
from waexporter.polling.on_premises.description import ON_PREMISES_DESCRIPTION
from waexporter.polling.tables import CollectorRow, KindTables, SettingsSource
from waexporter.whatsapp.documents.settings import readable_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Document

COLLECTORS: Final[Mapping[Endpoint, CollectorRow]] = {
    Endpoint.HEALTH: CollectorRow(path="/v1/health", collector=HealthCollector, affects_verdict=True),
    Endpoint.APP: CollectorRow(
        path="/v1/stats/app",
        collector=StatisticsCollector,
        answer=AnswerKind.STATISTICS,
        expected_nodes=list_reachable_coreapps,
    ),
    Endpoint.WEB: CollectorRow(
        path="/v1/metrics", collector=StatisticsCollector, answer=AnswerKind.STATISTICS, has_replicas=True
    ),
    # The API's documentation says to request it "only when needed".
    Endpoint.DB: CollectorRow(
        path="/v1/stats/db", collector=StatisticsCollector, answer=AnswerKind.STATISTICS, is_costly=True
    ),
    Endpoint.SUPPORT: CollectorRow(
        path="/v1/support",
        collector=SupportCollector,
        affects_verdict=True,
        retries_refusals_rarely=True,
    ),
    # Polled at every client, although only an admin's account may read them; nothing else depends on them.
    Endpoint.SETTINGS: CollectorRow(
        path="/v1/settings/application",
        collector=SettingsCollector,
        affects_verdict=True,
        retries_refusals_rarely=True,
        is_for_admins=is_access_denied,
    ),
    Endpoint.CERTIFICATES: CollectorRow(
        path="/v1/certificates/external/ca",
        collector=CertificatesCollector,
        answer=AnswerKind.WHOLE_DOCUMENT,
        affects_verdict=True,
        retries_refusals_rarely=True,
    ),
    Endpoint.GROUP: CollectorRow(
        path="/v1/groups",
        collector=GroupCollector,
        affects_verdict=True,
        retries_refusals_rarely=True,
    ),
    # Costly, since the client sends a request to WhatsApp itself.
    Endpoint.CANARY: CollectorRow(
        path="/v1/contacts",
        collector=CanaryCollector,
        method="POST",
        answer=AnswerKind.WHOLE_DOCUMENT,
        is_costly=True,
        retries_refusals_rarely=True,
    ),
}


def _on_call_pager(document: Document | None) -> str | None:
    return document.on_call_pager if isinstance(document, ClientSettings) else None


def _changed_keys(document: Document | None) -> tuple[str, ...]:
    return document.changed_keys if isinstance(document, ClientSettings) else ()


def _readable(document: Document | None) -> Mapping[str, str]:
    return readable_values(document) if isinstance(document, ClientSettings) else {}


ON_PREMISES: Final = KindTables(
    COLLECTORS,
    ON_PREMISES_RULES,
    ON_PREMISES_FAMILIES,
    ON_PREMISES_DESCRIPTION,
    SettingsSource(Endpoint.SETTINGS, _on_call_pager, _changed_keys, _readable),
)
