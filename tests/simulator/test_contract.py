"""Every endpoint of the specification: called well, badly, and by those who may not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.simulator.endpoints import TABLE, Endpoint
from tests.simulator.inprocess import Client

_KEY = "key-of-twelve-or-more"
_FOR_THE_KEY = {"/health", "/stats/app", "/stats/db", "/metrics"}
_WRONG_TYPE = {"wrong": True}


def _identify(value: object) -> str:
    return str(value)


_EVERY = pytest.mark.parametrize("endpoint", TABLE, ids=_identify)
_REQUIRED = [(endpoint, name) for endpoint in TABLE for name in endpoint.required]
_FIELDS = [(endpoint, name) for endpoint in TABLE for name in (*endpoint.required, *endpoint.optional)]


def test_the_table_has_55_endpoints_once_each() -> None:
    pairs = [(endpoint.method, endpoint.path) for endpoint in TABLE]

    distinct = set(pairs)

    assert (len(pairs), len(distinct)) == (55, 55)


def test_the_table_is_the_specification() -> None:
    folder = os.environ.get("WAEXPORTER_SCHEMAS", "")
    file = Path(folder, "whatsapp", "api-spec.lap")
    if not folder or not file.is_file():
        pytest.skip("WAEXPORTER_SCHEMAS names no folder with the specification")

    specified = _specified(file.read_text(encoding="utf-8"))

    table = {(each.method, each.path): {*each.required, *each.places} for each in TABLE}
    assert table == specified


def _specified(text: str) -> dict[tuple[str, str], set[str]]:
    """Read the required parameters of each endpoint."""
    found = {}
    for block in text.split("\n@endpoint ")[1:]:
        heading, *lines = block.splitlines()
        method, _, path = heading.partition(" ")
        required = "".join(line for line in lines if line.startswith("@required "))
        found[method, path] = set(re.findall(r"[{,] ?(\w+): ", required))
    return found


@_EVERY
def test_a_right_call_is_answered(endpoint: Endpoint) -> None:
    client = Client(topology="multiconnect")
    prepared = endpoint.prepare(client)

    reply = prepared.call(client)

    assert reply.status == endpoint.status, reply.body
    if reply.content_type == "application/json":
        assert reply.document["meta"] == {"version": "v2.45.1", "api_status": "stable"}
        assert "errors" not in reply.document


@pytest.mark.parametrize(("endpoint", "name"), _REQUIRED, ids=_identify)
def test_a_missing_parameter_is_named(endpoint: Endpoint, name: str) -> None:
    client = Client(topology="multiconnect")
    prepared = endpoint.prepare(client)

    reply = prepared.call(client, {key: value for key, value in prepared.right().items() if key != name})

    # Who has changed the first password already need not give a new one.
    assert reply.outcome == ((401, 1024) if endpoint.path == "/users/login" else (400, 1008))
    assert endpoint.path == "/users/login" or name in reply.document["errors"][0]["details"]


@pytest.mark.parametrize(("endpoint", "name"), _FIELDS, ids=_identify)
def test_a_parameter_of_a_wrong_type_is_named(endpoint: Endpoint, name: str) -> None:
    client = Client(topology="multiconnect")
    prepared = endpoint.prepare(client)
    good = {**endpoint.required, **endpoint.optional}[name]
    wrong = 7 if isinstance(good, dict) else _WRONG_TYPE

    reply = prepared.call(client, {**prepared.document, **endpoint.beside(name), name: wrong})

    recipient_type = name == "recipient_type"
    assert reply.outcome == (400, 1002 if recipient_type else 1009)
    assert recipient_type or name in reply.document["errors"][0]["details"]


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [(endpoint, name) for endpoint in TABLE for name in endpoint.optional],
    ids=_identify,
)
def test_an_optional_parameter_is_taken(endpoint: Endpoint, name: str) -> None:
    client = Client(topology="multiconnect")
    prepared = endpoint.prepare(client)

    reply = prepared.call(
        client, {**prepared.document, **endpoint.beside(name), name: endpoint.optional[name]}
    )

    assert reply.status == endpoint.status, reply.body


@pytest.mark.parametrize(
    "endpoint", [each for each in TABLE if each.required or each.optional], ids=_identify
)
def test_a_superfluous_parameter_is_named(endpoint: Endpoint) -> None:
    client = Client(topology="multiconnect")
    prepared = endpoint.prepare(client)

    reply = prepared.call(client, {**prepared.right(), "colour": "green"})

    assert reply.outcome == (400, 1010)
    assert "colour" in reply.document["errors"][0]["details"]


@pytest.mark.parametrize("endpoint", [each for each in TABLE if each.content], ids=_identify)
@pytest.mark.parametrize("content", [b"", b"{", b"7", b"[7]"])
def test_an_upload_of_nothing_or_nonsense_is_refused(endpoint: Endpoint, content: bytes) -> None:
    client = Client()
    prepared = endpoint.prepare(client)

    reply = client.send(
        endpoint.method, prepared.url, body=content, authorization=client.authorization("boss")
    )

    takes_anything = endpoint.path == "/media" and content != b""
    assert reply.status == (200 if takes_anything else 400)


@_EVERY
def test_without_authorization_nobody_gets_in(endpoint: Endpoint) -> None:
    client = Client()
    prepared = endpoint.prepare(client)

    replies = [
        client.send(endpoint.method, prepared.url, authorization=authorization)
        for authorization in ("", "Bearer made-up", "Basic made-up", "Apikey made-up", "Basic \xe9")
    ]

    assert {reply.outcome for reply in replies} == {(401, 1005)}


@_EVERY
def test_a_plain_user_gets_as_far_as_its_role(endpoint: Endpoint) -> None:
    client = Client(topology="multiconnect")
    prepared = endpoint.prepare(client)

    reply = prepared.call(client, name="monitor")

    if endpoint.role == "admin":
        assert reply.outcome == (403, 1005)
    else:
        assert reply.status == endpoint.status


@_EVERY
def test_the_api_key_opens_what_a_monitor_reads_and_no_more(endpoint: Endpoint) -> None:
    client = Client(api_key=_KEY)
    prepared = endpoint.prepare(client)

    reply = client.send(endpoint.method, prepared.url, authorization=f"Apikey {_KEY}")

    assert reply.outcome == ((200, 0) if endpoint.path in _FOR_THE_KEY else (401, 1005))


@pytest.mark.parametrize("endpoint", [each for each in TABLE if each.unknown], ids=_identify)
def test_what_is_not_there_is_not_found(endpoint: Endpoint) -> None:
    client = Client()
    prepared = endpoint.prepare(client)
    url = endpoint.url(dict.fromkeys(endpoint.places, "no such thing"))
    body = {"wa_ids": ["14155550101"]} if "wa_ids" in endpoint.required else dict(prepared.document)

    reply = client.call(endpoint.method, url, body)

    assert reply.outcome == endpoint.unknown
