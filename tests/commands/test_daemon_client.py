"""The client of a daemon rejects what no daemon would answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.commands.secured import EXPIRED, HASH, PASSWORD, TLS, USER, SecuredPlace
from tests.receivers import receiving
from waexporter.commands.daemon_client import DaemonClient, connect
from waexporter.config import DaemonAccess, load_daemon_access
from waexporter.errors import ApiError, CommandError
from waexporter.model import WebhookAuth, WebLogin, WebSettings

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.receivers import Receiver

AT = "2026-01-31T09:30:00.250Z"


def document(at: str | None, since: str | None, last: str | None) -> dict[str, Any]:
    refused = {
        "sender": "10.0.0.7",
        "agent": "",
        "status": 401,
        "why": "No secret.",
        "webhooks": 1,
        "since": since,
        "last": last,
    }
    return {"at": at, "journal": "ok", "pending": 0, "pages": [], "refused": [refused]}


def settings(receiver: Receiver) -> WebSettings:
    return WebSettings(host="127.0.0.1", port=receiver.port)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (document("yesterday", AT, AT), "Invalid RFC3339 encoded datetime - at `$.at`"),
        (document(None, AT, AT), "Expected `datetime`, got `null` - at `$.at`"),
        (document(AT, "31 Jan", AT), "Invalid RFC3339 encoded datetime - at `$.refused[0].since`"),
        (document(AT, AT, ""), "Invalid RFC3339 encoded datetime - at `$.refused[0].last`"),
    ],
)
def test_a_malformed_time_is_not_the_answer_of_a_daemon(answer: dict[str, Any], why: str) -> None:
    with receiving() as receiver:
        receiver.answer = json.dumps(answer).encode()

        with pytest.raises(CommandError) as caught:
            connect(DaemonAccess(settings(receiver), WebhookAuth(), WebLogin(), ()))

    assert str(caught.value) == (
        f"something listens at http://127.0.0.1:{receiver.port}, but answers like no waexporter "
        f"(the answer is not the agreed document: {why}): check web.listen"
    )


def test_the_times_of_a_daemon_are_accepted() -> None:
    with receiving() as receiver:
        receiver.answer = json.dumps(document(AT, AT, AT)).encode()

        connected = connect(DaemonAccess(settings(receiver), WebhookAuth(), WebLogin(), ()))
        assert connected is not None
        client, pages = connected
        client.close()

    assert pages.at == AT


# --- a daemon with TLS and users ---------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> SecuredPlace:
    return SecuredPlace(tmp_path)


def access_of(place: SecuredPlace, **environ: str) -> DaemonAccess:
    return load_daemon_access(str(place.file), environ)


def reload(access: DaemonAccess, url: str | None = None, ca_file: str | None = None) -> int:
    with DaemonClient(access, url, ca_file) as client:
        try:
            return client.reload()[0]
        except ApiError as error:
            raise CommandError(client.explain_tls(error) or "not explained") from error


@pytest.mark.parametrize("until", [None, EXPIRED], ids=["valid", "expired"])
def test_the_daemon_on_this_machine_is_known_by_its_certificate(
    place: SecuredPlace, until: datetime | None
) -> None:
    place.issue("server", host="another.example", until=until)

    with place.serving() as backend:
        status = reload(access_of(place))

    assert (status, len(backend.reloads)) == (200, 1)


LOGIN = {"WAEXPORTER_WEB_USERNAME": USER, "WAEXPORTER_WEB_PASSWORD": PASSWORD}


@pytest.mark.parametrize(
    ("web_config", "environ"),
    [
        ({"basic_auth_users": {USER: HASH}}, LOGIN),
        ({"bearer_token_files": ["token"]}, {}),
        ({"bearer_token_files": ["token"], "basic_auth_users": {USER: HASH}}, {}),
    ],
    ids=["user", "token", "both"],
)
def test_a_daemon_with_users_is_shown_what_it_asks_for(
    place: SecuredPlace, web_config: dict[str, object], environ: dict[str, str]
) -> None:
    place.secure(tls_server_config=TLS, **web_config)

    with place.serving() as backend:
        status = reload(access_of(place, **environ))

    assert (status, len(backend.reloads)) == (200, 1)


def test_without_credentials_the_variables_are_named(place: SecuredPlace) -> None:
    place.secure(tls_server_config=TLS, basic_auth_users={USER: HASH})

    with place.serving(), pytest.raises(CommandError) as caught:
        connect(access_of(place))

    assert str(caught.value) == (
        f"the daemon at {place.url} refuses a request without credentials (401): set "
        "WAEXPORTER_WEB_USERNAME, and WAEXPORTER_WEB_PASSWORD_FILE or WAEXPORTER_WEB_PASSWORD, to a user of "
        "web.config_file"
    )


def test_a_wrong_password_is_explained_and_not_repeated(place: SecuredPlace) -> None:
    place.secure(tls_server_config=TLS, basic_auth_users={USER: HASH})
    wrong = {**LOGIN, "WAEXPORTER_WEB_PASSWORD": "wrong-password"}

    with place.serving(), pytest.raises(CommandError) as caught:
        connect(access_of(place, **wrong))

    assert "refuses the user in WAEXPORTER_WEB_USERNAME (401): it knows no such user" in str(caught.value)
    assert "wrong-password" not in str(caught.value)


def test_a_token_that_has_changed_is_explained(place: SecuredPlace) -> None:
    place.secure(tls_server_config=TLS, bearer_token_files=["token"])

    with place.serving():
        (place.folder / "token").write_text("another-token-of-letters")
        with pytest.raises(CommandError) as caught:
            connect(access_of(place))

    assert f"refuses the token in {place.path('token')} (401): it has " in str(caught.value)
    assert "kill -HUP PID" in str(caught.value)


def test_a_certificate_that_has_changed_is_explained_and_shown_no_secret(place: SecuredPlace) -> None:
    place.secure(tls_server_config=TLS, bearer_token_files=["token"])

    with place.serving() as backend:
        place.issue("server")
        with pytest.raises(CommandError) as caught:
            reload(access_of(place))

    assert "it serves another certificate than web.config_file names" in str(caught.value)
    assert "kill -HUP PID" in str(caught.value)
    assert backend.reloads == []


def test_a_daemon_without_tls_yet_is_to_read_its_file(place: SecuredPlace) -> None:
    place.secure()
    with place.serving():
        place.secure(tls_server_config=TLS)
        with pytest.raises(CommandError) as caught:
            reload(access_of(place))

    assert "it speaks plain HTTP, and web.config_file has TLS: it has not read the new file" in str(
        caught.value
    )


def test_a_daemon_that_still_has_tls_is_to_read_its_file(place: SecuredPlace) -> None:
    with place.serving():
        place.secure()
        with pytest.raises(CommandError) as caught:
            reload(access_of(place))

    assert "it speaks TLS, and the configuration that is read here has none: it has not" in str(caught.value)


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (None, "it demands a certificate of its clients: name one in WAEXPORTER_WEB_CLIENT_CERT_FILE"),
        ("foreign", "it refuses the certificate in WAEXPORTER_WEB_CLIENT_CERT_FILE"),
        ("client", ""),
    ],
)
def test_a_client_certificate_is_shown_and_its_absence_explained(
    place: SecuredPlace, certificate: str | None, words: str
) -> None:
    place.issue("client")
    place.issue("foreign", authority=trustme.CA())
    demands = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": "ca.pem"}
    place.secure(tls_server_config={**TLS, **demands})
    environ = {
        "WAEXPORTER_WEB_CLIENT_CERT_FILE": place.path(f"{certificate}.pem"),
        "WAEXPORTER_WEB_CLIENT_KEY_FILE": place.path(f"{certificate}.key"),
    }

    with place.serving() as backend:
        try:
            reload(access_of(place, **(environ if certificate else {})))
            complaint = ""
        except CommandError as error:
            complaint = str(error)

    assert words in complaint
    assert len(backend.reloads) == (0 if words else 1)


def test_another_machine_is_verified_by_its_authority(place: SecuredPlace) -> None:
    place.issue("server", host="127.0.0.1")
    elsewhere = load_daemon_access(None, {})

    with place.serving() as backend:
        status = reload(elsewhere, place.url, place.path("ca.pem"))
        with pytest.raises(CommandError) as caught:
            reload(elsewhere, place.url)

    assert (status, len(backend.reloads)) == (200, 1)
    assert str(caught.value).startswith(f"the certificate at {place.url} is not trusted: ")
    assert "name its authority by --ca-file" in str(caught.value)


def test_the_secret_of_the_webhook_does_not_open_the_pages_of_users(place: SecuredPlace) -> None:
    place.secure(tls_server_config=TLS, basic_auth_users={USER: HASH})
    text = json.loads(place.file.read_text())
    place.file.write_text(json.dumps({**text, "pager": {"webhook": {"secret": "hush-hush-hush"}}}))

    with place.serving(), pytest.raises(CommandError) as caught:
        connect(access_of(place))

    assert "the secret of pager.webhook is not enough here: set WAEXPORTER_WEB_USERNAME" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_busy_daemon_is_to_be_asked_again(place: SecuredPlace) -> None:
    place.secure(tls_server_config=TLS, rate_limit={"burst": 1, "interval": "1h"})

    with place.serving():
        assert reload(access_of(place)) == 200
        with pytest.raises(CommandError) as caught:
            connect(access_of(place))

    assert "is busy (429 " in str(caught.value)
    assert str(caught.value).endswith("ask again")


def test_a_certificate_that_can_not_be_read_here_is_explained(place: SecuredPlace) -> None:
    with place.serving():
        (place.folder / "server.key").unlink()
        with pytest.raises(CommandError) as caught:
            reload(access_of(place))

    assert str(caught.value).endswith("speaks TLS, and the configuration can't be read here")
