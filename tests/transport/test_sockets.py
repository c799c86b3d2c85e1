"""Certificates, proxies, hosts of several addresses: whatever lies between a client and its target."""

from __future__ import annotations

import gc
import socket
import ssl
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.transport.fixtures import get
from tests.transport.servers import always, deaf, dripping, once, response, silent
from waexporter.errors import ApiError, BodyError, UnreachableError
from waexporter.model import Limits, ProxyAuth, Reason, Secret, Tls
from waexporter.transport.origin import Origin
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation, Script, Server

    StartProxy = Callable[[str, Script], Server]
    StartTarget = Callable[[Script], Server]

OK = response(b"{}")
SOON = 10.0  # seconds, on a busy machine too; whatever is waited for here would take twice as long


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Be the authority that the client trusts."""
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write the certificate of that authority."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


# --- certificates ------------------------------------------------------------------------------


def test_a_certificate_of_the_trusted_authority_is_accepted(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    server = serve(always(OK), _context(authority.issue_cert("127.0.0.1")))
    client = connect(server.url, tls=Tls(ca_file))

    first, second = (dict(get(client, "/v1/health", 20).phases) for _ in range(2))

    assert list(first) == ["dns", "connect", "tls", "wait", "body"]
    assert list(second) == ["wait", "body"]


def test_a_certificate_for_another_name_is_accepted_when_that_name_is_configured(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    asked: list[str | None] = []
    context = _context(authority.issue_cert("wa.example"))
    context.sni_callback = lambda _, name, __: asked.append(name)
    client = connect(serve(always(OK), context).url, tls=Tls(ca_file, server_name="wa.example"))

    reply = get(client, "/v1/health", 20)

    assert reply.status == 200
    assert asked == ["wa.example"]


_UNTRUSTED: dict[str, tuple[Callable[[trustme.CA], trustme.LeafCert], str]] = {
    "it has expired": (
        lambda authority: authority.issue_cert(
            "127.0.0.1",
            not_before=datetime(2020, 1, 1, tzinfo=UTC),
            not_after=datetime(2021, 1, 1, tzinfo=UTC),
        ),
        "the certificate is not trusted: certificate has expired; renew it",
    ),
    "it is not valid yet": (
        lambda authority: authority.issue_cert(
            "127.0.0.1",
            not_before=datetime(2090, 1, 1, tzinfo=UTC),
            not_after=datetime(2091, 1, 1, tzinfo=UTC),
        ),
        (
            "the certificate is not trusted: certificate is not yet valid; "
            "a clock is wrong: this machine's, or that of the machine which made it"
        ),
    ),
    "it is of another authority": (
        lambda _: trustme.CA().issue_cert("127.0.0.1"),
        (
            "the certificate is not trusted: unable to get local issuer certificate; "
            "set tls.ca_file to the authority that signed it"
        ),
    ),
    "it is for another address": (
        lambda authority: authority.issue_cert("127.0.0.2"),
        (
            "the certificate is not trusted: IP address mismatch, certificate is not valid for '127.0.0.1'.; "
            "set tls.server_name to a name in the certificate"
        ),
    ),
}


@pytest.mark.parametrize("case", _UNTRUSTED)
def test_a_certificate_that_is_not_trusted_says_why_and_gets_no_request(
    case: str, serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    issue, words = _UNTRUSTED[case]
    server = serve(always(OK), _context(issue(authority)))

    with pytest.raises(UnreachableError) as caught:
        get(connect(server.url, tls=Tls(ca_file)), "/v1/health", 20)

    assert (str(caught.value), caught.value.reason) == (words, Reason.TLS)
    assert server.requests == []


def test_a_self_signed_certificate_says_so(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    own = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (tmp_path / "own.pem").write_bytes(own.private_key_pem.bytes() + own.cert_pem.bytes())
    context.load_cert_chain(tmp_path / "own.pem")

    with pytest.raises(UnreachableError, match=r"self-signed certificate; set tls\.ca_file"):
        get(connect(serve(always(OK), context).url), "/v1/health", 20)


@pytest.mark.parametrize("issue", [issue for issue, _ in _UNTRUSTED.values()])
def test_with_verification_switched_off_any_certificate_will_do(
    issue: Callable[[trustme.CA], trustme.LeafCert], serve: Serve, connect: Connect, authority: trustme.CA
) -> None:
    server = serve(always(OK), _context(issue(authority)))

    reply = get(connect(server.url, tls=Tls(insecure_skip_verify=True)), "/v1/health", 20)

    assert reply.status == 200


def test_switching_verification_off_for_one_target_leaves_it_on_for_others(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    server = serve(always(OK), _context(authority.issue_cert("127.0.0.2")))
    get(connect(server.url, tls=Tls(ca_file, insecure_skip_verify=True)), "/v1/health", 20)

    with pytest.raises(UnreachableError, match="the certificate is not trusted"):
        get(connect(server.url, tls=Tls(ca_file)), "/v1/health", 20)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_target_that_demands_a_certificate_of_us_is_understood(
    version: ssl.TLSVersion, serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    context = _context(authority.issue_cert("127.0.0.1"))
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)

    with pytest.raises(UnreachableError, match="a certificate of its clients") as caught:
        get(connect(serve(always(OK), context).url, tls=Tls(ca_file)), "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


def test_https_to_a_target_of_plain_http_asks_whether_it_is_one(serve: Serve, connect: Connect) -> None:
    def script(talk: Conversation) -> None:
        talk.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        talk.wait()

    url = serve(script).url.replace("http", "https")

    with pytest.raises(UnreachableError, match="does the target speak plain HTTP") as caught:
        get(connect(url), "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_a_target_of_old_tls_only_is_told_from_one_that_is_not_trusted(
    version: ssl.TLSVersion, serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    context = _context(authority.issue_cert("127.0.0.1"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version

    with pytest.raises(UnreachableError, match=r"not safe any more: switch TLS 1\.2 or newer on") as caught:
        get(connect(serve(always(OK), context).url, tls=Tls(ca_file)), "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


_ANSWERS_TO_HTTP: dict[str, bytes] = {
    "nothing": b"",
    "an alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "a 400 of its own": response(b"<html>The plain HTTP request was sent to HTTPS port", "400 Bad Request"),
}


@pytest.mark.parametrize("answer", _ANSWERS_TO_HTTP.values(), ids=_ANSWERS_TO_HTTP.keys())
def test_http_to_a_target_of_https_is_told_to_use_https(
    answer: bytes, serve: Serve, connect: Connect, authority: trustme.CA
) -> None:
    server = serve(_BothWays(_context(authority.issue_cert("127.0.0.1")), answer))

    with pytest.raises(UnreachableError, match="speaks TLS: its url must begin with https://") as caught:
        get(connect(server.url), "/v1/health", 20)

    assert (caught.value.reason, caught.value.may_have_arrived) == (Reason.TLS, False)


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
    url = serve(always(OK), _context(authority.issue_cert("127.0.0.1"))).url.replace("https", "http")

    with pytest.raises(ApiError):
        get(connect(url), "/v1/health", 2)


def test_targets_of_the_same_setting_share_one_context(ca_file: str) -> None:
    contexts = TlsContexts()

    shared = {contexts.get(Tls(ca_file)), contexts.get(Tls(ca_file, server_name="wa.example"))}

    assert len(shared) == 1
    assert contexts.get(Tls()) not in shared
    assert contexts.get(Tls(ca_file, insecure_skip_verify=True)) not in shared


def test_a_context_goes_with_the_last_that_has_it_and_what_a_file_holds_makes_another(ca_file: str) -> None:
    contexts = TlsContexts()
    held = contexts.get(Tls(ca_file, authority=b"old"))

    assert contexts.get(Tls(ca_file, authority=b"new")) is not held
    gc.collect()

    assert list(contexts._contexts.values()) == [held]


def test_clients_hold_the_context_that_they_share_and_plain_http_needs_none(ca_file: str) -> None:
    contexts = TlsContexts()

    plain = Transport(Origin("http://wa.example"), Limits(), contexts)
    assert not contexts._contexts
    clients = [
        Transport(Origin(f"https://{name}.example", tls=Tls(ca_file)), Limits(), contexts) for name in "ab"
    ]
    gc.collect()

    assert len(contexts._contexts) == 1
    for client in (plain, *clients):
        client.close()


# --- deadlines under TLS -----------------------------------------------------------------------

_SLOW: dict[str, Script] = {
    "says nothing": silent,
    "never reads": deaf,
    "drips its status": dripping(b"HTTP/1.1 200 ", b"O"),
    "drips its body": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


@pytest.mark.parametrize("case", _SLOW)
def test_a_slow_answer_over_tls_ends_at_the_deadline(
    case: str, serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    server = serve(_SLOW[case], _context(authority.issue_cert("127.0.0.1")))
    client = connect(server.url, tls=Tls(ca_file))
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


class _BothWays:
    """A TLS server that says the same to whatever is no TLS."""

    def __init__(self, context: ssl.SSLContext, answer: bytes) -> None:
        self._context = context
        self._answer = answer

    def __call__(self, talk: Conversation) -> None:
        connection = talk.connection
        if connection.recv(1, socket.MSG_PEEK) == b"\x16":
            with self._context.wrap_socket(connection, server_side=True) as protected:
                protected.recv(1)
            return
        talk.read_request()
        talk.write(self._answer)


def _drip_a_handshake(talk: Conversation) -> None:
    talk.drip([b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", *[b"\0"] * 16000])


@pytest.mark.parametrize("script", [deaf, _drip_a_handshake])
def test_a_slow_handshake_ends_at_the_deadline(script: Script, serve: Serve, connect: Connect) -> None:
    client = connect(serve(script).url.replace("http", "https"))
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_an_endless_answer_over_tls_is_cut_off_by_its_size(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    def script(talk: Conversation) -> None:
        talk.read_request()
        talk.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        talk.flood(b"after: all\r\n" * 1000)

    server = serve(script, _context(authority.issue_cert("127.0.0.1")))

    with pytest.raises(BodyError, match=r"limits\.body_bytes") as caught:
        get(connect(server.url, tls=Tls(ca_file), body_bytes=50_000), "/v1/health", 10)

    assert caught.value.reason is Reason.TOO_LARGE


# --- certificates of clients -------------------------------------------------------------------


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def demanding(request: pytest.FixtureRequest, serve: Serve, authority: trustme.CA) -> str:
    """Start a server that lets nobody in without a certificate of the authority; gives its address."""
    context = _context(authority.issue_cert("127.0.0.1"))
    context.maximum_version = request.param
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return serve(always(OK), context).url


def _identity(authority: trustme.CA, ca_file: str, folder: Path) -> Tls:
    issued = authority.issue_cert("client.example")
    issued.cert_chain_pems[0].write_to_path(str(folder / "c.pem"))
    issued.private_key_pem.write_to_path(str(folder / "k.pem"))
    return Tls(ca_file, cert_file=str(folder / "c.pem"), key_file=str(folder / "k.pem"))


def test_a_target_that_demands_a_certificate_is_shown_it(
    demanding: str, connect: Connect, authority: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    client = connect(demanding, tls=_identity(authority, ca_file, tmp_path))

    replies = [get(client, "/v1/health", 20) for _ in range(2)]
    served = client.served_certificates(20)

    assert [reply.status for reply in replies] == [200, 200]
    assert served


def test_a_target_that_demands_a_certificate_in_vain_is_told_from_others(
    demanding: str, connect: Connect, ca_file: str
) -> None:
    with pytest.raises(UnreachableError, match=r"set tls\.cert_file and tls\.key_file") as caught:
        get(connect(demanding, tls=Tls(ca_file)), "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


def test_a_certificate_that_the_target_does_not_trust_is_said(
    demanding: str, connect: Connect, ca_file: str, tmp_path: Path
) -> None:
    client = connect(demanding, tls=_identity(trustme.CA(), ca_file, tmp_path))

    with pytest.raises(UnreachableError, match=r"the certificate in tls\.cert_file") as caught:
        get(client, "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


# --- proxies -----------------------------------------------------------------------------------


def test_plain_http_through_a_proxy_names_the_whole_address(serve: Serve, connect: Connect) -> None:
    proxy = serve(always(OK))
    client = connect("http://wa.example:9090", proxy_url=proxy.url)

    reply = get(client, "/v1/health", 20)

    assert reply.status == 200
    assert proxy.requests[0].startswith(b"GET http://wa.example:9090/v1/health HTTP/1.1\r\n")


class Tunnel:
    """A proxy that opens a way to where it is told, and passes on what comes."""

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
    """Start a proxy of either scheme, whose certificate the whole machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)

    def start(scheme: str, script: Script) -> Server:
        context = _context(authority.issue_cert("127.0.0.1")) if scheme == "https" else None
        return serve(script, context)

    return start


