"""The way to a daemon is found in a configuration that is wrong elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from waexporter.config import find_door
from waexporter.model import Gate, Secret, WebSettings

if TYPE_CHECKING:
    from pathlib import Path

GUARDED = Gate(token=Secret("hush"))


@pytest.mark.parametrize(
    ("text", "port", "gate", "is_sound"),
    [
        ("targets: [{url: 'https://wa.example'}]", 9847, Gate(), True),
        ("web: {listen: '127.0.0.1:1234'}\npager: {webhook: {secret: hush}}", 1234, GUARDED, True),
        (
            "target: []\nweb: {listen: '127.0.0.1:1234', x: 1}\npager: {webhook: {secret: hush}, rate: 1}",
            1234,
            GUARDED,
            False,
        ),
        ("web: {listen: nonsense}\npager: {webhook: {secret_file: missing}}", 9847, Gate(), False),
        ("web: [\n", 9847, Gate(), False),
        ("", 9847, Gate(), False),
        ("pager: 7", 9847, Gate(), False),
    ],
)
def test_where_it_listens_and_what_it_asks_for(
    tmp_path: Path, text: str, port: int, gate: Gate, *, is_sound: bool
) -> None:
    file = tmp_path / "waexporter.yml"
    file.write_text(text)

    door = find_door(str(file), {})

    assert (door.web, door.gate) == (WebSettings(port=port), gate)
    assert (door.problems == ()) is is_sound


def test_a_daemon_without_a_file_is_found_by_its_variables() -> None:
    door = find_door(None, {"WAEXPORTER_LISTEN": "127.0.0.1:1234"})

    assert door.web.own_url == "http://127.0.0.1:1234"


def test_a_file_that_is_missing_leaves_what_is_usual() -> None:
    door = find_door("/nonexistent/waexporter.yml", {})

    assert (door.web, door.gate, len(door.problems)) == (WebSettings(), Gate(), 1)
