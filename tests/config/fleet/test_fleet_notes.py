"""Notes about a fleet: nobody reads five thousand times the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waexporter.config.fleet.fleet_notes import fold_notes

SAME = [f"targets[{index}].url: http:// carries the credentials in the clear" for index in range(5000)]


def test_the_first_of_many_equal_notes_are_shown_and_the_others_counted() -> None:
    notes = ["poll.health: is often", *SAME, "WA_API_KEY: ignored"]

    folded = fold_notes(notes)

    assert folded == (
        "poll.health: is often",
        *SAME[:5],
        "WA_API_KEY: ignored",
        "4995 more: http:// carries the credentials in the clear",
    )


@given(st.lists(st.text(max_size=3).map(lambda word: f"{word}: is odd"), max_size=5))
def test_few_notes_stay_as_they_are(notes: list[str]) -> None:
    assert fold_notes(notes) == tuple(notes)
