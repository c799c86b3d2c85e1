"""A page as each kind of webhook wants it: the body, its type, and no more of the text than it takes; pure.

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
from waexporter.paging.messages.markup import without_calls
from waexporter.paging.messages.text import width

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.paging.messages.message import Message
    from waexporter.paging.model import Alert

_JSON = "application/json"
_BYTES_OF_UNIT = 3  # most bytes of UTF-8 for one code unit of UTF-16


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
    calm: Callable[[str], str] = str  # shows what would call people, and calls nobody
    may_be_plainer: bool = False  # where it is refused, the text alone may be taken

    def body(self, message: Message, query: str) -> bytes:
        """Return the body of a request."""
        document = self.write(Draft(self._fit(message), message.alerts, query))
        return document.encode() if isinstance(document, str) else msgspec.json.encode(document)

    def _fit(self, message: Message) -> str:
        text = self.calm(message.text)
        if self.limit is None or self.measure(text) <= self.limit:
            return text
        shorter = self.calm(message.shorten(self.limit))
        if self.measure(shorter) <= self.limit:
            return shorter
        return self.calm(message.shorten(self.limit // _BYTES_OF_UNIT))


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


def _without(tags: str) -> Callable[[str], str]:
    """Return what shows a look-alike where a tag that calls people begins; a text stays as long as it is."""
    return partial(re.compile(rf"<(?=\s*(?:{tags}))", re.IGNORECASE).sub, "\uff1c")


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


# Discord and DingTalk call nobody whom the document does not name, and Teams nobody in a card's text.
DIALECTS: Mapping[Format, Dialect] = {
    Format.JSON: Dialect(_write_all, may_be_plainer=True),
    Format.TEXT: Dialect(_write_plain, "text/plain; charset=utf-8"),
    # Slack itself leaves a plain `@name` alone; those that are asked as it is call people by it.
    Format.SLACK: Dialect(_write_slack, calm=without_calls),
    Format.GOOGLE_CHAT: Dialect(_write_alone, limit=4096, calm=_without("users/")),
    # Where the letters' encoding is not named, Teams counts two bytes for each.
    Format.TEAMS: Dialect(_write_teams, f"{_JSON}; charset=utf-8", limit=20_000, measure=_size),
    Format.DISCORD: Dialect(_write_discord, limit=2000),
    Format.TELEGRAM: Dialect(_write_telegram, limit=4096, calm=without_calls),
    Format.FEISHU: Dialect(_write_feishu, calm=_without(r"at\b")),
    Format.DINGTALK: Dialect(_write_robot, limit=20_000, measure=_size),
    Format.WECOM: Dialect(_write_robot, limit=2048, measure=_size, calm=_without("@")),
}
PLAINER = Dialect(_write_alone)
