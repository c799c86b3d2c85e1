"""What became of a page, from a webhook to a person, in words."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import BUSY, GROUP, SILENCE, UNKNOWN_GROUP, WALL, Rig, an_alert
from waexporter.model import PagerSettings, Rate, State
from waexporter.paging.journal.entry import JournalEntry, PageState
from waexporter.paging.journal.page_history import KnownNumbers, PageHistory
from waexporter.paging.model import Item, ItemKind, Page
from waexporter.paging.page_explanation import describe_unknown_page, explain_page
from waexporter.paging.routing import Carrier

if TYPE_CHECKING:
    from pathlib import Path

    from tests.paging.desk import Desk
    from waexporter.paging.journal.writer import Journal


def explain(history: PageHistory | KnownNumbers, now: float = WALL + 60) -> list[str]:
    """Return the entries of an explanation, each as one line with its details."""
    assert isinstance(history, PageHistory)
    explanation = explain_page(history, now)
    lines = [explanation.headline]
    for section in explanation.sections:
        lines.append(f"[{section.title}]")
        lines += ["; ".join([each.words, *map(": ".join, each.details)]) for each in section.entries]
    return lines


def damage(journal: Journal, change: str) -> None:
    """Change columns of every page behind the journal's back."""
    with closing(sqlite3.connect(journal.path)) as other, other:
        other.execute(f"UPDATE pages SET {change}")  # noqa: S608 - our own words


def test_a_page_is_told_from_the_delivery_to_the_channel_that_took_it(desk: Desk) -> None:
    desk.receive_group(desk.alert("Down"))
    desk.clock.move(3.0)
    desk.run()

    lines = explain(desk.pager.history(1))

    assert lines == [
        "Page 1 was ACCEPTED, 3 s after it came (1 min ago)",
        "[What came]",
        "14 Nov 22:13:20 UTC: a delivery of Alertmanager for the receiver on-call, grouped by a=b",
        "[What it says]",
        "FIRING: Down; why: new: no earlier page said that it fires; times: began 14 Nov 22:13:20 UTC",
        "[What the pager decided]",
        "14 Nov 22:13:23 UTC: the first line of the message: FIRING: 1 alert",
        "14 Nov 22:13:23 UTC: ways, in this order: alpha (ok)",
        "[Attempts]",
        "14 Nov 22:13:23 UTC: alpha to somewhere: accepted".replace("somewhere", GROUP),
        "[What came of it]",
        f"14 Nov 22:13:23 UTC: WhatsApp, through alpha to {GROUP}, confirmed that it took the message",
        "[Not known]",
        lines[-1],
    ]
    assert lines[-1].startswith("Whether anybody has read it")


def test_each_attempt_is_told_with_its_code_its_reason_and_a_remedy(tmp_path: Path) -> None:
    rig = Rig(tmp_path, fallback=1)
    rig.carriers.append(Carrier("beta", State.DOWN, (GROUP,)))
    rig.way("alpha").outcomes.append(UNKNOWN_GROUP)
    number = rig.page()
    rig.run()

    lines = explain(rig.journal.history(number))

    attempts = lines[lines.index("[Attempts]") + 1 : lines.index("[What came of it]")]
    assert attempts[0].startswith(
        f"14 Nov 22:13:20 UTC: alpha to {GROUP}: NOT accepted; code: 1012; why: there is no such group; do: "
    )
    assert attempts[1] == "14 Nov 22:13:20 UTC: fallback 0 to http://chat/…: accepted"
    ways = next(line for line in lines if "ways, " in line)
    assert ways.endswith(": alpha (ok); fallback 0 (once it has waited 1 min); beta (down), as a last resort")
    assert any("the fallback (webhook) confirmed" in line for line in lines)


