"""Refused webhooks: logged at once, then at a limited rate, until one of the same sender is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from waexporter.model import Instant
from waexporter.paging.intake.refusals import MAX_LOG_LINES, MAX_SENDERS, Refusals
from waexporter.paging.intake.refused_senders import (
    LOG_INTERVAL,
    RETENTION,
    Refusal,
    WebhookSender,
    describe_refused,
)

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import TypeAlias

    Line: TypeAlias = MutableMapping[str, Any]

BEGAN = 1_769_824_800.0  # 2026-01-31T02:00:00Z
HOME, OTHER = (
    WebhookSender("10.0.0.7", "Alertmanager/0.28.0"),
    WebhookSender("10.0.0.8", "Alertmanager/0.28.0"),
)
SECRET = Refusal(401, "Another secret was sent than that of pager.webhook")
LARGE = Refusal(413, "The body must be at most 8388608 bytes.")
CUT_OFF = Refusal(None, "The connection ended before the body was complete.")


class Desk:
    """Refusals on a clock that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0
        self.refusals = Refusals(lambda: Instant(BEGAN + self.at, self.at))

    def note(self, at: float, refusal: Refusal = SECRET, sender: WebhookSender = HOME) -> list[Line]:
        """Refuse a webhook; return the log lines."""
        self.at = at
        with capture_logs() as logs:
            self.refusals.record_refusal(sender, refusal)
        return list(logs)

    def take(self, at: float, sender: WebhookSender = HOME) -> list[Line]:
        """Accept a webhook; return the log lines."""
        self.at = at
        with capture_logs() as logs:
            self.refusals.record_accepted(sender)
        return list(logs)


def test_the_first_refusal_is_logged_with_reason_and_sender() -> None:
    desk = Desk()

    (line,) = desk.note(0)

    assert line == {
        "event": "A WEBHOOK IS REFUSED: nobody is paged with what it holds",
        "log_level": "warning",
        "status": "401",
        "why": SECRET.why,
        "sender": "10.0.0.7",
        "agent": "Alertmanager/0.28.0",
        "webhooks": 1,
        "since": "02:00 UTC",
    }


@pytest.mark.parametrize(
    ("refused", "logged"),
    [
        # The same again: a line every few minutes, with how many.
        ([(0, SECRET, HOME), (60, SECRET, HOME), (LOG_INTERVAL - 1, SECRET, HOME)], [(0, 1)]),
        ([(0, SECRET, HOME), (60, SECRET, HOME), (LOG_INTERVAL, SECRET, HOME)], [(0, 1), (LOG_INTERVAL, 2)]),
        # Another reason, or another sender, is logged at once.
        ([(0, SECRET, HOME), (1, LARGE, HOME), (2, LARGE, HOME)], [(0, 1), (1, 1)]),
        ([(0, SECRET, HOME), (1, SECRET, OTHER)], [(0, 1), (1, 1)]),
        ([(0, CUT_OFF, HOME)], [(0, 1)]),
    ],
)
def test_further_refusals_are_logged_every_few_minutes(
    refused: list[tuple[float, Refusal, WebhookSender]], logged: list[tuple[float, int]]
) -> None:
    desk = Desk()

    lines = [(at, line["webhooks"]) for at, why, sender in refused for line in desk.note(at, why, sender)]

    assert lines == logged


@pytest.mark.parametrize("is_taken_between", [False, True])
def test_a_sender_that_changes_its_name_does_not_fill_the_log(is_taken_between: bool) -> None:  # noqa: FBT001
    desk = Desk()
    lines = 0

    for number in range(1000):
        sender = HOME if is_taken_between else WebhookSender("10.0.0.7", f"agent {number}")
        lines += len(desk.note(number * 0.1, SECRET, sender))
        lines += len(desk.take(number * 0.1, sender)) if is_taken_between else 0

    assert lines == (2 * MAX_LOG_LINES if is_taken_between else MAX_LOG_LINES)
    assert len(desk.refusals.recent()) == (0 if is_taken_between else MAX_SENDERS)


def test_an_accepted_webhook_ends_the_refusals_of_its_sender_alone() -> None:
    desk = Desk()
    desk.note(0)
    desk.note(60)

    elsewhere, here, again = desk.take(61, OTHER), desk.take(62), desk.take(63)

    assert (elsewhere, again) == ([], [])
    assert [(line["event"], line["sender"], line["refused"]) for line in here] == [
        ("webhooks are taken again", "10.0.0.7", 2)
    ]
    assert desk.refusals.recent() == ()


def test_refused_senders_are_listed_with_count_and_time() -> None:
    desk = Desk()
    desk.note(0)
    desk.note(60, LARGE)
    desk.note(90, CUT_OFF, OTHER)

    newest, oldest = desk.refusals.recent()

    assert (newest.sender, newest.refusal, newest.count) == (OTHER, CUT_OFF, 1)
    assert (oldest.sender, oldest.refusal, oldest.count) == (HOME, LARGE, 2)
    assert (oldest.since.wall, oldest.last.wall) == (BEGAN, BEGAN + 60)


def test_a_refusal_is_forgotten_after_a_day() -> None:
    desk = Desk()
    desk.note(0)

    desk.at = RETENTION
    before = desk.refusals.recent()
    desk.at += 1
    after = desk.refusals.recent()
    desk.note(desk.at)

    assert (len(before), len(after)) == (1, 0)
    assert [(each.count, each.since.steady) for each in desk.refusals.recent()] == [(1, RETENTION + 1)]


@pytest.mark.parametrize(
    ("at", "within", "words"),
    [
        (0, 180.0, "Webhooks are being refused: 401 from 10.0.0.7 since 02:00 UTC"),
        (180, 180.0, "Webhooks are being refused: 401 from 10.0.0.7 since 02:00 UTC"),
        (181, 180.0, ""),
    ],
)
def test_one_sentence_names_the_recently_refused_senders(at: float, within: float, words: str) -> None:
    desk = Desk()
    desk.note(0)

    desk.at = at

    assert describe_refused(desk.refusals.recent(within)) == words


def test_the_sentence_has_the_day_if_it_is_another_one_and_is_limited() -> None:
    desk = Desk()
    desk.note(0)
    desk.note(80_000)
    for number in range(4):
        desk.note(80_001 + number, CUT_OFF, WebhookSender(f"10.0.1.{number}", ""))

    words = describe_refused(desk.refusals.recent())

    assert words == (
        "Webhooks are being refused: cut off from 10.0.1.3 since 00:13 UTC, cut off from 10.0.1.2 since "
        "00:13 UTC, cut off from 10.0.1.1 since 00:13 UTC and from 2 more"
    )
    assert str(desk.refusals.recent()[-1]) == "401 from 10.0.0.7 since 31 Jan 02:00 UTC"
