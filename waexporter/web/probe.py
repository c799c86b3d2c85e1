"""GET /probe?target=NAME: poll one target now, and return its metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from waexporter.web.metrics import page_response, read_page_request
from waexporter.web.responses import DeferredResponse, IncomingRequest, Response, error_response
from waexporter.web.unknown_target import refuse_target

if TYPE_CHECKING:
    from waexporter.polling.on_demand import Probe
    from waexporter.web.backend import Backend

TIMEOUT_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"
MARGIN: Final = 0.5  # seconds of the timeout that are left for rendering and sending the page
DEFAULT_TIMEOUT: Final = 10.0  # seconds: Prometheus' own default, for a client without the header
MIN_TIMEOUT: Final = 0.1  # seconds to wait for polls
MAX_TIMEOUT: Final = 120.0  # seconds: twice the longest default timeout of an endpoint

_SECONDS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def probe_target(request: IncomingRequest, backend: Backend) -> Response | DeferredResponse:
    """Poll one configured target, and respond when all polls have ended or after the timeout."""
    named = request.values("target")
    if len(named) != 1 or not named[0]:
        return error_response(
            request,
            400,
            "Name one target, as in /probe?target=NAME; GET /api/v1/targets lists them all.",
        )
    timeout = read_timeout(request.header(TIMEOUT_HEADER.lower()))
    if timeout is None:
        return error_response(
            request, 400, f"The header {TIMEOUT_HEADER} must be a number of seconds, like 10 or 2.5."
        )
    if named[0] not in backend.target_names():
        limit = ", and only those of the configuration are probed"
        return refuse_target(request, backend, named[0], limit)
    probe = backend.probe(named[0])
    if probe is None:
        words = (
            "Too many polls are under way for other probes, or the configuration is being reloaded; "
            "GET /metrics has what was polled before."
        )
        return error_response(request, 503, words, ("retry-after", "10"))
    return DeferredResponse(probe.polls, timeout, lambda: _probe_page(request, backend, probe))


def read_timeout(header: str) -> float | None:
    """Return the seconds to wait for polls, between MIN_TIMEOUT and MAX_TIMEOUT; None for an invalid header.

    `header` is the time after which Prometheus gives up, in seconds.
    """
    if header and not _SECONDS.fullmatch(header.strip()):
        return None
    return min(max(float(header or DEFAULT_TIMEOUT) - MARGIN, MIN_TIMEOUT), MAX_TIMEOUT)


def _probe_page(request: IncomingRequest, backend: Backend, probe: Probe) -> Response:
    page_request = read_page_request(request, None)
    return page_response(backend.probe_page(probe, page_request), page_request)
