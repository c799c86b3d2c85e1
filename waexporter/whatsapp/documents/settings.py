"""GET /v1/settings/application and GET /v1/account/shards, which only admins may read."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from waexporter.errors import BodyError
from waexporter.model import ClientSettings, Drop
from waexporter.transport.lenient_json import Losses, Parsed, as_list, as_map, json_type, parse
from waexporter.whatsapp.documents.envelope import read_document, text_of
from waexporter.whatsapp.documents.support import MAX_SHARDS
from waexporter.whatsapp.documents.values import read_boolean, read_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Name of a metric: (name in the API, divisor to the base unit).
_NUMBERS: Mapping[str, tuple[str, int]] = {
    "callback_backoff_delay_seconds": ("callback_backoff_delay_ms", 1000),
    "max_callback_backoff_delay_seconds": ("max_callback_backoff_delay_ms", 1000),
    "unhealthy_interval_seconds": ("unhealthy_interval", 1),
    "heartbeat_interval_seconds": ("heartbeat_interval", 1),
}
_BOOLEANS = ("callback_persist", "pass_through", "sent_status")
_KNOWN = frozenset(
    {upstream for upstream, _ in _NUMBERS.values()} | {*_BOOLEANS, "webhooks", "on_call_pager", "media"}
)
_WEBHOOKS_KEYS = frozenset({"url", "max_concurrent_requests"})
_MAX_DEPTH = 4
_MAX_ID = 10**40


def read_settings(body: bytes) -> Parsed[ClientSettings]:
    """Read the settings, nested or flat; leave out values that can't be read."""
    settings = _unwrap(parse(body, "settings") or _flat(body))
    losses = Losses()
    webhooks = as_map(settings.get("webhooks", {}))
    if webhooks is None or (webhooks and _WEBHOOKS_KEYS.isdisjoint(webhooks)):
        webhooks = None
        losses.add(Drop.MALFORMED, "webhooks", f"{json_type(settings['webhooks'])} in the place of a map")
    numbers = {
        name: number / divisor
        for name, (upstream, divisor) in _NUMBERS.items()
        if (number := _positive(settings, upstream, losses)) is not None
    }
    if (most := _positive(webhooks or {}, "max_concurrent_requests", losses)) is not None:
        numbers["webhooks_max_concurrent_requests"] = most
    booleans = {
        name: boolean for name in _BOOLEANS if (boolean := _boolean(settings, name, losses)) is not None
    }
    pager = _text(settings, "on_call_pager", losses)
    url = None if webhooks is None else _text(webhooks, "url", losses)
    return losses.attach_to(
        ClientSettings(
            numbers=tuple(sorted(numbers.items())),
            booleans=tuple(sorted(booleans.items())),
            has_webhook=None if url is None else bool(url),
            on_call_pager=pager or None,
            has_on_call_pager=None if pager is None else bool(pager),
            digests=tuple(sorted(_digests(settings))),
        )
    )


def readable_values(settings: ClientSettings) -> dict[str, str]:
    """Return the values that are neither secret nor private, by their key paths in the API.

    A value that is set but can't be read is absent.
    """
    present = {key for key, _ in settings.digests}
    numbers, booleans = dict(settings.numbers), dict(settings.booleans)
    values: dict[str, str | None] = {
        upstream: f"{numbers[name] * divisor:.15g}" if name in numbers else None
        for name, (upstream, divisor) in _NUMBERS.items()
    }
    most = numbers.get("webhooks_max_concurrent_requests")
    values["webhooks.max_concurrent_requests"] = None if most is None else f"{most:.15g}"
    for name in _BOOLEANS:
        values[name] = str(booleans[name]).lower() if name in booleans else None
    known = {key: text for key, text in values.items() if text is not None}
    return known | dict.fromkeys(values.keys() - known.keys() - present, "not set")


def _flat(body: bytes) -> dict[str, Any]:
    """Return a document with the settings at its top; `parse` needs the key of one of them."""
    found = (document for key in sorted(_KNOWN) if (document := parse(body, key)) is not None)
    return next(found, None) or read_document(body, "settings")


def _unwrap(document: dict[str, Any]) -> dict[str, Any]:
    """Return the settings: under `settings.application`, under `settings`, or at the top."""
    inner = document
    for key in ("settings", "application"):
        inner = as_map(inner.get(key)) or inner
    if not _KNOWN.intersection(inner):
        message = "the answer has no settings in it"
        raise BodyError(message)
    return inner


def _positive(settings: Mapping[str, Any], key: str, losses: Losses) -> float | None:
    if key not in settings:
        return None
    number = read_number(settings[key])
    if number is None:
        losses.add(Drop.NOT_A_NUMBER, key, f"{json_type(settings[key])} that is no number")
        return None
    if number < 0:
        losses.add(Drop.OUT_OF_RANGE, key, "below zero")
        return None
    return number


def _boolean(settings: Mapping[str, Any], key: str, losses: Losses) -> bool | None:
    if key not in settings:
        return None
    boolean = read_boolean(settings[key])
    if boolean is None:
        losses.add(Drop.MALFORMED, key, f"{json_type(settings[key])} that is neither true nor false")
    return boolean


def _text(settings: Mapping[str, Any], key: str, losses: Losses) -> str | None:
    """Return a string, even if it is written as a number; None if it can't be read.

    The client leaves out a setting that is not set, so an absent one is an empty string.
    """
    value = settings.get(key, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < _MAX_ID else None
    if not isinstance(value, str):
        losses.add(Drop.MALFORMED, key, f"{json_type(value)} in the place of a text")
        return None
    return text_of(value)


def _digests(settings: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield the key path and a digest of every value; the digest shows a change without the value itself."""
    for key, value in settings.items():
        if not path and key == "meta":
            continue
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and depth < _MAX_DEPTH:
            yield from _digests(value, here, depth + 1)
        else:
            yield text_of(here), blake2b(repr(value).encode("utf-8", "replace"), digest_size=12).digest()


def read_shards(body: bytes) -> int:
    """Read GET /v1/account/shards, nested or flat: the number of shards of the account."""
    document = parse(body, "account") or read_document(body, "shards")
    inner = document.get("account", document)
    # If accounts are listed, there is one of them.
    for account in (as_list(inner) or [inner])[:1]:
        number = read_number((as_map(account) or {}).get("shards"))
        if number is not None and 1 <= number <= MAX_SHARDS and number == int(number):
            return int(number)
    message = "the answer does not say how many shards there are"
    raise BodyError(message)
