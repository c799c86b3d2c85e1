"""The journal: what was recorded is there whatever happened; what is wrong is said with its file."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.paging.fakes import WALL, a_page, an_alert
from tests.running.examples import examples
from waexporter.errors import JournalError
from waexporter.paging.alert_record import AlertRecord, Presence
from waexporter.paging.journal import schema
from waexporter.paging.journal.entry import JournalEntry, PageResult, PageState, pack
from waexporter.paging.journal.reader import read_pages
from waexporter.paging.journal.schema import FILE
from waexporter.paging.journal.writer import Journal
from waexporter.paging.model import Alert, AlertGroup, Doubt, Item, ItemKind, Page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = 86_400.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(str(tmp_path))
    yield made
    made.close()


def pending(journal: Journal) -> tuple[JournalEntry, ...]:
    with journal.session() as session:
        return session.pending_pages()


def record(
    journal: Journal, page: Page | None = None, *records: AlertRecord, at: float = WALL
) -> JournalEntry:
    with journal.session() as session:
        return session.record_page(page or a_page(), records, at)


def again(journal: Journal) -> Journal:
    """Return the journal as a restarted daemon finds it."""
    journal.close()
    return Journal(str(journal.path.parent))


def known(journal: Journal) -> dict[str, AlertRecord]:
    with journal.session() as session:
        return dict(session.records)


def firing(journal: Journal, thread: str) -> frozenset[str]:
    with journal.session() as session:
        return session.open_alerts(thread)


def a_memory(name: str = "a", ends_at: float | None = None, notified_at: float = WALL) -> AlertRecord:
    return AlertRecord(name, "thread", WALL, ends_at, notified_at)


def test_what_is_recorded_outlives_a_restart(journal: Journal) -> None:
    first = record(journal, a_page("one"), a_memory("a"), a_memory("b", WALL + 1.0))
    second = record(journal, a_page("two", an_alert("x"), an_alert("y", ends_at=WALL)), at=WALL + 5.0)

    found = again(journal)

    assert pending(found) == (first, second)
    assert known(found) == {"a": a_memory("a"), "b": a_memory("b", WALL + 1.0)}
    assert firing(found, "thread") == {"a"}
    assert firing(found, "other") == frozenset()
    found.close()


def test_the_names_of_its_fields_on_disk_stay_as_they_are() -> None:
    """A journal of an earlier version is read by them."""
    doubt = Doubt(Alert("a", 1.0), 2.0)
    page = Page("t", (Item(Alert("b", 3.0), ItemKind.UNHEARD),), group=AlertGroup("key"), doubts=(doubt,))

    kept = json.loads(zlib.decompress(pack(page)))

    assert list(kept) == [
        *("thread", "items", "truncated", "still_firing", "received_at", "group", "doubts", "unread", "lost"),
        *("lost_heard_at", "unsure", "muted", "is_partial"),
    ]
    assert list(kept["items"][0]) == ["alert", "kind"]
    assert list(kept["items"][0]["alert"]) == ["fingerprint", "starts_at", "ends_at", "labels", "annotations"]
    assert list(kept["group"]) == ["key", "receiver", "labels", "is_of_alertmanager"]
    assert list(kept["doubts"][0]) == ["alert", "heard_at", "is_missing", "is_stale"]
    assert [kind.value for kind in ItemKind] == [
        *("fired", "reminded", "resolved", "unheard", "silenced", "inhibited", "gone")
    ]
    assert [presence.value for presence in Presence] == ["heard", "missed", "lost"]


def test_it_is_written_to_disk_before_it_counts_as_recorded(journal: Journal) -> None:
    journal.open()
    connection = journal._file._connection
    assert connection is not None

    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_page_and_its_memory_are_on_disk_both_or_neither(journal: Journal) -> None:
    class Odd(AlertRecord, frozen=True):
        """A memory that SQLite can't keep."""

    odd = Odd("b", "thread", WALL, None, object())  # type: ignore[arg-type]

    with pytest.raises(JournalError, match=FILE):
        record(journal, a_page(), a_memory("a"), odd)

    assert pending(journal) == ()
    assert known(journal) == {}
    assert firing(journal, "thread") == frozenset()


def test_a_page_goes_from_pending_to_its_end(journal: Journal) -> None:
    number = record(journal).number

    journal.begin_attempt([number], is_repeat=False)
    [entry] = pending(journal)
    assert (entry.attempts, entry.is_uncertain, entry.repeats) == (1, True, 0)

    journal.postpone([number], "the client is busy", is_uncertain=False)
    [entry] = pending(journal)
    assert (entry.attempts, entry.is_uncertain, entry.why) == (1, False, "the client is busy")

    journal.begin_attempt([number], is_repeat=True)
    journal.finish([number], PageResult(PageState.ACCEPTED, WALL + 9.0, "whatsapp", "alpha/1", ""))
    assert pending(journal) == ()
    [entry] = journal.latest(5)
    assert entry == JournalEntry(
        number=number,
        page=a_page(),
        state=PageState.ACCEPTED,
        received_at=WALL,
        attempts=2,
        repeats=1,
        channel="whatsapp",
        destination="alpha/1",
        done_at=WALL + 9.0,
    )


