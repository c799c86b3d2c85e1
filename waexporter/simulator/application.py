"""The ASGI application: the table of endpoints behind authentication, rate limits and faults."""

from __future__ import annotations

import hmac
import logging
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from waexporter.simulator.endpoints import (
    account,
    backup,
    contacts,
    control,
    groups,
    media,
    messaging,
    monitoring,
    outbox,
    profile,
    providers,
    settings,
    support,
    trust,
    users,
)
from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.endpoints.unreachable import dead_core
from waexporter.simulator.envelope import Answer, RefusalError, failure, refusal
from waexporter.simulator.faults.broken_streams import STREAMS, linger, lose_answer
from waexporter.simulator.faults.faults import find
from waexporter.simulator.faults.wrong_answers import ANSWERS
from waexporter.simulator.state import cluster
from waexporter.simulator.state.accounts import denied

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from waexporter.simulator.state.accounts import Account
    from waexporter.simulator.state.world import Webapp, World

_logger = logging.getLogger(__name__)


def _alive(_world: World, _call: Call) -> Answer:
    return Answer(200, b"", "text/html; charset=utf-8")


ROWS: tuple[Row, ...] = (
    Row("GET", "/", Access.NOBODY, _alive, limit="none"),
    *users.ROWS,
    *monitoring.ROWS,
    *support.ROWS,
    *messaging.ROWS,
    *contacts.ROWS,
    *groups.ROWS,
    *media.ROWS,
    *settings.ROWS,
    *providers.ROWS,
    *backup.ROWS,
    *profile.ROWS,
    *account.ROWS,
    *trust.ROWS,
)


def build(world: World, ca_pem: str | None) -> ASGIApp:
    """Build the application; `ca_pem` is the certificate that the control route returns."""
    application = Starlette(
        routes=[*(_route(world, row) for row in ROWS), *control.routes(world, ca_pem)],
        exception_handlers={404: _unknown_path, 405: _wrong_method},
    )
    application.router.redirect_slashes = False
    return _Gate(application, world)


def _response(answer: Answer) -> Response:
    # As a header the type stays as it is; as `media_type` a charset might be added.
    return Response(answer.body, answer.status, {"content-type": answer.content_type, **dict(answer.headers)})


def _path(request: Request) -> str:
    """Return the path; `request.url` would fail on an invalid Host header."""
    path: str = request.scope["path"]
    return path


async def _unknown_path(request: Request, _error: Exception) -> Response:
    return _response(failure(404, 1006, f"Unknown path {_path(request)}"))


async def _wrong_method(request: Request, error: Exception) -> Response:
    response = _response(failure(405, 1025, f"Method {request.method} is not allowed here"))
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


class _Gate:
    """Middleware that passes requests to the application unless a fault answers them."""

    def __init__(self, application: ASGIApp, world: World) -> None:
        self._application = application
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(control.PREFIX):
            await self._application(scope, receive, send)
            return
        self._world.waiting += 1
        try:
            await self._next(scope["path"])(scope, receive, send)
        finally:
            self._world.waiting -= 1

    def _next(self, path: str) -> ASGIApp:
        for fault in self._world.timeline.active(self._world.clock(), path):
            if fault.name in ANSWERS:
                return _response(ANSWERS[fault.name])
            if fault.name == "answer_lost":
                return lambda scope, receive, _send: lose_answer(self._application, scope, receive)
            if fault.name in STREAMS:
                stream = STREAMS[fault.name]
                return lambda *asgi, stream=stream, fault=fault: stream(fault, *asgi)
        return self._application


def _route(world: World, row: Row) -> Route:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        now = world.clock()
        answer = _answer(world, row, request, body, now)
        seconds = _slowness(world, row, _path(request), now)
        if seconds > 0:
            await linger(request.receive, seconds)
        return _response(answer)

    return Route(row.path, endpoint, methods=[row.method])


def _answer(world: World, row: Row, request: Request, body: bytes, now: float) -> Answer:
    try:
        call = _call(world, row, request, body, now)
        outbox.flush(world, now)  # what has waited for the gateway goes with whatever comes next
        if row.asks_master:
            _need_primary_master(world, call)
        return row.function(world, call)
    except RefusalError as stopped:
        return stopped.answer
    except Exception:
        # A bug of the simulator, which tests look for in the count; a caller still gets the envelope.
        world.crashes += 1
        _logger.exception("crashed on %s %s", row.method, row.path)
        return failure(500, 1000, "The simulator has crashed")


def _need_primary_master(world: World, call: Call) -> None:
    nodes = world.seen(call.path, call.now)
    if world.single and not nodes[0].reachable:
        raise dead_core(nodes[0])
    if not world.single and not any(node.role == cluster.PRIMARY and node.reachable for node in nodes):
        raise refusal(500, 1017, "No primary master. Please retry")


def _slowness(world: World, row: Row, path: str, now: float) -> float:
    faults = world.timeline.active(now, path)
    slowed = find(faults, row.slowed_by)
    nodes = cluster.slowness(world.nodes, faults) if row.asks_nodes else 0.0
    return nodes + (0.0 if slowed is None else slowed.duration)


def _call(world: World, row: Row, request: Request, body: bytes, now: float) -> Call:
    """Return the call after authentication and limits; raise RefusalError if it is refused."""
    path = _path(request)
    authorization = request.headers.get("authorization", "")
    user = None if row.access is Access.NOBODY else _user(world, row.access, authorization, path, now)
    webapp = world.next_webapp(path)
    _limit(webapp, row.limit, now)
    return Call(
        now=now,
        path=path,
        webapp=webapp,
        peer=request.client.host if request.client else "",
        params=request.path_params,
        query=request.query_params,
        authorization=authorization,
        content_type=request.headers.get("content-type", ""),
        body=body,
        user=user,
    )


def _user(world: World, access: Access, authorization: str, path: str, now: float) -> Account | None:
    """Return the calling account, or None if the API key authenticated the call."""
    scheme, _, proof = authorization.partition(" ")
    if scheme.lower() == "apikey":
        _check_key(world, access, proof)
        return None
    if scheme.lower() != "bearer":
        raise denied()
    faults = world.timeline.active(now, path)
    if find(faults, "token_refused") and world.meets_stranger(path):
        raise denied()
    expired = find(faults, "expired_token")
    account = world.accounts.account_of(proof, now, expired)
    if access is Access.ADMIN and account.role != "admin":
        raise denied(403, "Only an administrator may do this")
    return account


def _check_key(world: World, access: Access, proof: str) -> None:
    options = world.options
    welcome = {Access.HEALTH} if options.api_key_health_only else {Access.HEALTH, Access.KEY}
    right = options.api_key is not None and hmac.compare_digest(options.api_key.encode(), proof.encode())
    if not right or access not in welcome:
        raise denied()


def _limit(webapp: Webapp, limit: str, now: float) -> None:
    if limit == "health" and not webapp.health.admits(now):
        raise refusal(429, 1015, "Rate limiting exceeded on health check")
    bucket = webapp.buckets.get(limit)
    if bucket is not None and not bucket.admits(now):
        raise refusal(429, 1015, "Rate limiting exceeded")
