"""`waexporter healthcheck` asks whether it is healthy, whatever address it is given."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.commands.secured import EXPIRED, HASH, PASSWORD, TLS, USER, SecuredPlace
from tests.web.fakes import FakeBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from tests.commands.conftest import CommandResult


class Stranger(BaseHTTPRequestHandler):
    """Some web server: it has a first page, and /prefix/-/healthy."""

    def do_GET(self) -> None:
        is_found = self.path in {"/", "/prefix", "/prefix/", "/prefix/-/healthy"}
        self.send_response(HTTPStatus.OK if is_found else HTTPStatus.NOT_FOUND)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["", "/", "/-/healthy", "/-/healthy/"])
def test_a_server_without_the_path_is_not_healthy(
    run: Callable[..., CommandResult], stranger: str, path: str
) -> None:
    result = run("healthcheck", "--url", stranger + path)

    assert (result.status, result.complaints) == (1, f"{stranger}/-/healthy answers 404\n")


@pytest.mark.parametrize("path", ["/prefix", "/prefix/", "/prefix/-/healthy"])
def test_the_path_is_added_to_the_url(run: Callable[..., CommandResult], stranger: str, path: str) -> None:
    result = run("healthcheck", "--url", stranger + path)

    assert result == (0, "", "")


# --- with TLS and users ------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> SecuredPlace:
    return SecuredPlace(tmp_path)


def check(run: Callable[..., CommandResult], place: SecuredPlace) -> CommandResult:
    return run("healthcheck", "--config", str(place.file))


@pytest.mark.parametrize("until", [None, EXPIRED], ids=["valid", "expired"])
def test_a_daemon_is_found_whatever_its_certificate_is(
    run: Callable[..., CommandResult], place: SecuredPlace, until: datetime | None
) -> None:
    place.issue("server", host="another.example", until=until)

    with place.serving():
        result = check(run, place)

    assert result == (0, "", "")


def test_a_daemon_on_an_ipv6_address_is_found(run: Callable[..., CommandResult], tmp_path: Path) -> None:
    place = SecuredPlace(tmp_path, "::1")

    with place.serving():
        result = check(run, place)

    assert result == (0, "", "")


def rotate(place: SecuredPlace) -> None:
    place.issue("server")


def damage(place: SecuredPlace) -> None:
    (place.folder / "server.pem").write_text("nothing")


def remove_tls(place: SecuredPlace) -> None:
    place.secure()


@pytest.mark.parametrize(
    ("change", "scheme", "note"),
    [
        (rotate, "https", "serves another certificate than web.config_file names by now"),
        (damage, "http", "speaks TLS, so its address begins with https://"),
        (remove_tls, "http", "speaks TLS, so its address begins with https://"),
    ],
)
def test_files_that_have_changed_make_nobody_unhealthy(
    run: Callable[..., CommandResult],
    place: SecuredPlace,
    change: Callable[[SecuredPlace], None],
    scheme: str,
    note: str,
) -> None:
    with place.serving():
        change(place)

        result = check(run, place)

    assert result == (0, "", f"note: {scheme}://{place.address} is healthy, but {note}\n")


def test_tls_that_was_not_read_yet_makes_nobody_unhealthy(
    run: Callable[..., CommandResult], place: SecuredPlace
) -> None:
    place.secure()
    with place.serving():
        place.secure(tls_server_config=TLS)

        result = check(run, place)

    assert result.status == 0
    assert "speaks plain HTTP" in result.complaints


def test_a_broken_configuration_makes_nobody_unhealthy(
    run: Callable[..., CommandResult], place: SecuredPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAEXPORTER_LISTEN", place.address)
    with place.serving():
        place.file.write_text("targets: [")

        result = check(run, place)

    assert result.status == 0


def test_an_unhealthy_daemon_is_unhealthy_over_tls_too(
    run: Callable[..., CommandResult], place: SecuredPlace
) -> None:
    with place.serving(FakeBackend(illness="the schedule stands still")):
        first = check(run, place)
        rotate(place)
        second = check(run, place)

    assert first == (1, "", f"{place.url}/-/healthy answers 503: the schedule stands still\n")
    assert second.status == 1


def test_nobody_at_the_address_is_unhealthy(run: Callable[..., CommandResult], place: SecuredPlace) -> None:
    result = check(run, place)

    assert result == (1, "", f"{place.url}/-/healthy does not answer: Connection refused\n")


@pytest.mark.parametrize(
    ("certificate", "status", "words"),
    [
        (None, 1, "it demands a certificate of its clients: name one in WAEXPORTER_WEB_CLIENT_CERT_FILE"),
        ("client", 0, ""),
        ("foreign", 1, "it refuses the certificate in WAEXPORTER_WEB_CLIENT_CERT_FILE"),
        ("server", 1, "it refuses the certificate in WAEXPORTER_WEB_CLIENT_CERT_FILE"),
        ("missing", 1, "can't read "),
        ("waexporter.yml", 1, "can't be used for TLS"),
    ],
)
def test_a_client_certificate_is_shown_where_it_is_demanded(  # noqa: PLR0913, PLR0917 - the row of a table
    run: Callable[..., CommandResult],
    place: SecuredPlace,
    monkeypatch: pytest.MonkeyPatch,
    certificate: str | None,
    status: int,
    words: str,
) -> None:
    place.issue("client", host="prometheus.example")
    place.issue("foreign", host="prometheus.example", authority=trustme.CA())
    demands = {
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": "ca.pem",
        "client_allowed_sans": ["prometheus.example"],
    }
    place.secure(tls_server_config={**TLS, **demands})
    if certificate is not None:
        is_pair = "." not in certificate
        monkeypatch.setenv(
            "WAEXPORTER_WEB_CLIENT_CERT_FILE", place.path(f"{certificate}.pem" if is_pair else certificate)
        )
        monkeypatch.setenv(
            "WAEXPORTER_WEB_CLIENT_KEY_FILE", place.path(f"{certificate}.key" if is_pair else certificate)
        )

    with place.serving():
        result = check(run, place)

    assert result.status == status, result
    assert words in result.complaints


@pytest.mark.parametrize(
    ("excluded", "login", "status"),
    [(["/-/healthy"], "", 0), ([], "", 1), ([], "wrong", 1), ([], PASSWORD, 0)],
)
def test_credentials_are_shown_where_health_needs_them(  # noqa: PLR0913, PLR0917 - the row of a table
    run: Callable[..., CommandResult],
    place: SecuredPlace,
    monkeypatch: pytest.MonkeyPatch,
    excluded: list[str],
    login: str,
    status: int,
) -> None:
    place.secure(tls_server_config=TLS, basic_auth_users={USER: HASH}, auth_excluded_paths=excluded)
    if login:
        monkeypatch.setenv("WAEXPORTER_WEB_USERNAME", USER)
        monkeypatch.setenv("WAEXPORTER_WEB_PASSWORD", login)

    with place.serving():
        result = check(run, place)

    assert result.status == status, result
    assert status == 0 or "set WAEXPORTER_WEB_USERNAME" in result.complaints
    assert "wrong" not in result.complaints.replace("wrong:", "")


def test_a_token_is_not_shown_to_who_has_another_certificate(
    run: Callable[..., CommandResult], place: SecuredPlace
) -> None:
    place.secure(tls_server_config=TLS, bearer_token_files=["token"], auth_excluded_paths=[])

    with place.serving():
        before = check(run, place)
        rotate(place)
        after = check(run, place)

    assert before == (0, "", "")
    assert after.status == 1
    assert "it serves another certificate than web.config_file names" in after.complaints


def test_another_machine_is_verified(run: Callable[..., CommandResult], place: SecuredPlace) -> None:
    place.issue("server", host="127.0.0.1")
    trustme.CA().cert_pem.write_to_path(place.path("other.pem"))

    with place.serving():
        right = run("healthcheck", "--url", place.url, "--ca-file", place.path("ca.pem"))
        wrong = run("healthcheck", "--url", place.url, "--ca-file", place.path("other.pem"))

    assert right == (0, "", "")
    assert wrong.status == 1
    assert "its certificate is not trusted: " in wrong.complaints
    assert "name its authority by --ca-file" in wrong.complaints
