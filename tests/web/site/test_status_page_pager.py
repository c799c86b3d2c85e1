"""The pager's part of the status page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from tests.paging.shapes import alert, fired, foreign, resolved
from tests.web.fakes import NOW, FakeBackend, a_target, an_application, ask
from tests.web.site.test_status_page import HOSTILE, Elements
from waexporter.model import Instant, Problem, State
from waexporter.paging.intake.refused_senders import Refusal, RefusedSender, WebhookSender
from waexporter.paging.intake.watchdog_times import Silence
from waexporter.paging.journal.entry import JournalEntry, PageState
from waexporter.paging.model import Doubt, Item, ItemKind, Page
from waexporter.paging.pager import PagerStatus
from waexporter.web.formatting import KIND_WORDS

if TYPE_CHECKING:
    from waexporter.paging.pager import Pager

NOTHING = PagerStatus(pending=0, oldest=0.0, problem=None, silences=(), latest=())
DOWN = alert("WhatsAppDown", "orders")


@dataclass
class FakePager:
    """Says what it was told to say."""

    told: PagerStatus
    asked: list[int] = field(default_factory=list)

    def status(self, count: int) -> PagerStatus:
        """Record how many pages were requested."""
        self.asked.append(count)
        return self.told


def html(told: PagerStatus) -> str:
    backend = FakeBackend((a_target(),), pager=cast("Pager", FakePager(told)))
    return ask(an_application(backend), "/").text


def words(told: PagerStatus) -> str:
    """Return the text of the section alone."""
    part = html(told).partition('id="pager">')[2].partition("</section>")[0]
    return " ".join(Elements(part).text.split())


def entry(state: PageState, *items: Item, truncated: int = 0, **more: Any) -> JournalEntry:  # noqa: ANN401 - fields
    """Return a page that came five minutes ago and was tried once."""
    page = Page("thread", items or fired(DOWN), truncated, received_at=NOW - 300)
    return JournalEntry(7, page, state, received_at=0.0, attempts=1)._replace(**more)


def accepted(*items: Item, **more: Any) -> JournalEntry:  # noqa: ANN401 - fields
    """Return a page that another target has sent, two seconds after it came."""
    told = entry(PageState.ACCEPTED, *items, done_at=NOW - 298, channel="whatsapp")
    return told._replace(**{"destination": "backup/14155550100-1520000000", **more})


def test_without_a_pager_the_page_has_no_such_section() -> None:
    text = ask(an_application(FakeBackend((a_target(),))), "/").text

    assert 'id="pager"' not in text
    assert "api/v1/pages" not in text


def test_before_the_first_page_it_says_so() -> None:
    assert words(NOTHING) == (
        "Pager ✓no page is waiting ✓the journal can be written Nobody has been paged yet."
    )
    assert 'href="api/v1/pages"' in html(NOTHING)


def test_an_accepted_page_is_shown_with_its_alerts_and_how_it_was_sent() -> None:
    told = accepted(
        *fired(DOWN), *resolved(alert("WhatsAppNodeUnreachable", "orders", node="core1", ends_at=NOW))
    )

    text = words(NOTHING._replace(latest=(told,)))

    assert "✓accepted Page 7 31 Jan 09:25 UTC, 5 min ago" in text
    assert "by whatsapp through backup, to 14155550100-1520000000, after 2 s" in text
    assert "firing WhatsAppDown of orders critical A WhatsApp client is down" in text
    assert "resolved WhatsAppNodeUnreachable of orders warning" in text
    assert "attempts" not in text
    assert "Nobody has been paged yet" not in text


def test_a_page_that_was_sent_by_a_fallback_names_the_channel() -> None:
    told = accepted(channel="webhook", destination="fallback", attempts=3, repeats=1)

    text = words(NOTHING._replace(latest=(told,)))

    assert "by webhook, after 2 s, 3 attempts, 1 of them may be read twice" in text


@pytest.mark.parametrize(
    ("pending", "said"),
    [
        (1, "…1 page has been waiting for 2 min 5 s"),
        (12, "…12 pages are waiting, the oldest for 2 min 5 s"),
    ],
)
def test_pending_pages_are_shown_with_their_age_and_the_reason(pending: int, said: str) -> None:
    why = "orders: the API answers 1016: the system is overloaded"
    latest = (entry(PageState.PENDING, attempts=4, why=why), entry(PageState.PENDING, attempts=0))

    text = words(NOTHING._replace(pending=pending, oldest=125.0, latest=latest))

    assert said in text
    assert "…pending Page 7 31 Jan 09:25 UTC, 5 min ago 4 attempts" in text
    assert why in text
    assert "not tried yet" in text


def test_a_page_that_failed_says_why() -> None:
    why = "no group is known, and there is no fallback"

    text = words(NOTHING._replace(latest=(entry(PageState.FAILED, channel="whatsapp", why=why),)))

    assert "✕failed Page 7" in text
    assert why in text


def test_a_journal_that_cant_be_written_is_shown_first_and_instead_of_pages() -> None:
    told = NOTHING._replace(problem="can't write /var/lib/waexporter/pages.sqlite: no space left on device")

    text = html(told)

    notice = text.partition('role="alert">')[2].partition("</p>")[0]
    assert "no space left on device" in notice
    assert text.index(notice) < text.index('<nav class="counts"')
    assert "✕the journal can't be written" in words(told)
    assert "Nobody has been paged yet" not in words(told)


def test_a_watchdog_is_silent_beyond_its_limit_only() -> None:
    silences = (Silence("prometheus-eu", 180.0, 180.0), Silence("prometheus-us", 7500.0, 180.0))

    text = words(NOTHING._replace(silences=silences))

    assert "✓watchdog prometheus-eu: heard 3 min ago, at most 3 min allowed" in text
    assert "✕watchdog prometheus-us: silent for 2 h 5 min, at most 3 min allowed" in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (60.0, "?watchdog eu: has never come, expected for 1 min, at most 3 min allowed"),
        (181.0, "✕watchdog eu: has never come, expected for 3 min 1 s, at most 3 min allowed"),
    ],
)
def test_a_watchdog_that_has_never_come_was_not_heard(seconds: float, said: str) -> None:
    assert said in words(NOTHING._replace(silences=(Silence("eu", seconds, 180.0, was_seen=False),)))


def refused(address: str, count: int, ago: float, agent: str = "Alertmanager/0.28.0") -> RefusedSender:
    why = Refusal(401, "Another secret was sent than that of pager.webhook.")
    return RefusedSender(
        WebhookSender(address, agent), why, count, Instant(NOW - 300, 0.0), Instant(NOW - ago, 0.0)
    )


def test_refused_webhooks_have_a_badge_and_each_sender_a_notice() -> None:
    told = NOTHING._replace(refused=(refused("10.0.0.7", 3, 15.0), refused("10.0.0.8", 1, 70.0, "")))

    text = words(told)

    assert "!4 webhooks were refused, the last 15 s ago" in text
    assert (
        "Webhooks are refused: from 10.0.0.7 (Alertmanager/0.28.0), answered 401, 3 times. Another secret "
        "was sent than that of pager.webhook. Since 31 Jan 09:25 UTC, the last 15 s ago."
    ) in text
    assert "Webhooks are refused: from 10.0.0.8, answered 401, once." in text
    assert '<a class="badge degraded" href="#pager">' in html(told)


def test_many_senders_that_are_refused_do_not_fill_the_page() -> None:
    told = NOTHING._replace(refused=tuple(refused(f"10.0.0.{number}", 1, 1.0) for number in range(20)))

    assert "!20 webhooks were refused" in words(told)
    assert words(told).count("Webhooks are refused") == 5


def test_a_storm_is_counted_not_listed() -> None:
    items = fired(*(alert("WhatsAppDown", f"client-{number}") for number in range(1000)))

    text = words(NOTHING._replace(latest=(entry(PageState.ACCEPTED, *items, truncated=37),)))

    assert text.count("WhatsAppDown of client-") == 4
    assert "and 996 more and 37 that Alertmanager left out" in text


@pytest.mark.parametrize(("count", "counted"), [(1, "1 earlier alert"), (2, "2 earlier alerts")])
def test_unlisted_alerts_are_counted(count: int, counted: str) -> None:
    """Whether it is silenced, inhibited or over is asked when the page leaves."""
    told = accepted()
    page = msgspec.structs.replace(told.page, doubts=(Doubt(DOWN, 0.0),) * count)

    text = words(NOTHING._replace(latest=(told._replace(page=page),)))

    assert f"and {counted} that Alertmanager did not list" in text
    assert "not heard of" not in text


@pytest.mark.parametrize("kind", ItemKind)
def test_every_kind_of_alert_has_a_word(kind: ItemKind) -> None:
    text = words(NOTHING._replace(latest=(accepted(Item(DOWN, kind)),)))

    assert f"{KIND_WORDS[kind]} WhatsAppDown" in text


def test_an_empty_alert_has_a_line() -> None:
    told = accepted(*fired(foreign({})))

    assert "firing an alert without a name" in words(NOTHING._replace(latest=(told,)))


def test_hostile_texts_of_alerts_are_shown_as_text() -> None:
    labels = dict.fromkeys(("alertname", "target", "severity"), HOSTILE)
    hostile = fired(foreign(labels, {"summary": HOSTILE}))
    told = accepted(*hostile, channel=HOSTILE, destination=f"{HOSTILE}/1", why=HOSTILE)
    silences = (Silence(HOSTILE, 1.0, 2.0),)

    shown = Elements(html(PagerStatus(0, 0.0, HOSTILE, silences, (told,))))

    assert not {tag for tag, _ in shown.found} & {"img", "iframe", "object"}
    assert [tag for tag, _ in shown.found].count("script") == 1
    assert not [name for _, attributes in shown.found for name in attributes if name.startswith("on")]
    assert shown.text.count(HOSTILE) == 9


@pytest.mark.parametrize(
    ("told", "mood"),
    [
        (NOTHING._replace(latest=(accepted(), entry(PageState.FAILED))), "ok"),
        (NOTHING._replace(pending=1, latest=(entry(PageState.PENDING), accepted())), "degraded"),
        (NOTHING._replace(latest=(entry(PageState.FAILED), accepted())), "down"),
        (NOTHING._replace(problem="no space left on device"), "down"),
        (NOTHING._replace(silences=(Silence("prometheus-eu", 181.0, 180.0),)), "down"),
    ],
)
def test_a_badge_at_the_top_shows_the_state_of_the_pager(told: PagerStatus, mood: str) -> None:
    assert f'<a class="badge {mood}" href="#pager">' in html(told)


def test_only_an_alert_with_a_shipped_runbook_has_a_link() -> None:
    told = accepted(*fired(DOWN, foreign({"alertname": "DiskFull"}), foreign({"alertname": "../metrics"})))

    part = html(NOTHING._replace(latest=(told,))).partition('id="pager">')[2]

    assert re.findall("<b>(.*?)</b>", part.partition('<ul class="alerts">')[2]) == [
        '<a href="./runbooks/WhatsAppDown">WhatsAppDown</a>',
        "DiskFull",
        "../metrics",
    ]


def test_an_alert_without_a_summary_is_shown_by_its_other_annotations() -> None:
    told = accepted(*fired(foreign({"alertname": "Disk"}, {"message": "The disk is full."})))

    assert "firing Disk The disk is full." in words(NOTHING._replace(latest=(told,)))


def test_an_endless_summary_is_cut() -> None:
    told = accepted(*fired(foreign({"alertname": "A"}, {"summary": "x" * 100_000})))

    assert len(html(NOTHING._replace(latest=(told,)))) < 50_000


def test_only_the_last_pages_are_read() -> None:
    pager = FakePager(NOTHING)

    ask(an_application(FakeBackend((a_target(),), pager=cast("Pager", pager))), "/")

    assert pager.asked == [5]


def test_an_unexpected_watchdog_is_shown_with_its_labels() -> None:
    told = NOTHING._replace(unexpected_watchdogs=(f"alertname=Watchdog prometheus={HOSTILE}", "b", "c", "d"))

    shown = Elements(html(told))

    assert f"matches: alertname=Watchdog prometheus={HOSTILE}" in shown.text
    assert shown.text.count("no entry of pager.watchdogs matches") == 3


def test_a_group_that_nobody_reads_makes_the_pager_degraded() -> None:
    problem = Problem("on_call_group_unreachable", "the on-call group has nobody in it: nobody reads a page")
    targets = tuple(a_target(f"t{number}", State.OK, problem) for number in range(5))
    backend = FakeBackend((*targets, a_target("fine")), pager=cast("Pager", FakePager(NOTHING)))

    text = ask(an_application(backend), "/").text

    assert "nobody reads a page in the group of t0, t1, t2 and 2 more" in text
    assert '<a class="badge degraded" href="#pager">' in text
    assert text.count('<p class="note">') == 5
