"""The webhook of Alertmanager, and of what speaks like it, as a value.

What a good Alertmanager sends is read by its types, and fast. Whatever that refuses is read again by
`malformed`, where an odd field costs itself, and an odd alert no other.
"""

from __future__ import annotations

import codecs
import hashlib
from datetime import UTC, datetime

import msgspec

from waexporter.errors import WebhookError
from waexporter.paging.intake import malformed
from waexporter.paging.model import Alert, AlertGroup, Webhook

LARGEST = 8 * 1024 * 1024  # bytes of a body
_VERSION = "4"  # of what Alertmanager sends, since long ago; Grafana says 1
_GZIP = b"\x1f\x8b"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


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


# Made here and not when a body comes: see whatsapp.envelope.decode.
_BODY_DECODER = msgspec.json.Decoder(_Body)
_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder()


def read_webhook(body: bytes, now: float) -> Webhook:
    """Read a body of Alertmanager; `now` (wall-clock seconds) is when an alert without an end has ended.

    Unknown keys are ignored: later versions add some. So is the version, but for whom to ask about the group.
    Raises WebhookError where no alert can be read.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        read = _BODY_DECODER.decode(body)
    except _UNREADABLE as error:
        return _read_odd(body, error, now)
    alerts = tuple(_alert(each, now) for each in read.alerts)
    if None in alerts:
        return _read_odd(body, None, now)
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
    """Name the thread of a group: the same from every Alertmanager, whatever its route tree is."""
    return _digest(group_labels)


def group_of(key: str, receiver: str, labels: dict[str, str], version: str) -> AlertGroup:
    """Return the group that a delivery says it is of; one without a key is of none."""
    plain = msgspec.json.encode([key, receiver])
    name = hashlib.blake2b(plain, digest_size=8).hexdigest() if key else ""
    return AlertGroup(name, receiver, labels, is_of_alertmanager=version == _VERSION)


def _alert(said: _Alert, now: float) -> Alert | None:
    """Return an alert; None where it says something that only a second look understands."""
    starts_at, ends_at = _seconds(said.starts_at), _seconds(said.ends_at)
    if (
        said.status not in {"firing", "resolved"}
        or starts_at is None
        or not (said.labels or said.annotations)
    ):
        return None
    fingerprint = said.fingerprint or _digest(said.labels)
    return Alert(
        fingerprint,
        starts_at,
        malformed.end_of(starts_at, ends_at, now) if said.status == "resolved" else None,
        said.labels,
        said.annotations,
    )


def _read_odd(body: bytes, error: Exception | None, now: float) -> Webhook:
    read = malformed.read(body, now)
    if read is None:
        raise WebhookError(_explain(body)) from error
    if read.unread and not read.alerts:
        raise WebhookError(
            "the body is no webhook of Alertmanager: none of its alerts can be read"
        ) from error
    group = group_of(read.group_key, read.receiver, read.group_labels, read.version)
    return Webhook(
        thread_of(read.group_labels),
        tuple(map(_named, read.alerts)),
        read.truncated or 0,
        group,
        read.unread,
        is_whole=bool(group.key) and read.truncated == 0 and not read.unread,
        is_partial=read.truncated is None,
    )


def _named(alert: Alert) -> Alert:
    """Return an alert with a fingerprint, by what it says where it says none."""
    said = dict(alert.labels or alert.annotations)
    return alert if alert.fingerprint else msgspec.structs.replace(alert, fingerprint=_digest(said))


def _seconds(moment: datetime | None) -> float | None:
    """Return the seconds of a time; None where there is none, such as Go's zero time."""
    if moment is None:
        return None
    seconds = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
    return seconds if seconds > 0 else None


def _digest(labels: dict[str, str]) -> str:
    plain = msgspec.json.encode(sorted(labels.items()))
    return hashlib.blake2b(plain, digest_size=8).hexdigest()


def _explain(body: bytes) -> str:
    if not body.strip():
        return "the body is empty"
    if body.startswith(_GZIP):
        return "the body is packed by gzip, and Content-Encoding does not say so"
    if b"\0" in body[:2] or body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the body is UTF-16 or UTF-32; send it as UTF-8"
    try:
        _ANYTHING.decode(body)
    except _UNREADABLE:
        return "the body is not JSON"
    return "the body is no webhook of Alertmanager: it has no list of alerts"
