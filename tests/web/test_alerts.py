"""The webhook of Alertmanager: who may deliver, what is taken, and how each refusal is said and counted."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.fakes import Diary, ask
from tests.web.pagers import (
    PAIR,
    PATH,
    RIGHT_PAIR,
    TOKEN,
    FakePager,
    Sender,
    pager_application,
    post,
    post_from,
)
from waexporter.errors import JournalError, WebhookError
from waexporter.model import WebhookAuth
from waexporter.paging.intake.alertmanager_webhook import MAX_BODY
from waexporter.web.asgi import SECURITY_HEADERS, RequestLimits
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("auth", "scheme"), [(TOKEN, "Bearer"), (PAIR, 'Basic realm="waexporter"')], ids=["bearer", "basic"]
)
def test_a_wrong_secret_is_refused_before_the_body_is_read(auth: WebhookAuth, scheme: str) -> None:
    sender = Sender(None)
    diary = Diary()

    got = post(pager_application(FakePager(auth), diary), sender=sender, authorization="Bearer wr0ng")

    assert (got.status, got.headers["www-authenticate"], got.headers["connection"]) == (401, scheme, "close")
    assert sender.taken == 0
    assert "hunter2" not in got.text
    assert "wr0ng" not in got.text
    assert diary.requests == [(PATH, 401)]


@pytest.mark.parametrize("auth", [WebhookAuth(), WebhookAuth(insecure=True)])
def test_without_a_secret_a_request_of_a_web_page_is_rejected(auth: WebhookAuth) -> None:
    pager = FakePager(auth)
    sender = Sender(None)

    got = post(pager_application(pager), sender=sender, origin="https://evil.example")

    assert (got.status, sender.taken, pager.counted()) == (403, 0, {"refused": 1})


def test_with_the_right_secret_a_request_of_a_web_page_is_accepted() -> None:
    assert post(pager_application(FakePager(TOKEN)), authorization="Bearer hunter2", origin="x").status == 200


# --- what is taken -----------------------------------------------------------------------------


def test_a_body_in_several_pieces_is_accepted() -> None:
    pager = FakePager()
    diary = Diary()

    got = post(pager_application(pager, diary), b'{"a', b"", b'": 1}')

    assert (got.status, json.loads(got.body)) == (200, {"status": "accepted"})
    assert pager.received == [b'{"a": 1}']
    assert diary.requests == [(PATH, 200)]
    assert SECURITY_HEADERS.keys() <= got.headers.keys()


@pytest.mark.parametrize(
    "path", ["/api/v1/alerts/", "//api/v1/alerts", "/api//v1/alerts", "/api/v1//alerts//"]
)
def test_a_path_with_extra_slashes_is_answered_and_not_redirected(path: str) -> None:
    pager = FakePager()
    diary = Diary()

    assert post(pager_application(pager, diary), path=path).status == 200
    assert (len(pager.received), diary.requests) == (1, [(PATH, 200)])


@pytest.mark.parametrize("path", ["/api/v1/alerts/x", "/api/v1/alert", "/API/v1/alerts", "/api/v2/alerts"])
def test_another_path_is_not_found(path: str) -> None:
    pager = FakePager()

    assert post(pager_application(pager), path=path).status == 404
    assert not pager.received


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_only_post_delivers(method: str) -> None:
    got = ask(pager_application(FakePager()), PATH, method)

    assert (got.status, got.headers["allow"]) == (405, "POST")


def test_without_a_pager_the_body_is_not_read() -> None:
    sender = Sender(None)

    got = post(pager_application(None), sender=sender)

    assert (got.status, sender.taken) == (404, 0)
    assert "No pager is configured" in got.text


def test_a_content_length_over_the_limit_is_rejected_before_the_body_is_read() -> None:
    pager = FakePager()
    sender = Sender(None)

    got = post(pager_application(pager), sender=sender, content_length=str(MAX_BODY + 1))

    assert (got.status, got.headers["connection"], sender.taken) == (413, "close", 0)
    assert pager.counted() == {"too_large": 1}


def test_reading_a_body_stops_at_the_limit() -> None:
    pager = FakePager()
    sender = Sender(*[b"x" * 1024 * 1024] * 20)

    got = post(pager_application(pager), sender=sender, transfer_encoding="chunked")

    assert (got.status, sender.taken) == (413, 9)
    assert (pager.counted(), pager.received) == ({"too_large": 1}, [])


def test_a_body_as_large_as_the_limit_is_accepted() -> None:
    pager = FakePager()

    assert post(pager_application(pager), b"x" * MAX_BODY, content_length=str(MAX_BODY)).status == 200


@pytest.mark.parametrize("length", ["-1", "x", "", "\xb2", "9" * 20])
def test_an_invalid_content_length_is_ignored(length: str) -> None:
    assert post(pager_application(FakePager()), content_length=length).status in {200, 413}


def test_a_body_that_does_not_come_in_time_gets_503() -> None:
    pager = FakePager()

    got = post(pager_application(pager, limits=RequestLimits(body_timeout=0.05)), b"{", None)

    assert (got.status, got.headers["connection"]) == (503, "close")
    assert (pager.counted(), pager.received) == ({"failed": 1}, [])


def test_a_body_that_is_cut_off_is_not_delivered() -> None:
    pager = FakePager()
    diary = Diary()
    messages: Sequence[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(coming)

    got = asyncio.run(post_from(pager_application(pager, diary), PATH, receive, {}))

    assert (got.status, pager.received, diary.requests, diary.crashes) == (0, [], [], 0)


def test_an_invalid_webhook_gets_400_with_the_reason() -> None:
    pager = FakePager(error=WebhookError('the version must be "4"'))

    got = post(pager_application(pager), accept="application/json")

    assert (got.status, json.loads(got.body)) == (400, {"error": 'the version must be "4".'})
    assert pager.counted() == {"invalid": 1}


def test_a_webhook_gets_503_while_the_journal_fails() -> None:
    pager = FakePager(error=JournalError("/var/lib/waexporter/pages.sqlite: disk full"))

    got = post(pager_application(pager))

    assert (got.status, pager.counted()) == (503, {"failed": 1})
    assert "/var/lib" not in got.text, "a path of this machine is nobody's business"


def test_a_webhook_gets_500_after_a_bug() -> None:
    diary = Diary()

    got = post(pager_application(FakePager(error=RuntimeError("hunter2")), diary))

    assert (got.status, diary.crashes) == (500, 1)
    assert "hunter2" not in got.text


def test_a_bug_in_unpacking_is_counted_and_logged() -> None:
    diary = Diary()
    # A limit that zlib can't take, so that it raises something else than zlib.error.
    routes = tuple(replace(route, max_body=sys.maxsize) for route in ROUTES if route.path == PATH)
    limits = RequestLimits(body_bytes=2 * sys.maxsize)
    application = pager_application(FakePager(), diary, routes=routes, limits=limits)

    got = post(application, gzip.compress(b"{}"), content_encoding="gzip")

    assert (got.status, got.text) == (500, "The exporter failed to answer; its log says why.\n")
    assert (diary.requests, diary.crashes) == ([(PATH, 500)], 1)
    what, crash = diary.logged[0]
    assert (what, type(crash)) == (f"answering POST {PATH}", OverflowError)


# --- who is refused ----------------------------------------------------------------------------

GONE: dict[str, Any] = {"type": "http.disconnect"}


class Leaver(Sender):
    """Sends a part of a body, and leaves."""

    async def receive(self) -> dict[str, Any]:
        self.taken += 1
        return GONE if self.taken > 1 else {"type": "http.request", "body": b"{", "more_body": True}


@pytest.mark.parametrize(
    ("pager", "sent", "status", "why", "result"),
    [
        (FakePager(TOKEN), {}, 401, "No secret was sent, and pager.webhook has one; set", "refused"),
        (
            FakePager(TOKEN),
            {"authorization": "Bearer wr0ng"},
            401,
            "Another secret was sent than that of pager.webhook; set",
            "refused",
        ),
        (
            FakePager(TOKEN),
            {"authorization": RIGHT_PAIR},
            401,
            "A secret of Basic was sent, and pager.webhook has one of Bearer; set",
            "refused",
        ),
        (
            FakePager(PAIR),
            {"authorization": "wr0ng-word"},
            401,
            "A secret of another kind was sent, and pager.webhook has one of Basic; set",
            "refused",
        ),
        (FakePager(), {"origin": "https://a.example"}, 403, "Alerts are not taken from web pages", "refused"),
        (FakePager(error=WebhookError("the body is not JSON")), {}, 400, "the body is not JSON.", "invalid"),
        (FakePager(), {"content_length": "99999999"}, 413, "The body must be at most", "too_large"),
        (FakePager(), {"content_encoding": "br"}, 415, "The body must be sent as it is, or", "invalid"),
        (FakePager(), {"content_encoding": "gzip"}, 400, "The body is damaged, or not", "invalid"),
        (FakePager(error=JournalError("/x: disk full")), {}, 503, "The journal of pages can't be", "failed"),
        (FakePager(error=RuntimeError("hunter2")), {}, 500, "The exporter failed to answer", "failed"),
        (FakePager(), {"sender": Leaver()}, None, "The connection ended before the body", "failed"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_every_refusal_is_recorded_with_its_reason_and_sender_and_counted_once(
    pager: FakePager, sent: dict[str, Any], status: int | None, why: str, result: str
) -> None:
    post(pager_application(pager), user_agent="Alertmanager/0.28.0\x1b[31m", **sent)

    (refused,) = pager.refusals.recent()
    assert (refused.refusal.status, refused.refusal.why[: len(why)]) == (status, why)
    assert refused.sender == ("192.0.2.66", "Alertmanager/0.28.0 [31m")
    assert not [word for word in ("hunter2", "wr0ng", RIGHT_PAIR[6:]) if word in str(refused)]
    assert pager.counted() == {result: 1}
    said = json.loads(ask(pager_application(pager), "/api/v1/pages").body)["refused"]
    assert [(each["sender"], each["status"], each["webhooks"]) for each in said] == [
        ("192.0.2.66", status, 1)
    ]


def test_a_body_that_does_not_come_in_time_is_recorded_too() -> None:
    pager = FakePager()

    post(pager_application(pager, limits=RequestLimits(body_timeout=0.05)), b"{", None)

    (refused,) = pager.refusals.recent()
    assert (refused.refusal.status, pager.counted()) == (503, {"failed": 1})


def test_an_accepted_webhook_clears_the_refusals_of_its_sender() -> None:
    pager = FakePager(TOKEN)
    application = pager_application(pager)
    post(application, user_agent="Alertmanager")

    post(application, user_agent="curl", authorization="Bearer hunter2")
    left = len(pager.refusals.recent())
    post(application, user_agent="Alertmanager", authorization="Bearer hunter2")

    assert (left, pager.refusals.recent()) == (1, ())


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_get_is_not_recorded_as_a_refused_webhook(method: str) -> None:
    pager = FakePager(TOKEN)

    ask(pager_application(pager), PATH, method)

    assert (pager.refusals.recent(), pager.counted()) == ((), {})
