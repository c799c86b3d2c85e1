"""The address and credentials of a daemon are read from a configuration with problems elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from waexporter.config import load_daemon_access, require_access
from waexporter.errors import ConfigError
from waexporter.model import Config, Secret, WebhookAuth, WebSettings

if TYPE_CHECKING:
    from pathlib import Path

GUARDED = WebhookAuth(secret=Secret("hush"))


@pytest.mark.parametrize(
    ("text", "port", "auth", "is_sound"),
    [
        ("targets: [{url: 'https://wa.example'}]", 9847, WebhookAuth(), True),
        ("web: {listen: '127.0.0.1:1234'}\npager: {webhook: {secret: hush}}", 1234, GUARDED, True),
        (
            "targets: 7\nweb: {listen: '127.0.0.1:1234', x: 1}\npager: {webhook: {secret: hush}, rate: 1}",
            1234,
            GUARDED,
            False,
        ),
        ("web: {listen: nonsense}\npager: {webhook: {secret_file: missing}}", 9847, WebhookAuth(), False),
        ("web: [\n", 9847, WebhookAuth(), False),
        ("", 9847, WebhookAuth(), False),
        ("pager: 7", 9847, WebhookAuth(), False),
    ],
)
def test_the_address_and_the_credentials_are_read(
    tmp_path: Path, text: str, port: int, auth: WebhookAuth, *, is_sound: bool
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(text)

    access = load_daemon_access(str(file), {})

    assert (access.web, access.webhook) == (WebSettings(port=port), auth)
    assert (access.problems == ()) is is_sound


def test_a_daemon_without_a_file_is_found_by_its_variables() -> None:
    access = load_daemon_access(None, {"WAEXPORTER_LISTEN": "127.0.0.1:1234"})

    assert access.web.own_url == "http://127.0.0.1:1234"


def test_a_missing_file_leaves_the_defaults() -> None:
    access = load_daemon_access("/nonexistent/waexporter.yml", {})

    assert (access.web, access.webhook, len(access.problems)) == (WebSettings(), WebhookAuth(), 1)


HASH = "$2b$04$" + "a" * 53
LOGIN = {"WAEXPORTER_WEB_USERNAME": "ann", "WAEXPORTER_WEB_PASSWORD": "sesame"}
OF_LOGIN = "the user in WAEXPORTER_WEB_USERNAME"
OF_WEBHOOK = "the secret of pager.webhook"


@pytest.mark.parametrize(
    ("web_config", "webhook", "environ", "source", "secret"),
    [
        ("", "", {}, "", None),
        ("", "", LOGIN, OF_LOGIN, "sesame"),
        ("", "secret: hush", {}, OF_WEBHOOK, "hush"),
        ("", "secret: hush", LOGIN, OF_WEBHOOK, "hush"),
        ("", "username: am, password: alerts", {}, OF_WEBHOOK, "alerts"),
        (f"basic_auth_users: {{ann: {HASH}}}", "secret: hush", LOGIN, OF_LOGIN, "sesame"),
        (f"basic_auth_users: {{ann: {HASH}}}", "secret: hush", {}, OF_WEBHOOK, "hush"),
        (f"basic_auth_users: {{ann: {HASH}}}", "", {}, "", None),
        ("bearer_token_files: [token]", "secret: hush", LOGIN, "the token in FOLDER/token", "t" * 20),
    ],
)
def test_the_credentials_are_the_ones_that_open_most(  # noqa: PLR0913, PLR0917 - the row of a table
    tmp_path: Path, web_config: str, webhook: str, environ: dict[str, str], source: str, secret: str | None
) -> None:
    (tmp_path / "token").write_text("t" * 20)
    (tmp_path / "web.yml").write_text(web_config)
    file = tmp_path / "waexporter.yml"
    file.write_text(f"web: {{config_file: web.yml}}\npager: {{webhook: {{{webhook}}}}}")

    access = load_daemon_access(str(file), environ)

    found = access.credentials.bearer_token or access.credentials.password
    assert access.source == source.replace("FOLDER", str(tmp_path))
    assert (found.reveal() if found else None) == secret
    assert access.is_webhook_secret is (source == OF_WEBHOOK)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        (
            {"WAEXPORTER_WEB_USERNAME": "ann"},
            "WAEXPORTER_WEB_PASSWORD: is required with WAEXPORTER_WEB_USERNAME",
        ),
        (
            {"WAEXPORTER_WEB_PASSWORD": "x"},
            "WAEXPORTER_WEB_USERNAME: is required with WAEXPORTER_WEB_PASSWORD",
        ),
        (
            {**LOGIN, "WAEXPORTER_WEB_PASSWORD_FILE": "/dev/null"},
            "WAEXPORTER_WEB_PASSWORD_FILE: /dev/null is empty",
        ),
        (
            {"WAEXPORTER_WEB_USERNAME": "ann", "WAEXPORTER_WEB_PASSWORD_FILE": "/nonexistent"},
            "WAEXPORTER_WEB_PASSWORD_FILE: can't read /nonexistent: No such file or directory",
        ),
        (
            {"WAEXPORTER_WEB_CLIENT_KEY_FILE": "/key"},
            "WAEXPORTER_WEB_CLIENT_CERT_FILE: is required with WAEXPORTER_WEB_CLIENT_KEY_FILE",
        ),
    ],
)
def test_a_mistake_in_the_variables_is_reported(environ: dict[str, str], problem: str) -> None:
    access = load_daemon_access(None, environ)

    assert problem in access.problems
    with pytest.raises(ConfigError, match=re.escape(problem)):
        require_access(Config(targets=()), environ)


@pytest.mark.parametrize(
    ("url", "is_own"),
    [
        ("https://127.0.0.1:1", True),
        ("https://localhost", True),
        ("https://[::1]:9847", True),
        ("http://10.0.0.7:9847", True),
        ("https://10.0.0.8:9847", False),
        ("https://wa.example", False),
        ("nonsense", False),
    ],
)
def test_urls_of_this_machine_are_known(url: str, *, is_own: bool) -> None:
    access = load_daemon_access(None, {"WAEXPORTER_LISTEN": "10.0.0.7:9847"})

    assert access.is_own(url) is is_own
