"""The problems that clients of all kinds share: they can't be polled, or not understood."""

from __future__ import annotations

from typing import Final

from waexporter.health.problem_kind import judged
from waexporter.model import State

SHARED_PROBLEMS: Final = (
    judged("not_polled", State.UNKNOWN, "wait for the first poll, or set poll.health if it is off"),
    judged(
        "stale",
        State.UNKNOWN,
        "look for missed polls (waexporter_polls_missed_total) and at the log of waexporter",
    ),
    judged(
        "auth_refused",
        State.UNKNOWN,
        "check api_key, username and password; a new account must change its password at the first login",
        runbook="WaExporterLoginFailing",
    ),
    judged(
        "timeout",
        State.UNKNOWN,
        "look for a dead or slow node; for more time set poll.health: {interval: 60s, timeout: 55s}",
    ),
    judged(
        "tls",
        State.UNKNOWN,
        "do what the error says: mostly it is tls.ca_file, tls.server_name or a certificate that has expired",
    ),
    judged(
        "unexpected_answer",
        State.UNKNOWN,
        "check that the url leads to the webapp itself, without a login page or a proxy in between",
    ),
)
