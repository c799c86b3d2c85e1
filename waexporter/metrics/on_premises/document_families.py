"""The families of support, settings, certificates, the on-call group and the canary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.metrics.families import gauge, one_sample
from waexporter.model import (
    Canary,
    Certificates,
    ClientSettings,
    Endpoint,
    Family,
    Head,
    OnCallGroup,
    Sample,
    Support,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.model import Document

_SUPPORT = "From GET /v1/support, polled on a timer."
_SETTINGS = "From GET /v1/settings/application, polled on a timer."


def _gauge(name: str, help_text: str, source: str = "") -> Head:
    return gauge(name, f"{help_text} {source}".strip())


BUILD = _gauge("whatsapp_build_info", "Version and database of a node.", _SUPPORT)
BUILD_EXPIRY = _gauge(
    "whatsapp_build_expiry_timestamp_seconds",
    "When the client's build stops working: upgrade before.",
    _SUPPORT,
)
FREE_SPACE = _gauge(
    "whatsapp_free_space_bytes", "Free space of a node's volume; absent where there is no limit.", _SUPPORT
)
SHARD_OWNER = _gauge("whatsapp_shard_owner", "1 for the node that owns a shard.", _SUPPORT)
SOCKET = _gauge(
    "whatsapp_socket_connected", "1 while a node's socket to WhatsApp is up, 0 while it is not.", _SUPPORT
)

_NUMBERS: Mapping[str, Head] = {
    name: _gauge(f"whatsapp_settings_{name}", help_text, _SETTINGS)
    for name, help_text in (
        ("callback_backoff_delay_seconds", "How much longer each retry of a failed callback waits."),
        ("max_callback_backoff_delay_seconds", "How long a retry of a failed callback waits at most."),
        ("webhooks_max_concurrent_requests", "How many callbacks are sent at once."),
        ("unhealthy_interval_seconds", "How long a master waits for a coreapp before it begins a failover."),
        ("heartbeat_interval_seconds", "How often a master asks its coreapps."),
    )
}
_BOOLEANS: Mapping[str, Head] = {
    name: _gauge(f"whatsapp_settings_{name}", help_text, _SETTINGS)
    for name, help_text in (
        ("callback_persist", "1 if callbacks are kept on disk until they are acknowledged."),
        ("pass_through", "1 if messages leave the client's database once they are delivered."),
        ("sent_status", "1 if a callback tells that a message reached WhatsApp's server."),
    )
}
WEBHOOK = _gauge("whatsapp_webhook_configured", "1 if the client has a webhook to call.", _SETTINGS)
PAGER = _gauge("whatsapp_on_call_pager_configured", "1 if on_call_pager names a group.", _SETTINGS)
CHANGED = _gauge(
    "whatsapp_settings_last_change_timestamp_seconds",
    "When waexporter last saw a setting change; absent before the first change.",
    _SETTINGS,
)
CERTIFICATE = _gauge(
    "whatsapp_certificate_not_after_timestamp_seconds",
    "When a certificate ends; of a bundle, the first to end. From the handshake and GET /v1/certificates.",
)
GROUP_REACHABLE = _gauge(
    "whatsapp_on_call_group_reachable",
    "1 if the on-call group exists and somebody is in it.",
    "From GET /v1/groups.",
)
GROUP_PARTICIPANTS = _gauge(
    "whatsapp_on_call_group_participants",
    "People in the on-call group beside the business.",
    "From GET /v1/groups.",
)
CANARY_SUCCESS = _gauge(
    "whatsapp_canary_success", "1 if the last contact check went through from end to end."
)
CANARY_DURATION = _gauge("whatsapp_canary_duration_seconds", "How long the last contact check took.")


# Every family of this module: no upstream family may take its name.
HEADS: tuple[Head, ...] = (
    BUILD, BUILD_EXPIRY, FREE_SPACE, SHARD_OWNER, SOCKET, *_NUMBERS.values(), *_BOOLEANS.values(), WEBHOOK,
    PAGER, CHANGED, CERTIFICATE, GROUP_REACHABLE, GROUP_PARTICIPANTS, CANARY_SUCCESS, CANARY_DURATION,
)  # fmt: skip


def document_families(document: Document | None) -> tuple[Family, ...]:
    """Return the families of a document; those of a health document come from the verdict."""
    match document:
        case Support():
            return tuple(support_families(document))
        case ClientSettings():
            return tuple(settings_families(document))
        case Certificates():
            return tuple(certificates_families(document))
        case OnCallGroup():
            return tuple(group_families(document))
        case Canary():
            return tuple(canary_families(document))
    return ()


def failure_families(endpoint: Endpoint) -> tuple[Family, ...]:
    """Return the families of a failed poll: only the canary has one."""
    return (one_sample(CANARY_SUCCESS, 0),) if endpoint is Endpoint.CANARY else ()


def support_families(support: Support) -> Iterator[Family]:
    """Yield build, disk, shards and sockets of every node; values that a node does not report are absent."""
    builds, expiries, volumes, owners, sockets = [], [], [], [], []
    for node in support.nodes:
        at = (("node", node.node),)
        builds.append(Sample((*at, ("version", node.version), ("db_engine", node.db_engine)), 1))
        if node.expires is not None:
            expiries.append(Sample(at, node.expires))
        volumes += [Sample((*at, ("volume", volume)), free) for volume, free in node.free_bytes]
        owners += [Sample((*at, ("shard", str(shard))), 1) for shard in node.shards or ()]
        if node.socket_connected is not None:
            sockets.append(Sample(at, int(node.socket_connected)))
    rows = (
        (BUILD, builds), (BUILD_EXPIRY, expiries), (FREE_SPACE, volumes), (SHARD_OWNER, owners),
        (SOCKET, sockets),
    )  # fmt: skip
    yield from (Family(head, tuple(samples)) for head, samples in rows if samples)


def settings_families(settings: ClientSettings) -> Iterator[Family]:
    """Yield the settings that decide how the client behaves."""
    yield from (one_sample(_NUMBERS[name], value) for name, value in settings.numbers)
    yield from (one_sample(_BOOLEANS[name], int(value)) for name, value in settings.booleans)
    if settings.has_webhook is not None:
        yield one_sample(WEBHOOK, int(settings.has_webhook))
    if settings.has_on_call_pager is not None:
        yield one_sample(PAGER, int(settings.has_on_call_pager))
    if settings.changed_at is not None:
        yield one_sample(CHANGED, round(settings.changed_at, 3))


def certificates_families(certificates: Certificates) -> Iterator[Family]:
    """Yield the expiry time of every certificate."""
    if certificates.not_after:
        samples = (Sample((("certificate", name),), end) for name, end in certificates.not_after)
        yield Family(CERTIFICATE, tuple(samples))


def group_families(group: OnCallGroup) -> Iterator[Family]:
    """Yield whether the on-call group can be reached, and the number of its participants."""
    if group.is_reachable is not None:
        yield one_sample(GROUP_REACHABLE, int(group.is_reachable))
    if group.participants is not None:
        yield one_sample(GROUP_PARTICIPANTS, group.participants)


def canary_families(canary: Canary) -> Iterator[Family]:
    """Yield the success and the duration of a contact check."""
    yield one_sample(CANARY_SUCCESS, 1)
    yield one_sample(CANARY_DURATION, round(canary.duration, 6))
