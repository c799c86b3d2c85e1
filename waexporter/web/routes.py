"""Which path is answered by which function: a new one is a new row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from waexporter.paging.intake.alertmanager_webhook import LARGEST
from waexporter.web.alerts import admit_alerts, list_pages, receive_alerts, witness_alerts
from waexporter.web.backend import Backend
from waexporter.web.discovery import discover
from waexporter.web.metrics import give_metrics
from waexporter.web.probe import probe_target
from waexporter.web.reload import reload
from waexporter.web.responses import (
    DeferredResponse,
    IncomingRequest,
    Response,
    error_response,
    text_response,
)
from waexporter.web.targets import list_targets

Responder: TypeAlias = Callable[[IncomingRequest, Backend], Response | DeferredResponse]
Admit: TypeAlias = Callable[[IncomingRequest, Backend], Response | None]
Witness: TypeAlias = Callable[[IncomingRequest, Response | None, Backend], None]


@dataclass(frozen=True, slots=True)
class Route:
    """One path; its responder is called in a worker thread."""

    path: str  # one that ends with a slash, but for the root, answers for what is right below it too
    respond: Responder
    methods: tuple[str, ...] = ("GET", "HEAD")
    largest_body: int = 0  # bytes; 0: none is read
    admit: Admit | None = None  # looks at a request before its body is read; an answer refuses it
    # Told what each delivery came to before that is answered; None: it ended before it was complete.
    witness: Witness | None = None


def show_page(request: IncomingRequest, backend: Backend) -> Response:
    """GET /: the status page."""
    # Imported by the first who looks: the template engine costs 2 MiB that a sidecar never needs.
    from waexporter.web.status_page import render_page  # noqa: PLC0415

    return render_page(request, backend)


def show_runbook(request: IncomingRequest, backend: Backend) -> Response:
    """GET /runbooks/ and what is below it: the shipped runbooks."""
    del backend  # they say the same whatever it knows
    # As above: a reader of Markdown costs 2 MiB more.
    from waexporter.web.runbooks import render_runbook  # noqa: PLC0415

    return render_runbook(request)


def tell_health(request: IncomingRequest, backend: Backend) -> Response:
    """GET /-/healthy: 200, or 503 with the reason."""
    reason = backend.unhealthy()
    return (
        error_response(request, 503, reason)
        if reason is not None
        else text_response("The exporter is healthy.")
    )


def tell_readiness(request: IncomingRequest, backend: Backend) -> Response:
    """GET /-/ready: 200, or 503 with what is waited for."""
    reason = backend.unready()
    return (
        error_response(request, 503, reason)
        if reason is not None
        else text_response("The exporter is ready.")
    )


ROUTES: Final = (
    Route("/", show_page),
    Route("/metrics", give_metrics),
    Route("/probe", probe_target),
    Route("/-/healthy", tell_health),
    Route("/-/ready", tell_readiness),
    Route("/-/reload", reload, ("POST",)),
    Route("/api/v1/targets", list_targets),
    Route("/api/v1/alerts", receive_alerts, ("POST",), LARGEST, admit_alerts, witness_alerts),
    Route("/api/v1/pages", list_pages),
    Route("/runbooks/", show_runbook),
    Route("/sd", discover),
)
