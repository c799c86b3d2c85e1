"""The past that is computed is like one that an exporter would have shown."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from grafana.pictures.fleets import FLEETS, HOSTILE, Fleet, Watched, scraped
from grafana.pictures.pages import Model, Pages
from waexporter.config import load

if TYPE_CHECKING:
    from pathlib import Path

    from grafana.pictures.pages import Labels

NOW = 1_000_000.0
TIMES = [NOW - 60 + 15 * place for place in range(5)]
WELL, DOWN = Model(), Model("gateway_down")


def labels(name: str, target: str) -> Labels:
    return tuple(sorted({"__name__": name, "target": target}.items()))


def pages(model: Model, **series: tuple[float, float]) -> Pages:
    own = {labels(name, model.name): samples for name, samples in series.items()}
    return Pages(NOW, 5.0, frozenset({"sent_total"}), {model.name: own, "": {}})


@pytest.mark.parametrize(
    ("first", "then", "values"),
    [
        ({"sent_total": (10, 20)}, {"sent_total": (20, 25)}, [0, 30, 60, 90, 105]),  # 2 a second, then 1
        ({"queue": (7, 8)}, {"queue": (9, 9)}, [7, 7, 7, 9, 9]),
        ({"queue": (7, 8)}, {}, [7, 7, 7, None, None]),
        ({}, {"queue": (9, 9)}, [None, None, None, 9, 9]),
        ({"last": (NOW - 1, NOW + 4)}, {}, [NOW - 61, NOW - 46, NOW - 31, None, None]),  # goes on
        ({}, {"began": (NOW, NOW)}, [None, None, None, NOW - 15, NOW - 15]),  # as long after the turn
        ({"expires": (NOW * 2, NOW * 2)}, {}, [NOW * 2, NOW * 2, NOW * 2, None, None]),
    ],
)
def test_a_series_goes_on_as_on_the_pages(
    first: dict[str, tuple[float, float]],
    then: dict[str, tuple[float, float]],
    values: list[float | None],
) -> None:
    fleet = Fleet((Watched("orders", DOWN, 16),), 60)

    series = {
        labels["__name__"]: found
        for labels, found in scraped(fleet, (pages(DOWN, **first), pages(DOWN, **then)), TIMES)
    }

    (name,) = {*first, *then}
    start = series[name][0] if name == "sent_total" else 0
    assert [value if value is None else value - (start or 0) for value in series[name]] == values


def test_nothing_is_scraped_of_an_exporter_that_is_gone() -> None:
    fleet = Fleet((Watched("orders"),), 60, gone=30)

    series = {
        labels["__name__"]: found
        for labels, found in scraped(fleet, (pages(WELL, queue=(7, 7)), pages(WELL)), TIMES)
    }

    assert series == {"up": [1, 1, 1, 0, 0], "queue": [7, 7, 7, None, None]}


def test_every_client_has_a_name_of_its_own() -> None:
    names = {fleet: Counter(client.name for client in clients) for fleet, (clients, _, _) in FLEETS.items()}

    assert {fleet: most for fleet, count in names.items() if (most := count.most_common(1)[0][1]) > 1} == {}
    assert names["hundred"].total() == 100


def test_configuration_allows_the_hostile_names(tmp_path: Path) -> None:
    auth = {"username": "monitor", "password": "secret"}
    targets = [
        {"name": name, "url": f"https://client-{number}.example", "auth": auth}
        for number, name in enumerate(HOSTILE)
    ]
    file = tmp_path / "waexporter.yml"
    file.write_text(json.dumps({"targets": targets}, ensure_ascii=False))

    loaded = load(str(file), {})

    assert tuple(target.name for target in loaded.config.targets) == HOSTILE
