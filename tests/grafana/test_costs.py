"""No question of a dashboard is too much for a Prometheus that holds a hundred clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grafana.pictures.fleets import FLEETS, read_models, with_past
from grafana.pictures.looks import OF_ONE_CLIENT
from tests.grafana.boards import BOARDS, Sight
from tests.grafana.costs import costs
from tests.real import parts
from tests.real.fixtures import RealParts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grafana.pictures.recording import Recording
    from tests.grafana.costs import Cost

FLEET = "hundred"
ONE = FLEETS[FLEET].clients[12].name  # one that is down

# A core reads some ten million samples in a second; version 0.1.0 read 42 million for the fleet.
MOST_SAMPLES = 6_000_000  # of one query
MOST_AT_FIRST = {"client": 100_000}  # of all queries until somebody opens a row; of other dashboards:
MOST_OF_OTHERS = 12_000_000
MOST_SERIES = 400  # of one query; a table has several rows for a client at most


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recording]:
    RealParts().program(parts.SUITES[-1], "prometheus")
    folder = tmp_path_factory.mktemp("hundred")
    with with_past(FLEET, read_models([FLEET], folder), folder) as recording:
        yield recording


@pytest.mark.timeout(300)  # the hour that is looked at is computed first
@pytest.mark.parametrize("name", BOARDS)
def test_a_hundred_clients_are_not_too_many(real_parts: RealParts, hundred: Recording, name: str) -> None:
    real_parts.program(parts.SUITES[-1], "prometheus")
    moment = hundred.moments[FLEET]
    chosen = {"target": ONE} if name in OF_ONE_CLIENT else {}
    sight = Sight(moment.ended, int(moment.ended - moment.began), moment.scrape, moment.scrape, chosen)

    asked = costs(hundred.url, BOARDS[name], sight)

    at_first = sum(cost.samples for cost in asked if cost.is_at_first)
    assert [cost for cost in asked if is_too_much(cost)] == []
    assert at_first <= MOST_AT_FIRST.get(name, MOST_OF_OTHERS)


def is_too_much(cost: Cost) -> bool:
    return cost.samples > MOST_SAMPLES or cost.series > MOST_SERIES
