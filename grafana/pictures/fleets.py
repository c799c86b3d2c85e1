"""Fleets of clients whose past is computed from real pages of an exporter: so much can't be waited for."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from grafana.pictures.pages import Model, Phase, continued, read_pages
from grafana.pictures.past import Writable, write_past
from grafana.pictures.recording import Moment, Recording, data_folder, keep
from tests.real import parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from grafana.pictures.pages import Pages
    from grafana.pictures.remote_write import Series

SUITE = parts.SUITES[-1]
SCRAPE = 15  # seconds
LONG_BEFORE = 86_400.0  # seconds: since when the exporter runs
SCRAPED = {"job": "waexporter", "instance": "127.0.0.1:9847"}  # labels of all that is scraped


class Watched(NamedTuple):
    """A client, and for how many seconds its fault has held at the end."""

    name: str
    model: Model = Model()
    troubled: float = 0


class Fleet(NamedTuple):
    """The clients of an exporter, for how many seconds they are seen, and for how many it has been gone."""

    clients: tuple[Watched, ...]
    seconds: int
    gone: int = 0


_DOWN, _LOSING, _REFUSING = Model("gateway_down"), Model("sends_fail", "ha"), Model("webhook_fails")
_FULL, _CRIPPLED, _AWAY = Model("disk_low"), Model("dead_node", "ha"), Model("web_down")
_HA, _MULTICONNECT = Model(topology="ha"), Model(topology="multiconnect")

_FIVE = {
    "orders": Model(),
    "support-line": _HA,
    "campaigns": _MULTICONNECT,
    "billing": _HA,
    "alerts": Model(),
}
_HUNDRED = {  # by number: who is in trouble
    13: _DOWN,
    21: _LOSING,
    34: _REFUSING,
    55: _CRIPPLED,
    58: _FULL,
    72: _AWAY,
    89: _DOWN,
    97: Model("shard_uncovered", "multiconnect"),
}
HOSTILE = (  # names that configuration allows
    "Llamadas & más #1 (50%+)",
    'A "quoted" name, it\'s one',
    r"C:\whatsapp\d+.*|[a-z]",
    "customer-service-of-the-second-largest-branch-in-Ciudad-de-México",
    "خدمة العملاء",
    "📦 orders {{target}} $__all",
    "<b>billing</b>/../?var-target=x",
)


def _well(number: int) -> Model:
    return _MULTICONNECT if number % 20 == 0 else _HA if number % 5 == 0 else Model()


def _five(**troubled: Model) -> tuple[Watched, ...]:
    return tuple(Watched(name, troubled.get(name, model), 900) for name, model in _FIVE.items())


FLEETS: Mapping[str, Fleet] = {
    "healthy": Fleet(_five(), 1800),
    "unreachable": Fleet(_five(orders=_AWAY), 1800),
    "exporter gone": Fleet(_five(orders=_DOWN, billing=_LOSING, alerts=_FULL), 1800, gone=600),
    "long gone": Fleet(_five(orders=_DOWN, billing=_LOSING, alerts=_FULL), 7200, gone=5400),
    "hostile names": Fleet(
        tuple(
            Watched(name, model, 900)
            for name, model in zip(
                HOSTILE, (_DOWN, _LOSING, _REFUSING, _CRIPPLED, _FULL, Model(), _AWAY), strict=True
            )
        ),
        1800,
    ),
    "hundred": Fleet(
        tuple(
            Watched(f"client-{number:03}", _HUNDRED.get(number) or _well(number), 60.0 * (number % 40))
            for number in range(1, 101)
        ),
        3600,
    ),
}


def read_models(names: Iterable[str], folder: Path) -> tuple[Pages, Pages]:
    """Read real pages of an exporter that watches a client of each model of these fleets: well, then not."""
    models = {client.model for name in names for client in FLEETS[name].clients}
    return read_pages(sorted(models, key=lambda model: model.name), folder)


@contextmanager
def with_past(name: str, pages: tuple[Pages, Pages], folder: Path) -> Iterator[Recording]:
    """Run a Prometheus that has watched one of the fleets until now."""
    fleet = FLEETS[name]
    end = time.time() // SCRAPE * SCRAPE
    times = [end - fleet.seconds + SCRAPE * place for place in range(fleet.seconds // SCRAPE + 1)]
    with Writable(parts.program(SUITE, "prometheus"), data_folder(folder), {}) as prometheus:
        write_past(prometheus.url, scraped(fleet, pages, times), times)
        yield Recording(prometheus.url, {name: Moment(times[0], end, SCRAPE)})


def record(name: str, pages: tuple[Pages, Pages], folder: Path) -> None:
    """Keep the past of one of the fleets."""
    with with_past(name, pages, folder) as recording:
        pass
    keep(folder, recording.moments)


def scraped(fleet: Fleet, pages: tuple[Pages, Pages], times: Sequence[float]) -> Iterator[Series]:
    """Give all that is scraped of the exporter until it is gone."""
    well, troubled = pages
    begin, gone = times[0] - LONG_BEFORE, times[-1] - fleet.gone + 1
    yield {**SCRAPED, "__name__": "up"}, [float(when < gone) for when in times]
    yield from _labelled(continued("", [Phase(begin, gone, well, "")], times))
    for name, model, seconds in fleet.clients:
        turn = gone - seconds
        phases = [Phase(begin, turn, well, model.name), Phase(turn, gone, troubled, model.name)]
        yield from _labelled(continued(name, phases, times))


def _labelled(series: Iterable[Series]) -> Iterator[Series]:
    return (({**SCRAPED, **labels}, values) for labels, values in series)
