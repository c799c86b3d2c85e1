"""Certificates of servers and of clients, and deadlines under TLS."""

from __future__ import annotations

import gc
import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.transport.fixtures import SOON, get
from tests.transport.servers import always, deaf, dripping, response, server_context, silent
from waexporter.errors import BodyError, UnreachableError
from waexporter.model import Limits, Reason, Tls
from waexporter.transport.origin import Origin
from waexporter.transport.tls import TlsContexts
from waexporter.transport.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.transport.fixtures import Connect, Serve
    from tests.transport.servers import Conversation, Script

OK = response(b"{}")


# --- certificates ------------------------------------------------------------------------------


def test_a_certificate_of_the_trusted_authority_is_accepted(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    server = serve(always(OK), server_context(authority.issue_cert("127.0.0.1")))
    client = connect(server.url, tls=Tls(ca_file))

    first, second = (dict(get(client, "/v1/health", 20).phases) for _ in range(2))

    assert list(first) == ["dns", "connect", "tls", "wait", "body"]
    assert list(second) == ["wait", "body"]


def test_a_certificate_for_another_name_is_accepted_when_that_name_is_configured(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    asked: list[str | None] = []
    context = server_context(authority.issue_cert("wa.example"))
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
    server = serve(always(OK), server_context(issue(authority)))

    with pytest.raises(UnreachableError) as caught:
        get(connect(server.url, tls=Tls(ca_file)), "/v1/health", 20)

    said = str(caught.value).replace(" or the system clock is incorrect", "")  # which OpenSSL 3.6 adds
    assert (said, caught.value.reason) == (words, Reason.TLS)
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
    server = serve(always(OK), server_context(issue(authority)))

    reply = get(connect(server.url, tls=Tls(insecure_skip_verify=True)), "/v1/health", 20)

    assert reply.status == 200


def test_switching_verification_off_for_one_target_leaves_it_on_for_others(
    serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    server = serve(always(OK), server_context(authority.issue_cert("127.0.0.2")))
    get(connect(server.url, tls=Tls(ca_file, insecure_skip_verify=True)), "/v1/health", 20)

    with pytest.raises(UnreachableError, match="the certificate is not trusted"):
        get(connect(server.url, tls=Tls(ca_file)), "/v1/health", 20)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_target_that_demands_a_certificate_of_us_is_understood(
    version: ssl.TLSVersion, serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    context = server_context(authority.issue_cert("127.0.0.1"))
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
def test_a_target_of_old_tls_only_has_an_error_of_its_own(
    version: ssl.TLSVersion, serve: Serve, connect: Connect, authority: trustme.CA, ca_file: str
) -> None:
    context = server_context(authority.issue_cert("127.0.0.1"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version

    with pytest.raises(UnreachableError, match=r"not safe any more: switch TLS 1\.2 or newer on") as caught:
        get(connect(serve(always(OK), context).url, tls=Tls(ca_file)), "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


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
    server = serve(_SLOW[case], server_context(authority.issue_cert("127.0.0.1")))
    client = connect(server.url, tls=Tls(ca_file))
    began = time.monotonic()

    with pytest.raises(UnreachableError, match="no complete answer in time"):
        get(client, "/v1/health", 0.3)

    assert 0.25 < time.monotonic() - began < SOON


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

    server = serve(script, server_context(authority.issue_cert("127.0.0.1")))

    with pytest.raises(BodyError, match=r"limits\.body_bytes") as caught:
        get(connect(server.url, tls=Tls(ca_file), body_bytes=50_000), "/v1/health", 10)

    assert caught.value.reason is Reason.TOO_LARGE


# --- certificates of clients -------------------------------------------------------------------


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def demanding(request: pytest.FixtureRequest, serve: Serve, authority: trustme.CA) -> str:
    """Start a server that demands a certificate of the authority; return its address."""
    context = server_context(authority.issue_cert("127.0.0.1"))
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
    served = client.fetch_certificates(20)

    assert [reply.status for reply in replies] == [200, 200]
    assert served


def test_a_missing_client_certificate_is_an_error_in_words(
    demanding: str, connect: Connect, ca_file: str
) -> None:
    with pytest.raises(UnreachableError, match=r"set tls\.cert_file and tls\.key_file") as caught:
        get(connect(demanding, tls=Tls(ca_file)), "/v1/health", 20)

    assert caught.value.reason is Reason.TLS


def test_an_untrusted_client_certificate_is_an_error_in_words(
    demanding: str, connect: Connect, ca_file: str, tmp_path: Path
) -> None:
    client = connect(demanding, tls=_identity(trustme.CA(), ca_file, tmp_path))

    with pytest.raises(UnreachableError, match=r"the certificate in tls\.cert_file") as caught:
        get(client, "/v1/health", 20)

    assert caught.value.reason is Reason.TLS
