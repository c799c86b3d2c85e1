"""A pager with fixed answers, and a way to send webhooks to it without a network."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from tests.web.fakes import NOW, Diary, FakeBackend, Got, an_application
from waexporter.model import Instant, PagerSettings, Secret, WebhookAuth
from waexporter.paging.intake.refusals import Refusals
from waexporter.paging.intake.watchdog_times import Silence
from waexporter.paging.journal.entry import JournalEntry, PageState
from waexporter.paging.journal.page_history import KnownNumbers, PageHistory
from waexporter.paging.model import Alert, Item, ItemKind, Page
from waexporter.paging.pager import PagerStatus
from waexporter.paging.telemetry import WEBHOOK_RESULTS, PagerTelemetry
from waexporter.web.asgi import DEFAULT_LIMITS, RequestLimits
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from waexporter.web.asgi import Application
    from waexporter.web.routes import Route

PATH = "/api/v1/alerts"
TOKEN = WebhookAuth(secret=Secret("hunter2"))
PAIR = WebhookAuth(username="me", password=Secret("hunter2"))
RIGHT_PAIR = f"Basic {b64encode(b'me:hunter2').decode()}"


FIRING = Alert("f", NOW - 60, None, {"alertname": "WhatsAppDown", "target": "a"}, {"summary": "It is down."})


def a_pending_page(number: int = 1, alert: Alert = FIRING) -> JournalEntry:
    """Return a page that is not out yet."""
    page = Page("thread", (Item(alert, ItemKind.FIRED),), received_at=NOW - 30)
    return JournalEntry(number, page, PageState.PENDING, NOW)


@dataclass
class FakePager:
    """Accepts every body, or raises its error."""

    auth: WebhookAuth = field(default_factory=WebhookAuth)
    error: Exception | None = None
    received: list[bytes] = field(default_factory=list)
    latest: tuple[JournalEntry, ...] = ()
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

    def history(self, number: int) -> PageHistory | KnownNumbers:
        if self.error is not None:
            raise self.error
        numbers = [each.number for each in self.latest]
        found = [PageHistory(each) for each in self.latest if each.number == number]
        return found[0] if found else KnownNumbers(min(numbers, default=0), max(numbers, default=0))

    def status(self, count: int) -> PagerStatus:
        self.asked.append(count)
        return PagerStatus(
            2, 7.5, None, (Silence("eu", 12.0, 180.0),), self.latest[:count], self.refusals.recent()
        )

    def counted(self) -> dict[str, float]:
        """Return the results that were counted, and how often."""
        name = "waexporter_webhooks_total"
        values = {
            each: self.registry.get_sample_value(name, {"result": each}) or 0.0 for each in WEBHOOK_RESULTS
        }
        return {each: value for each, value in values.items() if value}


class Sender:
    """Sends a body in chunks, and counts how many of them were read."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._pieces: list[bytes | None] = list(pieces)  # None: nothing more comes
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        self.taken += 1
        piece = self._pieces.pop(0)
        if piece is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}


def pager_application(
    pager: FakePager | None,
    diary: Diary | None = None,
    *,
    routes: tuple[Route, ...] = ROUTES,
    limits: RequestLimits = DEFAULT_LIMITS,
) -> Application:
    backend = FakeBackend(pager=pager)  # type: ignore[arg-type]
    return an_application(backend, diary, routes=routes, limits=limits)


def post(
    application: Application,
    *pieces: bytes | None,
    path: str = PATH,
    sender: Sender | None = None,
    **headers: str,
) -> Got:
    """Send a POST over plain ASGI."""
    sender = sender or Sender(*(pieces or (b"{}",)))
    return asyncio.run(post_from(application, path, sender.receive, headers))


async def post_from(
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
