"""GET /v1/settings/application and /v1/account/shards, both for admins only."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.errors import BodyError
from waexporter.model import Settings
from waexporter.whatsapp.envelope import decode, text_of
from waexporter.whatsapp.scalars import read_number, read_truth
from waexporter.whatsapp.support import MOST_SHARDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Ours: (upstream, divisor to the base unit).
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
_DEEPEST = 4
_MAP = msgspec.json.Decoder(dict[str, Any])


def read_settings(body: bytes) -> Settings:
    """Read the settings, nested or flat; what is no usable value is absent."""
    said = _unwrap(decode(body, _MAP))
    webhooks = said.get("webhooks")
    webhooks = webhooks if isinstance(webhooks, dict) else {}
    numbers = {
        ours: number / divisor
        for ours, (upstream, divisor) in _NUMBERS.items()
        if (number := _positive(said.get(upstream))) is not None
    }
    if (most := _positive(webhooks.get("max_concurrent_requests"))) is not None:
        numbers["webhooks_max_concurrent_requests"] = most
    truths = {name: truth for name in _TRUTHS if (truth := read_truth(said.get(name))) is not None}
    return Settings(
        numbers=tuple(sorted(numbers.items())),
        truths=tuple(sorted(truths.items())),
        has_webhook=bool(text_of(webhooks.get("url"))),
        on_call_pager=text_of(said.get("on_call_pager")) or None,
        prints=tuple(sorted(_prints(said))),
    )


def _unwrap(document: dict[str, Any]) -> dict[str, Any]:
    """Find the settings: under `settings.application`, under `settings`, or right here."""
    inner = document
    for key in ("settings", "application"):
        below = inner.get(key)
        inner = below if isinstance(below, dict) else inner
    if not _KNOWN.intersection(inner):
        message = "the answer has no settings in it"
        raise BodyError(message)
    return inner


def _positive(said: object) -> float | None:
    number = read_number(said)
    return number if number is not None and number >= 0 else None


def _prints(said: Mapping[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Give a digest of every value under its key path: enough to see that it changed, not what it is."""
    for key, value in said.items():
        if not path and key == "meta":
            continue
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value and depth < _DEEPEST:
            yield from _prints(value, here, depth + 1)
        else:
            yield text_of(here), blake2b(msgspec.json.encode(value), digest_size=12).digest()


class _Account(msgspec.Struct):
    shards: Any = None


class _Shards(msgspec.Struct):
    account: _Account | list[_Account] | None = None
    shards: Any = None


_SHARDS = msgspec.json.Decoder(_Shards)


def read_shards(body: bytes) -> int:
    """Read GET /v1/account/shards, nested or flat: how many shards the account has."""
    document = decode(body, _SHARDS)
    account = document.account
    inner = account[0] if isinstance(account, list) and account else account
    said = inner.shards if isinstance(inner, _Account) else document.shards
    number = read_number(said)
    if number is None or not 1 <= number <= MOST_SHARDS:
        message = "the answer does not say how many shards there are"
        raise BodyError(message)
    return int(number)
