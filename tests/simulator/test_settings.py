"""Profile, providers, backups, media and certificates: what is put in comes out again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.simulator.inprocess import PEM, Client

if TYPE_CHECKING:
    from collections.abc import Callable

_APPLICATION = "/v1/settings/application"
_BUSINESS = "/v1/settings/business/profile"
_ABOUT = "/v1/settings/profile/about"
_PHOTO = "/v1/settings/profile/photo"
_PROVIDERS = "/v1/settings/application/media/providers"
_WEBHOOK_CA = "/v1/certificates/webhooks/ca"
_PROFILE: dict[str, Any] = {
    "address": "1 Example Street",
    "description": "x" * 256,
    "email": "a@example.com",
    "vertical": "Travel",
    "websites": ["https://a.example.com", "http://b.example.com"],
}


def test_a_business_profile_is_kept() -> None:
    client = Client()

    updated = client.call("POST", _BUSINESS, _PROFILE)
    shown = client.call("GET", _BUSINESS).document["settings"]

    assert updated.status == 200
    assert shown == {"business": {"profile": _PROFILE}}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"description": "x" * 257}, (400, 1001)),
        ({"email": "x" * 128 + "@"}, (400, 1001)),
        ({"email": "nobody"}, (400, 1009)),
        ({"websites": ["https://example.com"] * 3}, (400, 1009)),
        ({"websites": ["example.com"]}, (400, 1009)),
        ({"websites": ["https://" + "x" * 250]}, (400, 1001)),
        ({"websites": []}, (400, 1009)),
    ],
)
def test_a_wrong_business_profile_changes_nothing(change: dict[str, Any], outcome: tuple[int, int]) -> None:
    client = Client()
    before = client.call("GET", _BUSINESS).document

    reply = client.call("POST", _BUSINESS, {**_PROFILE, **change})

    assert reply.outcome == outcome
    assert client.call("GET", _BUSINESS).document == before


def test_the_about_text_is_kept_unless_it_is_too_long() -> None:
    client = Client()

    client.call("PATCH", _ABOUT, {"text": "é" * 139})
    refused = client.call("PATCH", _ABOUT, {"text": "é" * 140})
    shown = client.call("GET", _ABOUT).document["settings"]

    assert refused.outcome == (400, 1001)
    assert shown == {"profile": {"about": {"text": "é" * 139}}}


def test_a_photo_is_shown_as_bytes_or_as_a_link_until_it_is_deleted() -> None:
    client = Client()

    client.upload(_PHOTO, b"\xff\xd8photo", "image/jpeg")
    shown = client.call("GET", _PHOTO)
    link = client.call("GET", f"{_PHOTO}?format=link").document["settings"]["profile"]["photo"]["link"]
    odd = client.call("GET", f"{_PHOTO}?format=carving")
    client.call("DELETE", _PHOTO)
    missing = client.call("GET", f"{_PHOTO}?format=link")

    assert (shown.body, shown.content_type) == (b"\xff\xd8photo", "image/jpeg")
    assert link.startswith("https://")
    assert odd.outcome == (400, 1009)
    assert missing.outcome == (404, 1006)


def test_a_photo_that_is_too_large_is_refused() -> None:
    client = Client()

    reply = client.upload(_PHOTO, b"x" * (5 * 1024 * 1024 + 1))

    assert reply.outcome == (400, 1009)


def test_a_media_provider_replaces_the_one_of_its_name() -> None:
    client = Client()
    first = {"name": "store", "type": "www", "config": {"bearer": "one"}}
    other = {"name": "other", "type": "www", "config": {"basic": {"username": "u", "password": "p"}}}
    second = {**first, "config": {"bearer": "two"}}

    client.call("POST", _PROVIDERS, [first, other])
    client.call("POST", _PROVIDERS, [second])
    shown = client.call("GET", _PROVIDERS).document["settings"]["application"]["media"]["providers"]
    deleted = client.call("DELETE", f"{_PROVIDERS}/other")
    twice = client.call("DELETE", f"{_PROVIDERS}/other")

    assert shown == [second, other]
    assert deleted.status == 200
    assert twice.outcome == (404, 1006)


@pytest.mark.parametrize(
    ("provider", "outcome"),
    [
        ({}, (400, 1008)),
        ({"name": "a", "type": "ftp", "config": {}}, (400, 1009)),
        ({"name": "a", "type": "www", "config": {"cookie": "x"}}, (400, 1010)),
        ({"name": "a", "type": "www", "config": {"basic": {"username": "u"}}}, (400, 1008)),
        ("a", (400, 1009)),
    ],
)
def test_a_wrong_media_provider_is_refused_with_the_whole_list(
    provider: object, outcome: tuple[int, int]
) -> None:
    client = Client()

    reply = client.call("POST", _PROVIDERS, [{"name": "good", "type": "www", "config": {}}, provider])

    assert reply.outcome == outcome
    assert client.world.providers == {}


def test_a_backup_brings_the_settings_back() -> None:
    client = Client()
    changed: dict[str, Any] = {"sent_status": True, "on_call_pager": "14155550100-1"}
    client.call("PATCH", _APPLICATION, changed)
    client.call("PATCH", _ABOUT, {"text": "Open"})

    data = client.call("POST", "/v1/settings/backup", {"password": "p"}).document["settings"]["data"]
    client.call("DELETE", _APPLICATION)
    client.call("PATCH", _ABOUT, {"text": "Closed"})
    restored = client.call("POST", "/v1/settings/restore", {"password": "p", "data": data})
    shown = client.call("GET", _APPLICATION).document["settings"]["application"]
    about = client.call("GET", _ABOUT).document["settings"]["profile"]["about"]["text"]

    assert restored.status == 200
    assert {name: shown[name] for name in changed} == changed
    assert about == "Open"


@pytest.mark.parametrize(
    ("password", "change"),
    [
        ("other", lambda data: data),
        ("p", lambda data: data[:-8]),
        ("p", lambda data: data[:40] + ("A" if data[40] != "A" else "B") + data[41:]),
        ("p", lambda _data: "AAAA"),
        ("p", lambda _data: "not base64"),
    ],
)
def test_a_backup_opens_with_its_password_only_and_unchanged(
    password: str, change: Callable[[str], str]
) -> None:
    client = Client()
    data = client.call("POST", "/v1/settings/backup", {"password": "p"}).document["settings"]["data"]

    reply = client.call("POST", "/v1/settings/restore", {"password": password, "data": change(data)})

    assert reply.outcome == (400, 1009)
    assert "hooks" not in data


def test_media_come_back_byte_for_byte_until_they_are_deleted() -> None:
    client = Client()
    content = bytes(range(256))

    media = client.upload("/v1/media", content, "text/plain").document["media"][0]["id"]
    shown = client.call("GET", f"/v1/media/{media}")
    client.call("DELETE", f"/v1/media/{media}")
    missing = client.call("GET", f"/v1/media/{media}")

    assert (shown.body, shown.content_type) == (content, "text/plain")
    assert missing.outcome == (404, 1006)


def test_media_without_a_type_are_refused() -> None:
    client = Client()

    reply = client.upload("/v1/media", b"x", "")

    assert reply.outcome == (400, 1008)


def test_the_oldest_media_are_forgotten_when_there_are_too_many() -> None:
    client = Client()
    ids = [client.upload("/v1/media", bytes(16 * 1024 * 1024)).document["media"][0]["id"] for _ in range(9)]

    statuses = [client.call("GET", f"/v1/media/{media}").status for media in ids]

    assert statuses == [404] + [200] * 8


def test_the_authority_of_the_webapp_is_pem_for_every_user() -> None:
    client = Client()

    reply = client.call("GET", "/v1/certificates/external/ca", name="monitor")

    assert (reply.status, reply.body) == (200, PEM.encode())


def test_an_uploaded_certificate_brings_its_authority() -> None:
    client = Client()
    authority = trustme.CA()
    leaf = authority.issue_cert("wa.example")
    bundle = leaf.private_key_and_cert_chain_pem.bytes() + authority.cert_pem.bytes()

    uploaded = client.upload("/v1/certificates/external", bundle, "text/plain")
    shown = client.call("GET", "/v1/certificates/external/ca")

    assert uploaded.status == 200
    assert shown.body == authority.cert_pem.bytes()


def test_the_authority_of_the_webhook_is_kept_until_it_is_deleted() -> None:
    client = Client()

    none = client.call("GET", _WEBHOOK_CA)
    client.upload(_WEBHOOK_CA, PEM.encode(), "text/plain")
    shown = client.call("GET", _WEBHOOK_CA)
    deleted = client.call("DELETE", _WEBHOOK_CA)
    twice = client.call("DELETE", _WEBHOOK_CA)

    assert none.outcome == (404, 1006)
    assert shown.body == PEM.encode()
    assert deleted.status == 200
    assert twice.outcome == (404, 1006)


@pytest.mark.parametrize("path", ["/v1/certificates/external", _WEBHOOK_CA])
@pytest.mark.parametrize(
    "content", [b"x", PEM.encode()[:-100], PEM.replace("MII", "AAA").encode(), PEM.encode() + b"\xff"]
)
def test_what_is_not_pem_is_refused(path: str, content: bytes) -> None:
    client = Client()

    reply = client.upload(path, content, "text/plain")

    assert reply.outcome == (400, 1009)
    assert json.loads(reply.body)["errors"][0]["details"] == "The body is not a certificate in PEM"
