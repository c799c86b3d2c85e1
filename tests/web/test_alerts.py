"""The webhook of Alertmanager: who may deliver, what is taken, and how each refusal is said and counted."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from tests.web.fakes import NOW, Diary, FakeBackend, Got, an_application, ask
from waexporter.errors import JournalError, WebhookError
from waexporter.model import Instant, PagerSettings, Secret, WebhookAuth
from waexporter.paging.intake.alertmanager_webhook import LARGEST
from waexporter.paging.intake.refusals import Refusals
from waexporter.paging.journal.entry import Attempt, Entry, PageState
from waexporter.paging.model import Alert, Doubt, Item, ItemKind, Page
from waexporter.paging.pager import PagerStatus, Silence
from waexporter.paging.telemetry import WEBHOOK_RESULTS, PagerTelemetry
from waexporter.web import body as body_module
from waexporter.web.alerts import admits
from waexporter.web.asgi import SAFETY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from waexporter.web.asgi import Application

PATH = "/api/v1/alerts"
TOKEN = WebhookAuth(secret=Secret("hunter2"))
PAIR = WebhookAuth(username="me", password=Secret("hunter2"))
RIGHT_PAIR = f"Basic {b64encode(b'me:hunter2').decode()}"


@dataclass
class FakePager:
    """Takes every body, or fails as it is told."""

    auth: WebhookAuth = field(default_factory=WebhookAuth)
    error: Exception | None = None
    received: list[bytes] = field(default_factory=list)
    latest: tuple[Entry, ...] = ()
    asked: list[int] = field(default_factory=list)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    steady: float = 0.0

    def __post_init__(self) -> None:
        self.settings = PagerSettings(webhook=self.auth)
        self._telemetry = PagerTelemetry(self.registry)
        self.count_webhook = self._telemetry.count_webhook
        self.refusals = Refusals(lambda: Instant(NOW, self.steady))

    def receive(self, body: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.received.append(body)

    def status(self, count: int) -> PagerStatus:
        self.asked.append(count)
        return PagerStatus(
            2, 7.5, None, (Silence("eu", 12.0, 180.0),), self.latest[:count], self.refusals.recent()
        )

    def counted(self) -> dict[str, float]:
        """Give the results that were counted, and how often."""
        name = "waexporter_webhooks_total"
        values = {
            each: self.registry.get_sample_value(name, {"result": each}) or 0.0 for each in WEBHOOK_RESULTS
        }
        return {each: value for each, value in values.items() if value}


class Sender:
    """Sends a body piece by piece, and knows how much of it was taken."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._pieces: list[bytes | None] = list(pieces)  # None: nothing more comes
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        self.taken += 1
        piece = self._pieces.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}


def pager_site(pager: FakePager | None, diary: Diary | None = None) -> Application:
    return an_application(FakeBackend(pager=pager), diary)  # type: ignore[arg-type]


def post(
    application: Application,
    *pieces: bytes | None,
    path: str = PATH,
    sender: Sender | None = None,
    **headers: str,
) -> Got:
    """POST over plain ASGI."""
    sender = sender or Sender(*(pieces or (b"{}",)))
    return asyncio.run(_post(application, path, sender.receive, headers))


async def _post(
    application: Application,
    path: str,
    receive: Callable[[], Awaitable[dict[str, Any]]],
    headers: dict[str, str],
) -> Got:
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": named,
        "client": ("192.0.2.66", 40_000),
    }
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    if not sent:
        return Got(0, {}, b"", ())
    start, *rest = sent
    pieces = tuple(message["body"] for message in rest)
    decoded = {name.decode(): value.decode() for name, value in start["headers"]}
    return Got(start["status"], decoded, b"".join(pieces), pieces)


