"""What an answer says before its document means anything, and what it must not repeat."""

from __future__ import annotations

import json

import pytest

from waexporter.whatsapp.exchange import LONGEST_RETRY_AFTER, Request, read_retry_after

NOW = 1_445_412_420.0  # Wed, 21 Oct 2015 07:27:00 GMT
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


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60.0),
        ("Wed Oct 21 07:28:00 2015", 60.0),
        ("3601", LONGEST_RETRY_AFTER),
        ("9" * 400, LONGEST_RETRY_AFTER),
        ("9" * 5000, LONGEST_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:26:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", None),
        ("", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("1e3", None),
        ("\u0663", None),
        ("5, 7", None),
        ("soon", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("inf", None),
        ("nan", None),
    ],
)
def test_how_long_an_answer_asks_for_patience(said: str, seconds: float | None) -> None:
    assert read_retry_after(said, NOW) == seconds
