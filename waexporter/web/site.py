"""The ASGI application: finds the route, answers in a worker thread, counts, survives every bug."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from waexporter.web.exchange import Answer, Question, Scope, read_question, refuse
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from waexporter.web.exporter import Exporter
    from waexporter.web.routes import Route

    Message: TypeAlias = dict[str, Any]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]

# Threads, started when needed: enough for a few Prometheus servers, few enough to cost nothing.
_WORKERS = 8
# Bytes handed to the socket at a time: a page comes in thousands of pieces, each a system call.
_PIECE = 65_536

OTHER: Final = "other"
SAFETY: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Observers:
    """Who is told what happens here; each is called from any thread and must not block."""

    on_request: Callable[[str, int], None]  # the path of a route or "other", the status
    on_crash: Callable[[], None]
    log_crash: Callable[[str, Exception], None]  # what was being done, what came of it


class Site:
    """The whole web side as one ASGI application."""

    def __init__(
        self,
        exporter: Exporter,
        observers: Observers,
        *,
        routes: tuple[Route, ...] = ROUTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._exporter = exporter
        self._observers = observers
        self._routes = {route.path: route for route in routes}
        self._clock = clock
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="web")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        question = read_question(scope, self._clock())
        answer = await self._answer(question)
        known = question.path in self._routes
        self._observers.on_request(question.path if known else OTHER, answer.status)
        try:
            await _send(answer, send, with_body=question.method != "HEAD")
        except asyncio.CancelledError:
            return  # the server stops, and this client has not taken its answer in time

    async def _answer(self, question: Question) -> Answer:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._workers, self._decide, question)
        except asyncio.CancelledError:
            return refuse(question, 503, "The exporter is stopping.")

    def _decide(self, question: Question) -> Answer:
        """Find who answers, and let no bug of theirs through."""
        route = self._routes.get(question.path)
        if route is None:
            return refuse(question, 404, "There is nothing here; the page / lists what there is.")
        if question.method not in route.methods:
            allow = ", ".join(route.methods)
            return refuse(question, 405, f"This path answers {allow} only.", ("allow", allow))
        try:
            return route.respond(question, self._exporter)
        except Exception as crash:  # noqa: BLE001 - the last line of defence: counted, logged, never shown
            self._observers.on_crash()
            self._observers.log_crash(f"answering {question.method} {route.path}", crash)
            return refuse(question, 500, "The exporter failed to answer; its log says why.")


async def _send(answer: Answer, send: Send, *, with_body: bool) -> None:
    headers = SAFETY | {
        "content-type": answer.content_type,
        "content-length": str(sum(map(len, answer.body))),
    }
    headers |= dict(answer.headers)
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    for piece in _pieces(answer.body) if with_body else ():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _pieces(body: tuple[bytes, ...]) -> Iterator[bytes]:
    """Join small pieces, so that each system call carries about as much as a socket takes."""
    waiting: list[bytes] = []
    size = 0
    for chunk in body:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
