"""A real daemon with TLS and users among clients that mean harm, and while its certificate changes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import bcrypt
import httpx
import pytest
import trustme

from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.e2e.pages import Page
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate

USER = ("prometheus", "sesame")
CONNECTIONS = 64
ELSEWHERE = "127.0.0.2"


@pytest.fixture(scope="module")
def client(simulate: Simulate) -> SimulatedClient:
    return simulate()


def write_certificate(folder: Path, authority: trustme.CA) -> None:
    """Write the certificate and key that web.yml names."""
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))


@contextmanager
def daemon(folder: Path, client: SimulatedClient, authority: trustme.CA) -> Iterator[Exporter]:
    write_certificate(folder, authority)
    hashed = bcrypt.hashpw(USER[1].encode(), bcrypt.gensalt(6)).decode()
    (folder / "web.yml").write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.pem}\n"
        f"basic_auth_users: {{{USER[0]}: '{hashed}'}}\n"
    )
    web = {"config_file": "web.yml", "max_connections": CONNECTIONS}
    file = write_config(folder, {"targets": [client.target("well")], "poll": EVERY_SECOND, "web": web})
    with Exporter.run(file) as exporter:
        yield exporter


def connect_as_user(exporter: Exporter, *authorities: trustme.CA) -> httpx.Client:
    context = ssl.create_default_context()
    for authority in authorities:
        authority.configure_trust(context)
    url = exporter.url.replace("http:", "https:")
    return httpx.Client(base_url=url, auth=USER, verify=context, trust_env=False, timeout=60)


def address_of(exporter: Exporter) -> tuple[str, int]:
    return "127.0.0.1", int(exporter.url.rpartition(":")[2])


def crowd(exporter: Exporter, count: int, words: bytes, stack: ExitStack) -> None:
    """Connect often, and say the same each time."""
    for _ in range(count):
        # A closed connection is what a hostile client must expect.
        with contextlib.suppress(ConnectionError):
            opened = socket.create_connection(address_of(exporter), timeout=60, source_address=(ELSEWHERE, 0))
            stack.enter_context(opened).sendall(words)


def test_hostile_clients_cost_no_scrape_and_no_probe_of_kubernetes(
    client: SimulatedClient, tmp_path: Path
) -> None:
    authority = trustme.CA()
    with daemon(tmp_path, client, authority) as exporter, ExitStack() as stack:
        user = stack.enter_context(connect_as_user(exporter, authority))
        wait_for(lambda: Page(user.get("/metrics").text), until=lambda page: page.verdict("well") == "ok")
        stranger = stack.enter_context(connect_as_user(exporter, authority))
        stranger.auth = httpx.BasicAuth("prometheus", "wrong")

        statuses = []
        for words in (b"", b"\x16\x03\x01\x02\x00\x01", b"GET /metrics HTTP/1.1\r\n\r\n", b"\x00" * 100_000):
            crowd(exporter, 2 * CONNECTIONS, words, stack)
            with connect_as_user(exporter, authority) as newcomer:
                statuses.append(newcomer.get("/metrics").status_code)
                newcomer.auth = httpx.Auth()  # no user
                statuses.append(newcomer.get("/-/healthy").status_code)
            statuses.append(user.get("/metrics").status_code)
            refused = stranger.get("/metrics").status_code
        page = Page(user.get("/metrics").text)

    assert statuses == [200] * 12
    assert refused == 401
    total = "waexporter_http_connections_refused_total"
    assert all(page.value(total, reason=reason) for reason in ("limit", "plain_http", "handshake"))
    assert page.value("waexporter_crashes_total") == 0
    assert "Traceback" not in exporter.process.output
    assert len(exporter.log(msg="a client sent a request without TLS: it must use https://")) == 1


def test_a_certificate_changes_without_a_failed_scrape_and_without_a_closed_connection(
    client: SimulatedClient, tmp_path: Path
) -> None:
    old, new = trustme.CA(), trustme.CA()
    with daemon(tmp_path, client, old) as exporter, connect_as_user(exporter, old) as kept:
        kept.get("/metrics")
        statuses: list[int] = []
        is_over = threading.Event()

        def scrape() -> None:
            while not is_over.is_set():
                with connect_as_user(exporter, old, new) as prometheus:
                    statuses.append(prometheus.get("/metrics").status_code)

        scraper = threading.Thread(target=scrape)
        scraper.start()
        try:
            write_certificate(tmp_path, new)
            reloaded = kept.post("/-/reload")
            with connect_as_user(exporter, new) as newcomer:
                wait_for(lambda: len(statuses), until=lambda count: count > 3)
                after = newcomer.get("/metrics").status_code
        finally:
            is_over.set()
            scraper.join()
        on_the_old_connection = kept.get("/metrics").status_code
        with (
            connect_as_user(exporter, old) as late,
            pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY"),
        ):
            late.get("/metrics")

    assert reloaded.status_code == 200, reloaded.text
    assert set(statuses) == {200}
    assert (after, on_the_old_connection) == (200, 200)
    assert "Traceback" not in exporter.process.output
