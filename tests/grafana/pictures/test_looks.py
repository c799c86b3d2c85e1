"""What is looked at is there."""

from __future__ import annotations

from grafana.pictures import story
from grafana.pictures.fleets import FLEETS
from grafana.pictures.looks import DOCUMENTED, LOOKED_AT, looks
from tests.e2e.scenarios import CLIENTS


def test_only_clients_that_are_there_are_looked_at() -> None:
    there = {
        "story": set(story.CLIENTS),
        "dead": set(story.CLIENTS),
        "scenarios": {client.name for client in CLIENTS},
        **{name: {client.name for client in fleet.clients} for name, fleet in FLEETS.items()},
    }

    absent = {moment: set(clients) - there[moment] for moment, clients in LOOKED_AT.items()}

    assert {moment: missing for moment, missing in absent.items() if missing} == {}


def test_the_documents_show_what_is_drawn_of_the_story() -> None:
    assert set(DOCUMENTED.values()) <= set(looks("story"))


def test_no_two_pictures_of_a_moment_have_the_same_name() -> None:
    files = {moment: [look.file for look in looks(moment)] for moment in LOOKED_AT}

    assert {moment: len(names) for moment, names in files.items()} == {
        moment: len(set(names)) for moment, names in files.items()
    }
