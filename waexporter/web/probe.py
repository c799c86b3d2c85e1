"""GET /probe?target=NAME: a target polled now, because whoever asks wants to say when."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from waexporter.web.metrics import give_page, read_wanted, shown
from waexporter.web.responses import Answer, Later, Question, refuse

if TYPE_CHECKING:
    from waexporter.polling.on_demand import Probe
    from waexporter.web.backend import Exporter

TIMEOUT: Final = "X-Prometheus-Scrape-Timeout-Seconds"
MARGIN: Final = 0.5  # seconds of that, for the page and its way to Prometheus
USUAL: Final = 10.0  # seconds, Prometheus' own default, for whoever says nothing
SHORTEST: Final = 0.1  # seconds to wait for polls at the least
LONGEST: Final = 120.0  # and at the most: twice the longest timeout of an endpoint by default

_SECONDS = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def probe_target(question: Question, exporter: Exporter) -> Answer | Later:
    """Poll one configured target, and answer when that has ended or the time for it has passed."""
    named = question.values("target")
    if len(named) != 1 or not named[0]:
        return refuse(
            question,
            400,
            "Name one target, as in /probe?target=NAME; GET /api/v1/targets lists them all.",
        )
    patience = read_patience(question.header(TIMEOUT.lower()))
    if patience is None:
        return refuse(question, 400, f"The header {TIMEOUT} must be a number of seconds, like 10 or 2.5.")
    if named[0] not in exporter.names():
        words = f"No target is called {shown(named[0])}, and only those of the configuration are probed"
        return refuse(question, 404, f"{words}; GET /api/v1/targets lists them all.")
    probe = exporter.probe(named[0])
    if probe is None:
        words = (
            "Too many polls are under way for other probes, or the configuration is being reloaded; "
            "GET /metrics has what was polled before."
        )
        return refuse(question, 503, words, ("retry-after", "10"))
    return Later(probe.polls, patience, lambda: _give(question, exporter, probe))


def read_patience(header: str) -> float | None:
    """Tell how long to wait for polls, in seconds, where Prometheus waits `header`; None: it is no number.

    However little or much is asked for, it stays within SHORTEST and LONGEST.
    """
    if header and not _SECONDS.fullmatch(header.strip()):
        return None
    return min(max(float(header or USUAL) - MARGIN, SHORTEST), LONGEST)


def _give(question: Question, exporter: Exporter, probe: Probe) -> Answer:
    wanted = read_wanted(question, None)
    return give_page(exporter.probed(probe, wanted), wanted)
