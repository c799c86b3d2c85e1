"""What promtool thinks of the page of every topology, in peace and in the middle of an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.e2e.exporters import EVERY_SECOND, Exporter, write_config
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Simulate
    from tests.real.fixtures import RunTool

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
INCIDENTS = {  # topology: what goes wrong at once
    "single": ("gateway_down", "growing_queues"),
    "ha": ("failover", "growing_queues"),
    "multiconnect": ("shard_uncovered", "counter_reset"),
}


class Pages(NamedTuple):
    """A page for each format."""

    text: bytes
    openmetrics: str


@pytest.fixture(scope="module")
def pages(simulate: Simulate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Pages]]:
    clients = {name: simulate(f"--topology={name}") for name in INCIDENTS}
    targets = [client.target(name, labels={"region": "eu"}) for name, client in clients.items()]
    file = write_config(tmp_path_factory.mktemp("pages"), {"targets": targets, "poll": EVERY_SECOND})
    with Exporter.run(file) as exporter:
        exporter.wait_until_ok(*clients)
        calm = {f"calm {name}": _read(exporter, f"?target={name}") for name in clients}
        for name, faults in INCIDENTS.items():
            for fault in faults:
                clients[name].bring(fault)
        wait_for(exporter.page, until=lambda page: all(page.verdict(name) != "ok" for name in clients))
        yield {**calm, "an incident everywhere": _read(exporter, "")}


def _read(exporter: Exporter, query: str) -> Pages:
    """Read both formats between two polls that change what there is."""

    def look() -> tuple[bytes, Pages]:
        before = exporter.get(f"/metrics{query}", accept="text/plain").content
        openmetrics = exporter.get(f"/metrics{query}", accept=OPENMETRICS)
        assert openmetrics.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        return before, Pages(exporter.get(f"/metrics{query}", accept="text/plain").content, openmetrics.text)

    return wait_for(look, until=lambda seen: _series(seen[0]) == _series(seen[1].text))[1]


def _series(page: bytes) -> list[str]:
    return [line.rpartition(" ")[0] for line in page.decode().splitlines() if not line.startswith("#")]


STATES = (*(f"calm {name}" for name in INCIDENTS), "an incident everywhere")


@pytest.mark.parametrize("state", STATES)
def test_promtool_finds_nothing_to_object_to(
    pages: dict[str, Pages], promtool: RunTool, suite: str, state: str
) -> None:
    page = pages[state].text

    finding = promtool(suite, "check", "metrics", stdin=page)

    assert (finding.status, finding.output) == (0, "")


@pytest.mark.parametrize("state", STATES)
def test_the_openmetrics_page_holds_what_the_text_page_holds(pages: dict[str, Pages], state: str) -> None:
    page = pages[state]

    families = list(text_string_to_metric_families(page.openmetrics))

    series = {
        (sample.name, *sorted(sample.labels.items())) for family in families for sample in family.samples
    }
    assert len(series) == sum(len(family.samples) for family in families)
    assert len(series) == len(_series(page.text))
    assert page.openmetrics.endswith("# EOF\n")
