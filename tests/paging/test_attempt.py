"""One round of attempts: around what is broken, to the fallback in time, twice only when it must be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.paging.fakes import BUSY, GROUP, LIMITED, SILENCE, UNKNOWN_GROUP, WALL, Rig, an_alert
from waexporter.model import PagerSettings, Shard, State
from waexporter.paging.channels.recipients import Recipient
from waexporter.paging.journal.attempt_history import MAX_ATTEMPTS
from waexporter.paging.routing import Carrier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Build = Callable[..., Rig]

ALPHA, BETA = Carrier("alpha", State.OK, (GROUP,)), Carrier("beta", State.OK, (GROUP,))


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def build(*carriers: Carrier, fallback: int = 0, settings: PagerSettings | None = None) -> Rig:
        rig = Rig(tmp_path, settings, fallback)
        rig.carriers = list(carriers)
        return rig

    return build


def ways_used(rig: Rig) -> list[str]:
    """Return which targets messages were sent through, and how often, in alphabetical order."""
    used = [name for (name, _), way in sorted(rig.ways.items()) for _ in way.sent]
    return used + ["fallback" for channel in rig.fallback for _ in channel.sent]


def test_another_target_is_tried_at_once_when_one_fails(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").usual = BUSY
    rig.page()

    rig.run()

    assert rig.states() == ["accepted"]
    assert ways_used(rig) == ["alpha", "beta"]
    assert rig.journal.latest(1)[0].destination == f"beta/{GROUP}"


def test_a_page_about_a_target_that_is_down_goes_through_another(build: Build) -> None:
    rig = build(Carrier("alpha", State.DOWN, (GROUP,)), BETA)
    rig.page("thread", an_alert("Down", "alpha"))

    rig.run()

    assert ways_used(rig) == ["beta"]


def test_with_every_target_down_the_fallback_is_used_at_once(build: Build) -> None:
    rig = build(Carrier("alpha", State.DOWN, (GROUP,)), fallback=1)
    rig.page()

    rig.run()

    [entry] = rig.journal.latest(1)
    assert (entry.channel, entry.destination) == ("webhook", "fallback")
    assert ways_used(rig) == ["fallback"]


def test_the_fallback_is_used_at_once_when_alerts_distrust_the_only_way(build: Build) -> None:
    rig = build(ALPHA, fallback=1)
    rig.page("thread", an_alert("Queue", "alpha", affects_channel="whatsapp"))

    rig.run()

    assert ways_used(rig) == ["fallback"]


def test_with_every_target_down_and_no_fallback_a_target_is_tried_all_the_same(build: Build) -> None:
    rig = build(Carrier("alpha", State.DOWN, (GROUP,)))
    rig.page()

    rig.run()

    assert rig.states() == ["accepted"]


def test_a_target_that_is_down_is_tried_after_a_fallback_that_fails(build: Build) -> None:
    rig = build(Carrier("alpha", State.DOWN, (GROUP,)), fallback=1)
    rig.fallback[0].usual = BUSY
    rig.page()

    rig.run()

    assert ways_used(rig) == ["alpha", "fallback"]
    assert rig.states() == ["accepted"]


def test_the_fallback_is_not_used_while_a_good_way_may_yet_work_and_in_time_it_is(build: Build) -> None:
    rig = build(ALPHA, fallback=1)
    rig.way("alpha").usual = BUSY
    rig.jitter = 1.0
    rig.page()
    while rig.delivery.pending():
        rig.run()
        if rig.delivery.pending():
            assert "fallback" not in ways_used(rig)
            rig.clock.move(1.0)

    assert rig.clock.steady - 1_000.0 == rig.settings.fallback_after, "not a pause later"
    assert rig.journal.latest(1)[0].channel == "webhook"


def test_the_fallback_is_used_at_once_after_a_permanent_failure(build: Build) -> None:
    rig = build(ALPHA, fallback=1)
    rig.way("alpha").usual = UNKNOWN_GROUP
    rig.page()

    rig.run()

    assert ways_used(rig) == ["alpha", "fallback"]


def test_while_one_way_asks_for_patience_others_are_used(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").usual = LIMITED
    rig.page()
    rig.run()
    rig.clock.move(19.0)
    rig.page("other")
    rig.run()
    assert ways_used(rig) == ["alpha", "beta", "beta"]

    rig.clock.move(1.0)
    rig.page("third")
    rig.run()

    assert ways_used(rig) == ["alpha", "alpha", "beta", "beta", "beta"]
    assert rig.states() == ["accepted"] * 3


def test_a_way_that_asks_for_patience_keeps_the_fallback_from_nobody_in_its_time(build: Build) -> None:
    rig = build(ALPHA, fallback=1)
    rig.way("alpha").usual = replace(LIMITED, retry_after=3600.0)
    rig.page()
    rig.run()
    rig.clock.move(rig.settings.fallback_after - 1.0)
    rig.run()
    assert ways_used(rig) == ["alpha"]

    rig.clock.move(1.0)
    rig.run()

    assert ways_used(rig) == ["alpha", "fallback"]
    assert rig.states() == ["accepted"]


def test_a_fallback_that_asks_for_patience_gets_it(build: Build) -> None:
    rig = build(Carrier("alpha", State.DOWN, (GROUP,)), fallback=2)
    rig.way("alpha").usual = BUSY
    for channel in rig.fallback:
        channel.usual = LIMITED
    rig.page()
    for _ in range(20):
        rig.run()
        rig.clock.move(0.9)
    assert [len(channel.sent) for channel in rig.fallback] == [1, 1]

    rig.clock.move(3.0)
    rig.run()

    assert [len(channel.sent) for channel in rig.fallback] == [2, 2]


def test_every_channel_of_the_fallback_is_tried_until_one_takes_it(build: Build) -> None:
    rig = build(Carrier("alpha", State.DOWN, (GROUP,)), fallback=3)
    rig.fallback[0].usual = BUSY
    rig.fallback[1].usual = UNKNOWN_GROUP
    rig.page()

    rig.run()

    assert [len(channel.sent) for channel in rig.fallback] == [1, 1, 1]
    assert ways_used(rig) == ["fallback"] * 3


def test_a_way_that_refused_a_page_for_good_is_not_tried_again_and_others_are(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").usual = UNKNOWN_GROUP
    rig.way("beta").outcomes.append(BUSY)
    rig.page()
    rig.run()
    rig.clock.move(60.0)

    rig.run()

    assert ways_used(rig) == ["alpha", "beta", "beta"]


def test_a_page_is_not_failed_for_what_others_of_its_thread_were_refused(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").outcomes.append(UNKNOWN_GROUP)
    rig.way("beta").usual = BUSY
    rig.page()
    rig.run()
    rig.page()
    rig.clock.move(60.0)

    rig.run()

    assert rig.states() == ["accepted", "accepted"]
    assert ways_used(rig) == ["alpha", "alpha", "beta"]


def test_more_targets_are_tried_when_the_first_ones_all_refuse_for_good(build: Build) -> None:
    rig = build(*(Carrier(f"t{number}", State.DOWN, (GROUP,)) for number in range(6)))
    for number in range(5):
        rig.way(f"t{number}").usual = UNKNOWN_GROUP
    rig.page()
    rig.run()
    rig.clock.move(60.0)

    rig.run()

    assert rig.states() == ["accepted"]


def test_where_no_group_is_known_yet_it_is_waited_for(build: Build) -> None:
    rig = build(Carrier("alpha", State.UNKNOWN))
    rig.page()
    rig.run()
    assert rig.states() == ["pending"]
    assert "no group is known" in rig.journal.latest(1)[0].why

    rig.carriers = [ALPHA]
    rig.clock.move(60.0)
    rig.run()

    assert rig.states() == ["accepted"]


def test_where_no_group_is_ever_known_the_page_fails_in_the_end(build: Build) -> None:
    rig = build(Carrier("alpha", State.UNKNOWN))
    rig.page()
    rig.run()
    rig.clock.move(rig.settings.give_up_after)

    rig.run()

    assert rig.states() == ["failed"]
    assert rig.value("waexporter_pages_total", channel="whatsapp", result="failed") == 1


def test_the_way_around_one_that_did_not_answer_is_counted_as_a_repetition(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").usual = SILENCE
    rig.page()

    rig.run()

    [entry] = rig.journal.latest(1)
    assert (entry.attempts, entry.repeats, entry.is_uncertain) == (2, 1, False)
    assert rig.value("waexporter_page_duplicates_total") == 1


def test_an_attempt_that_is_known_to_have_failed_is_no_reason_to_count(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").usual = BUSY
    rig.page()

    rig.run()

    assert rig.journal.latest(1)[0].repeats == 0
    assert rig.value("waexporter_page_duplicates_total") == 0


def test_one_silence_is_one_repetition_however_often_it_fails_afterwards(build: Build) -> None:
    rig = build(ALPHA)
    rig.way("alpha").outcomes.extend([SILENCE, BUSY, BUSY])
    rig.page()
    for _ in range(4):
        rig.run()
        rig.clock.move(60.0)

    assert rig.states() == ["accepted"]
    assert rig.value("waexporter_page_duplicates_total") == 1


# --- ways that crash ---------------------------------------------------------------------------


def crash() -> None:
    raise ValueError("https://hooks.example/T0K3N")


def test_a_way_that_crashes_keeps_no_other_from_being_tried(build: Build) -> None:
    rig = build(ALPHA, BETA, fallback=3)
    rig.way("alpha").on_send = rig.way("beta").on_send = crash
    rig.fallback[0].on_send = rig.fallback[1].on_send = crash
    rig.settings = replace(rig.settings, fallback_after=0.0)
    rig.delivery.reconfigure(rig.settings, rig.outlets)
    rig.page()

    rig.run()

    [entry] = rig.journal.latest(1)
    assert (entry.state, entry.channel) == ("accepted", "webhook")
    assert len(rig.fallback[2].sent) == 1
    assert [(each.way, each.code) for each in entry.tried] == [
        ("alpha", "crashed"),
        ("beta", "crashed"),
        ("fallback 0", "crashed"),
        ("fallback 1", "crashed"),
        ("fallback 2", "ok"),
    ]
    assert rig.value("waexporter_page_attempts_total", channel="webhook", code="crashed") == 2


def test_a_crash_is_recorded_without_its_words_which_may_hold_a_secret(build: Build) -> None:
    rig = build(ALPHA)
    rig.way("alpha").on_send = crash
    rig.page()
    with capture_logs() as said:
        rig.run()

    [entry] = rig.journal.latest(1)
    assert "the attempt ended by a bug (ValueError at test_attempt.py:" in entry.why
    assert "T0K3N" not in f"{entry} {said} {rig.crashes}"
    assert entry.is_uncertain, "nobody knows how far it had come"


def test_two_ways_that_fail_by_turns_are_each_logged_once(build: Build) -> None:
    rig = build(ALPHA, BETA, fallback=1)
    rig.way("alpha").on_send = crash
    rig.way("beta").usual = BUSY
    rig.fallback[0].usual = LIMITED
    rig.page()
    with capture_logs() as said:
        for _ in range(8):
            rig.run()
            rig.clock.move(60.0)

    told = [(line["way"], line["code"]) for line in said if line["event"] == "a page was not taken"]
    assert told == [("alpha", "crashed"), ("beta", "1016"), ("fallback 0", "1015")]
    assert len(rig.crashes) == 1


def test_a_way_that_fails_in_another_manner_is_logged_again(build: Build) -> None:
    rig = build(ALPHA)
    rig.way("alpha").outcomes.extend([BUSY, BUSY, SILENCE, SILENCE, BUSY])
    rig.page()
    with capture_logs() as said:
        for _ in range(5):
            rig.run()
            rig.clock.move(60.0)

    assert [line["code"] for line in said if line["event"] == "a page was not taken"] == [
        "1016",
        "timeout",
        "1016",
    ]


# --- what was tried ----------------------------------------------------------------------------


def test_what_was_tried_is_kept_with_the_page_attempt_by_attempt(build: Build) -> None:
    rig = build(ALPHA, BETA)
    rig.way("alpha").usual = UNKNOWN_GROUP
    rig.way("beta").outcomes.append(BUSY)
    rig.page()
    rig.run()
    rig.clock.move(60.0)
    rig.run()

    tried = rig.journal.latest(1)[0].tried
    assert [(each.at - WALL, each.way, each.recipient, each.code, each.why) for each in tried] == [
        (0.0, "alpha", GROUP, "1012", UNKNOWN_GROUP.why),
        (0.0, "beta", GROUP, "1016", BUSY.why),
        (60.0, "beta", GROUP, "ok", ""),
    ]


def test_of_a_page_that_is_tried_for_long_the_last_attempts_are_kept(build: Build) -> None:
    rig = build(ALPHA)
    rig.way("alpha").usual = BUSY
    rig.page()
    for _ in range(30):
        rig.run()
        rig.clock.move(60.0)
    rig.run()

    [entry] = rig.journal.latest(1)
    assert (entry.state, entry.attempts, len(entry.tried)) == ("failed", 31, MAX_ATTEMPTS)
    assert [each.at for each in entry.tried] == sorted(each.at for each in entry.tried)
    assert entry.tried[-1].at == WALL + 30 * 60.0


def test_pages_that_go_out_together_have_the_attempts_in_common(build: Build) -> None:
    rig = build(ALPHA)
    rig.way("alpha").outcomes.append(BUSY)
    rig.page()
    rig.page()
    rig.run()
    rig.clock.move(60.0)

    rig.run()

    first, second = rig.journal.latest(2)
    assert first.tried == second.tried
    assert [each.code for each in first.tried] == ["1016", "ok"]


# --- individuals -------------------------------------------------------------------------------

PEOPLE = Carrier("alpha", State.OK, ("1", "2"), "individual")


def sent_to(rig: Rig) -> dict[str, int]:
    return {to: len(way.sent) for (_, to), way in sorted(rig.ways.items())}


def test_every_person_gets_the_page_and_it_is_one_page(build: Build) -> None:
    rig = build(PEOPLE)
    rig.page()

    rig.run()

    assert sent_to(rig) == {"1": 1, "2": 1}
    [entry] = rig.journal.latest(1)
    assert (entry.attempts, entry.destination) == (1, "alpha/1,2")


def test_who_has_it_does_not_get_it_again_when_another_has_to_be_tried_again(build: Build) -> None:
    rig = build(PEOPLE)
    rig.way("alpha", Recipient("2")).outcomes.append(BUSY)
    rig.page()
    rig.run()
    assert rig.states() == ["pending"]
    rig.clock.move(60.0)

    rig.run()

    assert rig.states() == ["accepted"]
    assert sent_to(rig) == {"1": 1, "2": 2}


def test_a_number_that_is_none_keeps_the_page_from_nobody_else(build: Build) -> None:
    rig = build(PEOPLE, fallback=1)
    rig.way("alpha", Recipient("1")).usual = UNKNOWN_GROUP
    rig.page()

    rig.run()

    assert rig.states() == ["accepted"]
    assert not rig.fallback[0].sent


def test_when_nobody_can_get_it_the_fallback_does(build: Build) -> None:
    rig = build(PEOPLE, fallback=1)
    for to in PEOPLE.to:
        rig.way("alpha", Recipient(to)).usual = UNKNOWN_GROUP
    rig.page()

    rig.run()

    assert rig.journal.latest(1)[0].channel == "webhook"


def test_a_failure_is_logged_once_however_often_it_repeats(build: Build) -> None:
    rig = build(ALPHA)
    rig.way("alpha").usual = BUSY
    rig.page()
    with capture_logs() as said:
        for _ in range(5):
            rig.run()
            rig.clock.move(60.0)

    assert [line["event"] for line in said].count("a page was not taken") == 1


def test_a_page_about_the_target_of_another_shard_goes_another_way_and_its_note_says_so(build: Build) -> None:
    rig = build(ALPHA)
    rig.other_shards["line-7"] = Shard(2, 4)
    rig.page("thread", an_alert("Down", "line-7"))

    rig.run()

    assert ways_used(rig) == ["alpha"]
    assert [attempt.why for attempt in rig.journal.latest(1)[0].tried] == [
        "only shard 2/4 knows the state of line-7"
    ]
