"""Remove personal data and secrets from recorded replies.

A text is kept only if it is one of the API's own words, never because it looks harmless. Any other text
becomes a placeholder, the same one for equal texts, so that relations stay visible.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from waexporter.metrics.on_premises.upstream_catalogue import CATALOGUE

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_MAX_DEPTH = 40
_ANYTHING = msgspec.json.Decoder()


# The API's own words, as values and as keys; the catalogue has the names of metrics.
_VALUE_WORDS = """
connected connecting disconnected uninitialized unregistered primary_master secondary_master coreapp
gauge counter histogram stable experimental deprecated UP SC DN UNK MYSQL POSTGRESQL SQLITE true false ok
success failed_to_connect timeout read handle-request inbound_message status_change messages contacts
groups media users settings health stats support text image audio video voice document location hsm
template unknown system undefined whatsapp_user non_whatsapp_user select insert update delete prepare
commit rollback messageStore axolotl contactStore processing valid invalid wait no_wait
"""
_KEY_WORDS = """
meta version api_status errors code title details href v health gateway_status role stats app db metrics
type help data labels value bucket sum count support context db_engine db_info debug_info description
device_iso8601 e2e env expire_timestamp free_space_data free_space_logs free_space_media_incoming
free_space_media_outgoing lc lg multi_connect os_name os_version schema axolotl callback cluster config
contact jobqueue message socket_conn shards identity_timestamp registration_id settings application
callback_backoff_delay_ms callback_persist heartbeat_interval max_callback_backoff_delay_ms media
auto_download on_call_pager pass_through sent_status unhealthy_interval webhooks url
max_concurrent_requests account groups admins creation_time creator participants subject id link contacts
input status wa_id users token expires_after node result method retry operation state query coreapp
"""
_PHRASES = {
    "UP receiving offline",
    "App Expired",
    "Access denied",
    "Internal error",
    "Not ready",
    "Too many requests",
    "Service overloaded",
    "Password change required",
    "",
}
_WORDS = frozenset(_VALUE_WORDS.split()) | _PHRASES
_KEYS = frozenset(_KEY_WORDS.split()).union(*CATALOGUE.values())
_SHAPES = re.compile(
    r"""
    v?\d{1,3}(\.\d{1,4}){1,3}                                           # a version
    | \d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?   # a time
    | \d{1,4}                                                           # an error code, a retry
    | (GET|POST|PUT|PATCH|DELETE)_v1_(messages|contacts|groups|media|users|users_login|users_logout
      |health|metrics|stats_app|stats_db|support|settings_application|settings_backup|account
      |account_shards)
    """,
    re.VERBOSE | re.ASCII,
)
# Keys whose numbers may be written as texts.
_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)
_NUMERIC_KEYS = frozenset({"value", "sum", "count", "bucket", "expires_after"}) | {
    key for key in _KEYS if key.endswith(("_ms", "_interval", "_requests")) or key.startswith("free_space_")
}
# Personal numbers: telephone numbers and pins.
_PRIVATE_NUMBER = 10_000_000
_PRIVATE_KEYS = frozenset({"pin", "code_sent", "phone_number", "wa_id", "debug_info"})


class Redactor:
    """Replaces unknown texts by placeholders, equal texts of one recording by the same one."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}

    def redact(self, body: bytes) -> bytes:
        """Return a body without unknown texts; drop what is neither JSON nor a certificate."""
        try:
            document = _ANYTHING.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return b"\n".join(_CERTIFICATE.findall(body)) or _outline(body)
        return msgspec.json.encode(self._value(document, "", 0))

    def _value(self, value: Any, key: str, depth: int) -> Any:  # noqa: ANN401 - any JSON there is
        if depth > _MAX_DEPTH:
            return None
        match value:
            case dict():
                return {self._key(name): self._value(inner, name, depth + 1) for name, inner in value.items()}
            case list():
                return [self._value(inner, key, depth + 1) for inner in value]
            case str():
                return self._text(value, key)
            case int() if key in _PRIVATE_KEYS and abs(value) >= _PRIVATE_NUMBER:
                return 0
        return value

    def _key(self, key: str) -> str:
        return key if key in _KEYS or _SHAPES.fullmatch(key) else self._placeholder(key)

    def _text(self, text: str, key: str) -> str:
        if text in _WORDS or _SHAPES.fullmatch(text) or (key in _NUMERIC_KEYS and _NUMBER.fullmatch(text)):
            return text
        return self._placeholder(text)

    def _placeholder(self, text: str) -> str:
        return self._placeholders.setdefault(text, f"redacted-{len(self._placeholders) + 1}")


def _outline(body: bytes) -> bytes:
    """Return a body without content that causes the same decoding error as this one."""
    start = body[:64].lstrip()
    return b"<html></html>" if start.startswith(b"<") else b"redacted" if start else b""
