"""What the end of a connection to the daemon on this machine means."""

from __future__ import annotations

import http.client
import ssl
import urllib.error

import pytest

from waexporter.transport.pinned_tls import TlsFailure, find_tls_failure, has_ended


def raised(error: Exception, cause: Exception) -> Exception:
    """Return an error that was raised while another one was handled."""
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(104, "Connection reset by peer"),
        urllib.error.URLError(BrokenPipeError(32, "Broken pipe")),
        http.client.RemoteDisconnected("Remote end closed connection without response"),
        urllib.error.URLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
    ],
    ids=["reading", "writing", "no response", "no close_notify"],
)
def test_an_end_without_a_word_is_no_failure_of_tls_by_itself(error: Exception) -> None:
    assert has_ended(error)
    assert find_tls_failure(error) is None


def test_an_alert_is_found_also_behind_the_end_of_the_connection() -> None:
    alert = ssl.SSLError(1, "tlsv13 alert certificate required")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"

    assert find_tls_failure(raised(BrokenPipeError(32, "Broken pipe"), alert)) is TlsFailure.NEEDS_CERTIFICATE


def test_a_refused_connection_has_never_begun() -> None:
    assert not has_ended(urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")))
