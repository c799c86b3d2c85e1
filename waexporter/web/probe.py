"""GET /probe?target=NAME: a target polled now, because whoever asks wants to say when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from waexporter.web.metrics import give_page, read_page_request, shown
from waexporter.web.responses import DeferredResponse, IncomingRequest, Response, error_response

if TYPE_CHECKING:
    from waexporter.polling.on_demand import Probe
    from waexporter.web.backend import Backend

TIMEOUT: Final = "X-Prometheus-Scrape-Timeout-Seconds"
MARGIN: Final = 0.5  # seconds of that, for the page and its way to Prometheus
USUAL: Final = 10.0  # seconds, Prometheus' own default, for whoever says nothing
SHORTEST: Final = 0.1  # seconds to wait for polls at the least
LONGEST: Final = 120.0  # and at the most: twice the longest timeout of an endpoint by default

_SECONDS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def probe_target(request: IncomingRequest, backend: Backend) -> Response | DeferredResponse:
    """Poll one configured target, and answer when that has ended or the time for it has passed."""
    named = request.values("target")
    if len(named) != 1 or not named[0]:
        return error_response(
            request,
            400,
            "Name one target, as in /probe?target=NAME; GET /api/v1/targets lists them all.",
        )
    timeout = read_timeout(request.header(TIMEOUT.lower()))
    if timeout is None:
        return error_response(
            request, 400, f"The header {TIMEOUT} must be a number of seconds, like 10 or 2.5."
        )
    if named[0] not in backend.names():
        words = f"No target is called {shown(named[0])}, and only those of the configuration are probed"
        return error_response(request, 404, f"{words}; GET /api/v1/targets lists them all.")
    probe = backend.probe(named[0])
    if probe is None:
        words = (
            "Too many polls are under way for other probes, or the configuration is being reloaded; "
            "GET /metrics has what was polled before."
        )
        return error_response(request, 503, words, ("retry-after", "10"))
    return DeferredResponse(probe.polls, timeout, lambda: _give(request, backend, probe))


def read_timeout(header: str) -> float | None:
    """Tell how long to wait for polls, in seconds, where Prometheus waits `header`; None: it is no number.

    However little or much is asked for, it stays within SHORTEST and LONGEST.
    """
    if header and not _SECONDS.fullmatch(header.strip()):
        return None
    return min(max(float(header or USUAL) - MARGIN, SHORTEST), LONGEST)


def _give(request: IncomingRequest, backend: Backend, probe: Probe) -> Response:
    page_request = read_page_request(request, None)
    return give_page(backend.probed(probe, page_request), page_request)
