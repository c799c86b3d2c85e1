"""The ASGI application: finds the route, answers in a worker thread, counts, survives every bug."""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from waexporter.web.body import GoneError, read_body, unpack
from waexporter.web.responses import (
    DeferredResponse,
    IncomingRequest,
    Response,
    Scope,
    error_response,
    read_request,
)
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from waexporter.web.backend import Backend
    from waexporter.web.routes import Route

    Message: TypeAlias = dict[str, Any]
    Send: TypeAlias = Callable[[Message], Awaitable[None]]
    Receive: TypeAlias = Callable[[], Awaitable[Message]]

_Result = TypeVar("_Result")

# Threads, started when needed: enough for a few Prometheus servers, few enough to cost nothing.
_WORKERS = 8
# Bytes handed to the socket at a time: a page comes in thousands of pieces, each a system call.
_PIECE = 65_536
_FOLDER = re.compile(r"/[^/]+(?=/[^/]*\Z|\Z)")
# Answers that may wait for something at a time: half of the connections, so that the others find one.
WAITING: Final = 128

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


class Application:
    """The whole web side as one ASGI application."""

    def __init__(
        self,
        backend: Backend,
        observers: Observers,
        *,
        routes: tuple[Route, ...] = ROUTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._exporter = backend
        self._observers = observers
        self._routes = {route.path: route for route in routes}
        self._clock = clock
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="web")
        self._waiting = 0  # answers that wait; touched by the loop's thread alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = read_request(scope, self._clock())
        route = self._find(request)
        try:
            response = await self._answer(request, route, receive)
        except GoneError:
            await self._tell(request, None, route)
            return
        await self._tell(request, response, route)
        self._observers.on_request(route.path if route else OTHER, response.status)
        try:
            await _send(request, response, send)
        except asyncio.CancelledError:
            return  # the server stops, and this client has not taken its answer in time

    def _find(self, request: IncomingRequest) -> Route | None:
        """Find the route of a path; one that takes a body is also found by careless ways to write it.

        Whoever is sent elsewhere, or away, while they deliver something, may take it for delivered.
        """
        route = self._routes.get(request.path) or self._routes.get(_folder(request.path))
        if route is None:
            tidy = self._routes.get(f"/{'/'.join(filter(None, request.path.split('/')))}")
            route = tidy if tidy and tidy.largest_body else None
        return route

    async def _answer(self, request: IncomingRequest, route: Route | None, receive: Receive) -> Response:
        try:
            response = await self._begin(request, route, receive)
            return (
                await self._end(response, request, route)
                if isinstance(response, DeferredResponse)
                else response
            )
        except asyncio.CancelledError:
            return error_response(request, 503, "The exporter is stopping.")

    async def _begin(
        self, request: IncomingRequest, route: Route | None, receive: Receive
    ) -> Response | DeferredResponse:
        if route is None or request.method not in route.methods or not route.largest_body:
            return await self._work(self._decide, request, route)
        refusal = await self._work(self._admit, request, route)
        if refusal is not None:
            return refusal
        packed = await read_body(request, route.largest_body, receive)
        return await self._work(lambda *_: self._take(request, route, packed), request, route)

    def _take(
        self, request: IncomingRequest, route: Route, packed: bytes | Response
    ) -> Response | DeferredResponse:
        """Answer a request whose body was read, or refused."""
        body = unpack(request, packed, route.largest_body) if isinstance(packed, bytes) else packed
        return self._decide(replace(request, body=body), route) if isinstance(body, bytes) else body

    async def _tell(self, request: IncomingRequest, response: Response | None, route: Route | None) -> None:
        """Tell a route's witness what a delivery came to."""
        if route is None or route.witness is None or request.method not in route.methods:
            return
        witness = route.witness

        def tell(*_: object) -> None:
            self._guarded(lambda request, backend: witness(request, response, backend), request, route)

        with suppress(asyncio.CancelledError):  # the server stops
            await self._work(tell, request, route)

    async def _end(
        self, deferred: DeferredResponse, request: IncomingRequest, route: Route | None
    ) -> Response:
        """Wait without a thread: more clients may be silent at a time than there are workers."""
        if self._waiting >= WAITING:
            return error_response(request, 503, f"{WAITING} others wait for an answer already.")
        waits_for = [asyncio.wrap_future(each) for each in deferred.waits_for]
        self._waiting += 1
        try:
            if waits_for:
                await asyncio.wait(waits_for, timeout=deferred.timeout)
        finally:
            self._waiting -= 1
            for each in waits_for:
                each.cancel()  # what is waited for goes on, but tells this loop no more
        return await self._work(partial(self._guarded, lambda *_: deferred.respond()), request, route)

    async def _work(
        self,
        step: Callable[[IncomingRequest, Route | None], _Result],
        request: IncomingRequest,
        route: Route | None,
    ) -> _Result:
        """Do something that may block in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, step, request, route)

    def _admit(self, request: IncomingRequest, route: Route | None) -> Response | None:
        if route is None or route.admit is None:
            return None
        return self._guarded(route.admit, request, route)

    def _decide(self, request: IncomingRequest, route: Route | None) -> Response | DeferredResponse:
        """Find who answers, and let no bug of theirs through."""
        if not request.path:
            return error_response(
                request, 400, "Ask for a path such as /metrics, or for a whole http:// address."
            )
        if route is None:
            return error_response(request, 404, "There is nothing here; the page / lists what there is.")
        if request.method not in route.methods:
            allow = ", ".join(route.methods)
            return error_response(request, 405, f"This path answers {allow} only.", ("allow", allow))
        return self._guarded(route.respond, request, route)

    def _guarded(
        self, step: Callable[[IncomingRequest, Backend], _Result], request: IncomingRequest, route: Route
    ) -> _Result | Response:
        try:
            return step(request, self._exporter)
        except Exception as crash:  # noqa: BLE001 - the last line of defence: counted, logged, never shown
            self._observers.on_crash()
            self._observers.log_crash(f"answering {request.method} {route.path}", crash)
            return error_response(request, 500, "The exporter failed to answer; its log says why.")


def _folder(path: str) -> str:
    """Return the folder in the root that a path names or is right below, with its last slash, or nothing."""
    folder = _FOLDER.match(path)
    return f"{folder[0]}/" if folder else ""


async def _send(request: IncomingRequest, response: Response, send: Send) -> None:
    headers = SAFETY | {
        "content-type": response.content_type,
        "content-length": str(sum(map(len, response.body))),
    }
    headers |= dict(response.headers)
    if request.has_two_lengths:
        # What follows may be the rest of a body, smuggled past a proxy that believed the other length.
        headers["connection"] = "close"
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    for piece in _pieces(response.body) if request.method != "HEAD" else ():
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
