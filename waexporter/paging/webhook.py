"""Alertmanager's webhook, version 4, as a value."""

from __future__ import annotations

import codecs
import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from waexporter.errors import WebhookError
from waexporter.paging.alerts import Alert, Webhook

LARGEST = 8 * 1024 * 1024  # bytes of a body
_GZIP = b"\x1f\x8b"
_VERSION = "4"
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
    version: str
    alerts: list[_Alert]
    group_labels: dict[str, str] = {}
    truncated_alerts: int = 0


class _Version(msgspec.Struct):
    version: Any = None


# Made here and not when a body comes: see whatsapp.envelope.decode.
_BODY_DECODER = msgspec.json.Decoder(_Body)
_VERSION_DECODER = msgspec.json.Decoder(_Version)


def read_webhook(body: bytes, now: float) -> Webhook:
    """Read a body of Alertmanager; `now` (wall-clock seconds) is when an alert without an end has ended.

    Unknown keys are ignored: later versions of Alertmanager add some. Raises WebhookError.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        read = _BODY_DECODER.decode(body)
    except _UNREADABLE as error:
        raise WebhookError(_explain(body, error)) from error
    if read.version != _VERSION:
        raise WebhookError(f'the version must be "{_VERSION}"')
    return Webhook(
        thread_of(read.group_labels),
        tuple(_alert(each, number, now) for number, each in enumerate(read.alerts)),
        max(read.truncated_alerts, 0),
    )


def thread_of(group_labels: dict[str, str]) -> str:
    """Name the thread of a group: the same from every Alertmanager, whatever its route tree is."""
    return _digest(group_labels)


def _alert(said: _Alert, number: int, now: float) -> Alert:
    if said.status not in {"firing", "resolved"}:
        raise WebhookError(f"alerts[{number}].status must be firing or resolved")
    starts_at = _seconds(said.starts_at)
    ends_at = None
    if said.status == "resolved":
        ends_at = now if said.ends_at is None else _seconds(said.ends_at)
        # Go's zero time stands for no time at all.
        ends_at = ends_at if ends_at >= starts_at else max(now, starts_at)
    fingerprint = said.fingerprint or _digest(said.labels)
    return Alert(fingerprint, starts_at, ends_at, said.labels, said.annotations)


def _seconds(moment: datetime) -> float:
    try:
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH).total_seconds()
    except OverflowError as error:
        raise WebhookError("a time is out of range") from error


def _digest(labels: dict[str, str]) -> str:
    plain = msgspec.json.encode(sorted(labels.items()))
    return hashlib.blake2b(plain, digest_size=8).hexdigest()


def _explain(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "the body is empty"
    if body.startswith(_GZIP):
        return "the body is packed by gzip, and Content-Encoding does not say so"
    if b"\0" in body[:2] or body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the body is UTF-16 or UTF-32; send it as UTF-8"
    if not isinstance(error, msgspec.ValidationError):
        return "the body is not JSON"
    try:
        version = _VERSION_DECODER.decode(body).version
    except _UNREADABLE:
        version = None
    if version != _VERSION:
        return f'the body is no webhook of Alertmanager: its version must be "{_VERSION}"'
    return f"the body is no webhook of Alertmanager: {error}"[:300]
