"""Which runbook says what to do about each problem; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.health.facts import SLUGS
from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_STATE: Final = {
    State.DOWN: "WhatsAppDown",
    State.UNKNOWN: "WhatsAppUnknown",
    State.DEGRADED: "WhatsAppDegraded",
    State.OK: "WhatsAppDegraded",
}
_OWN: Final = {
    "WaExporterLoginFailing": ("auth_refused",),
    "WhatsAppBuildExpiring": ("build_expired", "build_expiring"),
    "WhatsAppCertificateExpiring": ("certificate_expired", "certificate_expiring"),
    "WhatsAppConnectingTooLong": ("connecting", "connecting_too_long"),
    "WhatsAppDiskLow": ("disk_low",),
    "WhatsAppDuplicateClient": ("duplicate_client",),
    "WhatsAppNoPrimaryMaster": ("no_primary_master", "two_primary_masters", "primary_master_disconnected"),
    "WhatsAppNodeUnreachable": ("node_unreachable",),
    "WhatsAppOnCallPagerUnset": ("on_call_group_unreachable",),
    "WhatsAppOverloaded": ("overloaded",),
    "WhatsAppRateLimited": ("rate_limited",),
    "WhatsAppShardUncovered": ("shard_uncovered",),
    "WhatsAppUnregistered": ("unregistered",),
    "WhatsAppVersionSkew": ("version_skew",),
}

RUNBOOKS: Final[Mapping[str, str]] = {slug: _OF_STATE[state] for slug, state in SLUGS.items()} | {
    slug: runbook for runbook, slugs in _OWN.items() for slug in slugs
}
