"""The ASGI application: find the route, call its functions in worker threads, answer 500 after a bug."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from waexporter.metrics.page import merge_chunks
from waexporter.paging.intake.alertmanager_webhook import MAX_BODY
from waexporter.web.body import ClientLeftError, read_body, unpack
from waexporter.web.bounds.body_quota import BodyQuota
from waexporter.web.bounds.connection_limit import find_peer
from waexporter.web.bounds.fair_turns import FairTurns
from waexporter.web.responses import (
    DeferredResponse,
    IncomingRequest,
    Response,
    Scope,
    error_response,
    read_request,
)
from waexporter.web.route_table import RouteTable
from waexporter.web.routes import ROUTES
from waexporter.web.security.current_security import CurrentSecurity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from waexporter.web.backend import Backend
    from waexporter.web.body import Receive
    from waexporter.web.bounds.connection_limit import OnRefusal
    from waexporter.web.routes import Route
    from waexporter.web.security.access_control import AccessControl

    Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

_Result = TypeVar("_Result")

# Bytes sent to the socket at a time: a page has thousands of chunks, and each would be a system call.
_SEND_SIZE = 65_536

_RETRY: Final = ("retry-after", "1")
_CLOSE: Final = ("connection", "close")

OTHER_PATH: Final = "other"
SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Observers:
    """Functions called for each request and each bug; from any thread, so they must not block."""

    on_request: Callable[[str, int], None]  # the path of a route or "other", the status
    on_crash: Callable[[], None]
    log_crash: Callable[[str, Exception], None]  # what was being done, the exception
    on_refusal: OnRefusal  # a connection that is closed early


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How long, and how many, requests may keep the server waiting."""

    # Threads, started when needed: enough for a few Prometheus servers, few enough to leave polls their time.
    workers: int = 4
    body_timeout: float = 15.0  # seconds until a body is complete
    body_bytes: int = 4 * MAX_BODY  # of all bodies that are being read or processed; half of it by one client
    requests: int = 512  # that are answered at a time
    max_deferred: int = 128  # deferred responses at a time: half of the connections, the rest is for others


DEFAULT_LIMITS: Final = RequestLimits()


