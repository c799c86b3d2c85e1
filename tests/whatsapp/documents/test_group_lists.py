"""The list of groups, and their names."""

from __future__ import annotations

import pytest

from waexporter.errors import BodyError
from waexporter.whatsapp.documents.groups import list_groups, read_subject


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ('{"groups": [{"id": "1-2"}, {"id": "3-4"}]}', ("1-2", "3-4")),
        ('{"groups": []}', ()),
        # What can't be read costs itself alone, and PHP writes lists in its own way.
        ('{"groups": [{"id": "1-2"}, {"id": null}, 7, {}, {"id": "3-4"}]}', ("1-2", "3-4")),
        ('{"groups": {"0": {"id": "1-2"}, "2": {"id": "3-4"}}}', ("1-2", "3-4")),
    ],
)
def test_the_groups_are_listed_by_their_ids(said: str, ids: tuple[str, ...]) -> None:
    assert list_groups(said.encode()) == ids


@pytest.mark.parametrize("said", ['{"groups": null}', '{"groups": "none"}'])
def test_an_answer_without_a_list_is_none(said: str) -> None:
    with pytest.raises(BodyError, match="no list of groups"):
        list_groups(said.encode())


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ('{"groups": [{"subject": "On call", "participants": []}]}', "On call"),
        ('{"groups": [{"subject": "a\\u0007b"}]}', "a b"),
        ('{"groups": [{"participants": []}]}', ""),
        ('{"groups": [{"subject": null}]}', ""),
    ],
)
def test_a_group_is_called_what_it_says(said: str, subject: str) -> None:
    assert read_subject(said.encode()) == subject
