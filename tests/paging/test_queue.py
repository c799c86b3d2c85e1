"""Which pages are due, and together with which others; no thread and no journal is needed to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import a_page, an_alert
from waexporter.model import Rate, State
from waexporter.paging.journal.entry import JournalEntry, PageState
from waexporter.paging.queue import Batch, PageQueue, QueuedPage, retry_at
from waexporter.paging.routing import Carrier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.paging.model import Alert

NOW = 1_000.0
CARRIERS = [Carrier("alpha", State.OK, ("group",))]


def a_queue(*pages: QueuedPage, rate: Rate = Rate(10, 300.0)) -> PageQueue:  # noqa: B008 - it is frozen
    queue = PageQueue(rate)
    for page in pages:
        assert queue.add(page)
    return queue


def queued(number: int, thread: str = "thread", *alerts: Alert, due: float = NOW) -> QueuedPage:
    entry = JournalEntry(number, a_page(thread, *alerts), PageState.PENDING, NOW)
    return QueuedPage(entry, received=NOW, queued=NOW, due=due)


def start(queue: PageQueue, now: float = NOW, recipient: str = "group") -> Batch | float:
    return queue.start_batch(now, lambda: CARRIERS, lambda _page, _carriers: recipient)


def numbers(found: Batch | float) -> list[int]:
    assert isinstance(found, Batch)
    return [page.entry.number for page in found.pages]


def test_the_pages_of_one_thread_are_one_batch_in_the_order_they_came() -> None:
    queue = a_queue(queued(1, "a"), queued(2, "b"), queued(3, "a"))

    first, second = start(queue), start(queue)

    assert (numbers(first), numbers(second)) == ([1, 3], [2])


def test_a_thread_is_busy_until_its_batch_has_ended() -> None:
    queue = a_queue(queued(1))
    batch = start(queue)
    assert isinstance(batch, Batch)

    assert start(queue) == float("inf")
    queue.end_batch(batch)

    assert numbers(start(queue)) == [1]


def test_where_nothing_is_due_it_returns_when_something_is() -> None:
    ended = an_alert(ends_at=NOW)
    queue = a_queue(queued(1, "a", ended, due=NOW + 20.0), queued(2, "b", ended, due=NOW + 10.0))

    assert start(queue) == NOW + 10.0
    assert numbers(start(queue, NOW + 10.0)) == [2]


def test_a_firing_alert_ends_the_wait_of_the_pages_before_it() -> None:
    queue = a_queue(queued(1, "a", an_alert(ends_at=NOW), due=NOW + 20.0))
    queue.add(queued(2, "a", an_alert(), due=NOW + 20.0))

    assert numbers(start(queue)) == [1, 2]


def test_threads_that_waited_for_the_rate_of_one_recipient_go_out_together() -> None:
    queue = a_queue(queued(1, "a"), queued(2, "b"), queued(3, "c"), rate=Rate(1, 300.0))
    queue.count_sent("group", NOW)

    assert start(queue) == NOW + 300.0
    assert numbers(start(queue, NOW + 300.0)) == [1, 2, 3]


def test_a_page_that_is_known_stays_as_it_is() -> None:
    first = queued(1)
    queue = a_queue(first)

    assert not queue.add(queued(1, "other"))
    assert (len(queue), queue.oldest_received()) == (1, NOW)
    assert numbers(start(queue)) == [1]
    assert first.recipient == "group"


def test_the_recipient_is_looked_for_once_while_the_carriers_stay() -> None:
    queue = a_queue(queued(1), rate=Rate(1, 300.0))
    queue.count_sent("group", NOW)
    looked: list[QueuedPage] = []

    def find(page: QueuedPage, carriers: Sequence[Carrier]) -> str:
        assert carriers
        looked.append(page)
        return "group"

    for carriers in (CARRIERS, CARRIERS, [*CARRIERS, Carrier("beta", State.OK)]):
        queue.start_batch(NOW, lambda carriers=carriers: carriers, find)  # type: ignore[misc]

    assert len(looked) == 2


@pytest.mark.parametrize(
    ("failures", "jitter", "ready", "pause"),
    [
        (1, 0.0, 0.0, 1.0),
        (1, 1.0, 0.0, 2.0),
        (3, 0.5, 0.0, 4.5),
        (50, 1.0, 0.0, 60.0),
        (1, 0.0, NOW + 20.0, 20.0),
        (1, 0.0, NOW + 3_600.0, 60.0),
    ],
)
def test_the_pause_after_a_failure_grows_with_jitter_up_to_a_minute(
    failures: int, jitter: float, ready: float, pause: float
) -> None:
    page = queued(1)
    page.failures = failures

    assert retry_at(page, NOW, jitter, ready) == NOW + pause
