"""docs/paging-faults.md says what was tried against the pager: a test for every line, and the reverse."""

from __future__ import annotations

import re

from tests.markdown import PAGING_FAULTS, ROOT, SPAN, part, rows

HEADING = "What was tried against it"
# Tests of the tests.
OTHERS = {"the_spots_are_the_steps_of_a_page"}


def lines() -> list[list[str]]:
    return [row for row in rows(part(PAGING_FAULTS, HEADING)) if row[1]]


def test_every_fault_tried_is_in_the_table_and_no_other() -> None:
    files = (ROOT / "tests" / "e2e").glob("test_paging_*.py")
    tried = {
        name for file in files for name in re.findall(r"^def test_(\w+)", file.read_text(), re.MULTILINE)
    }

    claimed = {name for row in lines() for name in SPAN.findall(row[-1])}

    missing, unknown = tried - OTHERS - claimed, claimed - tried
    assert not missing, f"add a row to the table of docs/paging-faults.md for each of {sorted(missing)}"
    assert not unknown, f"docs/paging-faults.md names tests that tests/e2e has not: {sorted(unknown)}"


def test_a_loss_is_explained_where_it_is_claimed() -> None:
    losses = [(row[0], row[2]) for row in lines() if row[2] != "0"]

    assert all(re.search("[a-z]{3}", loss) for _, loss in losses), losses
    assert len(losses) <= 2, losses
