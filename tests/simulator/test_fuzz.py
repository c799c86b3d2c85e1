"""Whatever is sent to an endpoint, the answer comes in the envelope and nothing crashes."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.json_values import json_values
from tests.running.examples import examples
from tests.simulator.endpoints import TABLE, Endpoint
from tests.simulator.inprocess import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORST: tuple[object, ...] = (
    *("", "\ud800", "²³", "-1", "nan", "0" * 20, "9" * 5000, "x" * 70_000),
    *(0, -1, 10**400, 1e308, True, None, [], {}, [[]], [None]),
)

_NAMES = st.sampled_from(sorted({name for each in TABLE for name in (*each.required, *each.optional)}))
_TEXTS = st.text(max_size=40)
_SCALARS = st.sampled_from(_WORST) | st.integers() | st.floats() | _TEXTS
_JSON = json_values(_NAMES | _TEXTS, _SCALARS)
_BYTES = st.binary(max_size=200) | st.sampled_from([b"[" * 100_000, b'"\\ud800"', b"1" * 5000, b"NaN"])
_BODIES = _BYTES | _JSON.map(lambda document: json.dumps(document).encode())
_QUERIES = st.text(max_size=30) | st.sampled_from(["format=prometheus", "format=link", "format=%ff", "&&=="])
_TYPES = st.sampled_from(["application/json", "image/png", "text/plain", "", "image/\xff"])
_PLACES = st.text(max_size=30) | st.sampled_from(
    ["%", "..", "é", "x" * 70_000, "\x00", "14155550100-1520000000"]
)

_FUZZ = settings(
    max_examples=examples(20),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def _check(client: Client, status: int, body: bytes, content_type: str) -> None:
    assert client.world.crashes == 0
    assert status < 500 or json.loads(body)["errors"][0]["code"] > 1000
    if status >= 400 or content_type == "application/json":
        assert json.loads(body)["meta"]["api_status"] == "stable"
        assert (status >= 400) == ("errors" in json.loads(body))


@pytest.mark.parametrize("endpoint", TABLE, ids=str)
def test_any_body_query_and_path_is_answered_in_the_envelope(endpoint: Endpoint) -> None:
    @_FUZZ
    @given(
        body=_BODIES,
        query=_QUERIES,
        content_type=_TYPES,
        places=st.fixed_dictionaries(dict.fromkeys(endpoint.places, _PLACES)),
    )
    def fuzz(body: bytes, query: str, content_type: str, places: dict[str, str]) -> None:
        client = Client()
        path = f"{endpoint.url(places)}?{query}"

        reply = client.send(
            endpoint.method,
            path,
            body=body,
            authorization=client.authorization("boss"),
            content_type=content_type,
        )

        _check(client, reply.status, reply.body, "" if endpoint.path.endswith("}") else reply.content_type)

    fuzz()


@pytest.mark.parametrize("endpoint", [each for each in TABLE if each.required or each.optional], ids=str)
def test_the_worst_values_of_every_parameter_are_answered_in_the_envelope(endpoint: Endpoint) -> None:
    good = {**endpoint.required, **endpoint.optional}
    clients = [Client(topology="multiconnect"), Client()]

    for client, (name, value) in product(clients, _worst_of(good)):
        prepared = endpoint.prepare(client)
        others = prepared.right() if endpoint.path == "/messages" else good
        reply = prepared.call(client, {**others, **endpoint.beside(name), name: value})
        _check(client, reply.status, reply.body, reply.content_type)
        assert client.send("GET", "/_control").status == 200
        if endpoint.path == "/settings/application":
            assert client.call("GET", "/v1/health").status == 200


def _worst_of(good: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Give each parameter a bad value, and each thing within a list or a map."""
    for (name, value), worst in product(good.items(), _WORST):
        yield name, worst
        if isinstance(value, list):
            yield name, [worst]
        if isinstance(value, dict):
            yield from ((name, {**value, key: worst}) for key in value)


@pytest.mark.parametrize("endpoint", [each for each in TABLE if each.required or each.optional], ids=str)
def test_any_value_of_any_parameter_is_answered_in_the_envelope(endpoint: Endpoint) -> None:
    good: dict[str, Any] = {**endpoint.required, **endpoint.optional}

    @_FUZZ
    @given(name=st.sampled_from(sorted(good)), value=_JSON, rest=st.booleans())
    def fuzz(name: str, value: object, rest: bool) -> None:  # noqa: FBT001 - hypothesis fills it in
        client = Client(topology="multiconnect")
        prepared = endpoint.prepare(client)
        others = good if rest else prepared.document

        reply = prepared.call(client, {**others, **endpoint.beside(name), name: value})
        after = [
            client.call("GET", path) for path in ("/v1/settings/application", "/v1/health", "/v1/groups")
        ]

        _check(client, reply.status, reply.body, reply.content_type)
        assert all(each.status in {200, 401} for each in after)

    fuzz()


def test_a_crash_is_counted_and_still_answered_in_the_envelope(caplog: pytest.LogCaptureFixture) -> None:
    client = Client()
    client.world.settings = {"media": client}  # what no caller can do: JSON can't be made of it

    reply = client.call("GET", "/v1/settings/application")

    assert reply.outcome == (500, 1000)
    assert client.send("GET", "/_control").document["crashes"] == 1
    assert "crashed on GET /v1/settings/application" in caplog.text


@_FUZZ
@given(authorization=st.text(st.characters(max_codepoint=255), max_size=40) | st.sampled_from(["Basic é"]))
def test_any_authorization_is_answered_in_the_envelope(authorization: str) -> None:
    client = Client(api_key="key-of-twelve-or-more")

    replies = [
        client.send(method, path, authorization=authorization)
        for method, path in (("POST", "/v1/users/login"), ("GET", "/v1/health"))
    ]

    for reply in replies:
        _check(client, reply.status, reply.body, reply.content_type)
