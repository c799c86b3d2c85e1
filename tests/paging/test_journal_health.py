"""A journal that can not be used, and one that can again."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.paging.desk import Desk, break_journal, mend_journal
from tests.paging.fakes import GROUP, a_page
from waexporter.errors import JournalError


def test_while_the_journal_can_not_be_written_webhooks_fail_and_it_is_logged_once(desk: Desk) -> None:
    break_journal(desk)
    with capture_logs() as said:
        for _ in range(3):
            with pytest.raises(JournalError, match=r"pages\.sqlite"):
                desk.receive(desk.alert())
            desk.pager.upkeep.tick()

    status = desk.pager.status(5)
    assert [line["log_level"] for line in said] == ["error"]
    assert status.problem is not None
    assert "pages.sqlite" in status.problem
    assert status.latest == ()
    assert desk.value("waexporter_journal_writable") == 0
    assert "the journal can't be written" in desk.pager.upkeep.problems()


def test_it_mends_itself(desk: Desk) -> None:
    break_journal(desk)
    desk.pager.upkeep.tick()
    mend_journal(desk)

    desk.receive(desk.alert())

    assert desk.pager.status(5).problem is None
    assert desk.value("waexporter_journal_writable") == 1
    assert desk.run() == 1


def test_a_journal_that_fails_later_mends_itself_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.receive(desk.alert())

    def refuse() -> None:
        raise JournalError("pages.sqlite: disk full")

    with monkeypatch.context() as patch:
        patch.setattr(desk.journal, "prune", lambda *_: refuse())
        patch.setattr(desk.journal, "check_writable", refuse)
        desk.pager.upkeep.tick()
        with pytest.raises(JournalError):
            desk.receive(desk.alert("Other"))
        assert desk.pager.status(1).problem == "pages.sqlite: disk full"

    desk.pager.upkeep.tick()
    desk.receive(desk.alert("Other"))
    assert desk.pager.status(1).problem is None


def test_a_page_that_is_in_the_file_although_its_write_failed_is_sent(desk: Desk) -> None:
    desk.pager.upkeep.tick()
    with desk.journal.session() as session:
        session.record_page(a_page(), (), desk.clock.wall)
    desk.pager.upkeep.health.report_failure(JournalError("pages.sqlite: disk I/O error"))

    desk.pager.upkeep.tick()

    assert desk.run() == 1


def test_a_daemon_starts_with_a_journal_that_can_not_be_used(desk: Desk) -> None:
    break_journal(desk)

    desk.pager.start()

    assert desk.pager.status(1).problem is not None
    desk.pager.remember_group("alpha", GROUP)
    assert desk.pager.remembered_group("alpha") is None


def test_a_damaged_fact_is_as_good_as_none(desk: Desk) -> None:
    desk.journal.save_fact("watchdog", "eu", "long ago")
    desk.journal.close()

    desk.pager.upkeep.tick()

    assert desk.pager.status(1).problem is None
    assert desk.pager.status(1).silences[0].seconds == 0.0
