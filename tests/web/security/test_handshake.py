"""TLS on the server's port, on real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPSConnection
from ipaddress import ip_address
from typing import TYPE_CHECKING, cast

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.web.fakes import Diary, FakeBackend, an_application
from waexporter.model import ClientAuth, Secret, ServerTls, WebSecurity
from waexporter.web.bounds.connection_limit import ConnectionRefusal, ConnectionTable
from waexporter.web.protocol import ConnectionLimits, ConnectionSettings
from waexporter.web.security.current_security import CurrentSecurity, prepare_security
from waexporter.web.security.handshake import TlsHandshake
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
LIMITS = ConnectionLimits(handshake=60, keep_alive=60, closing=0.3, drain=1, connections=4)
REQUEST = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


def a_server_tls(authority: trustme.CA, **others: object) -> ServerTls:
    """Return settings with a certificate of an authority."""
    issued = authority.issue_cert(LOOPBACK)
    certificate = b"".join(each.bytes() for each in issued.cert_chain_pems)
    return ServerTls(certificate, Secret(issued.private_key_pem.bytes().decode()), **others)  # type: ignore[arg-type]


@contextmanager
def serving(
    tls: ServerTls, limits: ConnectionLimits = LIMITS, diary: Diary | None = None
) -> Iterator[Server]:
    security = CurrentSecurity(prepare_security(WebSecurity(tls)))
    application = an_application(FakeBackend(), diary, security=security)
    with Server(application, LOOPBACK, 0, limits).background() as server:
        yield server


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def get(server: Server, context: ssl.SSLContext) -> int:
    with closing(HTTPSConnection(LOOPBACK, server.port, timeout=60, context=context)) as client:
        client.request("GET", "/-/healthy")
        response = client.getresponse()
        response.read()
        return response.status


def read_all(client: socket.socket) -> bytes:
    received = b""
    try:
        while chunk := client.recv(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def connect(server: Server) -> socket.socket:
    return socket.create_connection((LOOPBACK, server.port), timeout=60)


def secure(client: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(client, server_hostname=LOOPBACK)


def converse(client: ssl.SSLSocket) -> bytes:
    client.sendall(REQUEST)
    received = b""
    while not received.endswith(b"healthy.\n"):
        received += client.recv(65_536)
    return received


def test_a_client_that_trusts_the_authority_is_served_on_a_connection_that_stays_open() -> None:
    authority = trustme.CA()

    with serving(a_server_tls(authority)) as server, secure(connect(server), trusting(authority)) as client:
        received = [converse(client) for _ in range(3)]

    assert all(each.startswith(b"HTTP/1.1 200 OK\r\n") for each in received)


def test_a_request_without_tls_is_told_to_use_tls() -> None:
    diary = Diary()

    with serving(a_server_tls(trustme.CA()), diary=diary) as server, connect(server) as client:
        client.sendall(REQUEST)
        received = read_all(client)

    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert received.endswith(b"\r\n\r\nThis port speaks TLS: use https:// instead of http://.\n")
    assert diary.refusals == [(ConnectionRefusal.PLAIN_HTTP, LOOPBACK, "")]


@pytest.mark.parametrize("said", [b"\x80\x2e\x01\x03", b"\x00", b"\x17\x03\x03\x00\x01x", b"\r\n"])
def test_what_is_no_tls_at_all_gets_nothing(said: bytes) -> None:
    diary = Diary()

    with serving(a_server_tls(trustme.CA()), diary=diary) as server, connect(server) as client:
        client.sendall(said)
        received = read_all(client)

    assert received == b""
    assert [each[0] for each in diary.refusals] == [ConnectionRefusal.HANDSHAKE]


def test_a_handshake_that_comes_byte_by_byte_succeeds() -> None:
    authority = trustme.CA()
    context = trusting(authority)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=LOOPBACK)

    with (
        serving(a_server_tls(authority), ConnectionLimits(handshake=60)) as server,
        connect(server) as client,
    ):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        done = False
        while not done:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            for byte in outgoing.read():
                client.sendall(bytes((byte,)))
            if not done:
                incoming.write(client.recv(65_536))
        version = tls.version()

    assert version == "TLSv1.3"


def test_a_client_that_never_completes_the_handshake_is_cut_off() -> None:
    hasty = ConnectionLimits(handshake=0.3, drain=1)

    with serving(a_server_tls(trustme.CA()), hasty) as server, connect(server) as client:
        client.sendall(b"\x16\x03\x01")

        assert read_all(client) == b""


class Ended(asyncio.Protocol):
    """Remembers that its connection has ended."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.transport: asyncio.BaseTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        cast("asyncio.Transport", self.transport).abort()
        self.ended.set()