# --- who may deliver ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "shown", "expected"),
    [
        (WebhookAuth(), "", True),
        (WebhookAuth(insecure=True), "", True),
        (TOKEN, "Bearer hunter2", True),
        (TOKEN, "bearer hunter2", True),
        (TOKEN, "Bearer  hunter2 ", True),
        (TOKEN, "", False),
        (TOKEN, "Bearer", False),
        (TOKEN, "Bearer hunter", False),
        (TOKEN, "Bearer hunter22", False),
        (TOKEN, "Bearer HUNTER2", False),
        (TOKEN, "hunter2", False),
        (TOKEN, RIGHT_PAIR, False),
        (TOKEN, "Bearer h\xfcnter2", False),
        (PAIR, RIGHT_PAIR, True),
        (PAIR, RIGHT_PAIR.replace("Basic", "basic"), True),
        (PAIR, "", False),
        (PAIR, "Bearer hunter2", False),
        (PAIR, f"Basic {b64encode(b'me:hunter').decode()}", False),
        (PAIR, f"Basic {b64encode(b'you:hunter2').decode()}", False),
        (PAIR, f"Basic {b64encode(b'me').decode()}", False),
        (PAIR, "Basic me:hunter2", False),
    ],
)
def test_only_the_right_secret_opens(auth: WebhookAuth, shown: str, expected: bool) -> None:  # noqa: FBT001
    assert admits(auth, shown) is expected
    pager = FakePager(auth)

    got = post(pager_site(pager), authorization=shown)

    assert got.status == (200 if expected else 401)
    assert pager.counted() == ({"accepted": 1} if expected else {"refused": 1})
    assert len(pager.received) == expected


def test_a_secret_beyond_ascii_opens_too() -> None:
    shown = "Bearer schlüssel".encode().decode("latin-1")  # as it is on the wire, read as headers are

    assert admits(WebhookAuth(secret=Secret("schlüssel")), shown)


@pytest.mark.parametrize(
    ("auth", "scheme"), [(TOKEN, "Bearer"), (PAIR, 'Basic realm="waexporter"')], ids=["bearer", "basic"]
)
def test_a_wrong_secret_is_refused_before_the_body_is_read(auth: WebhookAuth, scheme: str) -> None:
    sender = Sender(None)
    diary = Diary()

    got = post(pager_site(FakePager(auth), diary), sender=sender, authorization="Bearer wr0ng")

    assert (got.status, got.headers["www-authenticate"], got.headers["connection"]) == (401, scheme, "close")
    assert sender.taken == 0
    assert "hunter2" not in got.text
    assert "wr0ng" not in got.text
    assert diary.requests == [(PATH, 401)]


@pytest.mark.parametrize("auth", [WebhookAuth(), WebhookAuth(insecure=True)])
def test_without_a_secret_no_web_page_may_page(auth: WebhookAuth) -> None:
    pager = FakePager(auth)
    sender = Sender(None)

    got = post(pager_site(pager), sender=sender, origin="https://evil.example")

    assert (got.status, sender.taken, pager.counted()) == (403, 0, {"refused": 1})


def test_with_the_right_secret_a_web_page_may() -> None:
    assert post(pager_site(FakePager(TOKEN)), authorization="Bearer hunter2", origin="x").status == 200


# --- what is taken -----------------------------------------------------------------------------


def test_a_body_is_taken_in_all_its_pieces() -> None:
    pager = FakePager()
    diary = Diary()

    got = post(pager_site(pager, diary), b'{"a', b"", b'": 1}')

    assert (got.status, json.loads(got.body)) == (200, {"status": "accepted"})
    assert pager.received == [b'{"a": 1}']
    assert diary.requests == [(PATH, 200)]
    assert SAFETY.keys() <= got.headers.keys()


@pytest.mark.parametrize(
    "path", ["/api/v1/alerts/", "//api/v1/alerts", "/api//v1/alerts", "/api/v1//alerts//"]
)
def test_a_careless_path_is_answered_and_not_redirected(path: str) -> None:
    pager = FakePager()
    diary = Diary()

    assert post(pager_site(pager, diary), path=path).status == 200
    assert (len(pager.received), diary.requests) == (1, [(PATH, 200)])


@pytest.mark.parametrize("path", ["/api/v1/alerts/x", "/api/v1/alert", "/API/v1/alerts", "/api/v2/alerts"])
def test_another_path_is_not_found(path: str) -> None:
    pager = FakePager()

    assert post(pager_site(pager), path=path).status == 404
    assert not pager.received


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_only_post_delivers(method: str) -> None:
    got = ask(pager_site(FakePager()), PATH, method)

    assert (got.status, got.headers["allow"]) == (405, "POST")


def test_without_a_pager_nothing_is_read_nor_taken() -> None:
    sender = Sender(None)

    got = post(pager_site(None), sender=sender)

    assert (got.status, sender.taken) == (404, 0)
    assert "No pager is configured" in got.text


def test_an_announced_body_beyond_the_limit_is_refused_unread() -> None:
    pager = FakePager()
    sender = Sender(None)

    got = post(pager_site(pager), sender=sender, content_length=str(LARGEST + 1))

    assert (got.status, got.headers["connection"], sender.taken) == (413, "close", 0)
    assert pager.counted() == {"too_large": 1}


