"""What may be secret in an address is shown nowhere."""

from __future__ import annotations

import pytest

from waexporter.model import Secret
from waexporter.paging.channels.address_redaction import redact_address, redact_secrets


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://hooks.example/services/T0K3N", "https://hooks.example/…"),
        ("https://me:hunter2@hooks.example:8443/x?y", "https://hooks.example/…"),
        ("HTTPS://hooks.example", "https://hooks.example/…"),
        ("tgram://123:T0K3N/chat", "tgram://…"),
        ("mailto://me:hunter2@mail.example", "mailto://…"),
    ],
)
def test_only_scheme_and_host_of_an_address_are_shown(address: str, words: str) -> None:
    assert redact_address(Secret(address)) == words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://chat.example/hooks/T0K3N-1", "no hook <secret> at chat.example"),
        ("https://chat.example/?key=T0K3N-1", "no hook <secret> at chat.example"),
        ("https://chat.example/bot1:T0K3N-1/send", "no hook <secret> at chat.example"),
        ("https://me:T0K3N-1@chat.example/", "no hook <secret> at chat.example"),
        ("https://T0K3N-1@chat.example/", "no hook <secret> at chat.example"),
        ("https://chat.example/T0K3N%2D1", "no hook <secret> at chat.example"),
        ("https://chat.example/no", "no hook T0K3N-1 at chat.example"),
    ],
)
def test_parts_of_the_address_are_redacted(address: str, words: str) -> None:
    assert redact_secrets("no hook T0K3N-1 at chat.example", address) == words


@pytest.mark.parametrize(
    ("address", "spelling"),
    [
        ("https://chat.example/a+bcdefgh/x", "/a bcdefgh/x"),
        ("https://chat.example/secretäbc", "/secret%C3%A4bc"),
        ("https://chat.example/secret%C3%A4bc", "/secretäbc"),
        ("https://chat.example/a-secret", r"/a\u002dsecret"),
    ],
)
def test_a_secret_is_redacted_in_every_encoding(address: str, spelling: str) -> None:
    assert "<secret>" in redact_secrets(f"no hook {spelling}", address)
