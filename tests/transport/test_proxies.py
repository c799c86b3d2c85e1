"""Proxies between a transport and its server."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from tests.transport.fixtures import SOON, get
from tests.transport.servers import always, dripping, once, response, server_context, silent
from waexporter.errors import UnreachableError
from waexporter.model import ProxyAuth, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    import trustme

    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation, Script, Server

    StartProxy = Callable[[str, Script], Server]
    StartTarget = Callable[[Script], Server]

OK = response(b"{}")


def test_plain_http_through_a_proxy_names_the_whole_address(serve: Serve, connect: Connect) -> None:
    proxy = serve(always(OK))
    client = connect("http://wa.example:9090", proxy_url=proxy.url)

    reply = get(client, "/v1/health", 20)

    assert reply.status == 200
    assert proxy.requests[0].startswith(b"GET http://wa.example:9090/v1/health HTTP/1.1\r\n")


class Tunnel:
    """A proxy that connects to the requested address, and forwards bytes in both directions."""

    def __init__(self, port: int) -> None:
        self.port = port  # of the target, whatever its name

    def __call__(self, talk: Conversation) -> None:
        talk.read_request()
        with socket.create_connection(("127.0.0.1", self.port), 20) as target:
            talk.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            talk.join(target)


@pytest.fixture
def start_proxy(
    serve: Serve, authority: trustme.CA, ca_file: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, Script], Server]:
    """Start a proxy of either scheme, whose certificate the system trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)

    def start(scheme: str, script: Script) -> Server:
        context = server_context(authority.issue_cert("127.0.0.1")) if scheme == "https" else None
        return serve(script, context)

    return start


@pytest.fixture
def start_target(serve: Serve, authority: trustme.CA) -> Callable[[Script], Server]:
    """Start a target with the name wa.example."""
    return lambda script: serve(script, server_context(authority.issue_cert("wa.example")))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_goes_through_a_proxy_in_a_tunnel(
    scheme: str, connect: Connect, start_proxy: StartProxy, start_target: StartTarget
) -> None:
    target = start_target(always(OK))
    proxy = start_proxy(scheme, Tunnel(target.port))
    client = connect("https://wa.example:9090", proxy_url=proxy.url)

    replies = [get(client, "/v1/health", 20) for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    assert proxy.requests[0].startswith(b"CONNECT wa.example:9090 HTTP/1.")
    assert proxy.connections == target.connections == 1


PROXY_AUTH = ProxyAuth("me", Secret("hunter2-of-the-proxy"))
PROVED = b"Proxy-Authorization: Basic bWU6aHVudGVyMi1vZi10aGUtcHJveHk="


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_gets_its_password_and_the_target_does_not(
    scheme: str, connect: Connect, start_proxy: StartProxy, start_target: StartTarget
) -> None:
    target = start_target(always(OK))
    proxy = start_proxy(scheme, Tunnel(target.port))
    client = connect("https://wa.example", proxy_url=proxy.url, proxy_auth=PROXY_AUTH)

    get(client, "/v1/health", 20)

    assert PROVED in proxy.requests[0]
    assert b"Proxy-Authorization" not in target.requests[0]


def test_a_proxy_of_plain_http_gets_its_password_with_each_request(serve: Serve, connect: Connect) -> None:
    proxy = serve(always(OK))
    client = connect("http://wa.example", proxy_url=proxy.url, proxy_auth=PROXY_AUTH)

    for _ in range(2):
        get(client, "/v1/health", 20)

    assert all(PROVED in request for request in proxy.requests)
    assert len(proxy.requests) == 2


@pytest.mark.parametrize("url", ["http://wa.example", "https://wa.example"])
@pytest.mark.parametrize("proxy_auth", [None, PROXY_AUTH])
def test_a_proxy_that_demands_a_password_is_an_error_without_the_password(
    url: str, proxy_auth: ProxyAuth | None, serve: Serve, connect: Connect
) -> None:
    echo = PROVED.rpartition(b" ")[2]
    proxy = serve(once(b"HTTP/1.1 407 Not %s\r\nContent-Length: %d\r\n\r\n%s" % (echo, len(echo), echo)))
    client = connect(url, proxy_url=proxy.url, proxy_auth=proxy_auth)

    with pytest.raises(UnreachableError) as caught:
        get(client, "/v1/health", 20)

    assert str(caught.value) == "the proxy demands a password (407): set proxy_auth to the right one"
    assert caught.value.is_foreign


def test_a_password_that_a_proxy_repeats_is_redacted(serve: Serve, connect: Connect) -> None:
    echo = PROVED.rpartition(b" ")[2]
    place = f"https://login.example/{echo.decode()}"
    proxy = serve(always(response(b'{"said":"%s"}' % echo, "302 Found", location=place)))

    reply = get(connect("http://wa.example", proxy_url=proxy.url, proxy_auth=PROXY_AUTH), "/v1/health", 20)

    assert reply.body == b'{"said":"<secret>"}'
    assert reply.location == "https://login.example/<secret>"


def test_a_proxy_that_refuses_is_named_in_the_error(serve: Serve, connect: Connect) -> None:
    proxy = serve(once(b"HTTP/1.1 403 Who are you?\r\n\r\n"))

    with pytest.raises(
        UnreachableError, match=r"the proxy refuses to lead to the target: 403 Forbidden$"
    ) as caught:
        get(connect("https://wa.example", proxy_url=proxy.url), "/v1/health", 20)

    assert caught.value.is_foreign


@pytest.mark.parametrize("url", ["http://wa.example", "https://wa.example"])
def test_a_proxy_that_is_gone_is_named_in_the_error(url: str, serve: Serve, connect: Connect) -> None:
    proxy = serve(silent)
    proxy.close()

    with pytest.raises(UnreachableError, match="no connection to the proxy: Connection refused") as caught:
        get(connect(url, proxy_url=proxy.url), "/v1/health", 20)

    assert caught.value.is_foreign


@pytest.mark.parametrize(
    "script", [silent, dripping(b"HTTP/1.1 200 ", b"O"), dripping(b"HTTP/1.1 200 OK\r\nX: ", b"x")]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_proxy_ends_at_the_deadline(
    script: Script, scheme: str, connect: Connect, start_proxy: StartProxy
) -> None:
    client = connect("https://wa.example", proxy_url=start_proxy(scheme, script).url)
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("script", [silent, dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" ")])
def test_a_slow_target_behind_a_proxy_ends_at_the_deadline(
    script: Script, scheme: str, connect: Connect, start_proxy: StartProxy, start_target: StartTarget
) -> None:
    proxy = start_proxy(scheme, Tunnel(start_target(script).port))
    client = connect("https://wa.example", proxy_url=proxy.url)
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON
