"""The status of a reply counts, however broken the rest of it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import GROUP, an_alert
from tests.transport.servers import Conversation, Server
from waexporter.errors import ApiError
from waexporter.model import Credentials, Fallback, Limits, Secret, Target
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.webhook import WebhookChannel
from waexporter.paging.channels.whatsapp import WhatsAppChannel
from waexporter.paging.messages.message import Message
from waexporter.transport.address import HttpAddress
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.paging.channels import Channel, Outcome

    Make = Callable[[Server], Channel]

MESSAGE = Message("FIRING", (an_alert("Down", "alpha"),))
HEAD = b"HTTP/1.1 %d Fine\r\n"
TIMEOUT = 1.0  # seconds; some of these answers never end
# What is wrong behind a status line: headers and body, and how the connection ends.
BROKEN: dict[str, tuple[bytes, str]] = {
    "a length that is too large": (b"Content-Length: 50\r\n\r\n{}", "end"),
    "a length that is too large, and a reset": (b"Content-Length: 50\r\n\r\n{}", "reset"),
    "a length that is no number": (b"Content-Length: many\r\n\r\n{}", "end"),
    "a length below nothing": (b"Content-Length: -5\r\n\r\n{}", "end"),
    "lengths that contradict each other": (b"Content-Length: 2\r\nContent-Length: 7\r\n\r\n{}", "end"),
    "a chunk without an end": (b"Transfer-Encoding: chunked\r\n\r\n50\r\n{}", "end"),
    "a chunk whose size is none": (b"Transfer-Encoding: chunked\r\n\r\nfifty\r\n{}\r\n0\r\n\r\n", "end"),
    "a chunk of less than nothing": (b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", "end"),
    "a compression that is none": (b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "end"),
    "a header that does not end": (b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n", "end"),
    "headers without number": (b"".join(b"X-%d: x\r\n" % number for number in range(300)) + b"\r\n", "end"),
    "a body without end": (b"\r\n", "flood"),
    "a body that never comes": (b"Content-Length: 2\r\n\r\n", "hang"),
}


def answering(status: int, rest: bytes, ending: str) -> Server:
    def script(talk: Conversation) -> None:
        read_request(talk)
        talk.write(HEAD % status + rest)
        match ending:
            case "reset":
                talk.reset()
            case "flood":
                talk.flood(b"x" * 65_536)
            case "hang":
                talk.wait()

    return Server(script)


def read_request(talk: Conversation) -> None:
    """Read a request with its body: an unread rest would reset the connection."""
    head = talk.read_request()
    size = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    left = int(size[1]) - len(talk.rest()) if size else 0
    while left > 0:
        left -= len(talk.connection.recv(65_536))


def webhook(server: Server) -> Channel:
    fallback = Fallback(Secret(f"{server.url}/T0K3N"))
    return WebhookChannel(HttpAddress(fallback.url, TlsContexts()), fallback, TIMEOUT)


def whatsapp(server: Server) -> Channel:
    client = Client(Target("alpha", server.url), Limits(body_bytes=100_000), TlsContexts())
    return WhatsAppChannel(client, Recipient(GROUP), timeout=TIMEOUT)


def send(make: Make, server: Server) -> Outcome:
    with server:
        return make(server).send(MESSAGE)


@pytest.mark.parametrize("make", [webhook, whatsapp])
@pytest.mark.parametrize("what", BROKEN)
def test_a_good_status_is_an_acceptance(make: Make, what: str) -> None:
    server = answering(201, *BROKEN[what])

    assert send(make, server).is_accepted
    assert len(server.requests) == 1


@pytest.mark.parametrize("make", [webhook, whatsapp])
@pytest.mark.parametrize("what", BROKEN)
def test_a_bad_status_is_a_failure(make: Make, what: str) -> None:
    outcome = send(make, answering(503, *BROKEN[what]))

    assert (outcome.code, outcome.is_accepted, outcome.is_permanent) == ("503", False, False)


def test_errors_of_the_api_are_read_in_the_part_that_arrived() -> None:
    body = b'Content-Length: 500\r\n\r\n{"errors": [{"code": 1014, "title": "Internal error"}]}'

    outcome = send(whatsapp, answering(200, body, "end"))

    assert (outcome.code, outcome.may_have_arrived) == ("1014", False)


@pytest.mark.parametrize(
    "body",
    [b'{"errors": [{"code": 10', b'{"meta": {}, "errors":[{"code": 1016, "title": "Over', b'{"errors" : [ "'],
)
def test_errors_that_are_cut_off_are_no_acceptance(body: bytes) -> None:
    outcome = send(whatsapp, answering(200, b"Content-Length: 500\r\n\r\n" + body, "end"))

    assert (outcome.is_accepted, outcome.is_permanent, outcome.may_have_arrived) == (False, False, True)


def test_a_refusal_of_a_chat_is_read_in_the_part_that_arrived() -> None:
    outcome = send(
        webhook, answering(200, b'Content-Length: 500\r\n\r\n{"ok":false,"error":"no_text"}', "end")
    )

    assert (outcome.code, outcome.is_permanent) == ("refused", False)
    assert outcome.why.endswith("/\u2026 answered 200, but says no: ok false: no_text")


def test_a_reply_that_ends_before_its_status_may_have_arrived() -> None:
    def script(talk: Conversation) -> None:
        read_request(talk)
        talk.write(b"HTTP/1.1 2")

    outcome = send(webhook, Server(script))

    assert (outcome.is_accepted, outcome.may_have_arrived) == (False, True)


def test_the_2xx_of_a_login_is_no_acceptance_of_the_message() -> None:
    def script(talk: Conversation) -> None:
        read_request(talk)
        talk.write(HEAD % 200 + b'Content-Length: 500\r\n\r\n{"users"')

    def with_login(server: Server) -> Channel:
        target = Target("alpha", server.url, auth=Credentials(username="me", password=Secret("hunter2")))
        return WhatsAppChannel(Client(target, Limits(), TlsContexts()), Recipient(GROUP))

    assert not send(with_login, Server(script)).is_accepted


def test_any_other_request_fails_by_a_broken_reply() -> None:
    with answering(200, *BROKEN["a length that is too large"]) as server, pytest.raises(ApiError):
        Client(Target("alpha", server.url), Limits(), TlsContexts()).get("/v1/health", 1.0)
