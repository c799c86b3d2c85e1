"""A page as each kind of webhook wants it: the body, its type, and no more of the text than it takes; pure.

Sources are the documentations of Slack (incoming webhooks), Google Chat (webhooks), Microsoft Teams (webhooks
of Workflows), Discord (execute webhook), Telegram (sendMessage), Feishu, DingTalk and WeCom (custom robots).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

import msgspec

from waexporter.model import Format
from waexporter.paging.wording import clip, width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.paging.alerts import Alert

_JSON = "application/json"
_BYTES_OF_UNIT = 3  # most bytes of UTF-8 for one code unit of UTF-16


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a text, and for programs the alerts it tells of."""

    text: str
    alerts: tuple[Alert, ...] = ()
    # Tells the same within so many code units of UTF-16.
    compose: Callable[[int], str] | None = field(default=None, compare=False, repr=False)

    def shorten(self, room: int) -> str:
        """Return the text within so many code units of UTF-16."""
        return self.compose(room) if self.compose is not None else clip(self.text, room)


class Draft(NamedTuple):
    """What is to be written."""

    text: str  # as much as fits
    alerts: tuple[Alert, ...]
    query: str  # of the address


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of webhook is spoken to."""

    write: Callable[[Draft], object]
    content_type: str = _JSON
    limit: int | None = None  # of the text; None: the longest text of a page is far below it
    measure: Callable[[str], int] = width  # what the limit counts
    may_be_plainer: bool = False  # where it is refused, the text alone may be taken

    def body(self, message: Message, query: str) -> bytes:
        """Return the body of a request."""
        document = self.write(Draft(self._fit(message), message.alerts, query))
        return document.encode() if isinstance(document, str) else msgspec.json.encode(document)

    def _fit(self, message: Message) -> str:
        if self.limit is None or self.measure(message.text) <= self.limit:
            return message.text
        shorter = message.shorten(self.limit)
        if self.measure(shorter) <= self.limit:
            return shorter
        return message.shorten(self.limit // _BYTES_OF_UNIT)


def _write_all(draft: Draft) -> object:
    alerts = [
        {
            "status": "firing" if alert.fires else "resolved",
            "fingerprint": alert.fingerprint,
            "labels": alert.labels,
            "annotations": alert.annotations,
        }
        for alert in draft.alerts
    ]
    return {"text": draft.text, "alerts": alerts}


def _write_alone(draft: Draft) -> object:
    return {"text": draft.text}


def _write_plain(draft: Draft) -> object:
    return draft.text


def _write_slack(draft: Draft) -> object:
    """Return the text with what Slack would read as a link, or as a call of everybody, in its place."""
    return {"text": draft.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")}


def _write_google_chat(draft: Draft) -> object:
    """Return the text without a call of everybody, which is written as `<users/all>`."""
    return {"text": draft.text.replace("<users/", "< users/")}


def _write_teams(draft: Draft) -> object:
    # In a card a single line break is none.
    block = {"type": "TextBlock", "text": draft.text.replace("\n", "\n\n"), "wrap": True}
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


def _write_discord(draft: Draft) -> object:
    return {"content": draft.text, "allowed_mentions": {"parse": []}}


def _write_telegram(draft: Draft) -> object:
    return {"chat_id": parse_qs(draft.query).get("chat_id", [""])[0], "text": draft.text}


def _write_feishu(draft: Draft) -> object:
    return {"msg_type": "text", "content": {"text": draft.text}}


def _write_robot(draft: Draft) -> object:
    return {"msgtype": "text", "text": {"content": draft.text}}


def _size(text: str) -> int:
    """Return the bytes of a text."""
    return len(text.encode())


DIALECTS: Mapping[Format, Dialect] = {
    Format.JSON: Dialect(_write_all, may_be_plainer=True),
    Format.TEXT: Dialect(_write_plain, "text/plain; charset=utf-8"),
    Format.SLACK: Dialect(_write_slack),
    Format.GOOGLE_CHAT: Dialect(_write_google_chat, limit=4096),
    # Where the letters' encoding is not named, Teams counts two bytes for each.
    Format.TEAMS: Dialect(_write_teams, f"{_JSON}; charset=utf-8", limit=20_000, measure=_size),
    Format.DISCORD: Dialect(_write_discord, limit=2000),
    Format.TELEGRAM: Dialect(_write_telegram, limit=4096),
    Format.FEISHU: Dialect(_write_feishu),
    Format.DINGTALK: Dialect(_write_robot, limit=20_000, measure=_size),
    Format.WECOM: Dialect(_write_robot, limit=2048, measure=_size),
}
PLAINER = Dialect(_write_alone)
