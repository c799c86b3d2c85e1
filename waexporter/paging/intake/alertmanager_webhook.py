"""Read the webhook of Alertmanager, and of services with the same format.

A body in Alertmanager's own format is decoded into typed structs, which is fast. Any other body is read again
by `malformed`, which leaves out invalid fields and alerts and keeps the others.
"""

from __future__ import annotations

import codecs
import hashlib
from datetime import datetime  # noqa: TC003 - msgspec reads it at run time

import msgspec

from waexporter.errors import WebhookError
from waexporter.paging.intake import malformed
from waexporter.paging.model import Alert, AlertGroup, Webhook
from waexporter.timefmt import to_seconds
from waexporter.transport.lenient_json import DECODE_ERRORS

MAX_BODY = 8 * 1024 * 1024  # bytes
_VERSION = "4"  # of Alertmanager's format; Grafana sends 1
_GZIP = b"\x1f\x8b"


class _Alert(msgspec.Struct, rename="camel"):
    status: str
    labels: dict[str, str]
    starts_at: datetime
    annotations: dict[str, str] = {}
    ends_at: datetime | None = None
    fingerprint: str = ""


class _Body(msgspec.Struct, rename="camel"):
    alerts: list[_Alert]
    group_key: str = ""
    receiver: str = ""
    group_labels: dict[str, str] = {}
    truncated_alerts: int = 0
    version: str = ""


# Built at import: two threads that build a decoder at the same time end the process (see pyproject.toml).
_BODY_DECODER = msgspec.json.Decoder(_Body)
_ANY_JSON: msgspec.json.Decoder[object] = msgspec.json.Decoder()


def read_webhook(body: bytes, now: float) -> Webhook:
    """Read the body of a webhook; raise WebhookError if no alert can be read.

    `now` (wall-clock seconds) is the end of a resolved alert without one. Unknown keys are ignored, because
    later versions add some. The version only decides whether Alertmanager can be queried about the group.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        read = _BODY_DECODER.decode(body)
    except DECODE_ERRORS as error:
        return _read_malformed(body, error, now)
    alerts = tuple(_alert(each, now) for each in read.alerts)
    if None in alerts:
        return _read_malformed(body, None, now)
    truncated = max(read.truncated_alerts, 0)
    group = group_of(read.group_key, read.receiver, read.group_labels, read.version)
    return Webhook(
        thread_of(read.group_labels),
        tuple(alert for alert in alerts if alert is not None),
        truncated,
        group,
        is_whole=bool(group.key) and not truncated,
    )


def thread_of(group_labels: dict[str, str]) -> str:
    """Return the thread of a group: it depends on the labels alone, not on the Alertmanager or its routes."""
    return _hash_labels(group_labels)


def group_of(key: str, receiver: str, labels: dict[str, str], version: str) -> AlertGroup:
    """Return the group of a webhook; without a key, it has none."""
    plain = msgspec.json.encode([key, receiver])
    name = hashlib.blake2b(plain, digest_size=8).hexdigest() if key else ""
    return AlertGroup(name, receiver, labels, is_of_alertmanager=version == _VERSION)


def _alert(alert: _Alert, now: float) -> Alert | None:
    """Return an alert; None if it has to be read by `malformed`."""
    starts_at, ends_at = _seconds(alert.starts_at), _seconds(alert.ends_at)
    if (
        alert.status not in {"firing", "resolved"}
        or starts_at is None
        or not (alert.labels or alert.annotations)
    ):
        return None
    fingerprint = alert.fingerprint or _hash_labels(alert.labels)
    return Alert(
        fingerprint,
        starts_at,
        malformed.resolved_at(starts_at, ends_at, now) if alert.status == "resolved" else None,
        alert.labels,
        alert.annotations,
    )


def _read_malformed(body: bytes, error: Exception | None, now: float) -> Webhook:
    read = malformed.read_malformed(body, now)
    if read is None:
        raise WebhookError(_explain_unreadable(body)) from error
    if read.unread and not read.alerts:
        raise WebhookError(
            "the body is no webhook of Alertmanager: none of its alerts can be read"
        ) from error
    group = group_of(read.group_key, read.receiver, read.group_labels, read.version)
    return Webhook(
        thread_of(read.group_labels),
        tuple(map(_with_fingerprint, read.alerts)),
        read.truncated or 0,
        group,
        read.unread,
        is_whole=bool(group.key) and read.truncated == 0 and not read.unread,
        is_partial=read.truncated is None,
    )


def _with_fingerprint(alert: Alert) -> Alert:
    """Return an alert with a fingerprint: a hash of its labels or annotations, if it has none."""
    if alert.fingerprint:
        return alert
    return msgspec.structs.replace(alert, fingerprint=_hash_labels(dict(alert.labels or alert.annotations)))


def _seconds(moment: datetime | None) -> float | None:
    """Return a time in seconds; None if there is none or it is invalid, such as Go's zero time."""
    seconds = 0.0 if moment is None else to_seconds(moment)
    return seconds if seconds > 0 else None


def _hash_labels(labels: dict[str, str]) -> str:
    plain = msgspec.json.encode(sorted(labels.items()))
    return hashlib.blake2b(plain, digest_size=8).hexdigest()


def _explain_unreadable(body: bytes) -> str:
    if not body.strip():
        return "the body is empty"
    if body.startswith(_GZIP):
        return "the body is packed by gzip, and Content-Encoding does not say so"
    if b"\0" in body[:2] or body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the body is UTF-16 or UTF-32; send it as UTF-8"
    try:
        _ANY_JSON.decode(body)
    except DECODE_ERRORS:
        return "the body is not JSON"
    return "the body is no webhook of Alertmanager: it has no list of alerts"