def test_the_newest_pages_come_first(journal: Journal) -> None:
    numbers = [record(journal).number for _ in range(4)]

    assert [entry.number for entry in journal.latest(3)] == numbers[:0:-1]


def test_it_returns_where_messages_went_lately(journal: Journal) -> None:
    numbers = [record(journal).number for _ in range(4)]
    journal.finish(numbers[:2], PageResult(PageState.ACCEPTED, WALL + 10.0, "whatsapp", "alpha/1"))
    journal.finish(numbers[2:3], PageResult(PageState.ACCEPTED, WALL + 20.0, "webhook", "fallback"))
    journal.finish(numbers[3:], PageResult(PageState.FAILED, WALL + 30.0, "whatsapp"))

    assert sorted(journal.accepted_since(WALL)) == [("alpha/1", WALL + 10.0), ("fallback", WALL + 20.0)]
    assert journal.accepted_since(WALL + 10.0) == (("fallback", WALL + 20.0),)
    assert sorted(journal.last_acceptances()) == [("webhook", WALL + 20.0), ("whatsapp", WALL + 10.0)]


def test_facts_are_kept_by_kind_and_name(journal: Journal) -> None:
    journal.save_fact("group", "alpha", "1-2")
    journal.save_fact("group", "alpha", "3-4")
    journal.save_fact("watchdog", "alpha", "5")

    found = again(journal)
    assert found.facts("group") == {"alpha": "3-4"}
    assert found.facts("none") == {}
    found.close()


def test_what_is_old_is_forgotten_and_what_is_pending_never(journal: Journal) -> None:
    old, pending, fresh = (record(journal).number for _ in range(3))
    journal.finish([old], PageResult(PageState.ACCEPTED, WALL))
    journal.finish([fresh], PageResult(PageState.FAILED, WALL + 20 * DAY))
    record(
        journal,
        a_page(),
        a_memory("resolved", WALL, WALL + 23 * DAY),
        a_memory("resolved of late", WALL, WALL + 26 * DAY),
        a_memory("fires", None, WALL + 2 * DAY),
        a_memory("fires no more", None, WALL),
    )

    journal.prune(WALL + 31 * DAY, WALL + 31 * DAY)

    assert [entry.number for entry in journal.latest(10)] == [4, fresh, pending]
    assert known(journal).keys() == {"resolved of late", "fires"}
    assert firing(journal, "thread") == {"fires"}


def test_the_journal_is_bounded(tmp_path: Path) -> None:
    with closing(Journal(str(tmp_path), max_pages=3)) as journal:
        numbers = [record(journal).number for _ in range(10)]
        journal.finish(numbers[1:], PageResult(PageState.ACCEPTED, WALL))

        journal.prune(WALL, WALL)

        assert [entry.number for entry in journal.latest(20)] == [10, 9, 8, 1]


# --- the file ----------------------------------------------------------------------------------


def test_nobody_else_can_read_it(journal: Journal) -> None:
    journal.open()

    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_the_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "lib" / "waexporter"
    journal = Journal(str(folder))
    journal.open()
    journal.close()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / FILE).exists()


def test_a_second_daemon_is_kept_from_it_until_the_first_one_ends(journal: Journal) -> None:
    journal.open()
    other = Journal(str(journal.path.parent))

    with pytest.raises(JournalError, match="another waexporter works with it"):
        other.open()
    journal.close()
    other.open()
    other.close()


