"""Backups of the settings, encrypted with a password."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from hashlib import pbkdf2_hmac, shake_256
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.envelope import Answer, Json, success
from waexporter.simulator.parameters import invalid, refuse_surplus, wanted

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World

_ROUNDS = 1000  # nobody attacks a simulator
_SALT = 16
_SEAL = 32


def _backup(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("password",))
    password = wanted(document, "password", str)
    return success({"settings": {"data": seal(_take(world), password)}})


def _restore(world: World, call: Call) -> Answer:
    document = call.document()
    refuse_surplus(document, ("password", "data"))
    kept = unseal(wanted(document, "data", str), wanted(document, "password", str))
    world.settings = kept["application"]
    world.providers = kept["providers"]
    world.profile.business, world.profile.about = kept["business"], kept["about"]
    world.registration.cc, world.registration.number = kept["number"]
    return success()


def _take(world: World) -> Json:
    return {
        "application": world.settings,
        "providers": world.providers,
        "business": world.profile.business,
        "about": world.profile.about,
        "number": [world.registration.cc, world.registration.number],
    }


def seal(content: Json, password: str) -> str:
    """Return the content encrypted with the password, as text."""
    salt = secrets.token_bytes(_SALT)
    key = _key(password, salt)
    hidden = _veil(json.dumps(content).encode(), key)
    return base64.b64encode(salt + hmac.digest(key, hidden, "sha256") + hidden).decode()


def unseal(data: str, password: str) -> Json:
    """Return the decrypted content; refuses a wrong password or changed data."""
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        raise invalid("data", "is not a backup") from None
    salt, sealed, hidden = raw[:_SALT], raw[_SALT : _SALT + _SEAL], raw[_SALT + _SEAL :]
    key = _key(password, salt)
    if not hmac.compare_digest(hmac.digest(key, hidden, "sha256"), sealed):
        raise invalid("data", "can't be opened with this password")
    content: Json = json.loads(_veil(hidden, key))
    return content


def _key(password: str, salt: bytes) -> bytes:
    return pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)


def _veil(content: bytes, key: bytes) -> bytes:
    """Encrypt or decrypt (the operation is its own inverse)."""
    stream = shake_256(key).digest(len(content))
    return bytes(one ^ other for one, other in zip(content, stream, strict=True))


ROWS = (
    Row("POST", "/v1/settings/backup", Access.ADMIN, _backup, asks_master=True),
    Row("POST", "/v1/settings/restore", Access.ADMIN, _restore, asks_master=True),
)
