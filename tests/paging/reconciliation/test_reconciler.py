"""What a whole pager says of the alerts that a delivery leaves out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import BUSY, WALL
from waexporter.transport.exchange import Reply

if TYPE_CHECKING:
    from tests.paging.desk import Desk


class FakeAlertmanager:
    """Has alerts, or can't be asked; knows how often it was."""

    def __init__(self, *alerts: dict[str, object]) -> None:
        self.asked = 0
        self.status = 200
        self.have(*alerts)

    def have(self, *alerts: dict[str, object]) -> None:
        """Reply with these alerts from now on."""
        self.body = json.dumps(alerts).encode()

    def get_subpath(self, timeout: float, suffix: str) -> Reply:
        assert timeout > 0
        self.asked += suffix.startswith("/api/v2/alerts")
        if suffix.startswith("/api/v2/alerts"):
            return Reply(self.status, self.body)
        return Reply(200, b'{"uptime": "2023-11-14T22:13:20Z"}', date=WALL + 86_400.0)


def ask(desk: Desk, *alerts: dict[str, object]) -> FakeAlertmanager:
    """Reconfigure the pager to query an Alertmanager with these alerts."""
    alertmanager = FakeAlertmanager(*alerts)
    desk.pager.reconfigure(desk.settings, desk.outlets._replace(alertmanager=alertmanager), desk.heartbeat)
    return alertmanager


def active(name: str) -> dict[str, object]:
    """Return an alert as Alertmanager lists it."""
    return {"fingerprint": name, "labels": {"a": "b"}, "status": {"state": "active"}}