@pytest.mark.parametrize("content", [b"hello" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_and_left_alone(journal: Journal, content: bytes) -> None:
    journal.path.write_bytes(content)

    for _ in range(2):
        with pytest.raises(JournalError, match=FILE):
            journal.open()

    assert journal.path.read_bytes() == content


def test_a_database_of_another_program_is_named_and_left_alone(journal: Journal) -> None:
    with closing(sqlite3.connect(journal.path)) as other, other:
        other.execute("CREATE TABLE pages (theirs TEXT)")
    content = journal.path.read_bytes()

    with pytest.raises(JournalError, match="no journal of waexporter; move it away"):
        journal.open()

    assert journal.path.read_bytes() == content


def test_a_journal_of_a_later_version_is_left_to_it(journal: Journal) -> None:
    journal.open()
    journal.close()
    with closing(sqlite3.connect(journal.path)) as other, other:
        other.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalError, match="a later version of waexporter"):
        journal.open()


def test_a_journal_of_an_earlier_version_is_brought_up_to_date(journal: Journal, tmp_path: Path) -> None:
    record(journal)
    journal.close()
    more = (*schema.SCRIPTS, "ALTER TABLE pages ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';")

    with closing(Journal(str(tmp_path), scripts=more)) as later:
        assert len(pending(later)) == 1

    with closing(sqlite3.connect(journal.path)) as other, other:
        assert other.execute("PRAGMA user_version").fetchone() == (len(more),)
        assert other.execute("SELECT colour FROM pages").fetchone() == ("red",)


def test_a_step_that_fails_leaves_the_version_before(journal: Journal, tmp_path: Path) -> None:
    record(journal)
    journal.close()
    broken = "ALTER TABLE pages ADD COLUMN colour TEXT; SELECT * FROM nowhere;"

    with (
        closing(Journal(str(tmp_path), scripts=(*schema.SCRIPTS, broken))) as later,
        pytest.raises(JournalError, match="nowhere"),
    ):
        later.open()

    assert len(pending(journal)) == 1
    with closing(sqlite3.connect(journal.path)) as other, other:
        assert other.execute("PRAGMA user_version").fetchone() == (len(schema.SCRIPTS),)


def test_a_journal_of_the_first_version_keeps_what_it_holds(journal: Journal) -> None:
    journal.path.parent.mkdir(exist_ok=True)
    with closing(schema.connect(journal.path, schema.SCRIPTS[:1])) as old, old:
        old.execute("INSERT INTO alerts VALUES ('a', 'thread', 5.0, NULL, 7.0)")
        old.execute(
            "INSERT INTO pages (thread, received_at, content) VALUES ('t', 6.0, ?)", (pack(a_page()),)
        )

    assert known(journal) == {"a": AlertRecord("a", "thread", 5.0, None, 7.0, latest_at=5.0, seen_at=7.0)}
    assert [entry.page for entry in pending(journal)] == [a_page()]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(JournalError, match="file"):
        Journal(str(tmp_path / "file")).open()


def test_after_an_error_the_next_step_tries_again(journal: Journal) -> None:
    record(journal)
    connection = journal._file._connection
    assert connection is not None
    connection.close()

    with pytest.raises(JournalError, match=FILE):
        journal.check_writable()

    journal.check_writable()
    assert len(pending(journal)) == 1


def test_a_full_disk_is_an_error_and_mends_itself(journal: Journal) -> None:
    record(journal)
    connection = journal._file._connection
    assert connection is not None
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    much = Page(
        "thread",
        tuple(Item(Alert(str(n), n, labels={"a": str(n * n)}), ItemKind.FIRED) for n in range(9_999)),
    )

    with pytest.raises(JournalError, match="full"):
        record(journal, much, a_memory())

    assert known(journal) == {}
    assert record(journal, much, a_memory()).number == 2, "the next step has room again"


def test_it_is_read_while_a_daemon_writes(journal: Journal, tmp_path: Path) -> None:
    entries = [record(journal) for _ in range(3)]

    assert read_pages(str(tmp_path), 2) == tuple(reversed(entries[1:]))
    record(journal)


def test_a_reader_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is no journal"):
        read_pages(str(tmp_path), 5)

    (tmp_path / FILE).write_bytes(b"hello" * 1000)
    with pytest.raises(JournalError, match=FILE):
        read_pages(str(tmp_path), 5)


def test_threads_share_it(journal: Journal) -> None:
    workers = [threading.Thread(target=lambda: [record(journal) for _ in range(10)]) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [entry.number for entry in pending(journal)] == list(range(1, 41))


# --- properties --------------------------------------------------------------------------------

TIMES = st.floats(-1e11, 1e11)
LABELS = st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3)
ALERTS = st.builds(Alert, st.text(max_size=9), TIMES, st.none() | TIMES, LABELS, LABELS)
PAGES = st.builds(
    Page,
    st.text(max_size=9),
    st.lists(st.builds(Item, ALERTS, st.sampled_from(ItemKind)), max_size=4).map(tuple),
    st.integers(0, 2**63),
    st.integers(0, 2**31),
    TIMES,
)
MEMORIES = st.lists(
    st.builds(AlertRecord, st.text(max_size=3), st.text(max_size=3), TIMES, st.none() | TIMES, TIMES),
    max_size=4,
)


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(PAGES, MEMORIES), max_size=4))
def test_whatever_is_recorded_is_read_back(
    journal: Journal, recorded: list[tuple[Page, list[AlertRecord]]]
) -> None:
    journal.open()
    before = len(pending(journal))
    entries = [record(journal, page, *records) for page, records in recorded]
    expected = known(journal)
    threads = {memory.thread for memory in expected.values()}
    fires = {thread: firing(journal, thread) for thread in threads}

    journal.close()

    assert list(pending(journal)[before:]) == entries
    assert known(journal) == expected
    assert {thread: firing(journal, thread) for thread in threads} == fires
    for thread, names in fires.items():
        assert names == {
            each.fingerprint for each in expected.values() if each.thread == thread and each.ends_at is None
        }
