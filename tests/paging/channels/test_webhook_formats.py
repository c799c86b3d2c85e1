"""Each kind of webhook gets a body in its format, within its limit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paging.fakes import WALL, a_page, an_alert
from tests.places import hold
from waexporter.model import Format
from waexporter.paging.channels.webhook_formats import TEXT_ONLY, WEBHOOK_FORMATS, WebhookFormat
from waexporter.paging.messages.compose import compose
from waexporter.paging.messages.message import Message
from waexporter.paging.model import Alert

TEXT = "FIRING: 1 alert\na <b> & c"
MESSAGE = Message(TEXT, (an_alert("Down", "alpha"),))
CARD = {
    "type": "message",
    "attachments": [
        {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [{"type": "TextBlock", "text": "FIRING: 1 alert\n\na <b> & c", "wrap": True}],
            },
        }
    ],
}
BODIES: dict[Format, Any] = {
    Format.SLACK: {"text": "FIRING: 1 alert\na &lt;b&gt; &amp; c"},
    Format.GOOGLE_CHAT: {"text": TEXT},
    Format.TEAMS: CARD,
    Format.DISCORD: {"content": TEXT, "allowed_mentions": {"parse": []}},
    Format.TELEGRAM: {"chat_id": "-100123", "text": TEXT},
    Format.FEISHU: {"msg_type": "text", "content": {"text": TEXT}},
    Format.DINGTALK: {"msgtype": "text", "text": {"content": TEXT}},
    Format.WECOM: {"msgtype": "text", "text": {"content": TEXT}},
}
# What each service counts, and how many of it are too many.
LIMITS = {
    Format.GOOGLE_CHAT: ("characters", 4096),
    Format.DISCORD: ("characters", 2000),
    Format.TELEGRAM: ("units", 4096),
    Format.DINGTALK: ("bytes", 20_000),
    Format.WECOM: ("bytes", 2048),
    Format.TEAMS: ("bytes", 28_000),
}


LETTERS = {"one byte": "x", "two bytes": "\u00e9", "three bytes": "\u6c34", "two units": "\U0001f525"}


def text_in(form: Format, body: bytes) -> str:
    """Read the text that a service shows."""
    if form is Format.TEXT:
        return body.decode()
    document = json.loads(body)
    match form:
        case Format.DISCORD:
            return str(document["content"])
        case Format.TEAMS:
            return str(document["attachments"][0]["content"]["body"][0]["text"])
        case Format.FEISHU:
            return str(document["content"]["text"])
        case Format.DINGTALK | Format.WECOM:
            return str(document["text"]["content"])
    return str(document["text"])


def test_every_format_has_its_row() -> None:
    hold(
        Format,
        WEBHOOK_FORMATS,
        add="Write how its body is rendered and add it to WEBHOOK_FORMATS in "
        "waexporter/paging/channels/webhook_formats.py.",
        remove="Add it to the enum Format in waexporter/model, or take it out of WEBHOOK_FORMATS.",
    )
    hold(
        set(Format) - {Format.JSON, Format.TEXT},
        BODIES,
        add="Add the body that its service documents to BODIES here.",
        remove="Take it out of BODIES here.",
    )


@pytest.mark.parametrize("form", BODIES)
def test_a_chat_gets_the_document_of_its_format(form: Format) -> None:
    body = WEBHOOK_FORMATS[form].body(MESSAGE, "chat_id=-100123&silent=1")

    assert json.loads(body) == BODIES[form]
    assert WEBHOOK_FORMATS[form].content_type.startswith("application/json")


MENTIONS: dict[Format, dict[str, str]] = {
    Format.SLACK: {
        "<!channel> <@U123>": "&lt;!channel&gt; &lt;\uff20U123&gt;",
        "@everyone, @here and (@alice)": "\uff20everyone, \uff20here and (\uff20alice)",
        "ops@example.com @ 5": "ops@example.com @ 5",
        "https://wiki.example/@all": "https://wiki.example/@all",
    },
    Format.GOOGLE_CHAT: {
        "<users/all> < b": "\uff1cusers/all> < b",
        "<USERS/123>": "\uff1cUSERS/123>",
        "@all": "@all",
    },
    Format.TELEGRAM: {
        "@alice_b: down\n@all": "\uff20alice_b: down\n\uff20all",
        "ops@example.com": "ops@example.com",
    },
    Format.FEISHU: {
        '<at user_id="all">all</at>': '\uff1cat user_id="all">all</at>',
        "<attempts>": "<attempts>",
    },
    Format.WECOM: {"<@alice> @all": "\uff1c@alice> @all"},
    # Their documents name those who are mentioned.
    Format.DISCORD: {"@everyone <@123>": "@everyone <@123>"},
    Format.DINGTALK: {"@all": "@all"},
    Format.TEAMS: {"<at>all</at>": "<at>all</at>"},
    # Programs get the text unchanged.
    Format.JSON: {"@all <!channel>": "@all <!channel>"},
    Format.TEXT: {"@all <!channel>": "@all <!channel>"},
}


def test_every_format_has_its_mentions() -> None:
    assert MENTIONS.keys() == set(Format)


@pytest.mark.parametrize(("form", "text"), [(form, text) for form in Format for text in MENTIONS[form]])
def test_no_label_mentions_anybody(form: Format, text: str) -> None:
    body = WEBHOOK_FORMATS[form].body(Message(text), "")

    assert text_in(form, body).replace("\n\n", "\n") == MENTIONS[form][text]


def test_discord_and_dingtalk_mention_nobody() -> None:
    discord = json.loads(WEBHOOK_FORMATS[Format.DISCORD].body(MESSAGE, ""))
    dingtalk = json.loads(WEBHOOK_FORMATS[Format.DINGTALK].body(MESSAGE, ""))

    assert discord["allowed_mentions"] == {"parse": []}
    assert "at" not in dingtalk


@pytest.mark.parametrize("mention", ["<@a> ", "@alice ", "<users/all> ", '<at user_id="all"> '])
@pytest.mark.parametrize("form", LIMITS)
def test_an_escaped_text_still_fits(form: Format, mention: str) -> None:
    unit, limit = LIMITS[form]

    text = text_in(form, WEBHOOK_FORMATS[form].body(Message(mention * 5000), "chat_id=1"))

    assert (len(text.encode()) if unit == "bytes" else len(text)) <= limit


def test_plain_text_is_the_text_itself() -> None:
    assert WEBHOOK_FORMATS[Format.TEXT].body(MESSAGE, "") == TEXT.encode()
    assert WEBHOOK_FORMATS[Format.TEXT].content_type == "text/plain; charset=utf-8"


def test_text_only_is_the_text_without_the_alerts() -> None:
    assert json.loads(TEXT_ONLY.body(MESSAGE, "")) == {"text": TEXT}


def storm(letter: str, count: int) -> Message:
    """Return a message that fills any room."""
    words = {"summary": "It is.", "description": letter * 300}
    alerts = [
        Alert(f"A{number}", WALL, None, {"alertname": f"A{number}", "severity": "warning"}, words)
        for number in range(count)
    ]
    page = a_page("thread", *alerts)
    return Message(compose([page], WALL), tuple(alerts), lambda room: compose([page], WALL, room))


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
@pytest.mark.parametrize("form", Format)
def test_no_text_is_above_the_limit_and_hidden_alerts_are_counted(form: Format, letter: str) -> None:
    message = storm(letter, 40)

    body = WEBHOOK_FORMATS[form].body(message, "chat_id=1")

    text = text_in(form, body)
    unit, limit = LIMITS.get(form, ("characters", 4096))
    sizes = {"characters": len(text), "units": len(text.encode("utf-16-le")) // 2, "bytes": len(body)}
    if unit == "bytes" and form is not Format.TEAMS:
        sizes["bytes"] = len(text.encode())
    assert sizes[unit] <= limit
    assert text.startswith("FIRING: 40 alerts")
    assert " more (none critical)" in text


@given(st.text(max_size=5000), st.integers(1, 3000))
def test_a_limit_holds_for_any_text(text: str, limit: int) -> None:
    webhook_format = WebhookFormat(
        lambda content: content.text, limit=limit, measure=lambda each: len(each.encode())
    )
    clean = text.encode(errors="ignore").decode()

    body = webhook_format.body(Message(clean), "")

    assert len(body) <= limit
    if len(clean.encode()) <= limit:
        assert body.decode() == clean