def test_an_affected_target_that_is_no_way_is_named_with_the_reason(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.carriers = [Carrier("mute", State.DOWN), Carrier("alpha", State.OK, (GROUP,))]
    number = rig.page("thread", an_alert("one", "mute"))
    rig.run()

    lines = explain(rig.journal.history(number))

    ways = next(line for line in lines if "ways, " in line)
    assert ways.endswith("ways, in this order: alpha (ok); not mute: it has no group")


def test_a_page_that_waits_says_why(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.way("alpha").usual = BUSY
    number = rig.page()
    rig.run()

    lines = explain(rig.journal.history(number))

    assert lines[0] == "Page 1 is PENDING, for 1 min"
    waits = "It is not out yet: alpha: the client is overloaded; it is tried again by itself until "
    assert f"{waits}pager.give_up_after" in lines


def test_a_page_that_may_have_arrived_twice_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.way("alpha").outcomes.append(SILENCE)
    number = rig.page()
    rig.run()
    rig.clock.move(2.0)
    rig.run()

    lines = explain(rig.journal.history(number))

    assert "1 repeat after an attempt that may have arrived" in lines


def test_a_page_given_up_says_that_nobody_got_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.way("alpha").usual = UNKNOWN_GROUP
    number = rig.page()
    rig.run()

    lines = explain(rig.journal.history(number))

    assert lines[0] == "Page 1 was FAILED, 0 s after it came (1 min ago)"
    given_up = next(line for line in lines if "GIVEN UP" in line)
    assert "nobody got it from the pager; why: alpha: there is no such group; do: " in given_up


def test_pages_over_the_rate_are_told_with_those_of_their_message(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.delivery.reconfigure(PagerSettings(rate=Rate(1, 60.0)), rig.outlets)
    for thread in ("one", "two", "three"):
        rig.page(thread)
    rig.run()
    rig.clock.move(61.0)
    rig.run()

    lines = explain(rig.journal.history(2))

    told = "\n".join(lines)
    assert "had to wait, since its recipient gets at most 1 message in 1 min (pager.rate)" in told
    assert "one message had the pages 2, 3" in told


def test_alerts_that_had_no_room_in_the_message_are_told(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    number = rig.page("many", *(an_alert(f"alert-{n}", "a-target" * 20) for n in range(60)))
    rig.run()

    lines = explain(rig.journal.history(number))

    assert any("the message had no room for all: +" in line for line in lines)
    assert "40 more alerts in it" in lines


def test_a_later_page_of_the_same_alert_is_told(desk: Desk) -> None:
    desk.receive(desk.alert("Down"))
    desk.run()
    desk.clock.move(300.0)
    desk.receive(desk.alert("Down", ended=True))
    desk.run()

    lines = explain(desk.pager.history(1), WALL + 600)

    assert "14 Nov 22:18:20 UTC: page 2 (accepted) followed: resolved: Down" in lines


def test_what_a_delivery_left_out_is_counted() -> None:
    items = tuple(Item(an_alert(kind), kind) for kind in ItemKind)
    page = Page("thread", items, truncated=3, still_firing=2, received_at=WALL, unread=1, lost=4, muted=5)

    lines = explain(PageHistory(JournalEntry(7, page, PageState.PENDING, WALL)))

    told = "\n".join(lines)
    assert "3 left out by Alertmanager (max_alerts): their state is not known" in told
    assert "1 that could not be read" in told
    assert "2 of the same group still fire" in told
    assert "5 silenced or inhibited in Alertmanager" in told
    assert told.count("; why: ") == len(ItemKind)
    assert "None" not in told


@pytest.mark.parametrize("is_set_aside", [False, True])
@pytest.mark.parametrize(
    ("tries", "outcome"), [(0, "It was never sent: "), (1, "Whether anybody got it is not known: ")]
)
def test_a_page_with_damaged_content_is_explained_without_guesses(
    tmp_path: Path, tries: int, outcome: str, *, is_set_aside: bool
) -> None:
    rig = Rig(tmp_path)
    number = rig.page()
    for _ in range(tries):
        rig.journal.begin_attempt([number], is_repeat=False)
    damage(rig.journal, "content = x'00'")
    if is_set_aside:
        with rig.journal.session() as session:
            session.pending_pages()
        rig.journal.set_aside_damaged(WALL)

    lines = explain(rig.journal.history(number))

    assert lines[:5] == [
        "Page 1 is DAMAGED, and is not sent any more",
        "[What came]",
        "14 Nov 22:13:20 UTC: from where is not known, as its row is damaged",
        "[What it says]",
        "What it said can't be read any more",
    ]
    assert any(line.startswith(f"{outcome}its row in the journal is damaged: ") for line in lines)
    assert any("people may have it" in line for line in lines) == bool(tries)


def test_a_page_that_was_taken_before_its_content_was_damaged_says_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    number = rig.page()
    rig.run()
    damage(rig.journal, "content = x'00', received_at = x'00'")

    lines = explain(rig.journal.history(number))

    assert lines[0] == "Page 1 is ACCEPTED; when it came is not known"
    assert "at an unknown time: from where is not known, as its row is damaged" in lines
    assert "What it said can't be read any more" in lines
    assert any("confirmed that it took the message" in line for line in lines)


def test_a_finished_page_whose_state_is_damaged_has_no_known_outcome(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    number = rig.page()
    rig.run()
    damage(rig.journal, "state = 'acc'")

    lines = explain(rig.journal.history(number))

    assert lines[0] == "Page 1 is DAMAGED, and is not sent any more"
    assert "Whether anybody got it is not known: its row in the journal is damaged" in lines


def test_a_page_that_is_not_there_is_explained_too() -> None:
    old = describe_unknown_page(3, KnownNumbers(120, 400))
    new = describe_unknown_page(401, KnownNumbers(120, 400))
    gap = describe_unknown_page(200, KnownNumbers(120, 400))

    assert old == (
        "No page 3: the oldest one is 120; the journal keeps finished pages for 30 days, and the last 20000 "
        "of them"
    )
    assert new == "No page 401: the newest one is 400"
    assert gap.startswith("No page 200: it was discarded with nothing left to say, or is too old")
    assert describe_unknown_page(1, KnownNumbers()).startswith("No page 1: nothing was paged yet")


def test_the_lines_fit_eighty_columns(desk: Desk) -> None:
    desk.receive_group(desk.alert("Down"))
    desk.run()
    history = desk.pager.history(1)
    assert isinstance(history, PageHistory)

    lines = explain_page(history, WALL).lines()

    assert max(map(len, lines)) <= 80
