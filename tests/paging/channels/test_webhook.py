"""Messages to webhooks, over real connections, and the outcome of every reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import an_alert
from waexporter.model import Fallback, Format, Secret
from waexporter.paging.channels import ACCEPTED
from waexporter.paging.channels.fallback_channels import open_fallback_channels
from waexporter.paging.channels.webhook import WebhookChannel
from waexporter.paging.channels.webhook_formats import WEBHOOK_FORMATS
from waexporter.paging.messages.message import Message
from waexporter.transport.address import HttpAddress
from waexporter.transport.exchange import Reply
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from tests.receivers import Receiver

MESSAGE = Message("FIRING", (an_alert("Down", "alpha"), an_alert("Up", ends_at=2e9)))


def webhook(receiver: Receiver, form: Format = Format.JSON) -> WebhookChannel:
    [channel] = open_fallback_channels(
        [Fallback(Secret(f"http://{receiver.place}/hooks/T0K3N-of-1?chat_id=-17"), form)],
        lambda address: HttpAddress(address, TlsContexts()),
    )
    assert isinstance(channel, WebhookChannel)
    return channel


def test_a_webhook_gets_the_text_and_the_alerts(receiver: Receiver) -> None:
    assert webhook(receiver).send(MESSAGE) == ACCEPTED

    document = json.loads(receiver.heard[0].body)
    assert receiver.heard[0].path == "/hooks/T0K3N-of-1?chat_id=-17"
    assert document["text"] == "FIRING"
    assert [(each["status"], each["fingerprint"]) for each in document["alerts"]] == [
        ("firing", "Down"),
        ("resolved", "Up"),
    ]
    assert document["alerts"][0]["labels"] == {"alertname": "Down", "target": "alpha"}
    assert document["alerts"][0]["annotations"] == {"summary": "Down it is"}


@pytest.mark.parametrize("form", [each for each in Format if each is not Format.JSON])
def test_a_webhook_gets_the_body_of_its_format(receiver: Receiver, form: Format) -> None:
    assert webhook(receiver, form).send(MESSAGE) == ACCEPTED

    [request] = receiver.heard
    assert request.body == WEBHOOK_FORMATS[form].body(MESSAGE, "chat_id=-17")
    assert request.headers["content-type"] == WEBHOOK_FORMATS[form].content_type


CHAT = Fallback(Secret("http://chat/x"))


class StrictReceiver:
    """A receiver that refuses unknown keys, as strict readers of JSON do."""

    def __init__(self, refusal: int, *known: str) -> None:
        self.refusal = refusal
        self.known = set(known)
        self.got: list[list[str]] = []

    def post(self, body: bytes, _timeout: float, *, content_type: str) -> Reply:
        del content_type
        keys = list(json.loads(body))
        self.got.append(keys)
        return Reply(200 if self.known.issuperset(keys) else self.refusal, b"{}")


@pytest.mark.parametrize("status", [400, 415, 422])
def test_after_the_alerts_are_refused_only_the_text_is_sent(status: int) -> None:
    strict = StrictReceiver(status, "text")
    channel = WebhookChannel(strict, CHAT)

    outcomes = [channel.send(MESSAGE) for _ in range(3)]

    assert outcomes == [ACCEPTED] * 3
    assert str(status) in outcomes[0].note
    assert strict.got == [["text", "alerts"], ["text"], ["text"], ["text"]]


def test_after_the_text_is_refused_too_the_alerts_are_sent_again() -> None:
    strict = StrictReceiver(400)
    channel = WebhookChannel(strict, CHAT)

    outcomes = [channel.send(MESSAGE) for _ in range(2)]

    assert [(each.code, each.is_permanent) for each in outcomes] == [("400", True)] * 2
    assert strict.got == [["text", "alerts"], ["text"]] * 2


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503])
def test_after_any_other_refusal_the_text_is_not_sent_alone(status: int) -> None:
    strict = StrictReceiver(status)

    outcome = WebhookChannel(strict, CHAT).send(MESSAGE)

    assert outcome.code == str(status)
    assert strict.got == [["text", "alerts"]]


def test_a_format_that_is_refused_is_not_tried_in_another_way() -> None:
    strict = StrictReceiver(400)

    WebhookChannel(strict, Fallback(Secret("http://chat/x"), Format.DISCORD)).send(MESSAGE)

    assert strict.got == [["content", "allowed_mentions"]]


@pytest.mark.parametrize(
    ("answer", "code", "may_have_arrived"),
    [
        (b'{"code":19001,"msg":"param invalid"}', "refused", False),
        (b'{"errcode":310000,"errmsg":"keywords not in content"}', "refused", False),
        (b'{"ok":false,"error":"no channel for T0K3N-of-1"}', "refused", False),
        (b"<!DOCTYPE html><title>Sign in</title>", "body", True),
    ],
)
def test_a_2xx_with_a_refusal_in_its_body_is_no_acceptance(
    receiver: Receiver,
    answer: bytes,
    code: str,
    may_have_arrived: bool,  # noqa: FBT001
) -> None:
    receiver.answer = answer

    outcome = webhook(receiver).send(MESSAGE)

    assert (outcome.code, outcome.may_have_arrived) == (code, may_have_arrived)
    assert not outcome.is_permanent, "a setting of the chat may be mended while the page waits"
    assert outcome.why.startswith("the fallback at http://127.0.0.1/… answered 200")
    assert "T0K3N" not in outcome.why


@pytest.mark.parametrize("form", Format)
def test_a_code_alone_is_a_refusal_only_in_the_format_that_documents_it(
    receiver: Receiver, form: Format
) -> None:
    receiver.answer = b'{"code":19001}'

    outcome = webhook(receiver, form).send(MESSAGE)

    assert outcome.is_accepted == (form is not Format.FEISHU)


class BusyReceiver:
    """A receiver that sends Retry-After."""

    def post(self, _body: bytes, _timeout: float, *, content_type: str) -> Reply:
        del content_type
        return Reply(503, b"", retry_after=9.0)


def test_an_outcome_has_the_retry_after_of_a_fallback() -> None:
    outcome = WebhookChannel(BusyReceiver(), CHAT).send(MESSAGE)

    assert (outcome.code, outcome.is_permanent, outcome.retry_after) == ("503", False, 9.0)


@pytest.mark.parametrize(
    ("status", "is_permanent"),
    [(302, False), (400, True), (401, True), (404, True), (408, False), (429, False), (500, False)],
)
def test_another_status_of_a_webhook_is_a_failure_without_its_secret(
    receiver: Receiver,
    status: int,
    is_permanent: bool,  # noqa: FBT001
) -> None:
    receiver.status = status

    outcome = webhook(receiver).send(MESSAGE)

    assert (outcome.code, outcome.is_permanent) == (str(status), is_permanent)
    assert outcome.why == f"the fallback at http://127.0.0.1/… answered {status}"