@pytest.fixture
def start_target(serve: Serve, authority: trustme.CA) -> Callable[[Script], Server]:
    """Start a target by the name of wa.example."""
    return lambda script: serve(script, _context(authority.issue_cert("wa.example")))


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
def test_a_proxy_that_demands_a_password_is_said_without_it(
    url: str, proxy_auth: ProxyAuth | None, serve: Serve, connect: Connect
) -> None:
    echo = PROVED.rpartition(b" ")[2]
    proxy = serve(once(b"HTTP/1.1 407 Not %s\r\nContent-Length: %d\r\n\r\n%s" % (echo, len(echo), echo)))
    client = connect(url, proxy_url=proxy.url, proxy_auth=proxy_auth)

    with pytest.raises(UnreachableError) as caught:
        get(client, "/v1/health", 20)

    assert str(caught.value) == "the proxy demands a password (407): set proxy_auth to the right one"
    assert caught.value.is_foreign


def test_a_proxy_that_repeats_its_password_in_an_answer_gives_it_away_to_nobody(
    serve: Serve, connect: Connect
) -> None:
    echo = PROVED.rpartition(b" ")[2]
    place = f"https://login.example/{echo.decode()}"
    proxy = serve(always(response(b'{"said":"%s"}' % echo, "302 Found", location=place)))

    reply = get(connect("http://wa.example", proxy_url=proxy.url, proxy_auth=PROXY_AUTH), "/v1/health", 20)

    assert reply.body == b'{"said":"<secret>"}'
    assert reply.location == "https://login.example/<secret>"


