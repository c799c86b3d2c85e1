"""Through whom a page leaves, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.paging.fakes import GROUP, an_alert
from waexporter.model import PagerSettings, State, Verdict
from waexporter.paging.model import Alert
from waexporter.paging.routing import (
    MAX_ROUTES,
    AffectedTargets,
    Carrier,
    affected_targets,
    carrier_of,
    choose_routes,
    merge_affected,
    split_destination,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("settings", "known", "expected"),
    [
        (PagerSettings(), GROUP, Carrier("alpha", State.OK, (GROUP,))),
        (PagerSettings(), None, Carrier("alpha", State.OK)),
        (PagerSettings(group="1-2"), GROUP, Carrier("alpha", State.OK, ("1-2",))),
        (PagerSettings(group="1-2"), None, Carrier("alpha", State.OK, ("1-2",))),
        (PagerSettings(recipients=("1", "2")), GROUP, Carrier("alpha", State.OK, ("1", "2"), "individual")),
    ],
)
def test_a_target_sends_to_whom_the_configuration_says_else_to_its_own_group(
    settings: PagerSettings, known: str | None, expected: Carrier
) -> None:
    assert carrier_of(settings, "alpha", Verdict(State.OK), known) == expected


def carriers(*states: State) -> list[Carrier]:
    """Return carriers a, b, c and so on."""
    return [Carrier(chr(ord("a") + number), state, ("1-2",)) for number, state in enumerate(states)]


def names(
    carriers: Sequence[Carrier],
    via: Sequence[str] = (),
    concern: AffectedTargets = AffectedTargets(),  # noqa: B008 - it is frozen
    barred: frozenset[str] = NONE,
) -> tuple[str, str]:
    routes = choose_routes(carriers, via, concern, barred)
    return "".join(each.name for each in routes.open), "".join(each.name for each in routes.doubtful)


def test_the_affected_target_comes_first_then_the_fleet_in_its_order() -> None:
    assert names(carriers(State.OK, State.OK, State.OK), concern=AffectedTargets(("b",))) == ("bac", "")


def test_via_is_kept_to_and_to_its_order() -> None:
    fleet = carriers(State.OK, State.OK, State.OK)

    assert names(fleet, ("c", "a"), AffectedTargets(("b",))) == ("ca", "")
    assert names(fleet, ("gone", "a")) == ("a", "")
    assert names(fleet, ("c", "a", "c")) == ("ca", "")


def test_a_target_that_is_down_is_doubtful_and_comes_last() -> None:
    assert names(carriers(State.DOWN, State.OK), concern=AffectedTargets(("a",))) == ("b", "a")
    assert names(carriers(State.DOWN, State.OK), ("a", "b")) == ("b", "a")


def test_a_target_of_which_nothing_is_known_comes_after_those_known_to_work() -> None:
    assert names(carriers(State.UNKNOWN, State.DEGRADED, State.OK)) == ("bca", "")


def test_a_target_whose_alert_says_so_is_not_trusted() -> None:
    concern = AffectedTargets(("a",), frozenset({"a"}))

    assert names(carriers(State.OK, State.OK), concern=concern) == ("b", "a")


def test_when_whatsapp_as_a_whole_is_not_trusted_no_target_is() -> None:
    assert names(
        carriers(State.OK, State.DOWN, State.UNKNOWN), concern=AffectedTargets(no_target_trusted=True)
    ) == (
        "",
        "acb",
    )


def test_who_has_nobody_to_send_to_or_refused_for_good_is_no_way() -> None:
    fleet = [Carrier("a", State.OK), *carriers(State.OK, State.OK)[1:]]

    assert names(fleet) == ("b", "")
    assert names(fleet, barred=frozenset({"b"})) == ("", "")


def test_only_a_few_are_tried_in_one_round() -> None:
    assert len(names(carriers(*[State.OK] * 9))[0]) == MAX_ROUTES
    assert len(names(carriers(*[State.DOWN] * 9))[1]) == MAX_ROUTES


def test_the_concern_is_read_from_labels() -> None:
    concern = affected_targets(
        [
            an_alert("1", "b"),
            an_alert("2", "a", affects_channel="whatsapp"),
            an_alert("3", "b"),
            an_alert("4"),
            an_alert("5", "c", affects_channel="mail"),
        ]
    )

    assert concern == AffectedTargets(("b", "a", "c"), frozenset({"a"}))
    assert affected_targets([an_alert("1", affects_channel="whatsapp")]) == AffectedTargets(
        no_target_trusted=True
    )
    assert affected_targets([]) == AffectedTargets()


def test_an_alert_that_is_over_makes_nothing_doubtful() -> None:
    over = an_alert("1", "a", ends_at=2e9, affects_channel="whatsapp")

    assert affected_targets([over]) == AffectedTargets(("a",))


@given(
    st.lists(
        st.builds(
            Carrier, st.sampled_from("abcdefgh"), st.sampled_from(State), st.sampled_from([(), ("1",)])
        ),
        unique_by=lambda each: each.name,
    ),
    st.lists(st.sampled_from("abcdefghi"), max_size=4, unique=True),
    st.builds(
        AffectedTargets,
        st.lists(st.sampled_from("abi"), unique=True).map(tuple),
        st.frozensets(st.sampled_from("ab")),
    ),
    st.frozensets(st.sampled_from("abcdefgh"), max_size=3),
)
def test_every_way_there_is_is_in_one_of_the_lists_and_no_other(
    fleet: list[Carrier], via: list[str], concern: AffectedTargets, barred: frozenset[str]
) -> None:
    routes = choose_routes(fleet, via, concern, barred)

    usable = {each for each in fleet if each.to and each.name not in barred and (not via or each.name in via)}
    given_ = [*routes.open, *routes.doubtful]
    assert len(set(given_)) == len(given_)
    assert set(given_) <= usable
    assert len(usable) > MAX_ROUTES or set(given_) == usable
    assert not any(each.verdict is State.DOWN or each.name in concern.distrusted for each in routes.open)


@pytest.mark.parametrize("state", State)
def test_every_verdict_has_its_place(state: State) -> None:
    assert sum(map(len, names(carriers(state)))) == 1


ALERTS = st.builds(
    lambda target, affects, ends: Alert("f", 1.0, ends, {"target": target, "affects_channel": affects}),
    st.sampled_from(["", "orders", "support", "backup"]),
    st.sampled_from(["", "whatsapp"]),
    st.sampled_from([None, 2.0]),
)


@pytest.mark.parametrize("name", ["alpha", "shops/alpha", "a/b/c"])
def test_the_name_of_a_target_may_contain_a_slash(name: str) -> None:
    carrier = Carrier(name, State.OK, ("1", "2"))

    assert split_destination(carrier.destination) == (name, carrier.recipient)


def test_a_destination_without_a_target_is_a_recipient() -> None:
    assert split_destination("fallback") == ("", "fallback")


@given(st.lists(st.lists(ALERTS, max_size=4), max_size=4))
def test_pages_say_together_what_their_alerts_say(pages: list[list[Alert]]) -> None:
    together = affected_targets(alert for page in pages for alert in page)

    assert merge_affected(affected_targets(page) for page in pages) == together
