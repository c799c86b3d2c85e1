"""The address and credentials of a daemon are read from a configuration with problems elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from waexporter.config import load_daemon_access
from waexporter.model import Secret, WebhookAuth, WebSettings

if TYPE_CHECKING:
    from pathlib import Path

GUARDED = WebhookAuth(secret=Secret("hush"))


@pytest.mark.parametrize(
    ("text", "port", "auth", "is_sound"),
    [
        ("targets: [{url: 'https://wa.example'}]", 9847, WebhookAuth(), True),
        ("web: {listen: '127.0.0.1:1234'}\npager: {webhook: {secret: hush}}", 1234, GUARDED, True),
        (
            "target: []\nweb: {listen: '127.0.0.1:1234', x: 1}\npager: {webhook: {secret: hush}, rate: 1}",
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
