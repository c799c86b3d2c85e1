"""The page of metrics as a client gets it."""

from __future__ import annotations

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from waexporter.web.backend import PageRequest
from waexporter.web.metrics import OPENMETRICS, PROMETHEUS


def test_without_an_accept_header_the_page_is_prometheus_text() -> None:
    backend = FakeBackend()

    got = ask(an_application(backend), "/metrics")

    assert (got.status, got.body, got.headers["content-type"]) == (200, b"a 1\nb 2\n", PROMETHEUS)
    assert got.headers["vary"] == "Accept, Accept-Encoding"
    assert "content-encoding" not in got.headers
    assert backend.page_requests == [PageRequest()]


def test_a_client_gets_the_format_and_encoding_that_it_prefers() -> None:
    backend = FakeBackend()

    got = ask(
        an_application(backend),
        "/metrics",
        accept="application/openmetrics-text",
        accept_encoding="br, gzip;q=0.5",
    )

    assert got.headers["content-type"] == OPENMETRICS
    assert got.headers["content-encoding"] == "gzip"
    assert got.headers["vary"] == "Accept, Accept-Encoding"
    assert backend.page_requests == [PageRequest(openmetrics=True, gzip=True)]


def test_head_has_the_length_of_the_page_without_the_page() -> None:
    got = ask(an_application(FakeBackend()), "/metrics", "HEAD")

    assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "8")


def test_a_page_is_restricted_to_every_target_that_is_named() -> None:
    backend = FakeBackend((a_target("a"), a_target("b b"), a_target("c")))

    got = ask(an_application(backend), "/metrics?target=a&target=b%20b&target=a&other=1")

    assert got.status == 200
    assert backend.page_requests == [PageRequest(targets=frozenset({"a", "b b"}))]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("target=a&target=nobody", "'nobody'"),
        ("target=", "''"),
        ("target=%3Cscript%3E%0A", "'<script>\\n'"),
        ("target=%E2%80%AE", "'\\u202e'"),
        ("target=%FF", "'\\ufffd'"),
        ("target=" + "x" * 500, "'" + "x" * 100 + "'"),
    ],
)
def test_an_unknown_target_gets_404_with_its_name(query: str, shown: str) -> None:
    backend = FakeBackend((a_target("a"),))

    got = ask(an_application(backend), f"/metrics?{query}")

    assert got.status == 404
    assert got.text == f"No target is called {shown}; GET /api/v1/targets lists them all.\n"
    assert backend.page_requests == []