def test_a_connection_that_ends_while_it_is_handed_over_is_not_kept() -> None:
    """The end is reported to the protocol that the connection had at that time."""
    authority = trustme.CA()
    buffers: list[int] = []

    async def hand_over() -> None:
        http = Ended()

        def make_connection() -> Ended:
            tls = handshake.transport.get_protocol()
            assert isinstance(tls, asyncio.BufferedProtocol)
            buffers.append(memoryview(tls.get_buffer(0)).nbytes)
            tls.connection_lost(None)
            handshake.transport.abort()
            return http

        context = prepare_security(WebSecurity(a_server_tls(authority))).context
        assert context is not None
        settings = ConnectionSettings(
            asyncio.Protocol, lambda *_: None, ConnectionTable(9, lambda *_: None), LIMITS
        )
        handshake = TlsHandshake(context, make_connection, set(), settings)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: handshake, LOOPBACK, 0)
        plain = socket.create_connection(server.sockets[0].getsockname(), timeout=60)
        client = await asyncio.to_thread(secure, plain, trusting(authority))
        async with asyncio.timeout(60):
            await http.ended.wait()
        client.close()
        server.close()

    asyncio.run(hand_over())

    assert buffers == [32_768]  # each Python must obey what is set for idle connections


def test_a_client_that_hangs_up_in_the_handshake_harms_nobody() -> None:
    authority = trustme.CA()

    with serving(a_server_tls(authority)) as server:
        client = connect(server)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(b"\x16\x03\x01")
        client.close()

        assert get(server, trusting(authority)) == 200


def test_unfinished_handshakes_make_room_for_a_client() -> None:
    authority = trustme.CA()
    patient = ConnectionLimits(handshake=60, connections=4, drain=1)

    with serving(a_server_tls(authority), patient) as server, ExitStack() as others:
        for _ in range(20):
            others.enter_context(connect(server))

        assert get(server, trusting(authority)) == 200
        assert len(server._loop._settings.table) <= 4


def test_a_replaced_certificate_is_used_at_once_and_open_connections_go_on() -> None:
    old, new = trustme.CA(), trustme.CA()

    with serving(a_server_tls(old)) as server, secure(connect(server), trusting(old)) as client:
        converse(client)
        server.security.replace(prepare_security(WebSecurity(a_server_tls(new))))

        assert converse(client).startswith(b"HTTP/1.1 200 OK\r\n")
        assert get(server, trusting(new)) == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            get(server, trusting(old))


@pytest.mark.parametrize(
    ("lowest", "highest", "client", "accepted"),
    [
        ("TLS12", "TLS13", ssl.TLSVersion.TLSv1_2, True),
        ("TLS13", "TLS13", ssl.TLSVersion.TLSv1_2, False),
        ("TLS13", "TLS13", ssl.TLSVersion.TLSv1_3, True),
        ("TLS12", "TLS12", ssl.TLSVersion.TLSv1_3, False),
    ],
)
def test_only_the_configured_versions_are_spoken(
    lowest: str, highest: str, client: ssl.TLSVersion, *, accepted: bool
) -> None:
    authority = trustme.CA()
    context = trusting(authority)
    context.minimum_version = context.maximum_version = client

    with serving(a_server_tls(authority, min_version=lowest, max_version=highest)) as server:
        if accepted:
            assert get(server, context) == 200
        else:
            with pytest.raises(ssl.SSLError):
                get(server, context)