def test_a_proxy_that_refuses_is_told_from_the_target(serve: Serve, connect: Connect) -> None:
    proxy = serve(once(b"HTTP/1.1 403 Who are you?\r\n\r\n"))

    with pytest.raises(
        UnreachableError, match=r"the proxy refuses to lead to the target: 403 Forbidden$"
    ) as caught:
        get(connect("https://wa.example", proxy_url=proxy.url), "/v1/health", 20)

    assert caught.value.is_foreign


@pytest.mark.parametrize("url", ["http://wa.example", "https://wa.example"])
def test_a_proxy_that_is_gone_is_told_from_the_target(url: str, serve: Serve, connect: Connect) -> None:
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


# --- addresses ---------------------------------------------------------------------------------


@pytest.fixture
def black_hole() -> Iterator[int]:
    """Give a port where a connection is neither made nor refused: its listener's queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)  # noqa: FBT003 - as in the standard library
            with suppress(BlockingIOError):
                filler.connect(listener.getsockname())
        yield listener.getsockname()[1]


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Have every host resolve to these ports of loopback, as if each were an address."""

    def found(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_a_target_that_never_accepts_ends_at_the_deadline(connect: Connect, black_hole: int) -> None:
    client = connect(f"http://127.0.0.1:{black_hole}")
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_a_host_of_many_dead_addresses_ends_at_the_deadline(
    connect: Connect, black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _resolve_to(monkeypatch, *[black_hole] * 50)  # 15 s, if each had the time of all
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(connect("http://wa.example"), "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


def test_of_several_addresses_the_first_that_answers_is_used(
    serve: Serve, connect: Connect, black_hole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, good = serve(silent), serve(always(OK))
    closed.close()
    _resolve_to(monkeypatch, closed.port, black_hole, good.port)

    reply = get(connect("http://wa.example"), "/v1/health", 3)

    assert reply.status == 200


def test_a_host_without_any_address_is_no_crash(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch)

    with pytest.raises(UnreachableError, match="no connection"):
        get(connect("http://wa.example"), "/v1/health", 20)


def test_a_final_dot_of_a_host_reaches_the_resolver(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, asked = serve(always(OK)), []

    def found(host: str, port: int, **_: object) -> list[Any]:
        asked.append((host, port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", good.port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)

    get(connect("http://wa.example.:81"), "/v1/health", 20)

    assert asked == [("wa.example.", 81)]


def test_an_ipv6_address_is_reached(connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    good, asked = serve(always(OK)), []

    def found(host: str, port: int, **_: object) -> list[Any]:
        asked.append((host, port))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", good.port))]

    monkeypatch.setattr(socket, "getaddrinfo", found)

    get(connect("http://[::1]:81"), "/v1/health", 20)

    assert asked == [("::1", 81)]
    assert b"Host: [::1]:81" in good.requests[0]
