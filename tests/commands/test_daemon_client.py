"""The client of a daemon rejects what no daemon would answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.receivers import receiving
from waexporter.commands.daemon_client import connect
from waexporter.config import DaemonAccess
from waexporter.errors import CommandError
from waexporter.model import WebhookAuth, WebLogin, WebSettings

if TYPE_CHECKING:
    from tests.receivers import Receiver

AT = "2026-01-31T09:30:00.250Z"


def document(at: str | None, since: str | None, last: str | None) -> dict[str, Any]:
    refused = {
        "sender": "10.0.0.7",
        "agent": "",
        "status": 401,
        "why": "No secret.",
        "webhooks": 1,
        "since": since,
        "last": last,
    }
    return {"at": at, "journal": "ok", "pending": 0, "pages": [], "refused": [refused]}


def settings(receiver: Receiver) -> WebSettings:
    return WebSettings(host="127.0.0.1", port=receiver.port)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (document("yesterday", AT, AT), "Invalid RFC3339 encoded datetime - at `$.at`"),
        (document(None, AT, AT), "Expected `datetime`, got `null` - at `$.at`"),
        (document(AT, "31 Jan", AT), "Invalid RFC3339 encoded datetime - at `$.refused[0].since`"),
        (document(AT, AT, ""), "Invalid RFC3339 encoded datetime - at `$.refused[0].last`"),
    ],
)
def test_a_malformed_time_is_not_the_answer_of_a_daemon(answer: dict[str, Any], why: str) -> None:
    with receiving() as receiver:
        receiver.answer = json.dumps(answer).encode()

        with pytest.raises(CommandError) as caught:
            connect(DaemonAccess(settings(receiver), WebhookAuth(), WebLogin(), ()))

    assert str(caught.value) == (
        f"something listens at http://127.0.0.1:{receiver.port}, but answers like no waexporter "
        f"(the answer is not the agreed document: {why}): check web.listen"
    )


def test_the_times_of_a_daemon_are_accepted() -> None:
    with receiving() as receiver:
        receiver.answer = json.dumps(document(AT, AT, AT)).encode()

        connected = connect(DaemonAccess(settings(receiver), WebhookAuth(), WebLogin(), ()))
        assert connected is not None
        client, pages = connected
        client.close()

    assert pages.at == AT
