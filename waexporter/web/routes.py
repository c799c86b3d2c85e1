"""Which path is answered by which function: a new one is a new row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from waexporter.paging.webhook import LARGEST
from waexporter.web.alerts import admit_alerts, count_refused, list_pages, receive_alerts
from waexporter.web.discovery import discover
from waexporter.web.exchange import Answer, Question, refuse, say
from waexporter.web.exporter import Exporter, Wanted
from waexporter.web.negotiation import accepts_gzip, wants_openmetrics
from waexporter.web.reload import reload
from waexporter.web.status import list_targets

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_SHOWN_CHARACTERS = 100

Responder: TypeAlias = Callable[[Question, Exporter], Answer]
Admit: TypeAlias = Callable[[Question, Exporter], Answer | None]
OnUnread: TypeAlias = Callable[[int, Exporter], None]


@dataclass(frozen=True, slots=True)
class Route:
    """One path; its responder is called in a worker thread."""

    path: str
    respond: Responder
    methods: tuple[str, ...] = ("GET", "HEAD")
    largest_body: int = 0  # bytes; 0: none is read
    admit: Admit | None = None  # looks at a request before its body is read; an answer refuses it
    on_unread: OnUnread | None = None  # told the status with which a body was refused unread


def show_page(question: Question, exporter: Exporter) -> Answer:
    """GET /: the status page."""
    # Imported by the first who looks: the template engine costs 2 MiB that a sidecar never needs.
    from waexporter.web.page import render_page  # noqa: PLC0415

    return render_page(question, exporter)


def give_metrics(question: Question, exporter: Exporter) -> Answer:
    """GET /metrics: the page, or with ?target=NAME a part of it, in the format asked for."""
    named = question.values("target")
    unknown = sorted(frozenset(named) - exporter.names()) if named else []
    if unknown:
        shown = unknown[0][:_SHOWN_CHARACTERS]
        return refuse(question, 404, f"No target is called {shown!a}; GET /api/v1/targets lists them all.")
    wanted = Wanted(
        openmetrics=wants_openmetrics(question.header("accept")),
        gzip=accepts_gzip(question.header("accept-encoding")),
        targets=frozenset(named) if named else None,
    )
    headers: tuple[tuple[str, str], ...] = (("vary", "Accept, Accept-Encoding"),)
    if wanted.gzip:
        headers += (("content-encoding", "gzip"),)
    content_type = OPENMETRICS if wanted.openmetrics else PROMETHEUS
    return Answer(exporter.metrics(wanted), content_type, headers=headers)


def tell_health(question: Question, exporter: Exporter) -> Answer:
    """GET /-/healthy: 200, or 503 with the reason."""
    reason = exporter.unhealthy()
    return refuse(question, 503, reason) if reason is not None else say("The exporter is healthy.")


def tell_readiness(question: Question, exporter: Exporter) -> Answer:
    """GET /-/ready: 200, or 503 with what is waited for."""
    reason = exporter.unready()
    return refuse(question, 503, reason) if reason is not None else say("The exporter is ready.")


ROUTES: Final = (
    Route("/", show_page),
    Route("/metrics", give_metrics),
    Route("/-/healthy", tell_health),
    Route("/-/ready", tell_readiness),
    Route("/-/reload", reload, ("POST",)),
    Route("/api/v1/targets", list_targets),
    Route("/api/v1/alerts", receive_alerts, ("POST",), LARGEST, admit_alerts, count_refused),
    Route("/api/v1/pages", list_pages),
    Route("/sd", discover),
)
