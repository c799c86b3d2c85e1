"""GET /metrics, and what every page of metrics has in common: its format, its encoding, its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.web.backend import Wanted
from waexporter.web.negotiation import accepts_gzip, wants_openmetrics
from waexporter.web.responses import Answer, Question, refuse

if TYPE_CHECKING:
    from waexporter.web.backend import Exporter

PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_SHOWN_CHARACTERS = 100


def give_metrics(question: Question, exporter: Exporter) -> Answer:
    """GET /metrics: the page, or with ?target=NAME a part of it, in the format asked for."""
    named = question.values("target")
    unknown = sorted(frozenset(named) - exporter.names()) if named else []
    if unknown:
        return refuse(
            question, 404, f"No target is called {shown(unknown[0])}; GET /api/v1/targets lists them all."
        )
    wanted = read_wanted(question, frozenset(named) if named else None)
    return give_page(exporter.metrics(wanted), wanted)


def read_wanted(question: Question, targets: frozenset[str] | None) -> Wanted:
    """Read from the headers which page is asked for."""
    return Wanted(
        openmetrics=wants_openmetrics(question.header("accept")),
        gzip=accepts_gzip(question.header("accept-encoding")),
        targets=targets,
    )


def give_page(pieces: tuple[bytes, ...], wanted: Wanted) -> Answer:
    """Answer with a page of metrics in the format in which it was made."""
    headers: tuple[tuple[str, str], ...] = (("vary", "Accept, Accept-Encoding"),)
    if wanted.gzip:
        headers += (("content-encoding", "gzip"),)
    return Answer(pieces, OPENMETRICS if wanted.openmetrics else PROMETHEUS, headers=headers)


def shown(name: str) -> str:
    """Give a name that a client sent, in quotes, so that it can be sent back: in ASCII, and not too long."""
    return ascii(name[:_SHOWN_CHARACTERS])
