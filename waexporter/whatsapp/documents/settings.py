"""GET /v1/settings/application and /v1/account/shards, both for admins only."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from waexporter.errors import BodyError
from waexporter.model import ClientSettings, Drop
from waexporter.transport.lenient_json import Losses, Parsed, as_list, as_map, json_type, parse
from waexporter.whatsapp.documents.envelope import read_document, text_of
from waexporter.whatsapp.documents.support import MOST_SHARDS
from waexporter.whatsapp.documents.values import read_number, read_truth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Our name: (the API's name, divisor to the base unit).
_NUMBERS: Mapping[str, tuple[str, int]] = {
    "callback_backoff_delay_seconds": ("callback_backoff_delay_ms", 1000),
    "max_callback_backoff_delay_seconds": ("max_callback_backoff_delay_ms", 1000),
    "unhealthy_interval_seconds": ("unhealthy_interval", 1),
    "heartbeat_interval_seconds": ("heartbeat_interval", 1),
}
_TRUTHS = ("callback_persist", "pass_through", "sent_status")
_KNOWN = frozenset(
    {upstream for upstream, _ in _NUMBERS.values()} | {*_TRUTHS, "webhooks", "on_call_pager", "media"}
)
_WEBHOOKS_KEYS = frozenset({"url", "max_concurrent_requests"})
_DEEPEST = 4
_LARGEST_ID = 10**40


def read_settings(body: bytes) -> Parsed[ClientSettings]:
    """Read the settings, nested or flat; a value that can't be used is absent."""
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
    truths = {name: truth for name in _TRUTHS if (truth := _truth(settings, name, losses)) is not None}
    pager = _text(settings, "on_call_pager", losses)
    url = None if webhooks is None else _text(webhooks, "url", losses)
    return losses.attach_to(
        ClientSettings(
            numbers=tuple(sorted(numbers.items())),
            truths=tuple(sorted(truths.items())),
            has_webhook=None if url is None else bool(url),
            on_call_pager=pager or None,
            has_on_call_pager=None if pager is None else bool(pager),
            prints=tuple(sorted(_digests(settings))),
        )
    )


def _flat(body: bytes) -> dict[str, Any]:
    """Return a document that has the settings at its top: `parse` needs the name of one of them."""
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


def _truth(settings: Mapping[str, Any], key: str, losses: Losses) -> bool | None:
    if key not in settings:
        return None
    truth = read_truth(settings[key])
    if truth is None:
        losses.add(Drop.MALFORMED, key, f"{json_type(settings[key])} that is neither true nor false")
    return truth


def _text(settings: Mapping[str, Any], key: str, losses: Losses) -> str | None:
    """Return a text, also one written as a number; None where it can't be read.

    The client leaves out a setting that is not set: it is empty.
    """
    value = settings.get(key, "")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < _LARGEST_ID else None
    if not isinstance(value, str):
        losses.add(Drop.MALFORMED, key, f"{json_type(value)} in the place of a text")
        return None
    return text_of(value)


def _digests(settings: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield a digest of every value by its key path: it shows that a value changed, not what it is."""
    for key, value in settings.items():
        if not path and key == "meta":
            continue
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and depth < _DEEPEST:
            yield from _digests(value, here, depth + 1)
        else:
            yield text_of(here), blake2b(repr(value).encode("utf-8", "replace"), digest_size=12).digest()


def read_shards(body: bytes) -> int:
    """Read GET /v1/account/shards, nested or flat: how many shards the account has."""
    document = parse(body, "account") or read_document(body, "shards")
    inner = document.get("account", document)
    # Where accounts are listed, there is one.
    for account in (as_list(inner) or [inner])[:1]:
        number = read_number((as_map(account) or {}).get("shards"))
        if number is not None and 1 <= number <= MOST_SHARDS and number == int(number):
            return int(number)
    message = "the answer does not say how many shards there are"
    raise BodyError(message)
