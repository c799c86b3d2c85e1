"""A url of http:// that leads to a port of TLS: the error names the wrong scheme."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.transport.fixtures import get
from tests.transport.servers import always, once, response, server_context
from waexporter.errors import ApiError, UnreachableError
from waexporter.model import Reason

if TYPE_CHECKING:
    import trustme

    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation

OK = response(b"{}")


class _BothWays:
    """A TLS server that gives the same answer to every request without TLS; None: that of OpenSSL."""

    def __init__(self, context: ssl.SSLContext, answer: bytes | None) -> None:
        self._context = context
        self._answer = answer

    def __call__(self, talk: Conversation) -> None:
        connection = talk.connection
        if self._answer is None or connection.recv(1, socket.MSG_PEEK) == b"\x16":
            with self._context.wrap_socket(connection, server_side=True) as protected:
                protected.recv(1)
            return
        talk.read_request()
        talk.write(self._answer)


_ANSWERS_TO_HTTP: dict[str, bytes | None] = {
    "what OpenSSL says": None,
    "nothing": b"",
    "an alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "an empty 400, as nginx": response(b"", "400 Bad Request"),
    "a 400 of its own": response(b"<html>The plain HTTP request was sent to HTTPS port", "400 Bad Request"),
}


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    return server_context(authority.issue_cert("127.0.0.1"))


@pytest.fixture(params=_ANSWERS_TO_HTTP)
def url(context: ssl.SSLContext, serve: Serve, request: pytest.FixtureRequest) -> str:
    """Start a target of https; return its address with http."""
    return serve(_BothWays(context, _ANSWERS_TO_HTTP[request.param])).url


@pytest.mark.parametrize("demands_certificate", [False, True])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_http_to_a_target_of_https_is_told_to_use_https(  # noqa: PLR0913 - a table, and its fixtures
    context: ssl.SSLContext,
    authority: trustme.CA,
    url: str,
    connect: Connect,
    version: ssl.TLSVersion,
    *,
    demands_certificate: bool,
) -> None:
    context.minimum_version = context.maximum_version = version
    if demands_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)

    with pytest.raises(UnreachableError) as caught:
        get(connect(url), "/v1/health", 20)

    assert str(caught.value) == "the target speaks TLS: its url must begin with https://"
    assert (caught.value.reason, caught.value.may_have_arrived) == (Reason.TLS, False)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_a_target_of_a_tls_that_is_too_old_speaks_tls_all_the_same(
    context: ssl.SSLContext, serve: Serve, connect: Connect
) -> None:
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    client = connect(serve(_BothWays(context, None)).url)

    with pytest.raises(UnreachableError) as caught:
        get(client, "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


def test_a_server_that_only_ends_the_connection_is_not_taken_for_one_of_tls(
    serve: Serve, connect: Connect
) -> None:
    client = connect(serve(lambda _: None).url)

    with pytest.raises(UnreachableError) as caught:
        get(client, "/v1/health", 20)

    assert caught.value.reason is Reason.UNREACHABLE


@pytest.mark.parametrize("answer", [b"", response(b"{}", "400 Bad Request"), b"\x16\x03", b"SSH-2.0\r\n"])
def test_a_target_of_plain_http_that_answers_badly_is_not_taken_for_one_of_https(
    answer: bytes, serve: Serve, connect: Connect
) -> None:
    client = connect(serve(once(answer)).url)

    try:
        said = f"{get(client, '/v1/health', 20).status}"
    except ApiError as error:
        said = str(error)

    assert "https" not in said


def test_a_target_that_has_answered_over_plain_http_is_not_tried_with_tls(
    serve: Serve, connect: Connect
) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(b"" if talk.number else response(OK, connection="close"))

    server = serve(script)
    client = connect(server.url)
    get(client, "/v1/health", 20)

    with pytest.raises(UnreachableError, match="closed before an answer came"):
        get(client, "/v1/health", 20)

    assert server.connections == 2


def test_http_to_a_target_of_https_is_no_crash(serve: Serve, connect: Connect, authority: trustme.CA) -> None:
    url = serve(always(OK), server_context(authority.issue_cert("127.0.0.1"))).url.replace("https", "http")

    with pytest.raises(ApiError):
        get(connect(url), "/v1/health", 2)