def test_without_anybody_to_query_the_end_waits_a_little_and_says_no_more_than_is_known(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.receive_group(desk.alert("One", ended=True))
    assert desk.run() == 0, "of a pair of Alertmanagers the other one may speak yet"

    desk.clock.move(20.0)
    desk.run()

    head = desk.texts()[1].split("\n")[0]
    assert head == "RESOLVED: 1 resolved, 1 not heard of any more (silenced, inhibited or ended)"


def test_two_pages_in_one_message_are_no_all_clear_while_one_alert_was_not_seen_again(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.receive_group(desk.alert("One"))
    desk.receive_group(desk.alert("One", ended=True))

    desk.clock.move(20.0)
    desk.run()

    head = desk.texts()[1].split("\n")[0]
    assert (
        head
        == "DIGEST: 2 pages, 0 firing, 1 resolved, 1 not heard of any more (silenced, inhibited or ended)"
    )


def test_what_fires_ends_the_wait_of_the_pages_before_it(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.receive_group(desk.alert("One"))
    assert desk.run() == 0

    desk.receive_group(desk.alert("One"), desk.alert("Three"))

    assert desk.run() == 1
    assert desk.texts()[1].startswith("DIGEST: 2 pages, 1 firing")


def test_an_alertmanager_that_does_not_answer_gives_another_replica_its_time(desk: Desk) -> None:
    ask(desk).status = 503
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.receive_group(desk.alert("One", ended=True))
    desk.run()
    told = len(desk.texts())
    desk.clock.move(2.0)
    desk.receive_group(desk.alert("One", ended=True), desk.alert("Two"))

    desk.clock.move(18.0)
    desk.run()

    assert told == 1
    assert desk.texts()[1].startswith("RESOLVED: 1 of 2, 1 still firing")


def test_an_alertmanager_that_never_answers_keeps_no_page_back(desk: Desk) -> None:
    ask(desk).status = 503
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.receive_group(desk.alert("One", ended=True))
    desk.run()

    desk.clock.move(20.0)
    desk.run()

    assert desk.texts()[1].startswith("RESOLVED: 1 resolved, 1 not heard of any more")


def test_what_another_replica_says_meanwhile_is_no_news(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    desk.clock.move(5.0)
    desk.receive_group(desk.alert("One"))
    desk.clock.move(5.0)
    desk.receive_group(desk.alert("One"), desk.alert("Two"))

    desk.clock.move(20.0)
    desk.run()

    assert len(desk.texts()) == 1
    assert desk.pager.status(5).pending == 0
    assert len(desk.pager.status(5).latest) == 1, "a page that had nothing to tell is none"


def test_what_fires_waits_for_nobody(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"))
    desk.run()
    desk.receive_group(desk.alert("Two"))

    assert desk.run() == 1


def test_querying_alertmanager_makes_an_end_certain_at_once(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"), active("Two"))
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    alertmanager.have()
    desk.receive_group(desk.alert("One", ended=True))

    desk.run()

    assert desk.texts()[1].startswith("ALL CLEAR: 1 resolved, 1 gone from Alertmanager")
    assert alertmanager.asked == 2, "once while they fired, once when one had ended"


@pytest.mark.parametrize("version", ["4", "1", ""])
def test_an_alertmanager_that_never_had_the_group_does_not_know_what_became_of_it(
    desk: Desk, version: str
) -> None:
    ask(desk)
    desk.receive_group(desk.alert("One"), desk.alert("Two"), version=version)
    desk.run()
    desk.receive_group(desk.alert("One", ended=True), version=version)

    desk.clock.move(20.0)
    desk.run()

    head = desk.texts()[1].split("\n")[0]
    assert head == "RESOLVED: 1 resolved, 1 not heard of any more (silenced, inhibited or ended)"


def test_alertmanager_is_not_asked_about_what_only_looks_like_its_own(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"), active("Two"))

    desk.receive_group(desk.alert("One"), desk.alert("Two"), version="1")
    desk.run()

    assert alertmanager.asked == 0


def test_what_alertmanager_still_has_is_paged_and_its_reminder_too(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    ask(desk, active("Two"))
    desk.receive_group(desk.alert("One", ended=True))
    desk.run()
    desk.clock.move(3_600.0)
    desk.receive_group(desk.alert("Two"))
    desk.run()

    assert desk.texts()[1].startswith("RESOLVED: 1 of 2, 1 still firing")
    assert desk.texts()[2].startswith("REMINDER: 1 alert still firing")


def test_what_was_said_to_be_gone_survives_a_failed_attempt(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"), active("Two"))
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    alertmanager.have()
    desk.way("alpha").outcomes.append(BUSY)
    desk.receive_group(desk.alert("One", ended=True))

    desk.run()
    desk.clock.move(60.0)
    desk.run()

    assert [text.split("\n")[0] for text in desk.texts()[1:]] == [
        "ALL CLEAR: 1 resolved, 1 gone from Alertmanager"
    ] * 2


@pytest.mark.parametrize(
    ("there", "told"),
    [([active("One")], ["FIRING: 1 alert"]), ([], []), (None, [])],
    ids=["it is active", "it is over", "nobody answers"],
)
def test_what_fires_again_with_the_start_it_had_is_paged_if_alertmanager_has_it(
    desk: Desk, there: list[dict[str, object]] | None, told: list[str]
) -> None:
    alertmanager = ask(desk)
    desk.receive_group(desk.alert("One"))
    desk.run()
    desk.receive_group(desk.alert("One", ended=True))
    desk.run()
    before = len(desk.texts())
    alertmanager.have(*there or ())
    alertmanager.status = 503 if there is None else 200
    desk.clock.move(30.0)

    desk.receive_group(desk.alert("One"))
    desk.run()

    assert [text.split("\n")[0] for text in desk.texts()[before:]] == told
    assert desk.pager.status(5).pending == 0


def test_what_fires_again_survives_a_failed_attempt_and_ends_anew(desk: Desk) -> None:
    alertmanager = ask(desk, active("One"))
    desk.receive_group(desk.alert("One"))
    desk.run()
    alertmanager.have()
    desk.receive_group(desk.alert("One", ended=True))
    desk.run()
    alertmanager.have(active("One"))
    desk.way("alpha").outcomes.append(BUSY)
    desk.receive_group(desk.alert("One"))
    desk.run()
    alertmanager.status = 503
    desk.clock.move(60.0)
    desk.run()
    desk.clock.move(60.0)
    desk.receive_group(desk.alert("One", ended=True))
    desk.run()

    heads = [text.split("\n")[0] for text in desk.texts()[2:]]
    assert heads == ["FIRING: 1 alert", "FIRING: 1 alert", "ALL CLEAR: 1 resolved"]


def test_nothing_is_clear_where_nobody_can_read_how_many_were_left_out(desk: Desk) -> None:
    said = {"version": "4", "groupKey": "{}:{}", "groupLabels": {"a": "b"}, "truncatedAlerts": "some"}
    for ended in (False, True):
        desk.pager.receive(json.dumps(said | {"alerts": [desk.alert("One", ended=ended)]}).encode())
        desk.run()

    assert desk.texts()[1].startswith("RESOLVED: 1 resolved, others may have been left out")
