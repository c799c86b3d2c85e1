"""`waexporter pages`: the journal as a person and as a program read it."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from waexporter.cli import main
from waexporter.commands.pages import list_pages
from waexporter.paging.channels.remedies import find_remedy
from waexporter.paging.dedup import deduplicate
from waexporter.paging.journal.entry import Attempt, PageResult, PageState
from waexporter.paging.journal.writer import Journal
from waexporter.paging.model import Alert, Doubt, Item, ItemKind, Page, Webhook
from waexporter.web.formatting import KIND_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.commands.conftest import CommandResult, Workplace

    Run = Callable[..., CommandResult]

NOW = 1_795_500_000.0


def alert(name: str, *, ends_at: float | None = None, **labels: str) -> Alert:
    annotations = {"summary": f"{name} has\nhappened.\x1b[31m"}
    return Alert(name, NOW - 600, ends_at, {"alertname": name, "severity": "critical", **labels}, annotations)


class Pages:
    """A journal that a daemon holds open, with pages in it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def add(self, *alerts: Alert, ago: float = 60, truncated: int = 0) -> int:
        """Record a page as the pager does; gives its number."""
        webhook = Webhook(f"thread of {alerts[0].fingerprint}", alerts, truncated)
        with self.journal.session() as session:
            decision = deduplicate(
                webhook, session.records, session.open_alerts(webhook.thread), NOW, NOW - ago
            )
            assert decision.page is not None
            return session.record_page(decision.page, decision.records, NOW - ago).number


@pytest.fixture
def pages(workplace: Workplace) -> Iterator[Pages]:
    journal = Journal(str(workplace.state))
    journal.open()
    yield Pages(journal)
    journal.close()


def listed(folder: Path, limit: int = 20) -> list[str]:
    lines: list[str] = []
    list_pages(str(folder), limit, NOW, lines.append)
    return lines


def test_each_state_of_a_page_is_described(workplace: Workplace, pages: Pages) -> None:
    journal = pages.journal
    out = pages.add(alert("WhatsAppDown", target="support-line"), ago=7500)
    journal.begin_attempt([out], is_repeat=False)
    journal.begin_attempt([out], is_repeat=True)
    journal.finish([out], PageResult(PageState.ACCEPTED, NOW, "whatsapp", "support-line/1415-1"))
    around = pages.add(alert("WhatsAppDegraded"), ago=300)
    journal.begin_attempt([around], is_repeat=False)
    journal.finish([around], PageResult(PageState.ACCEPTED, NOW, "webhook", "fallback"))
    lost = pages.add(alert("WhatsAppDown", target="support-line", ends_at=NOW - 100), ago=90)
    journal.begin_attempt([lost], is_repeat=False)
    why = "support-line: answered 400: 1003 Not a participant"
    journal.finish([lost], PageResult(PageState.FAILED, NOW, "whatsapp", "", why))
    waits = pages.add(alert("Disk"), ago=5)
    journal.begin_attempt([waits], is_repeat=False)
    journal.postpone([waits], "support-line: no connection: Connection refused", is_uncertain=False)
    pages.add(alert("New"), ago=1)

    lines = listed(workplace.state)

    assert lines == [
        "#5     PENDING   1 s ago  not out yet, 0 attempts",
        "       FIRING critical New: New has happened. [31m",
        "#4     PENDING   5 s ago  not out yet, 1 attempt",
        "       FIRING critical Disk: Disk has happened. [31m",
        "       why: support-line: no connection: Connection refused",
        f"       -> {find_remedy('Connection refused')}",
        "#3     FAILED    1 min 30 s ago  last tried by whatsapp, 1 attempt",
        "       resolved critical WhatsAppDown support-line: WhatsAppDown has happened. [31m",
        "       why: support-line: answered 400: 1003 Not a participant",
        "       -> the business has left the group: make a group by `waexporter pager setup`",
        "#2     ACCEPTED  5 min ago  by the fallback (webhook), 1 attempt",
        "       FIRING critical WhatsAppDegraded: WhatsAppDegraded has happened. [31m",
        "#1     ACCEPTED  2 h 5 min ago  through support-line to 1415-1, 2 attempts, perhaps read 2 times",
        "       FIRING critical WhatsAppDown support-line: WhatsAppDown has happened. [31m",
    ]


def test_a_target_with_a_slash_in_its_name_is_told_from_the_recipient(
    workplace: Workplace, pages: Pages
) -> None:
    number = pages.add(alert("Disk"))
    pages.journal.finish([number], PageResult(PageState.ACCEPTED, NOW, "whatsapp", "shops/alpha/1415-1"))

    assert "through shops/alpha to 1415-1" in listed(workplace.state)[0]


def test_a_failed_fallback_is_reported_with_advice_on_whatsapp(workplace: Workplace, pages: Pages) -> None:
    waits = pages.add(alert("Disk"))
    pages.journal.begin_attempt([waits], is_repeat=False)
    pages.journal.postpone([waits], "fallback 0: answered 503", is_uncertain=False)

    lines = listed(workplace.state)

    assert lines[-3:] == [
        "       why: fallback 0: answered 503",
        "       -> check the address in pager.fallback, and what receives it",
        "       WhatsApp did not take it either -> `waexporter pager check` says why",
    ]


