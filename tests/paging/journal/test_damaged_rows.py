"""A journal with damaged rows: each costs itself, is said once, and everything else goes on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.paging.desk import EU, Desk
from tests.paging.fakes import GROUP
from waexporter.commands.pages import list_pages
from waexporter.errors import JournalError
from waexporter.model import PagerSettings
from waexporter.paging.journal.reader import check_integrity, read_groups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


UNHEARD = "not heard of any more (silenced, inhibited or ended)"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = PagerSettings(state_dir=str(tmp_path / "state"), watchdogs=(EU,))
    made = Desk(tmp_path / "state", settings)
    yield made
    made.pager.stop()


def group_of(name: str) -> bytes:
    """Return a delivery of a thread of its own."""
    alert = {
        "status": "firing",
        "labels": {"alertname": name},
        "startsAt": "2023-11-14T22:13:20Z",
        "fingerprint": name,
    }
    return json.dumps({"version": "4", "groupLabels": {"name": name}, "alerts": [alert]}).encode()


def end_one_after_a_restart(desk: Desk) -> None:
    """Start again, and hear of a group only that one of its alerts is over."""
    desk.restart()
    desk.pager.upkeep.tick()
    desk.receive_group(desk.alert("One", ended=True))
    desk.clock.move(60.0)
    desk.run()


def first_line(desk: Desk) -> str:
    """Return the first line of the last message."""
    return desk.texts()[-1].split("\n")[0]


def spoil(desk: Desk, *statements: str) -> None:
    """Change the file while no daemon runs; what its tables demand of a column is not asked."""
    desk.pager.stop()
    with closing(sqlite3.connect(desk.journal.path)) as file, file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '')")
        file.commit()
    with closing(sqlite3.connect(desk.journal.path)) as file, file:
        for statement in statements:
            file.execute(statement)


UNREADABLE = ["x'00'", "x''", "'text'", "17", "NULL", "x'789c4b4c040001270094'"]


@pytest.mark.parametrize("content", UNREADABLE)
def test_a_page_that_can_not_be_read_is_set_aside_and_the_others_go_on(desk: Desk, content: str) -> None:
    for name in ("Damaged", "Sound"):
        desk.pager.receive(group_of(name))
    spoil(desk, f"UPDATE pages SET content = {content} WHERE number = 1")  # noqa: S608 - our own words

    with capture_logs() as said:
        desk.restart()
        desk.pager.upkeep.tick()
        desk.pager.receive(group_of("New"))
        desk.run()
        desk.restart()
        desk.pager.upkeep.tick()

    sent = [alert.fingerprint for message in desk.way("alpha").sent for alert in message.alerts]
    assert sent == ["Sound", "New"]
    assert [line["rows"] for line in said if "damaged" in line["event"]] == [["page 1"]]
    assert desk.value("waexporter_journal_damaged_total") == 1
    assert desk.pager.status(5).problem is None
    assert [entry.state.value for entry in desk.pager.status(5).latest] == ["accepted", "accepted", "damaged"]


def test_what_was_set_aside_is_listed_and_counted(desk: Desk) -> None:
    desk.pager.receive(group_of("Damaged"))
    spoil(desk, "UPDATE pages SET content = x'00'")
    desk.restart()
    desk.pager.upkeep.tick()
    lines: list[str] = []

    list_pages(desk.settings.state_dir, 5, desk.clock.wall, lines.append)

    assert lines[0].startswith("#1     DAMAGED   0 s ago  set aside")
    assert "its row in the journal is damaged" in lines[1]
    condition = check_integrity(desk.settings.state_dir)
    assert condition is not None
    assert (condition.damaged, condition.pending) == (1, 0)


@pytest.mark.parametrize("state", ["'lost'", "NULL", "17", "x'ff00'", "CAST(x'ff' AS TEXT)"])
def test_a_page_of_which_nobody_knows_whether_it_was_sent_is_sent(desk: Desk, state: str) -> None:
    desk.pager.receive(group_of("Odd"))
    spoil(desk, f"UPDATE pages SET state = {state}")  # noqa: S608 - our own words

    desk.restart()
    desk.pager.upkeep.tick()
    desk.run()

    assert len(desk.texts()) == 1
    assert desk.value("waexporter_page_duplicates_total") == 1, "it may have been told before"
    assert [entry.state.value for entry in desk.pager.status(5).latest] == ["accepted"]


@pytest.mark.parametrize("value", ["NULL", "'text'", "x'ff'", "9e999", "-9e999", "CAST(x'ff' AS TEXT)"])
@pytest.mark.parametrize(
    "column",
    ["received_at", "attempts", "uncertain", "repeats", "channel", "destination", "why", "done_at", "thread"],
)
def test_any_other_column_costs_itself(desk: Desk, column: str, value: str) -> None:
    desk.pager.receive(group_of("First"))
    desk.run()
    desk.pager.receive(group_of("Second"))
    spoil(desk, f"UPDATE pages SET {column} = {value}")  # noqa: S608 - our own words

    desk.restart()
    desk.pager.upkeep.tick()
    desk.pager.receive(group_of("Third"))
    desk.run()

    sent = [alert.fingerprint for message in desk.way("alpha").sent for alert in message.alerts]
    assert sent == ["First", "Second", "Third"]
    assert desk.pager.status(5).problem is None
    assert desk.pager.status(5).oldest == 0.0


@pytest.mark.parametrize("value", ["NULL", "'text'", "x'ff'", "9e999", "CAST(x'ff' AS TEXT)"])
@pytest.mark.parametrize(
    "column",
    ["thread", "starts_at", "ends_at", "told_at", "latest_at", "heard_at", "heard_in", "standing", "labels"],
)
def test_a_memory_that_can_not_be_read_is_as_good_as_none(desk: Desk, column: str, value: str) -> None:
    for name in ("Forgotten", "Known"):
        desk.pager.receive(group_of(name))
    desk.run()
    spoil(desk, f"UPDATE alerts SET {column} = {value} WHERE fingerprint = 'Forgotten'")  # noqa: S608 - our own words

    desk.restart()
    desk.pager.upkeep.tick()
    for name in ("Forgotten", "Known"):
        desk.pager.receive(group_of(name))
    desk.run()

    sent = [alert.fingerprint for message in desk.way("alpha").sent[2:] for alert in message.alerts]
    assert "Known" not in sent
    assert desk.pager.status(5).problem is None


ONE_BAD_BYTE = "CAST(x'7b22616c6572746e616d65223a22ff227d' AS BLOB)"  # in a label's value


@pytest.mark.parametrize("labels", [ONE_BAD_BYTE, "NULL", "'text'", "x'5b5d'"])
def test_labels_that_can_not_be_read_cost_themselves(desk: Desk, labels: str) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    spoil(desk, f"UPDATE alerts SET labels = {labels}")  # noqa: S608 - our own words

    end_one_after_a_restart(desk)

    assert first_line(desk) == f"RESOLVED: 1 resolved, 1 {UNHEARD}"
    assert desk.value("waexporter_journal_damaged_total") == 2


@pytest.mark.parametrize(
    "change",
    ["standing = 'hoard'", "told_at = 'text'", "ends_at = x'ff'", "heard_in = x'ff'", "starts_at = 9e999"],
)
def test_an_alert_whose_memory_is_damaged_is_not_taken_to_be_over(desk: Desk, change: str) -> None:
    desk.receive_group(desk.alert("One"), desk.alert("Two"))
    desk.run()
    spoil(desk, f"UPDATE alerts SET {change} WHERE fingerprint = 'Two'")  # noqa: S608 - our own words

    end_one_after_a_restart(desk)

    assert first_line(desk) == f"RESOLVED: 1 resolved, 1 {UNHEARD}"


def test_what_a_damaged_page_was_about_is_paged_when_it_comes_again(desk: Desk) -> None:
    desk.receive_group(desk.alert("One"))
    spoil(desk, "UPDATE pages SET content = x'00'")

    desk.restart()
    desk.pager.upkeep.tick()
    desk.receive_group(desk.alert("One"))
    desk.run()

    assert first_line(desk).startswith("FIRING: 1 alert")


def test_a_silence_that_a_damaged_page_was_about_is_paged_again(desk: Desk) -> None:
    desk.clock.move(EU.max_silence + 200.0)
    desk.pager.upkeep.tick()
    spoil(desk, "UPDATE pages SET content = x'00'")

    desk.restart()
    desk.clock.move(EU.max_silence + 200.0)
    desk.pager.upkeep.tick()
    desk.run()

    assert first_line(desk).startswith("FIRING: 1 alert")


@pytest.mark.parametrize("value", ["NULL", "'text'", "x'ff'", "9e999", "'nan'", "CAST(x'ff' AS TEXT)"])
def test_a_fact_that_can_not_be_read_is_as_good_as_none(desk: Desk, value: str) -> None:
    desk.receive(desk.alert("Watchdog"))
    desk.pager.remember_group("alpha", GROUP)
    desk.journal.save_fact("verdict", "alpha", "{}")
    spoil(desk, f"UPDATE facts SET value = {value} WHERE kind != 'group'")  # noqa: S608 - our own words

    desk.restart()
    desk.pager.upkeep.tick()

    assert desk.pager.status(1).problem is None
    assert desk.pager.remembered_group("alpha") == GROUP
    assert [silence.seconds for silence in desk.pager.status(1).silences] == [0.0]
    desk.clock.move(EU.max_silence + 1)
    desk.pager.upkeep.tick()
    assert desk.run() == 1, "its silence is still noticed"


def test_a_fact_without_a_name_is_none(desk: Desk) -> None:
    desk.pager.remember_group("alpha", GROUP)
    spoil(desk, "INSERT INTO facts VALUES ('group', x'ff', 'x')")

    desk.restart()
    desk.pager.upkeep.tick()

    assert desk.pager.remembered_group("alpha") == GROUP
    assert desk.value("waexporter_journal_damaged_total") == 1


@pytest.mark.parametrize("fact", ["'group', x'ff', 'x'", "'group', 'beta', x'fffe'", "'group', x'6265', x''"])
def test_commands_read_the_facts_that_are_sound(desk: Desk, fact: str) -> None:
    desk.pager.remember_group("alpha", GROUP)
    spoil(desk, f"INSERT INTO facts VALUES ({fact})")  # noqa: S608 - our own words

    assert read_groups(desk.settings.state_dir) == {"alpha": GROUP}


def test_a_disk_that_is_full_does_not_keep_the_others_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Damaged", "Sound"):
        desk.pager.receive(group_of(name))
    spoil(desk, "UPDATE pages SET content = x'00' WHERE number = 1")
    desk.restart()

    def refuse(_: float) -> None:
        raise JournalError("pages.sqlite: disk full")

    monkeypatch.setattr(desk.journal, "set_aside_damaged", refuse)
    desk.pager.upkeep.tick()

    assert desk.run() == 1
    assert "Sound" in desk.texts()[0]
