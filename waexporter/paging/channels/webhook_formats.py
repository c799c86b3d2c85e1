"""The request body of a page for each kind of webhook, with the text shortened to its limit; pure.

Sources are the documentations of Slack (incoming webhooks), Google Chat (webhooks), Microsoft Teams (webhooks
of Workflows), Discord (execute webhook), Telegram (sendMessage), Feishu, DingTalk and WeCom (custom robots).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

import msgspec

from waexporter.model import Format
from waexporter.paging.messages.markup import escape_mentions
from waexporter.paging.messages.text import utf16_length

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.paging.messages.message import Message
    from waexporter.paging.model import Alert

_JSON = "application/json"
_MAX_BYTES_PER_UNIT = 3  # of UTF-8, for one code unit of UTF-16


class WebhookContent(NamedTuple):
    """The content of one request."""

    text: str  # as much as fits
    alerts: tuple[Alert, ...]
    query: str  # of the address


@dataclass(frozen=True, slots=True)
class WebhookFormat:
    """The request body that one kind of webhook expects."""

    render: Callable[[WebhookContent], object]  # to a document for JSON, or to a text
    content_type: str = _JSON
    limit: int | None = None  # of the text; None: the longest text of a page is far below it
    measure: Callable[[str], int] = utf16_length  # what the limit counts
    escape: Callable[[str], str] = str  # so that the text mentions nobody
    retries_text_only: bool = False  # if the body is refused, the text alone may be accepted

    def body(self, message: Message, query: str) -> bytes:
        """Return the body of a request; `query` is that of the address."""
        document = self.render(WebhookContent(self._fit(message), message.alerts, query))
        return document.encode() if isinstance(document, str) else msgspec.json.encode(document)

    def _fit(self, message: Message) -> str:
        """Return the text of a message within the limit."""
        text = self.escape(message.text)
        if self.limit is None or self.measure(text) <= self.limit:
            return text
        shorter = self.escape(message.shorten(self.limit))
        if self.measure(shorter) <= self.limit:
            return shorter
        return self.escape(message.shorten(self.limit // _MAX_BYTES_PER_UNIT))


def _render_text_and_alerts(content: WebhookContent) -> object:
    alerts = [
        {
            "status": "firing" if alert.fires else "resolved",
            "fingerprint": alert.fingerprint,
            "labels": alert.labels,
            "annotations": alert.annotations,
        }
        for alert in content.alerts
    ]
    return {"text": content.text, "alerts": alerts}


def _render_text(content: WebhookContent) -> object:
    return {"text": content.text}


def _render_plain(content: WebhookContent) -> object:
    return content.text


def _render_slack(content: WebhookContent) -> object:
    """Return the text with what Slack would read as a link, or as a mention of everybody, escaped."""
    return {"text": content.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def _escape_tags(tags: str) -> Callable[[str], str]:
    """Return a function that replaces the beginning of tags that mention people by a look-alike."""
    return partial(re.compile(rf"<(?=\s*(?:{tags}))", re.IGNORECASE).sub, "\uff1c")


def _render_teams(content: WebhookContent) -> object:
    # A card ignores a single line break.
    block = {"type": "TextBlock", "text": content.text.replace("\n", "\n\n"), "wrap": True}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [block],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }


def _render_discord(content: WebhookContent) -> object:
    return {"content": content.text, "allowed_mentions": {"parse": []}}


def _render_telegram(content: WebhookContent) -> object:
    return {"chat_id": parse_qs(content.query).get("chat_id", [""])[0], "text": content.text}


def _render_feishu(content: WebhookContent) -> object:
    return {"msg_type": "text", "content": {"text": content.text}}


def _render_robot(content: WebhookContent) -> object:
    return {"msgtype": "text", "text": {"content": content.text}}


def _utf8_length(text: str) -> int:
    """Return the length of a text in bytes of UTF-8."""
    return len(text.encode())


# No escape is needed for three of them: Discord and DingTalk mention only people that other fields name, and
# Teams nobody in the text of a card.
WEBHOOK_FORMATS: Mapping[Format, WebhookFormat] = {
    Format.JSON: WebhookFormat(_render_text_and_alerts, retries_text_only=True),
    Format.TEXT: WebhookFormat(_render_plain, "text/plain; charset=utf-8"),
    # Slack itself leaves a plain `@name` alone; other services with its API mention people by it.
    Format.SLACK: WebhookFormat(_render_slack, escape=escape_mentions),
    Format.GOOGLE_CHAT: WebhookFormat(_render_text, limit=4096, escape=_escape_tags("users/")),
    # Without a charset, Teams counts two bytes for each character.
    Format.TEAMS: WebhookFormat(_render_teams, f"{_JSON}; charset=utf-8", limit=20_000, measure=_utf8_length),
    Format.DISCORD: WebhookFormat(_render_discord, limit=2000),
    Format.TELEGRAM: WebhookFormat(_render_telegram, limit=4096, escape=escape_mentions),
    Format.FEISHU: WebhookFormat(_render_feishu, escape=_escape_tags(r"at\b")),
    Format.DINGTALK: WebhookFormat(_render_robot, limit=20_000, measure=_utf8_length),
    Format.WECOM: WebhookFormat(_render_robot, limit=2048, measure=_utf8_length, escape=_escape_tags("@")),
}
TEXT_ONLY = WebhookFormat(_render_text)