def test_each_attempt_is_listed_with_its_outcome(workplace: Workplace, pages: Pages) -> None:
    number = pages.add(alert("Disk"))
    gone = Attempt(NOW - 50, "orders", "111-222", "1012", "answered 404: 1012 Group not found")
    crashed = Attempt(
        NOW - 49, "fallback 0", "https://chat.example/…", "crashed", "the attempt ended by a bug"
    )
    taken = Attempt(NOW, "support-line", "1415-1", "ok")
    pages.journal.begin_attempt([number], is_repeat=False)
    pages.journal.postpone([number], "busy", is_uncertain=False, tried=[gone, crashed])
    pages.journal.finish(
        [number],
        PageResult(PageState.ACCEPTED, NOW, "whatsapp", "support-line/1415-1", tried=(crashed, taken)),
    )

    lines = listed(workplace.state)

    assert lines[2:] == [
        f"       NOT OK: orders to 111-222: answered 404: 1012 Group not found -> {find_remedy(gone.why)}",
        (
            "       NOT OK: fallback 0 to https://chat.example/…: the attempt ended by a bug (2 attempts) "
            "-> check the address in pager.fallback, and what receives it"
        ),
        "       ok: support-line to 1415-1: accepted",
    ]


def test_a_page_of_many_alerts_is_counted(workplace: Workplace, pages: Pages) -> None:
    many = [alert(f"A{number}") for number in range(6)]
    pages.add(*many, alert("B", ends_at=NOW), truncated=9)

    lines = listed(workplace.state)

    assert len(lines) == 5
    assert lines[-1] == "       and 3 more firing, 1 more resolved, 9 left out by Alertmanager"


def test_unlisted_alerts_are_counted(workplace: Workplace, pages: Pages) -> None:
    doubt = Doubt(alert("B"), NOW)
    page = Page("t", (Item(alert("A"), ItemKind.FIRED),), received_at=NOW, doubts=(doubt,))
    with pages.journal.session() as session:
        session.record_page(page, (), NOW)

    assert listed(workplace.state)[-1] == "       and 1 earlier alert that Alertmanager did not list"


@pytest.mark.parametrize("kind", ItemKind)
def test_every_kind_of_alert_has_a_word(workplace: Workplace, pages: Pages, kind: ItemKind) -> None:
    page = Page("t", (Item(alert("A"), kind),) * 4, received_at=NOW)
    with pages.journal.session() as session:
        session.record_page(page, (), NOW)

    _, first, *_, rest = listed(workplace.state)

    assert KIND_WORDS[kind].lower() in first.lower()
    assert rest == f"       and 1 more {KIND_WORDS[kind]}"


def test_the_limit_keeps_the_newest(workplace: Workplace, pages: Pages) -> None:
    for number in range(5):
        pages.add(alert(f"A{number}"))

    result = workplace.run("pages", "--limit", "2")

    assert result.status == 0
    assert [line.split()[0] for line in result.lines("#")] == ["#5", "#4"]


def test_json_is_the_same_as_that_of_the_daemon(workplace: Workplace, pages: Pages) -> None:
    pages.add(alert("WhatsAppDown", target="support-line"))

    result = workplace.run("pages", "--json")

    (page,) = json.loads(result.output)["pages"]
    assert result.status == 0
    assert page["state"] == "pending"
    assert page["shown"][0]["alertname"] == "WhatsAppDown"


def test_an_empty_journal_and_a_missing_one_are_distinguished(workplace: Workplace) -> None:
    none = workplace.run("pages")
    journal = Journal(str(workplace.state))
    journal.open()
    journal.close()

    empty = workplace.run("pages")

    assert none.status == 1
    assert "there is no journal; has the daemon been started with a pager?" in none.complaints
    assert empty.status == 0
    assert "no page yet in" in empty.output


@pytest.mark.parametrize("is_folder", [True, False])
def test_another_user_is_told_whose_journal_it_is(run: Run, *, is_folder: bool) -> None:
    with TemporaryDirectory() as place:  # pytest's own folder would keep the other user out by itself
        Path(place).chmod(0o755)
        state = Path(place) / "state"
        journal = Journal(str(state))
        journal.open()
        journal.close()
        config = Path(place) / "waexporter.yml"
        config.write_text(f'targets: [{{url: "https://wa.example"}}]\npager: {{state_dir: "{state}"}}')
        if not is_folder:
            state.chmod(0o755)
        with barred(state if is_folder else state / "pages.sqlite"):
            result = run("pages", "--config", str(config))
            checked = run("pager", "check", "--config", str(config))

    assert result.status == 1
    assert result.complaints == (
        f"{state}/pages.sqlite can't be read: it is for the daemon's user alone; ask as that user\n"
    )
    assert checked.status == 1
    assert [line.partition(" -> ")[2] for line in checked.lines("NOT OK") if "user" in line] == [
        "make room or give the folder to the daemon's user, and check as that user; or choose another",
        "check as that user",
    ]


@contextmanager
def barred(path: Path) -> Iterator[None]:
    """Be somebody who may not read it, even as root."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        path.chmod(0)
        yield
        path.chmod(0o700)


def test_a_damaged_journal_is_an_error_without_a_traceback(workplace: Workplace, pages: Pages) -> None:
    pages.add(alert("A"))
    pages.journal.close()
    file = workplace.state / "pages.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE pages SET content = x'00'")
    inside = workplace.run("pages")
    file.write_bytes(b"no database at all" * 100)

    outside = workplace.run("pages")

    assert (inside.status, outside.status) == (0, 1)
    assert "DAMAGED" in inside.output
    assert "its row in the journal is damaged: " in inside.output
    assert "file is not a database -> stop the daemon, move the file away" in outside.complaints


@pytest.mark.parametrize("limit", ["0", "-1", "many", "20001", "9" * 30])
def test_an_invalid_limit_is_rejected(limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["pages", f"--limit={limit}"])

    assert ended.value.code == 2
    assert "is not a number from 1 to 20000" in capsys.readouterr().err
