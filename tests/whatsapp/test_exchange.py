"""Credentials that an answer repeats are not told, and nothing else of the answer is lost for that."""

from __future__ import annotations

import json

import pytest

from waexporter.whatsapp.exchange import Request

TOKEN = "eyJhbGciOi/JIUzI1.NiIsInR5+cCI="


def hidden(secret: str, said: object) -> object:
    request = Request("GET", "/v1/health", f"Bearer {secret}")
    return json.loads(request.hide(json.dumps(said).encode()))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"details": f"token {TOKEN} is old"}, {"details": "token <secret> is old"}),
        ({"version": TOKEN}, {"version": "<secret>"}),
        ([TOKEN, {"x": [f"'{TOKEN}'"]}], ["<secret>", {"x": ["'<secret>'"]}]),
        ({"details": "nothing of it"}, {"details": "nothing of it"}),
    ],
)
def test_a_secret_is_blotted_out_of_every_text(said: object, told: object) -> None:
    assert hidden(TOKEN, said) == told


def test_a_slash_may_be_escaped() -> None:
    body = json.dumps({"details": TOKEN}).replace("/", r"\/").encode()

    assert TOKEN.split("/", maxsplit=1)[0].encode() not in Request("GET", "/", f"Bearer {TOKEN}").hide(body)


def test_what_is_no_json_is_cleaned_too() -> None:
    page = f"<p>Bearer {TOKEN}</p>".encode()

    assert Request("GET", "/", f"Bearer {TOKEN}").hide(page) == b"<p>Bearer <secret></p>"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("disconnected", {"health": {"a": {"gateway_status": "disconnected"}}}),
        ("unregistered", {"health": {"gateway_status": "unregistered"}}),
        ("gateway_status", {"health": {"gateway_status": "connected"}}),
        ("123456789012", {"data": [{"value": 123456789012}]}),
        ("callback_queue_size", {"callback_queue_size": {"data": [{"value": 1}]}}),
        ("message_id", {"labels": {"type": "message_idle"}}),
        ("true", {"a": True, "b": "true"}),
        ("abc", {"labels": {"type": "abc"}}),
        ("", {"a": ""}),
    ],
)
def test_what_the_answer_says_stays_whatever_the_secret_is(secret: str, said: object) -> None:
    assert hidden(secret, said) == said


def test_without_a_secret_nothing_is_touched() -> None:
    body = b'{"a":"Bearer x"}'

    assert Request("GET", "/").hide(body) is body