def test_a_body_that_streams_beyond_the_limit_is_read_no_further() -> None:
    pager = FakePager()
    sender = Sender(*[b"x" * 1024 * 1024] * 20)

    got = post(pager_site(pager), sender=sender, transfer_encoding="chunked")

    assert (got.status, sender.taken) == (413, 9)
    assert (pager.counted(), pager.received) == ({"too_large": 1}, [])


def test_a_body_as_large_as_the_limit_is_taken() -> None:
    pager = FakePager()

    assert post(pager_site(pager), b"x" * LARGEST, content_length=str(LARGEST)).status == 200


@pytest.mark.parametrize("length", ["-1", "x", "", "\xb2", "9" * 20])
def test_a_length_that_is_none_does_no_harm(length: str) -> None:
    assert post(pager_site(FakePager()), content_length=length).status in {200, 413}


def test_a_body_that_does_not_come_is_to_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "TIME", 0.05)
    pager = FakePager()

    got = post(pager_site(pager), b"{", None)

    assert (got.status, got.headers["connection"]) == (503, "close")
    assert (pager.counted(), pager.received) == ({"failed": 1}, [])


def test_who_leaves_in_the_middle_delivers_nothing() -> None:
    pager = FakePager()
    diary = Diary()
    messages: Sequence[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        return next(coming)

    got = asyncio.run(_post(pager_site(pager, diary), PATH, receive, {}))

    assert (got.status, pager.received, diary.requests, diary.crashes) == (0, [], [], 0)


def test_what_is_no_webhook_is_said_to_be_none() -> None:
    pager = FakePager(error=WebhookError('the version must be "4"'))

    got = post(pager_site(pager), accept="application/json")

    assert (got.status, json.loads(got.body)) == (400, {"error": 'the version must be "4".'})
    assert pager.counted() == {"invalid": 1}


def test_while_the_journal_fails_the_webhook_is_to_be_sent_again() -> None:
    pager = FakePager(error=JournalError("/var/lib/waexporter/pages.sqlite: disk full"))

    got = post(pager_site(pager))

    assert (got.status, pager.counted()) == (503, {"failed": 1})
    assert "/var/lib" not in got.text, "a path of this machine is nobody's business"


def test_a_bug_is_to_be_sent_again_too() -> None:
    diary = Diary()

    got = post(pager_site(FakePager(error=RuntimeError("hunter2")), diary))

    assert (got.status, diary.crashes) == (500, 1)
    assert "hunter2" not in got.text


# --- what became of it -------------------------------------------------------------------------


def an_entry(number: int, alerts: int = 1) -> Entry:
    alert = Alert(
        "f1",
        NOW - 60.0,
        None,
        {"alertname": "Down", "target": "alpha", "severity": "critical", "secret": "hunter2"},
        {"summary": "It is down."},
    )
    items = (Item(alert, ItemKind.FIRED),) * alerts
    doubts = tuple(Doubt(Alert(name, NOW - 90.0), 0.0) for name in ("f2", "f3"))
    page = Page("t", items, truncated=3, received_at=NOW - 50.0, doubts=doubts)
    return Entry(
        number, page, PageState.ACCEPTED, 0.0, 2, repeats=1, channel="whatsapp", destination="alpha/1-2",
        done_at=NOW - 40.0,
    )  # fmt: skip


def test_the_pages_are_listed_with_what_became_of_them() -> None:
    got = ask(pager_site(FakePager(latest=(an_entry(2), an_entry(1)))), "/api/v1/pages")

    said = json.loads(got.body)
    first = said["pages"][0]
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert [each["number"] for each in said.pop("pages")] == [2, 1]
    assert said == {
        "at": "2026-01-31T09:30:00.250Z",
        "pending": 2,
        "oldest_pending_seconds": 7.5,
        "journal": "ok",
        "watchdogs": [{"source": "eu", "silent_seconds": 12.0, "max_silence_seconds": 180.0, "heard": True}],
        "unexpected_watchdogs": [],
        "refused": [],
    }
    assert first.pop("shown") == [
        {
            "kind": "fired",
            "alertname": "Down",
            "target": "alpha",
            "severity": "critical",
            "summary": "It is down.",
            "fingerprint": "f1",
            "starts": "2026-01-31T09:29:00.250Z",
            "ends": None,
        }
    ]
    assert first == {
        "number": 2,
        "state": "accepted",
        "channel": "whatsapp",
        "destination": "alpha/1-2",
        "attempts": 2,
        "repeats": 1,
        "why": "",
        "tried": [],
        "received": "2026-01-31T09:29:10.250Z",
        "done": "2026-01-31T09:29:20.250Z",
        "alerts": 1,
        "firing": 1,
        "truncated": 3,
        "unlisted": 2,
        "unread": 0,
    }


def test_each_attempt_is_listed_with_its_way_and_what_came_of_it() -> None:
    tried = (
        Attempt(1_769_851_750.25, "orders", "1-2", "1012", "answered 404: 1012 Group not found"),
        Attempt(1_769_851_751.25, "alpha", "1-2", "ok"),
    )
    entry = an_entry(1)._replace(tried=tried)

    got = ask(pager_site(FakePager(latest=(entry,))), "/api/v1/pages")

    [page] = json.loads(got.body)["pages"]
    assert page["tried"] == [
        {
            "at": "2026-01-31T09:29:10.250Z",
            "way": "orders",
            "recipient": "1-2",
            "code": "1012",
            "why": "answered 404: 1012 Group not found",
        },
        {"at": "2026-01-31T09:29:11.250Z", "way": "alpha", "recipient": "1-2", "code": "ok", "why": ""},
    ]


def test_of_a_large_page_only_the_first_alerts_are_shown() -> None:
    got = ask(pager_site(FakePager(latest=(an_entry(1, alerts=500),))), "/api/v1/pages")

    [page] = json.loads(got.body)["pages"]
    assert (page["alerts"], len(page["shown"])) == (500, 20)


@pytest.mark.parametrize(("query", "asked"), [("", 100), ("?limit=1", 1), ("?limit=1000", 1000)])
def test_as_many_as_wanted_are_listed(query: str, asked: int) -> None:
    pager = FakePager()

    assert ask(pager_site(pager), f"/api/v1/pages{query}").status == 200
    assert pager.asked == [asked]


@pytest.mark.parametrize(
    "limit",
    ["0", "1001", "-1", "x", "", "1.5", "\xb2", "9" * 5000, "000999" + "9" * 30, "0" * 20, "1&limit=2"],
)
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    pager = FakePager()
    diary = Diary()

    got = ask(pager_site(pager, diary), f"/api/v1/pages?limit={limit}")

    assert (got.status, pager.asked, diary.crashes) == (400, [], 0)
    assert "from 1 to 1000" in got.text


def test_without_a_pager_there_are_no_pages() -> None:
    assert ask(pager_site(None), "/api/v1/pages").status == 404


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
def test_every_refusal_is_remembered_with_its_reason_and_its_sender_and_counted_once(
    pager: FakePager, sent: dict[str, Any], status: int | None, why: str, result: str
) -> None:
    post(pager_site(pager), user_agent="Alertmanager/0.28.0\x1b[31m", **sent)

    (refused,) = pager.refusals.recent()
    assert (refused.refusal.status, refused.refusal.why[: len(why)]) == (status, why)
    assert refused.sender == ("192.0.2.66", "Alertmanager/0.28.0 [31m")
    assert not [word for word in ("hunter2", "wr0ng", RIGHT_PAIR[6:]) if word in str(refused)]
    assert pager.counted() == {result: 1}
    said = json.loads(ask(pager_site(pager), "/api/v1/pages").body)["refused"]
    assert [(each["sender"], each["status"], each["webhooks"]) for each in said] == [
        ("192.0.2.66", status, 1)
    ]


def test_a_body_that_does_not_come_in_time_is_remembered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "TIME", 0.05)
    pager = FakePager()

    post(pager_site(pager), b"{", None)

    (refused,) = pager.refusals.recent()
    assert (refused.refusal.status, pager.counted()) == (503, {"failed": 1})


def test_a_good_one_ends_what_was_refused_from_there() -> None:
    pager = FakePager(TOKEN)
    application = pager_site(pager)
    post(application, user_agent="Alertmanager")

    post(application, user_agent="curl", authorization="Bearer hunter2")
    left = len(pager.refusals.recent())
    post(application, user_agent="Alertmanager", authorization="Bearer hunter2")

    assert (left, pager.refusals.recent()) == (1, ())


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_whoever_only_looks_is_no_refused_webhook(method: str) -> None:
    pager = FakePager(TOKEN)

    ask(pager_site(pager), PATH, method)

    assert (pager.refusals.recent(), pager.counted()) == ((), {})
