"""The ways a message can leave, over real connections, and what each answer amounts to."""

from __future__ import annotations

import io
import json
import logging
import threading
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import pytest
from apprise.decorators import notify

from tests.paging.fakes import GROUP, an_alert
from tests.receivers import Receiver, receiving
from waexporter import log
from waexporter.errors import ApiError, BodyError, RefusedError, StatusError, UnreachableError
from waexporter.model import Fallback, Format, Limits, LogSettings, Reason, Secret, Target
from waexporter.paging.channels import ACCEPTED, try_to_send
from waexporter.paging.channels.address_redaction import redact_address
from waexporter.paging.channels.apprise import AppriseChannel
from waexporter.paging.channels.channel_types import open_fallback_channels
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.channels.webhook import WebhookChannel
from waexporter.paging.channels.webhook_formats import WEBHOOK_FORMATS
from waexporter.paging.channels.whatsapp import WhatsAppChannel, whatsapp_error_outcome
from waexporter.paging.messages.message import Message
from waexporter.transport.address import HttpAddress
from waexporter.transport.exchange import Reply
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Apprise looks for a module of Python's that is about to go.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = Message("FIRING", (an_alert("Down", "alpha"), an_alert("Up", ends_at=2e9)))
TEMPORARY = (1000, 1011, 1014, 1015, 1016, 1017, 1018, 1023)
ACCESS_DENIED = 1005
PERMANENT = (1001, 1002, 1003, *range(1005, 1011), 1012, 1013, 1019, 1020, 1021, 1025, 1026, 1031)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def whatsapp(receiver: Receiver) -> Iterator[WhatsAppChannel]:
    client = Client(Target("alpha", f"http://{receiver.place}"), Limits(), TlsContexts())
    yield WhatsAppChannel(client, Recipient(GROUP))
    client.close()


def says(receiver: Receiver, status: int, document: object) -> None:
    receiver.status, receiver.answer = status, json.dumps(document).encode()
    receiver.headers = {"Content-Type": "application/json"}


# --- WhatsApp ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201])
def test_a_message_is_sent_as_the_api_wants_it(
    receiver: Receiver, whatsapp: WhatsAppChannel, status: int
) -> None:
    says(receiver, status, {"messages": [{"id": "m1"}], "meta": {}})

    assert whatsapp.send(MESSAGE) == ACCEPTED

    [heard] = receiver.heard
    assert (heard.method, heard.path) == ("POST", "/v1/messages")
    assert json.loads(heard.body) == {
        "to": GROUP,
        "recipient_type": "group",
        "type": "text",
        "text": {"body": "FIRING"},
    }


def test_a_person_is_written_to_as_one(receiver: Receiver) -> None:
    says(receiver, 200, {"messages": [{"id": "m1"}]})
    client = Client(Target("alpha", f"http://{receiver.place}"), Limits(), TlsContexts())

    WhatsAppChannel(client, Recipient("14155550100", "individual")).send(MESSAGE)

    said = json.loads(receiver.heard[0].body)
    assert (said["to"], said["recipient_type"]) == ("14155550100", "individual")


def test_only_whatsapp_is_given_look_alikes_of_what_it_would_format(
    receiver: Receiver, whatsapp: WhatsAppChannel
) -> None:
    says(receiver, 200, {"messages": [{"id": "m1"}]})
    message = Message("*no_coreapp_connected* at https://wiki.example/a_b_c")

    whatsapp.send(message)
    fallback = Fallback(Secret(f"http://{receiver.place}/hook"))
    WebhookChannel(HttpAddress(fallback.url, TlsContexts()), fallback).send(message)

    first, second = (json.loads(heard.body) for heard in receiver.heard)
    assert first["text"]["body"] == "\uff0ano_coreapp_connected\uff0a at https://wiki.example/a_b_c"
    assert second["text"] == message.text


@pytest.mark.parametrize("code", [*TEMPORARY, *PERMANENT])
@pytest.mark.parametrize("status", [200, 500])
def test_every_error_of_the_api_is_temporary_or_permanent(
    receiver: Receiver, whatsapp: WhatsAppChannel, code: int, status: int
) -> None:
    says(receiver, status, {"errors": [{"code": code, "title": "no"}]})

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
def test_a_page_of_the_web_is_no_answer_of_the_api_and_says_nothing(
    receiver: Receiver, whatsapp: WhatsAppChannel, body: bytes
) -> None:
    receiver.answer = body

    outcome = whatsapp.send(MESSAGE)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == ("body", False, True)


def test_a_gateway_that_fails_says_nothing_about_the_message(
    receiver: Receiver, whatsapp: WhatsAppChannel
) -> None:
    receiver.status, receiver.answer = 502, b"<html>Bad Gateway"

    outcome = whatsapp.send(MESSAGE)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == ("502", False, True)


