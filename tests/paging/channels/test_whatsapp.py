"""Messages to WhatsApp, over real connections, and the outcome of every reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import GROUP, an_alert
from waexporter.errors import ApiError, BodyError, RefusedError, StatusError, UnreachableError
from waexporter.model import Fallback, Limits, Reason, Secret, Target
from waexporter.paging.channels import ACCEPTED
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.webhook import WebhookChannel
from waexporter.paging.channels.whatsapp import WhatsAppChannel, whatsapp_error_outcome
from waexporter.paging.messages.message import Message
from waexporter.transport.address import HttpAddress
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.receivers import Receiver

MESSAGE = Message("FIRING", (an_alert("Down", "alpha"), an_alert("Up", ends_at=2e9)))
TEMPORARY = (1000, 1011, 1014, 1015, 1016, 1017, 1018, 1023)
ACCESS_DENIED = 1005
PERMANENT = (1001, 1002, 1003, *range(1005, 1011), 1012, 1013, 1019, 1020, 1021, 1025, 1026, 1031)


@pytest.fixture
def whatsapp(receiver: Receiver) -> Iterator[WhatsAppChannel]:
    client = Client(Target("alpha", f"http://{receiver.place}"), Limits(), TlsContexts())
    yield WhatsAppChannel(client, Recipient(GROUP))
    client.close()


def set_reply(receiver: Receiver, status: int, document: object) -> None:
    receiver.status, receiver.answer = status, json.dumps(document).encode()
    receiver.headers = {"Content-Type": "application/json"}


@pytest.mark.parametrize("status", [200, 201])
def test_a_message_is_sent_as_the_api_wants_it(
    receiver: Receiver, whatsapp: WhatsAppChannel, status: int
) -> None:
    set_reply(receiver, status, {"messages": [{"id": "m1"}], "meta": {}})

    assert whatsapp.send(MESSAGE) == ACCEPTED

    [request] = receiver.heard
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert json.loads(request.body) == {
        "to": GROUP,
        "recipient_type": "group",
        "type": "text",
        "text": {"body": "FIRING"},
    }


def test_a_person_is_addressed_as_an_individual(receiver: Receiver) -> None:
    set_reply(receiver, 200, {"messages": [{"id": "m1"}]})
    client = Client(Target("alpha", f"http://{receiver.place}"), Limits(), TlsContexts())

    WhatsAppChannel(client, Recipient("14155550100", "individual")).send(MESSAGE)

    document = json.loads(receiver.heard[0].body)
    assert (document["to"], document["recipient_type"]) == ("14155550100", "individual")


def test_only_messages_to_whatsapp_are_escaped(receiver: Receiver, whatsapp: WhatsAppChannel) -> None:
    set_reply(receiver, 200, {"messages": [{"id": "m1"}]})
    message = Message("*no_coreapp_connected* at https://wiki.example/a_b_c")

    whatsapp.send(message)
    fallback = Fallback(Secret(f"http://{receiver.place}/hook"))
    WebhookChannel(HttpAddress(fallback.url, TlsContexts()), fallback).send(message)

    first, second = (json.loads(request.body) for request in receiver.heard)
    assert first["text"]["body"] == "\uff0ano_coreapp_connected\uff0a at https://wiki.example/a_b_c"
    assert second["text"] == message.text


@pytest.mark.parametrize("code", [*TEMPORARY, *PERMANENT])
@pytest.mark.parametrize("status", [200, 500])
def test_every_error_of_the_api_is_temporary_or_permanent(
    receiver: Receiver, whatsapp: WhatsAppChannel, code: int, status: int
) -> None:
    set_reply(receiver, status, {"errors": [{"code": code, "title": "no"}]})

    outcome = whatsapp.send(MESSAGE)

    assert (outcome.code, outcome.is_accepted) == (str(code), False)
    # A login that is refused may be mended while the page waits, whatever status came with the code.
    assert outcome.is_permanent == (code in PERMANENT and code != ACCESS_DENIED)
    assert not outcome.may_have_arrived
    assert outcome.why


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{}",
        b"[]",
        b"OK",
        b"\xff\xfe",
        b'{"messages": []}',
        b'{"messages": [{}]}',
        b'{"messages": [{"id": 17}]}',
        b'{"messages": [{"id": "m',
        b'{"messages": {"0": {"id": "m1"}}}',
        b'{"messages": [{"id": "m1"}], "errors": []}',
        b'{"messages": [{"id": "m1"}], "errors": null}',
        b'{"messages": [{"id": "<html>"}]}',
        b"x" * 17_000_000,
    ],
    ids=lambda body: repr(body[:40]),
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_good_status_without_errors_is_an_acceptance_whatever_its_body_looks_like(
    receiver: Receiver, whatsapp: WhatsAppChannel, status: int, body: bytes
) -> None:
    receiver.status, receiver.answer = status, body

    assert whatsapp.send(MESSAGE) == ACCEPTED
    assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><head><title>Sign in</title>",
        b"<html>",
        b"\n<HTML lang=en>",
        b"\xef\xbb\xbf<!doctype  html>",
        b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
    ],
)
def test_a_web_page_is_a_failure_that_may_have_arrived(
    receiver: Receiver, whatsapp: WhatsAppChannel, body: bytes
) -> None:
    receiver.answer = body

    outcome = whatsapp.send(MESSAGE)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == ("body", False, True)


def test_after_a_failure_of_a_gateway_the_message_may_have_arrived(
    receiver: Receiver, whatsapp: WhatsAppChannel
) -> None:
    receiver.status, receiver.answer = 502, b"<html>Bad Gateway"

    outcome = whatsapp.send(MESSAGE)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == ("502", False, True)


def test_after_a_connection_ended_without_a_reply_the_message_may_have_arrived(
    receiver: Receiver, whatsapp: WhatsAppChannel
) -> None:
    receiver.drops = True

    outcome = whatsapp.send(MESSAGE)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == ("unreachable", False, True)
    assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    ("error", "code", "is_permanent", "may_have_arrived"),
    [
        (UnreachableError("x"), "unreachable", False, False),
        (UnreachableError("x", reason=Reason.TIMEOUT), "timeout", False, False),
        (RefusedError("x"), "refused", True, False),
        (RefusedError("x", status=401), "401", False, False),
        (ApiError("x", reason=Reason.RATE_LIMITED, status=429), "429", False, False),
        (StatusError("x", status=404), "404", True, False),
        (StatusError("x", status=408), "408", False, False),
        (StatusError("x", status=500), "500", False, True),
        (StatusError("x", status=500, code=1014), "1014", False, False),
        (StatusError("x", status=404, code=1012), "1012", True, False),
        (BodyError("x", status=200), "200", False, True),
        (StatusError("x", status=500, code=131_000), "other", False, False),
        (StatusError("x", status=999), "other", False, True),
    ],
)
def test_an_error_has_its_outcome(
    error: ApiError,
    code: str,
    is_permanent: bool,  # noqa: FBT001
    may_have_arrived: bool,  # noqa: FBT001
) -> None:
    outcome = whatsapp_error_outcome(error)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == (
        code,
        is_permanent,
        may_have_arrived,
    )


def test_an_error_after_sending_may_have_arrived() -> None:
    error = UnreachableError("x", reason=Reason.TIMEOUT)
    error.may_have_arrived = True

    assert whatsapp_error_outcome(error).may_have_arrived


def test_an_outcome_has_the_retry_after_of_a_client() -> None:
    error = StatusError("slow down", reason=Reason.RATE_LIMITED, status=429, retry_after=7.0)

    assert whatsapp_error_outcome(error).retry_after == 7.0
