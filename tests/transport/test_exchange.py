"""The headers of an answer, and secrets that it must not repeat."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.e2e.waiting import fail_after
from waexporter.transport.exchange import MAX_RETRY_AFTER, Request, read_date, read_retry_after

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_445_412_420.0  # Wed, 21 Oct 2015 07:27:00 GMT
TOKEN = "eyJhbGciOi/JIUzI1.NiIsInR5+cCI="


def hidden(secret: str, said: object) -> object:
    request = Request("GET", "/v1/health", f"Bearer {secret}")
    return json.loads(request.redact(json.dumps(said).encode()))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"details": f"token {TOKEN} is old"}, {"details": "token <secret> is old"}),
        ({"version": TOKEN}, {"version": "<secret>"}),
        ([TOKEN, {"x": [f"'{TOKEN}'"]}], ["<secret>", {"x": ["'<secret>'"]}]),
        ({"details": "nothing of it"}, {"details": "nothing of it"}),
    ],
)
def test_a_secret_is_redacted_in_every_text(said: object, told: object) -> None:
    assert hidden(TOKEN, said) == told


def _html_safe(said: object, write: Callable[[int], str]) -> str:
    r"""Write JSON with quotes and the markup of HTML as \\uXXXX; the quotes around texts stay."""
    text = re.sub(r"\\.", lambda found: write(34) if found[0] == r"\"" else found[0], json.dumps(said))
    return "".join(write(ord(letter)) if letter in "&<>'" else letter for letter in text)


_WRITERS: dict[str, Callable[[object], str]] = {
    "ASCII alone": json.dumps,
    "any letter": lambda said: json.dumps(said, ensure_ascii=False),
    "escaped slashes": lambda said: json.dumps(said).replace("/", r"\/"),
    "any letter, escaped slashes": lambda said: json.dumps(said, ensure_ascii=False).replace("/", r"\/"),
    "large digits": lambda said: re.sub(
        r"\\u[0-9a-f]{4}", lambda found: r"\u" + found[0][2:].upper(), json.dumps(said)
    ),
    "HTML-safe": lambda said: _html_safe(said, r"\u{:04x}".format),
    "HTML-safe, large digits": lambda said: _html_safe(said, r"\u{:04X}".format),
    "HTML-safe, escaped slashes": lambda said: _html_safe(said, r"\u{:04x}".format).replace("/", r"\/"),
}
_SECRETS = (
    *(TOKEN, "letters-and-d1gits", "a/b\\c&d<e>f'g\"h", "pässwörd/of/many", "key\U0001f511of&many"),
    *('"in-quotes-both"', "ends-with-a-backslash\\", "l3tt3rs-9", "a&b/c<d>e"),
)


@pytest.mark.parametrize("secret", _SECRETS)
@pytest.mark.parametrize("writer", _WRITERS)
def test_a_secret_is_found_however_it_is_spelled(writer: str, secret: str) -> None:
    said = {"details": f'not "{secret}"', "again": [secret, f"\n{secret}\n"], "other": 'a "word" and \\'}

    body = Request("GET", "/", f"Bearer {secret}").redact(_WRITERS[writer](said).encode())

    assert json.loads(body) == {
        "details": 'not "<secret>"',
        "again": ["<secret>", "\n<secret>\n"],
        "other": said["other"],
    }


@pytest.mark.parametrize("secret", _SECRETS)
def test_a_secret_is_found_in_a_url(secret: str) -> None:
    url = f"https://login.example/{quote(secret, safe='')}?t={quote(secret).lower()}".encode()
    request = Request("GET", "/", f"Bearer {secret.lower()}")

    told = request.redact(url.lower())

    assert told == b"https://login.example/<secret>?t=<secret>"


@pytest.mark.parametrize("around", ["x{}y", "0{}1", "Bearer{}", "{}{}"])
def test_a_long_secret_is_found_inside_a_word(around: str) -> None:
    secret = "twelve-bytes"

    told = hidden(secret, {"details": around.format(secret, secret)})

    assert told == {"details": around.format("<secret>", "<secret>")}


def test_a_secret_is_redacted_in_what_is_no_json() -> None:
    page = f"<p>Bearer {TOKEN}</p>".encode()

    assert Request("GET", "/", f"Bearer {TOKEN}").redact(page) == b"<p>Bearer <secret></p>"


@pytest.mark.parametrize(
    ("cut", "told"),
    [
        (f'{{"errors":[{{"title":"token {TOKEN} is', '{"errors":[{"title":"token <secret> is'),
        (f'{{"a":"{TOKEN}\\', '{"a":"<secret>\\'),
    ],
)
def test_a_secret_is_redacted_in_a_text_that_is_cut_off(cut: str, told: str) -> None:
    assert Request("GET", "/", f"Bearer {TOKEN}").redact(cut.encode()) == told.encode()


@pytest.mark.parametrize("answer", [rb'{"' + rb"\"" * 400_000, b'{"' + b"x" * 10_000_000])
def test_a_secret_is_found_in_a_text_without_an_end(answer: bytes) -> None:
    with fail_after():
        told = Request("GET", "/", f"Bearer {TOKEN}").redact(answer + TOKEN.encode())

    assert told == answer + b"<secret>"


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("gateway_status", {"health": {"gateway_status": "connected"}}),
        ("123456789012", {"data": [{"value": 123456789012}]}),
        ("callback_queue_size", {"callback_queue_size": {"data": [{"value": 1}]}}),
        ("message_id", {"labels": {"type": "message_idle"}}),
        ("true", {"a": True, "b": "true"}),
        ("abc", {"labels": {"type": "abc"}}),
        ("unmistaken", {"details": "unmistakenly"}),
        ("", {"a": ""}),
    ],
)
def test_the_rest_of_an_answer_stays_whatever_the_secret_is(secret: str, said: object) -> None:
    assert hidden(secret, said) == said


def test_a_text_that_is_to_be_kept_stays() -> None:
    body = b'{"status":"unregistered","details":"not unregistered"}'

    told = Request("GET", "/", "Bearer unregistered").redact(body, frozenset({"unregistered"}))

    assert told == b'{"status":"unregistered","details":"not <secret>"}'


def test_without_a_secret_nothing_is_redacted() -> None:
    body = b'{"a":"Bearer x"}'

    assert Request("GET", "/").redact(body) is body


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("007", 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 60.0),
        ("Wed Oct 21 07:28:00 2015", 60.0),
        ("3601", MAX_RETRY_AFTER),
        ("9" * 400, MAX_RETRY_AFTER),
        ("9" * 5000, MAX_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER),
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
def test_retry_after_is_read_as_seconds_or_as_a_date(said: str, seconds: float | None) -> None:
    assert read_retry_after(said, NOW) == seconds


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", 1_700_000_000.0),
        ("Tue, 14 Nov 2023 22:13:20 -0000", 1_700_000_000.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_date_of_an_answer_is_read(said: str, date: float | None) -> None:
    assert read_date(said) == date


def test_a_token_is_not_in_the_text_of_a_request() -> None:
    request = Request("POST", "/v1/users/login", "Bearer hidden", b"hidden")

    said = repr(request)

    assert "hidden" not in said
