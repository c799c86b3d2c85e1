"""The 55 endpoints of the specification, as a table: what each is called with, and by whom."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulator.inprocess import PEM, Client, basic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulator.inprocess import Reply

_GROUP = "14155550100-1520000000"
_PERSON = "14155550101"
_CONTENTS = {"audio", "contacts", "document", "hsm", "image", "location", "text", "video"}
_FILE = {"link": "https://example.com/file"}
_PNG = b"\x89PNG"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row: a call that is right, what it must say, and what has to be done before."""

    method: str
    path: str  # as the specification has it
    role: str = "admin"  # nobody | user | admin
    required: Mapping[str, Any] = field(default_factory=dict)  # in the body, with good values
    optional: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)  # in the path, with good values
    content: tuple[bytes, str] | None = None  # a body that is not a JSON object
    before: tuple[tuple[str, str, Any], ...] = ()
    status: int = 200
    unknown: tuple[int, int] | None = None  # the outcome when what is in the path doesn't exist

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def url(self, places: Mapping[str, str]) -> str:
        """Give the path with these values in it."""
        return "/v1" + re.sub(r"{(\w+)}", lambda match: places[match[1]], self.path)

    def beside(self, name: str = "") -> dict[str, Any]:
        """Give what must be said together with a parameter: a message's type and its content."""
        if self.path != "/messages":
            return {}
        return {"type": name} if name in _CONTENTS else {"text": {"body": "x"}}

    def prepare(self, client: Client) -> Prepared:
        """Do what has to be done before."""
        for method, path, document in self.before:
            if isinstance(document, tuple):
                client.upload(path, *document)
            else:
                client.call(method, path, document)
        return Prepared(self, _filled(client, self.required), self.url(_filled(client, self.places)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """An endpoint that can be called well."""

    endpoint: Endpoint
    document: Mapping[str, Any]
    url: str

    def right(self) -> dict[str, Any]:
        """Give a document that is right, with no more in it than there must be."""
        return {**self.document, **self.endpoint.beside()}

    def call(self, client: Client, document: Mapping[str, Any] | None = None, name: str = "boss") -> Reply:
        """Call with this document, by default the right one; the login proves itself with a password."""
        content, content_type = self.endpoint.content or (None, "application/json")
        if content is None:
            content = json.dumps(self.right() if document is None else document).encode()
        nobody = self.endpoint.role == "nobody"
        authorization = basic("admin", "secret") if nobody else client.authorization(name)
        return client.send(
            self.endpoint.method,
            self.url,
            body=content,
            authorization=authorization,
            content_type=content_type,
        )


def _filled(client: Client, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values; those in angle brackets are made now."""
    return {
        name: _FILLERS[value](client) if isinstance(value, str) and value in _FILLERS else value
        for name, value in values.items()
    }


def _backup(client: Client) -> str:
    backup: str = client.call("POST", "/v1/settings/backup", {"password": "x"}).document["settings"]["data"]
    return backup


def _upload(client: Client) -> str:
    media: str = client.upload("/v1/media", b"content").document["media"][0]["id"]
    return media


_FILLERS: Mapping[str, Callable[[Client], object]] = {
    "<backup>": _backup,
    "<code>": lambda client: client.world.registration.code,
    "<media>": _upload,
}


_IN_GROUP: dict[str, Any] = {"role": "user", "places": {"GroupId": _GROUP}, "unknown": (404, 1012)}
_NUMBER = {"cc": "1", "phone_number": "4155550100"}
_REGISTER = {"cc": "1", "phone_number": "4155550199", "method": "sms", "cert": "Y2VydA=="}
_PROVIDERS = b'[{"name": "store", "type": "www", "config": {"bearer": "token"}}]'
_PERSONS = {"wa_ids": [_PERSON]}

TABLE = (
    Endpoint("POST", "/users/login", "nobody", {"new_password": "Another-1"}),
    Endpoint("POST", "/users", required={"username": "new", "password": "given"}, status=201),
    Endpoint("GET", "/users/{UserUsername}", places={"UserUsername": "boss"}, unknown=(404, 1006)),
    Endpoint(
        "PUT",
        "/users/{UserUsername}",
        required={"password": "x"},
        places={"UserUsername": "boss"},
        unknown=(404, 1006),
    ),
    Endpoint("DELETE", "/users/{UserUsername}", places={"UserUsername": "monitor"}, unknown=(404, 1006)),
    Endpoint("POST", "/users/logout", "user"),
    Endpoint("GET", "/settings/application"),
    Endpoint("DELETE", "/settings/application"),
    Endpoint(
        "PATCH",
        "/settings/application",
        optional={
            "callback_backoff_delay_ms": "3000",
            "max_callback_backoff_delay_ms": "900000",
            "callback_persist": True,
            "media": {"auto_download": ["image"]},
            "webhooks": {"url": "https://hooks.example.com/", "max_concurrent_requests": 6},
            "on_call_pager": _GROUP,
            "pass_through": True,
            "sent_status": False,
            "unhealthy_interval": 30,
            "heartbeat_interval": 5,
        },
    ),
    Endpoint("POST", "/account/shards", required={**_NUMBER, "shards": 32, "pin": "123456"}, status=201),
    Endpoint("GET", "/settings/application/media/providers"),
    Endpoint("POST", "/settings/application/media/providers", content=(_PROVIDERS, "application/json")),
    Endpoint(
        "DELETE",
        "/settings/application/media/providers/{ProviderName}",
        places={"ProviderName": "store"},
        before=(("POST", "/v1/settings/application/media/providers", (_PROVIDERS, "application/json")),),
        unknown=(404, 1006),
    ),
    Endpoint("POST", "/settings/backup", required={"password": "x"}),
    Endpoint("POST", "/settings/restore", required={"password": "x", "data": "<backup>"}),
    Endpoint("GET", "/settings/business/profile"),
    Endpoint(
        "POST",
        "/settings/business/profile",
        required={
            "address": "1 Example Street",
            "description": "A business",
            "email": "a@example.com",
            "vertical": "Other",
            "websites": ["https://www.example.com"],
        },
    ),
    Endpoint("GET", "/settings/profile/about"),
    Endpoint("PATCH", "/settings/profile/about", required={"text": "Open"}),
    Endpoint("POST", "/settings/account/two-step", required={"pin": "123456"}),
    Endpoint("DELETE", "/settings/account/two-step"),
    Endpoint(
        "POST",
        "/account/verify",
        required={"code": "<code>"},
        before=(("POST", "/v1/account", _REGISTER),),
        status=201,
    ),
    Endpoint(
        "POST",
        "/contacts",
        "user",
        {"contacts": ["+1 415 555 0101"]},
        {"blocking": "wait"},
    ),
    Endpoint(
        "POST",
        "/messages",
        "user",
        {"to": _PERSON},
        {
            "type": "text",
            "recipient_type": "individual",
            "text": {"body": "x"},
            "audio": _FILE,
            "image": _FILE,
            "document": _FILE,
            "video": _FILE,
            "hsm": {
                "namespace": "n",
                "element_name": "e",
                "language": {"policy": "deterministic", "code": "en"},
                "localizable_params": [{"default": "x"}],
            },
            "ttl": {"deliver": True},
            "contacts": [{"name": {"formatted_name": "A"}}],
            "location": {"longitude": "12.5", "latitude": 41, "name": "n", "address": "a"},
            "preview_url": False,
        },
        status=201,
    ),
    Endpoint(
        "PUT",
        "/messages/{MessageID}",
        "user",
        {"status": "read"},
        places={"MessageID": "ABGG"},
        unknown=(404, 1006),
    ),
    Endpoint("GET", "/groups", "user"),
    Endpoint("POST", "/groups", "user", {"subject": "Night shift"}, status=201),
    Endpoint("GET", "/groups/{GroupId}", **_IN_GROUP),
    Endpoint("PUT", "/groups/{GroupId}", required={"subject": "Day shift"}, **_IN_GROUP),
    Endpoint("GET", "/groups/{GroupId}/invite", **_IN_GROUP),
    Endpoint("DELETE", "/groups/{GroupId}/invite", **_IN_GROUP),
    Endpoint("DELETE", "/groups/{GroupId}/participants", required=_PERSONS, **_IN_GROUP),
    Endpoint("POST", "/groups/{GroupId}/leave", **_IN_GROUP),
    Endpoint(
        "GET",
        "/groups/{GroupId}/icon",
        before=(("POST", f"/v1/groups/{_GROUP}/icon", (_PNG, "image/png")),),
        **_IN_GROUP,
    ),
    Endpoint("POST", "/groups/{GroupId}/icon", content=(_PNG, "image/png"), **_IN_GROUP),
    Endpoint("DELETE", "/groups/{GroupId}/icon", **_IN_GROUP),
    Endpoint("DELETE", "/groups/{GroupId}/admins", required=_PERSONS, **_IN_GROUP),
    Endpoint("PATCH", "/groups/{GroupId}/admins", required=_PERSONS, **_IN_GROUP),
    Endpoint("GET", "/health", "user"),
    Endpoint(
        "GET",
        "/settings/profile/photo",
        before=(("POST", "/v1/settings/profile/photo", (_PNG, "image/png")),),
    ),
    Endpoint("POST", "/settings/profile/photo", content=(_PNG, "image/png")),
    Endpoint("DELETE", "/settings/profile/photo"),
    Endpoint("POST", "/account", required=_REGISTER, optional={"pin": "123456"}, status=202),
    Endpoint("POST", "/media", "user", content=(_PNG, "image/png")),
    Endpoint("GET", "/media/{MediaId}", "user", places={"MediaId": "<media>"}, unknown=(404, 1006)),
    Endpoint("DELETE", "/media/{MediaId}", "user", places={"MediaId": "<media>"}, unknown=(404, 1006)),
    Endpoint("GET", "/stats/app", "user"),
    Endpoint("GET", "/stats/db", "user"),
    Endpoint("GET", "/metrics", "user"),
    Endpoint("GET", "/support", "user"),
    Endpoint("GET", "/certificates/external/ca", "user"),
    Endpoint("POST", "/certificates/external", content=(PEM.encode(), "text/plain")),
    Endpoint(
        "GET",
        "/certificates/webhooks/ca",
        before=(("POST", "/v1/certificates/webhooks/ca", (PEM.encode(), "text/plain")),),
    ),
    Endpoint("POST", "/certificates/webhooks/ca", content=(PEM.encode(), "text/plain")),
    Endpoint(
        "DELETE",
        "/certificates/webhooks/ca",
        before=(("POST", "/v1/certificates/webhooks/ca", (PEM.encode(), "text/plain")),),
    ),
)
