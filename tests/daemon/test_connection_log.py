"""Connections that are closed early are all counted, and logged only while that is news."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from waexporter.daemon.connection_log import ConnectionLog
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Instant
from waexporter.web.bounds.connection_limit import ConnectionRefusal


@dataclass
class Clock:
    steady: float = 0.0

    def __call__(self) -> Instant:
        return Instant(0.0, self.steady)


def counted(telemetry: Telemetry, reason: str) -> float | None:
    name = "waexporter_http_connections_refused_total"
    return telemetry.registry.get_sample_value(name, {"reason": reason})


def test_each_reason_is_logged_once_in_ten_minutes_and_counted_each_time() -> None:
    telemetry, clock = Telemetry(), Clock()
    log = ConnectionLog(telemetry, clock)

    with capture_logs() as logged:
        for clock.steady in (0.0, 1.0, 599.0, 600.0):
            log.note(ConnectionRefusal.HANDSHAKE, "192.0.2.1", "unsupported protocol")
        log.note(ConnectionRefusal.HANDSHAKE, "192.0.2.1", "peer did not return a certificate")

    assert counted(telemetry, "handshake") == 5
    assert [(line["event"], line["client"], line["why"]) for line in logged] == [
        ("a TLS handshake failed", "192.0.2.1", "unsupported protocol"),
        ("a TLS handshake failed", "192.0.2.1", "unsupported protocol"),
        ("a TLS handshake failed", "192.0.2.1", "peer did not return a certificate"),
    ]


@pytest.mark.parametrize("reason", [ConnectionRefusal.TIMEOUT, ConnectionRefusal.MALFORMED])
def test_what_every_open_port_sees_is_only_counted(reason: ConnectionRefusal) -> None:
    telemetry = Telemetry()

    with capture_logs() as logged:
        ConnectionLog(telemetry, Clock()).note(reason, "192.0.2.1", "")

    assert counted(telemetry, reason.value) == 1
    assert logged == []


def test_reasons_without_end_do_not_fill_the_memory() -> None:
    log = ConnectionLog(Telemetry(), Clock())

    for number in range(1000):
        log.note(ConnectionRefusal.HANDSHAKE, "192.0.2.1", f"reason {number}")

    assert len(log._quiet_until) <= 100


def test_after_many_reasons_the_log_is_not_silent_for_ever() -> None:
    clock = Clock()
    log = ConnectionLog(Telemetry(), clock)
    for number in range(1000):
        log.note(ConnectionRefusal.HANDSHAKE, "192.0.2.1", f"reason {number}")

    clock.steady = 600.0
    with capture_logs() as logged:
        log.note(ConnectionRefusal.LIMIT, "192.0.2.1", "")
        log.note(ConnectionRefusal.HANDSHAKE, "192.0.2.1", "reason 1")

    assert len(logged) == 2
