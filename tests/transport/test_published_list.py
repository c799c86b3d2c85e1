"""Requests of a list of targets, from real servers that behave well or badly."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.transport.servers import once, response, server_context, silent
from waexporter.errors import ApiError
from waexporter.model import HttpSd, HttpSdAuth, Limits, Reason, Secret, Tls
from waexporter.transport.published_list import PublishedList
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.transport.fixtures import Serve

LIST = '[{"targets": ["wa.example:9090"]}]'
TIMEOUT = 30.0  # seconds; nothing here takes as long


def fetch(settings: HttpSd, body_bytes: int = 100_000) -> str:
    published = PublishedList(settings, Limits(body_bytes=body_bytes), TlsContexts())
    try:
        return published.fetch()
    finally:
        published.close()


def failure(settings: HttpSd, body_bytes: int = 100_000) -> ApiError:
    with pytest.raises(ApiError) as caught:
        fetch(settings, body_bytes)
    return caught.value


def test_the_list_is_requested_with_its_path_its_query_and_without_credentials(serve: Serve) -> None:
    server = serve(once(response(LIST.encode())))

    text = fetch(HttpSd(f"{server.url}/api/targets", Secret("format=prometheus"), timeout=TIMEOUT))

    [request] = server.requests
    assert text == LIST
    assert request.startswith(b"GET /api/targets?format=prometheus HTTP/1.1\r\n")
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (HttpSdAuth(bearer_token=Secret("hunter2-hunter2")), "Bearer hunter2-hunter2"),
        (HttpSdAuth(bearer_token=Secret("hunter2-hunter2"), token_type="Token"), "Token hunter2-hunter2"),
        (HttpSdAuth("me", Secret("hunter2")), f"Basic {b64encode(b'me:hunter2').decode()}"),
    ],
)
def test_credentials_are_sent(serve: Serve, auth: HttpSdAuth, header: str) -> None:
    server = serve(once(response(LIST.encode())))

    fetch(HttpSd(server.url, auth=auth, timeout=TIMEOUT))

    assert f"Authorization: {header}\r\n".encode() in server.requests[0] + b"\r\n"


def test_a_compressed_list_is_read(serve: Serve) -> None:
    body = gzip.compress(LIST.encode())
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    server = serve(once(head + body))

    assert fetch(HttpSd(server.url, timeout=TIMEOUT)) == LIST


def test_the_certificate_is_verified(serve: Serve, tmp_path: Path) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    server = serve(once(response(LIST.encode())), server_context(authority.issue_cert("127.0.0.1")))
    trusting = HttpSd(server.url, tls=Tls(ca_file=str(ca_file)), timeout=TIMEOUT)

    refused = failure(HttpSd(server.url, timeout=TIMEOUT))
    text = fetch(trusting)

    assert refused.reason is Reason.TLS
    assert text == LIST


@pytest.mark.parametrize(
    ("head", "body", "words"),
    [
        ("404 Not Found", b"", "it answers 404"),
        ("401 Unauthorized", b"", "it answers 401: see http_sd.auth"),
        (
            "302 Found\r\nLocation: /other",
            b"",
            "it answers 302, which leads elsewhere: redirects are not followed",
        ),
        (
            "200 OK\r\nContent-Type: text/html; charset=utf-8",
            b"<p>",
            "it answers a web page, not a list of targets",
        ),
        ("200 OK", b" \n", "its answer is empty; a list without targets is []"),
        ("204 No Content", b"", "its answer is empty; a list without targets is []"),
        ("200 OK", b"\xff\xfe[]", "its answer is not UTF-8 text"),
    ],
)
def test_what_is_no_list_is_said_in_a_sentence(serve: Serve, head: str, body: bytes, words: str) -> None:
    length = b"" if head.startswith("204") else b"Content-Length: %d\r\n" % len(body)
    server = serve(once(b"HTTP/1.1 %s\r\n%s\r\n%s" % (head.encode(), length, body)))

    assert str(failure(HttpSd(server.url, timeout=TIMEOUT))) == words


def test_a_huge_list_is_refused_also_if_it_is_compressed(serve: Serve) -> None:
    body = gzip.compress(b" " * 10_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    server = serve(once(head + body))

    assert failure(HttpSd(server.url, timeout=TIMEOUT)).reason is Reason.TOO_LARGE


def test_a_server_that_answers_nothing_is_given_up_in_time(serve: Serve) -> None:
    server = serve(silent)

    assert failure(HttpSd(server.url, timeout=0.3)).reason is Reason.TIMEOUT


def test_no_secret_is_in_what_can_be_printed() -> None:
    settings = HttpSd("http://127.0.0.1:1", Secret("key=hunter2"), auth=HttpSdAuth("me", Secret("hunter2")))

    error = failure(settings)

    assert "hunter2" not in f"{error} {settings!r} {error.__cause__!r}"
