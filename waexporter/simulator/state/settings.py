"""The application settings: defaults and valid values."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

from waexporter.simulator.faults.faults import find
from waexporter.simulator.parameters import invalid, is_digits, refuse_surplus
from waexporter.simulator.state.groups import ON_CALL
from waexporter.simulator.state.webhook import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.simulator.envelope import Json
    from waexporter.simulator.faults.faults import Fault

_GREATEST = 2**31 - 1
_MEDIA = frozenset({"audio", "document", "image", "video", "voice"})


def reset() -> Json:
    """Return the settings after a reset."""
    return {
        "callback_backoff_delay_ms": 3000,
        "callback_persist": True,
        "heartbeat_interval": 5,
        "max_callback_backoff_delay_ms": "900000",
        "media": {"auto_download": []},
        "pass_through": True,
        "sent_status": False,
        "unhealthy_interval": 30,
        "webhooks": {"max_concurrent_requests": 6},
    }


def configured() -> Json:
    """Return the settings of a client in use."""
    return {
        **reset(),
        "media": {"auto_download": ["image", "video"]},
        "on_call_pager": ON_CALL,
        "webhooks": {"url": "https://hooks.example.com/wa", "max_concurrent_requests": 6},
    }


def seen(settings: Json, faults: tuple[Fault, ...], now: float) -> Json:
    """Return the settings as shown under these faults."""
    shown = dict(settings)
    if find(faults, "pager_unset"):
        shown.pop("on_call_pager", None)
    changing = find(faults, "settings_changed")
    if changing is not None:
        turn = floor((now - changing.since) / max(changing.duration, 0.001))
        shown["webhooks"] = {**_map(shown.get("webhooks")), "url": f"https://hooks.example.com/wa/{turn}"}
    return shown


def patched(settings: Json, changes: Json) -> Json:
    """Return the settings with validated changes; maps are merged."""
    refuse_surplus(changes, _CHECKS)
    for name, value in changes.items():
        if not _CHECKS[name](value):
            raise invalid(name, "has a wrong value")
    return merged(settings, changes)


def merged(settings: Json, changes: Json) -> Json:
    """Return the settings with changes that are not validated; None removes a setting."""
    together = {
        name: {**_map(settings.get(name)), **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return {name: value for name, value in {**settings, **together}.items() if value is not None}


def webhook_url(settings: Json) -> str:
    """Return the URL of the webhook, "" if there is none."""
    url = _map(settings.get("webhooks")).get("url")
    return url if isinstance(url, str) else ""


def seconds(settings: Json, name: str, unit: float = 1.0) -> float:
    """Return a setting in seconds, or the default if it is invalid."""
    value = settings.get(name)
    return float(value if _is_number(value) else reset()[name]) * unit  # type: ignore[arg-type]


def _map(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    """Return whether this is a number; text is accepted, since the real client writes both."""
    if isinstance(value, str):
        return is_digits(value) and len(value) <= len(str(_GREATEST))
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _GREATEST


def _is_seconds(value: object) -> bool:
    return _is_number(value) and int(str(value)) > 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_media(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"auto_download"}:
        return False
    kinds = value["auto_download"]
    return isinstance(kinds, list) and all(isinstance(kind, str) and kind in _MEDIA for kind in kinds)


def _is_webhooks(value: object) -> bool:
    if not isinstance(value, dict) or not value.keys() <= {"url", "max_concurrent_requests"}:
        return False
    url = value.get("url", "https://")
    return (
        isinstance(url, str)
        and (url.startswith("https://") or is_loopback(url))
        and _is_number(value.get("max_concurrent_requests", 1))
    )


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "callback_backoff_delay_ms": _is_number,
    "callback_persist": _is_flag,
    "heartbeat_interval": _is_seconds,
    "max_callback_backoff_delay_ms": _is_number,
    "media": _is_media,
    "on_call_pager": _is_text,
    "pass_through": _is_flag,
    "sent_status": _is_flag,
    "unhealthy_interval": _is_seconds,
    "webhooks": _is_webhooks,
}
