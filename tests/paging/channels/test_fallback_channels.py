"""The channels of `pager.fallback` are opened, or the error says what to do."""

from __future__ import annotations

import sys

import pytest

from waexporter.errors import CommandError
from waexporter.model import Fallback, PagerSettings, Secret
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.transport.tls import TlsContexts


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_an_unusable_address_is_reported_without_its_secret() -> None:
    with pytest.raises(CommandError, match="Apprise can't make anything of") as caught:
        open_fallback(PagerSettings(fallback=(Fallback(Secret("nothing://hunter2")),)), TlsContexts())

    assert "hunter2" not in str(caught.value)


def test_without_apprise_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    with pytest.raises(CommandError, match=r"pip install '\.\[fallback\]'"):
        open_fallback(PagerSettings(fallback=(Fallback(Secret("tgram://T0K3N/chat")),)), TlsContexts())


def test_a_webhook_needs_no_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)

    [channel] = open_fallback(
        PagerSettings(fallback=(Fallback(Secret("https://hooks.example/x")),)), TlsContexts()
    )

    assert channel.kind == "webhook"
