"""The problems that clients of all kinds share: they can't be polled, or not understood."""

from __future__ import annotations

from typing import Final

from waexporter.health.problem_kind import judged
from waexporter.model import State

SHARED_PROBLEMS: Final = (
    judged(
        "not_polled",
        State.UNKNOWN,
        "wait for the first poll, or set poll.health if it is off",
        rule="no poll of the health has ended since the start, or it is off",
        clears="the first poll of the health ends",
        reads=(),
    ),
    judged(
        "stale",
        State.UNKNOWN,
        "look for missed polls (waexporter_polls_missed_total) and at the log of waexporter",
        rule="the newest answer about the health is too old, and no newer poll has failed",
        clears="a poll of the health ends",
        reads=(),
    ),
    judged(
        "auth_refused",
        State.UNKNOWN,
        "check api_key, username and password; a new account must change its password at the first login",
        rule="the newest poll of the health was refused with the configured credentials",
        clears="the credentials are accepted",
        runbook="WaExporterLoginFailing",
    ),
    judged(
        "timeout",
        State.UNKNOWN,
        "look for a dead or slow node; for more time set poll.health: {interval: 60s, timeout: 55s}",
        rule="the newest poll of the health had no complete answer within its timeout",
        clears="the client answers in time",
    ),
    judged(
        "tls",
        State.UNKNOWN,
        "do what the error says: mostly it is tls.ca_file, tls.server_name or a certificate that has expired",
        rule="the newest poll of the health could not make a TLS connection that it trusts",
        clears="a trusted connection can be made",
    ),
    judged(
        "unexpected_answer",
        State.UNKNOWN,
        "check that the url leads to the webapp itself, without a login page or a proxy in between",
        rule="the newest poll of the health was answered by an error, or by something that can't be read",
        clears="an answer about the health can be read",
    ),
)