def test_only_the_configured_ciphers_and_curves_are_used() -> None:
    authority = trustme.CA()
    tls = a_server_tls(
        authority, max_version="TLS12", ciphers=("ECDHE-ECDSA-AES128-GCM-SHA256",), curves=("secp384r1",)
    )
    other = trusting(authority)
    other.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    other_curve = trusting(authority)
    other_curve.set_ecdh_curve("prime256v1")

    with serving(tls) as server:
        with secure(connect(server), trusting(authority)) as client:
            cipher = client.cipher()

        for context in (other, other_curve):
            with pytest.raises(ssl.SSLError):
                get(server, context)

    assert cipher is not None
    assert cipher[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"


@pytest.mark.parametrize(
    ("client_auth", "with_certificate", "accepted"),
    [
        (ClientAuth.REQUIRE, True, True),
        (ClientAuth.REQUIRE, False, False),
        (ClientAuth.VERIFY_IF_GIVEN, True, True),
        (ClientAuth.VERIFY_IF_GIVEN, False, True),
        (ClientAuth.NONE, False, True),
    ],
)
def test_client_certificates_are_asked_for_as_configured(
    client_auth: ClientAuth, *, with_certificate: bool, accepted: bool
) -> None:
    authority, clients = trustme.CA(), trustme.CA()
    tls = a_server_tls(authority, client_auth=client_auth, client_authorities=clients.cert_pem.bytes())
    context = trusting(authority)
    if with_certificate:
        clients.issue_cert("prometheus.example").configure_cert(context)

    with serving(tls) as server:
        assert is_served(server, context) is accepted


@pytest.mark.parametrize("client_auth", [ClientAuth.REQUIRE, ClientAuth.VERIFY_IF_GIVEN])
def test_a_certificate_of_another_authority_is_refused(client_auth: ClientAuth) -> None:
    authority, clients = trustme.CA(), trustme.CA()
    tls = a_server_tls(authority, client_auth=client_auth, client_authorities=clients.cert_pem.bytes())
    context = trusting(authority)
    trustme.CA().issue_cert("prometheus.example").configure_cert(context)

    with serving(tls) as server:
        assert not is_served(server, context)


@pytest.mark.parametrize(("name", "accepted"), [("prometheus.example", True), ("other.example", False)])
def test_a_client_certificate_needs_one_of_the_allowed_names(name: str, *, accepted: bool) -> None:
    authority, clients = trustme.CA(), trustme.CA()
    tls = a_server_tls(
        authority,
        client_auth=ClientAuth.REQUIRE,
        client_authorities=clients.cert_pem.bytes(),
        client_sans=("prometheus.example", "10.0.0.1"),
    )
    context = trusting(authority)
    clients.issue_cert(name).configure_cert(context)

    with serving(tls) as server:
        assert is_served(server, context) is accepted


@pytest.mark.parametrize(
    ("settings", "version", "alert"),
    [
        ({"client_auth": ClientAuth.REQUIRE}, ssl.TLSVersion.TLSv1_3, "TLSV13_ALERT_CERTIFICATE_REQUIRED"),
        ({"client_auth": ClientAuth.REQUIRE}, ssl.TLSVersion.TLSv1_2, "SSLV3_ALERT_HANDSHAKE_FAILURE"),
        ({"min_version": "TLS13"}, ssl.TLSVersion.TLSv1_2, "TLSV1_ALERT_PROTOCOL_VERSION"),
    ],
)
def test_a_client_is_told_why_a_handshake_fails(
    settings: dict[str, object], version: ssl.TLSVersion, alert: str
) -> None:
    authority, diary = trustme.CA(), Diary()
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    if "client_auth" in settings:
        settings = settings | {"client_authorities": authority.cert_pem.bytes()}

    with (
        serving(a_server_tls(authority, **settings), diary=diary) as server,
        pytest.raises(ssl.SSLError) as caught,
    ):
        get(server, context)

    assert caught.value.reason == alert
    [(refusal, _, details)] = diary.refusals
    assert refusal is ConnectionRefusal.HANDSHAKE
    assert details in {"peer did not return a certificate", "unsupported protocol"}


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        ("ops@example.com", x509.RFC822Name("ops@example.com")),
        ("spiffe://example.com/ns/x", x509.UniformResourceIdentifier("spiffe://example.com/ns/x")),
        ("10.0.0.1", x509.IPAddress(ip_address("10.0.0.1"))),
        ("10.0.0.1", x509.IPAddress(ip_address("::ffff:10.0.0.1"))),
        ("2001:db8::1", x509.IPAddress(ip_address("2001:db8::1"))),
        ("2001:DB8::1", x509.IPAddress(ip_address("2001:db8::1"))),
        ("2001:0db8:0:0:0:0:0:0001", x509.IPAddress(ip_address("2001:db8::1"))),
    ],
)
def test_names_of_every_kind_can_be_allowed_in_any_spelling(allowed: str, name: x509.GeneralName) -> None:
    authority, clients = trustme.CA(), trustme.CA()
    tls = a_server_tls(
        authority,
        client_auth=ClientAuth.REQUIRE,
        client_authorities=clients.cert_pem.bytes(),
        client_sans=("other.example", allowed),
    )
    right, wrong = trusting(authority), trusting(authority)
    issue(clients, name).configure_cert(right)
    issue(clients, x509.UniformResourceIdentifier("spiffe://example.com/ns/y")).configure_cert(wrong)

    with serving(tls) as server:
        assert is_served(server, right)
        assert not is_served(server, wrong)


def issue(authority: trustme.CA, name: x509.GeneralName) -> trustme.LeafCert:
    """Return a certificate for a name of any kind."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .sign(cast("ec.EllipticCurvePrivateKey", signer), hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    own_key = key.private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return trustme.LeafCert(own_key, certificate.public_bytes(pem), [])


def is_served(server: Server, context: ssl.SSLContext) -> bool:
    """Return whether a client gets an answer; in TLS 1.3 it learns of a refusal only when it reads."""
    try:
        return get(server, context) == 200
    except OSError:
        return False