def test_a_connection_that_ends_without_an_answer_says_nothing_either(
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
def test_an_error_is_judged(error: ApiError, code: str, is_permanent: bool, may_have_arrived: bool) -> None:  # noqa: FBT001
    outcome = whatsapp_error_outcome(error)

    assert (outcome.code, outcome.is_permanent, outcome.may_have_arrived) == (
        code,
        is_permanent,
        may_have_arrived,
    )


def test_what_an_attempt_on_the_way_may_have_done_is_kept() -> None:
    error = UnreachableError("x", reason=Reason.TIMEOUT)
    error.may_have_arrived = True

    assert whatsapp_error_outcome(error).may_have_arrived


def test_an_outcome_tells_for_how_long_a_client_asks_for_patience() -> None:
    error = StatusError("slow down", reason=Reason.RATE_LIMITED, status=429, retry_after=7.0)

    assert whatsapp_error_outcome(error).retry_after == 7.0


# --- around it ---------------------------------------------------------------------------------


def webhook(receiver: Receiver, form: Format = Format.JSON) -> WebhookChannel:
    [channel] = open_fallback_channels(
        [Fallback(Secret(f"http://{receiver.place}/hooks/T0K3N-of-1?chat_id=-17"), form)],
        lambda address: HttpAddress(address, TlsContexts()),
    )
    assert isinstance(channel, WebhookChannel)
    return channel


def test_a_webhook_gets_the_text_and_the_alerts(receiver: Receiver) -> None:
    assert webhook(receiver).send(MESSAGE) == ACCEPTED

    said = json.loads(receiver.heard[0].body)
    assert receiver.heard[0].path == "/hooks/T0K3N-of-1?chat_id=-17"
    assert said["text"] == "FIRING"
    assert [(each["status"], each["fingerprint"]) for each in said["alerts"]] == [
        ("firing", "Down"),
        ("resolved", "Up"),
    ]
    assert said["alerts"][0]["labels"] == {"alertname": "Down", "target": "alpha"}
    assert said["alerts"][0]["annotations"] == {"summary": "Down it is"}


@pytest.mark.parametrize("form", [each for each in Format if each is not Format.JSON])
def test_a_webhook_gets_the_body_of_its_format(receiver: Receiver, form: Format) -> None:
    assert webhook(receiver, form).send(MESSAGE) == ACCEPTED

    [heard] = receiver.heard
    assert heard.body == WEBHOOK_FORMATS[form].body(MESSAGE, "chat_id=-17")
    assert heard.headers["content-type"] == WEBHOOK_FORMATS[form].content_type


CHAT = Fallback(Secret("http://chat/x"))


class Picky:
    """An address elsewhere that refuses whatever it does not know, as strict readers of JSON do."""

    def __init__(self, refusal: int, *known: str) -> None:
        self.refusal = refusal
        self.known = set(known)
        self.got: list[list[str]] = []

    def deliver(self, body: bytes, _content_type: str, _timeout: float) -> Reply:
        keys = list(json.loads(body))
        self.got.append(keys)
        return Reply(200 if self.known.issuperset(keys) else self.refusal, b"{}")


@pytest.mark.parametrize("status", [400, 415, 422])
def test_where_the_alerts_are_refused_the_text_goes_alone_and_so_from_then_on(status: int) -> None:
    picky = Picky(status, "text")
    channel = WebhookChannel(picky, CHAT)

    outcomes = [channel.send(MESSAGE) for _ in range(3)]

    assert outcomes == [ACCEPTED] * 3
    assert str(status) in outcomes[0].note
    assert picky.got == [["text", "alerts"], ["text"], ["text"], ["text"]]


def test_where_the_text_is_refused_too_the_alerts_are_tried_again_the_next_time() -> None:
    picky = Picky(400)
    channel = WebhookChannel(picky, CHAT)

    outcomes = [channel.send(MESSAGE) for _ in range(2)]

    assert [(each.code, each.is_permanent) for each in outcomes] == [("400", True)] * 2
    assert picky.got == [["text", "alerts"], ["text"]] * 2


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503])
def test_another_refusal_is_none_of_the_alerts(status: int) -> None:
    picky = Picky(status)

    outcome = WebhookChannel(picky, CHAT).send(MESSAGE)

    assert outcome.code == str(status)
    assert picky.got == [["text", "alerts"]]


def test_a_format_that_is_refused_is_not_tried_in_another_way() -> None:
    picky = Picky(400)

    WebhookChannel(picky, Fallback(Secret("http://chat/x"), Format.DISCORD)).send(MESSAGE)

    assert picky.got == [["content", "allowed_mentions"]]