def limit_requests(connections: int) -> RequestLimits:
    """Return the limits of a server that has at most so many connections.

    There may be more requests than connections: one whose client has left goes on to its end.
    """
    return RequestLimits(requests=2 * connections, max_deferred=max(1, connections // 2))


class Application:
    """The ASGI application that serves all routes."""

    def __init__(  # noqa: PLR0913 - the parts of a server
        self,
        backend: Backend,
        observers: Observers,
        *,
        routes: tuple[Route, ...] = ROUTES,
        clock: Callable[[], float] = time.time,
        limits: RequestLimits = DEFAULT_LIMITS,
        security: CurrentSecurity | None = None,
    ) -> None:
        self._backend = backend
        self._observers = observers
        self._routes = RouteTable(routes)
        self._clock = clock
        # One thread more than there are turns: the probes of Kubernetes wait for nobody.
        self._workers = ThreadPoolExecutor(limits.workers + 1, thread_name_prefix="web")
        self._turns = FairTurns(limits.workers)
        self._limits = limits
        self._bodies = BodyQuota(limits.body_bytes)
        self.security = security or CurrentSecurity()
        self.on_refusal = observers.on_refusal
        self._active = 0  # requests that are being answered; used only in the loop's thread
        self._deferred = 0  # deferred responses that wait now; used only in the loop's thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = read_request(scope, self._clock())
        route, parameters = self._routes.find(request.segments) or (None, ())
        request = replace(request, parameters=parameters)
        self._active += 1
        try:
            await self._answer(request, route, receive, send)
        finally:
            self._active -= 1

    async def refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request in a connection too many: with 503, except for the probes of Kubernetes."""
        request = read_request(scope, self._clock())
        route, _ = self._routes.find(request.segments) or (None, ())
        if route and route.is_probe:
            await self(scope, receive, send)
            return
        response = error_response(request, 503, "Too many connections are open already.", _RETRY, _CLOSE)
        self._observers.on_request(route.path if route else OTHER_PATH, response.status)
        await _send(request, response, send, self.security.access.headers)

    async def _answer(
        self, request: IncomingRequest, route: Route | None, receive: Receive, send: Send
    ) -> None:
        access = self.security.access
        try:
            response = await self._respond(request, route, receive, access)
        except ClientLeftError:
            await self._observe(request, None, route)
            return
        await self._observe(request, response, route)
        self._observers.on_request(route.path if route else OTHER_PATH, response.status)
        try:
            await _send(request, response, send, access.headers)
        except asyncio.CancelledError:
            return  # the server stops, and this client did not read its response in time

    async def _respond(
        self, request: IncomingRequest, route: Route | None, receive: Receive, access: AccessControl
    ) -> Response:
        try:
            admitted = await self._admit(request, route, access)
            if isinstance(admitted, Response):
                return admitted
            request = admitted
            if route is None or request.method not in route.methods:
                return self._routing_error(request, route)
            response = await self._handle(request, route, receive)
            if isinstance(response, DeferredResponse):
                return await self._wait_for(response, request, route)
        except asyncio.CancelledError:
            return error_response(request, 503, "The exporter is stopping.")
        return response

    async def _admit(
        self, request: IncomingRequest, route: Route | None, access: AccessControl
    ) -> IncomingRequest | Response:
        """Return the request with what is known of its sender, or the response to one that is rejected."""
        if self._active > self._limits.requests and not (route and route.is_probe):
            words = f"{self._limits.requests} requests are being answered already."
            return error_response(request, 503, words, _RETRY, _CLOSE)
        if not access.is_within_rate(request):
            words = "Too many requests: rate_limit of the web configuration is exceeded."
            status = 503 if route and route.max_body else 429  # Alertmanager delivers again only after a 5xx
            return error_response(request, status, words, _RETRY)
        if not access.needs_credentials(request) or await self._has_own_secret(request, route):
            return request
        return await access.authenticate(request) or replace(request, is_authenticated=True)

    async def _has_own_secret(self, request: IncomingRequest, route: Route | None) -> bool:
        """Return whether a request has the secret of the path, which makes a user or a token unnecessary."""
        if route is None or route.has_secret is None:
            return False
        return await self._call(route.has_secret, request, route) is True

    async def _handle(
        self, request: IncomingRequest, route: Route, receive: Receive
    ) -> Response | DeferredResponse:
        """Authenticate the client, read the body if the route has one, and call the handler."""
        if route.authenticate is not None:
            rejection = await self._call(route.authenticate, request, route)
            if rejection is not None:
                return rejection
        if not route.max_body:
            return await self._call(route.handler, request, route)
        with self._bodies.open_share(request.peer) as share:
            body = await read_body(request, route.max_body, receive, self._limits.body_timeout, share)
            if isinstance(body, Response):
                return body
            return await self._call(partial(_handle_body, route, body), request, route)

    async def _wait_for(self, deferred: DeferredResponse, request: IncomingRequest, route: Route) -> Response:
        """Wait without a thread: more clients may wait at a time than there are workers."""
        limit = self._limits.max_deferred
        if self._deferred >= limit:
            return error_response(request, 503, f"{limit} others wait for an answer already.", _RETRY)
        waits_for = [asyncio.wrap_future(each) for each in deferred.waits_for]
        self._deferred += 1
        try:
            if waits_for:
                await asyncio.wait(waits_for, timeout=deferred.timeout)
        finally:
            self._deferred -= 1
            for each in waits_for:
                each.cancel()  # the polls go on, but no longer notify this loop
        return await self._call(lambda *_: deferred.respond(), request, route)

    async def _observe(
        self, request: IncomingRequest, response: Response | None, route: Route | None
    ) -> None:
        if route is None or route.observe is None or request.method not in route.methods:
            return
        observe = route.observe
        with suppress(asyncio.CancelledError):  # the server stops
            await self._call(lambda request, backend: observe(request, response, backend), request, route)

    async def _call(
        self,
        function: Callable[[IncomingRequest, Backend], _Result],
        request: IncomingRequest,
        route: Route,
    ) -> _Result | Response:
        """Call a function of a route in a worker thread; a bug in it becomes status 500."""
        loop = asyncio.get_running_loop()
        call = partial(loop.run_in_executor, self._workers, self._call_safely, function, request, route)
        if route.is_probe:
            return await call()
        async with self._turns.turn(find_peer(request.peer)):
            return await call()

    def _call_safely(
        self,
        function: Callable[[IncomingRequest, Backend], _Result],
        request: IncomingRequest,
        route: Route,
    ) -> _Result | Response:
        try:
            return function(request, self._backend)
        except Exception as crash:  # noqa: BLE001 - the last line of defence: counted, logged, never shown
            self._observers.on_crash()
            self._observers.log_crash(f"answering {request.method} {route.path}", crash)
            return error_response(request, 500, "The exporter failed to answer; its log says why.")

    def _routing_error(self, request: IncomingRequest, route: Route | None) -> Response:
        """Return the response to a request without a handler."""
        if not request.path:
            words = "Ask for a path such as /metrics, or for a whole http:// address."
            return error_response(request, 400, words)
        if route is None and self._routes.is_list(request.segments):
            *_, last = request.segments
            return Response((), status=308, headers=(("location", f"{last}/"),))
        if route is None:
            return error_response(request, 404, "There is nothing here; the page / lists what there is.")
        allow = ", ".join(route.methods)
        return error_response(request, 405, f"This path answers {allow} only.", ("allow", allow))


def _handle_body(
    route: Route, packed: bytes, request: IncomingRequest, backend: Backend
) -> Response | DeferredResponse:
    body = unpack(request, packed, route.max_body)
    return body if isinstance(body, Response) else route.handler(replace(request, body=body), backend)


async def _send(
    request: IncomingRequest, response: Response, send: Send, configured: tuple[tuple[str, str], ...]
) -> None:
    headers = SECURITY_HEADERS | {
        "content-type": response.content_type,
        "content-length": str(sum(map(len, response.body))),
    }
    headers |= dict(response.headers) | {name.lower(): value for name, value in configured}
    if request.has_two_lengths:
        # What follows may be the rest of a body, smuggled past a proxy that believed the other length.
        headers["connection"] = "close"
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    for chunk in merge_chunks(response.body, _SEND_SIZE) if request.method != "HEAD" else ():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
