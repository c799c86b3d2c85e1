"""The settings of the pager."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model.secret import Secret
    from waexporter.model.severity import Severity


@dataclass(frozen=True, slots=True)
class WebhookAuth:
    """The credentials that a webhook needs; with neither a secret nor a password, anybody may send one."""

    secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    insecure: bool = False  # set on purpose: no credentials are needed

    @property
    def is_guarded(self) -> bool:
        """Whether credentials are needed."""
        return self.secret is not None or self.password is not None


@dataclass(frozen=True, slots=True)
class Watchdog:
    """An alert that must be repeated, and its longest allowed silence."""

    name: str
    match: tuple[tuple[str, str], ...]  # labels of the alert, sorted by name
    max_silence: float  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: the number of messages in a time."""

    messages: int = 10
    per: float = 300.0  # seconds


class Format(StrEnum):
    """The format of a page for a webhook."""

    JSON = "json"  # {"text": …, "alerts": […]}, or the text alone if that is refused
    TEXT = "text"
    SLACK = "slack"
    GOOGLE_CHAT = "google_chat"
    TEAMS = "teams"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"


@dataclass(frozen=True, slots=True)
class Fallback:
    """A channel that is used if WhatsApp fails: a webhook, or an address of Apprise, which has no format."""

    url: Secret  # it often contains a token
    format: Format = Format.JSON

    @property
    def is_webhook(self) -> bool:
        """Whether the address is a webhook."""
        return self.url.reveal().lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class PagerSettings:
    """The settings of the pager; times in seconds."""

    state_dir: str = "/var/lib/waexporter"
    webhook: WebhookAuth = WebhookAuth()
    via: tuple[str, ...] = ()  # targets that may carry a page, in order; empty: the affected one, then any
    group: str | None = None
    recipients: tuple[str, ...] = ()
    fallback: tuple[Fallback, ...] = ()
    fallback_after: float = 60.0
    give_up_after: float = 1800.0
    rate: Rate = Rate()
    timezone: str = "UTC"  # IANA's name, of the times in pages
    severities: tuple[
        tuple[str, Severity], ...
    ] = ()  # words of this organisation, which outweigh the usual ones
    watchdogs: tuple[Watchdog, ...] = ()
    alertmanager_url: Secret | None = None  # queried before an all-clear; it may contain a password
    heartbeat_url: Secret | None = None
    heartbeat_interval: float = 60.0
    watch: bool = False
    watch_for: float = 120.0
