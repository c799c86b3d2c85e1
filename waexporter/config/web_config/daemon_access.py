"""How the commands of this program reach a running daemon, and by what it knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from waexporter.config.web_config.web_login import LOGIN_SOURCE, read_login
from waexporter.config.webhook_auth import is_loopback
from waexporter.errors import ConfigError
from waexporter.model import Credentials, WebhookAuth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Config, WebLogin, WebSettings

_WEBHOOK = "the secret of pager.webhook"


class DaemonAccess(NamedTuple):
    """The address of a daemon with this configuration, and what it lets in."""

    web: WebSettings
    webhook: WebhookAuth
    login: WebLogin
    problems: tuple[str, ...] = ()  # in what this was read from

    @property
    def credentials(self) -> Credentials:
        """What a request shows: a token of the web configuration, a user, or the webhook's secret."""
        return self._choose()[0]

    @property
    def source(self) -> str:
        """Where the credentials are from, in words; empty without any."""
        return self._choose()[1]

    @property
    def is_webhook_secret(self) -> bool:
        """Whether the credentials are the webhook's, which open only what sends alerts or reloads."""
        return self.source == _WEBHOOK

    def is_own(self, url: str) -> bool:
        """Return whether a url leads to this machine."""
        host = urlsplit(url).hostname or ""
        return host == self.web.host or is_loopback(host)

    def _choose(self) -> tuple[Credentials, str]:
        security, webhook = self.web.security, self.webhook
        if security.bearer_tokens:
            token = security.bearer_tokens[0]
            return Credentials(bearer_token=token), f"the token in {token.file}"
        if self.login.password is not None and (security.users or not webhook.is_guarded):
            return Credentials(username=self.login.username, password=self.login.password), LOGIN_SOURCE
        if webhook.is_guarded:
            return Credentials(
                bearer_token=webhook.secret, username=webhook.username, password=webhook.password
            ), _WEBHOOK
        return Credentials(), ""


def make_access(
    web: WebSettings, webhook: WebhookAuth, environ: Mapping[str, str], problems: tuple[str, ...] = ()
) -> DaemonAccess:
    """Return how to reach a daemon with these settings; `problems` are those in reading them."""
    login, wrong = read_login(environ)
    return DaemonAccess(web, webhook, login, (*problems, *wrong))


def require_access(config: Config, environ: Mapping[str, str]) -> DaemonAccess:
    """Return how to reach a daemon with this configuration; raise ConfigError for wrong variables."""
    webhook = config.pager.webhook if config.pager is not None else WebhookAuth()
    access = make_access(config.web, webhook, environ)
    if access.problems:
        raise ConfigError(access.problems)
    return access