@pytest.mark.parametrize(
    ("answer", "code", "may_have_arrived"),
    [
        (b'{"code":19001,"msg":"param invalid"}', "refused", False),
        (b'{"errcode":310000,"errmsg":"keywords not in content"}', "refused", False),
        (b'{"ok":false,"error":"no channel for T0K3N-of-1"}', "refused", False),
        (b"<!DOCTYPE html><title>Sign in</title>", "body", True),
    ],
)
def test_a_good_status_whose_body_says_no_is_no_acceptance(
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
def test_a_code_alone_says_no_where_the_service_is_known_to_say_it_so(
    receiver: Receiver, form: Format
) -> None:
    receiver.answer = b'{"code":19001}'

    outcome = webhook(receiver, form).send(MESSAGE)

    assert outcome.is_accepted == (form is not Format.FEISHU)


class Busy:
    """An address elsewhere that asks for patience."""

    def deliver(self, _body: bytes, _content_type: str, _timeout: float) -> Reply:
        return Reply(503, b"", retry_after=9.0)


def test_an_outcome_tells_for_how_long_a_fallback_asks_for_patience() -> None:
    outcome = WebhookChannel(Busy(), CHAT).send(MESSAGE)

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


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://hooks.example/services/T0K3N", "https://hooks.example/…"),
        ("https://me:hunter2@hooks.example:8443/x?y", "https://hooks.example/…"),
        ("HTTPS://hooks.example", "https://hooks.example/…"),
        ("tgram://123:T0K3N/chat", "tgram://…"),
        ("mailto://me:hunter2@mail.example", "mailto://…"),
    ],
)
def test_an_address_is_named_without_what_may_be_secret(address: str, words: str) -> None:
    assert redact_address(Secret(address)) == words


# --- Apprise -----------------------------------------------------------------------------------


def test_apprise_sends_to_whatever_it_knows(receiver: Receiver) -> None:
    [channel] = open_fallback_channels([Fallback(Secret(f"json://{receiver.place}/hooks/T0K3N"))], _no_poster)

    assert channel.kind == "apprise"
    assert channel.send(MESSAGE) == ACCEPTED

    [heard] = receiver.heard
    assert heard.path.startswith("/hooks/T0K3N")
    assert json.loads(heard.body)["message"] == "FIRING"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """Give everything that our log, and the one of Python, say at their most talkative."""
    stream = io.StringIO()
    plain = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    log.configure(LogSettings(level="debug"), stream)
    root.addHandler(plain)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(plain)
    for handler in [each for each in root.handlers if isinstance(each, log._Outlet)]:
        root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("status", [0, 404, 500])
def test_a_failure_of_apprise_shows_no_secret(receiver: Receiver, said: io.StringIO, status: int) -> None:
    receiver.status, receiver.drops = status, not status
    channel = AppriseChannel(Secret(f"json://me:hunter2@{receiver.place}/hooks/T0K3N?key=s3cr3t"))

    outcome = channel.send(MESSAGE)

    assert (outcome.code, outcome.why) == ("failed", "Apprise could not send to json://…")
    assert not outcome.is_permanent
    assert not shown(f"{outcome!r} {said.getvalue()}")


PLUGINS: dict[str, Callable[[], bool]] = {}


def plugin(name: str, act: Callable[[], bool]) -> AppriseChannel:
    """Make a channel to a plugin of Apprise that acts so."""
    if name not in PLUGINS:
        notify(on=name)(lambda *_args, **_others: PLUGINS[name]())  # type: ignore[no-untyped-call]
    PLUGINS[name] = act
    return AppriseChannel(Secret(f"{name}://hunter2/T0K3N"), timeout=0.2)


def test_a_plugin_that_hangs_is_given_up_and_may_have_sent_it() -> None:
    released = threading.Event()
    channel = plugin("hanging", released.wait)

    outcomes = [channel.send(MESSAGE) for _ in range(5)]

    released.set()
    assert [(each.code, each.is_permanent, each.may_have_arrived) for each in outcomes] == [
        ("timeout", False, True)
    ] * 5
    assert outcomes[0].why == "Apprise came to no end in time with hanging://…"


def test_whatever_a_plugin_raises_is_a_failure_of_this_attempt_alone() -> None:
    def fail() -> bool:
        raise ValueError("https://hooks.example/T0K3N")

    def leave() -> bool:
        raise SystemExit(3)

    def open_file() -> bool:
        raise OSError(5, "can't open https://hooks.example/T0K3N", "/keys/T0K3N")

    for name, act in (("failing", fail), ("leaving", leave), ("opening", open_file)):
        crashes: list[Exception] = []

        outcome = try_to_send(plugin(name, act), MESSAGE, crashes.append)

        assert not outcome.is_accepted
        assert not outcome.is_permanent
        assert not shown(f"{outcome!r} {crashes!r} {[''.join(format_exception(each)) for each in crashes]}")


@pytest.mark.parametrize("address", ["nothing://hunter2/T0K3N", "tgram://T0K3N", "slack://hunter2/s3cr3t"])
def test_an_address_that_is_none_for_apprise_is_said_without_it(address: str, said: io.StringIO) -> None:
    with pytest.raises(ValueError, match="Apprise can't make anything of the address") as caught:
        AppriseChannel(Secret(address))

    assert not shown(f"{caught.value!r} {said.getvalue()}")


def shown(words: str) -> list[str]:
    """Give the secrets of these tests that are to be seen."""
    return [secret for secret in ("hunter2", "T0K3N", "s3cr3t") if secret.lower() in words.lower()]


def _no_poster(_: Secret) -> Any:  # noqa: ANN401 - it is never asked
    raise AssertionError
