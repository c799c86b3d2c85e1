"""What docs/silences.md and docs/high-availability.md say happens, with the real programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import yaml

from tests.e2e import documented
from tests.e2e.documented import configuration
from tests.e2e.scenes import ONE_CLIENT, daemon
from tests.e2e.waiting import wait_for
from tests.markdown import DOCS, PAGING, blocks
from tests.real.alertmanager import Alertmanager
from tests.real.prometheus import Prometheus
from waexporter.commands.demos.demo_stack import speed_up

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.documented import Place
    from tests.real.fixtures import RealParts

PACE = 20.0  # a minute is three seconds
WITH_PAGER = (
    f"{ONE_CLIENT}pager: {{state_dir: /var/lib/waexporter, alertmanager_url: http://127.0.0.1:9093}}\n"
)


def start_alertmanager(real_parts: RealParts, place: Place, pace: float) -> Alertmanager:
    routes = speed_up(place.here(configuration(PAGING, "route")), pace)
    program = real_parts.program(documented.SUITE, "prometheus-alertmanager")
    port = int(place.here("127.0.0.1:9093").rpartition(":")[2])
    return Alertmanager(program, place.folder / "alertmanager", yaml.safe_load(routes), port=port)


def alert(name: str, target: str, *, is_over: bool = False) -> dict[str, object]:
    # To the millisecond: an end in whole seconds may lie before the start, and is none.
    ends = {"endsAt": datetime.now(UTC).isoformat(timespec="milliseconds")} if is_over else {}
    labels = {"alertname": name, "target": target, "severity": "critical"}
    return {"labels": labels, "annotations": {"summary": f"{name} is tried."}, **ends}


def test_what_is_silenced_is_not_said_and_what_lasts_is_said_afterwards(
    real_parts: RealParts, tmp_path: Path
) -> None:
    add, *_, expire = [
        step.command for block in blocks(DOCS / "silences.md", "console") for step in documented.steps(block)
    ]
    with daemon(tmp_path, WITH_PAGER) as (clients, _):

        def about(name: str) -> list[str]:
            return [text.partition("\n")[0] for text in clients.read() if name in text]

        with start_alertmanager(real_parts, clients.place, PACE) as manager:
            manager.fire(alert("Before", "orders"))
            wait_for(lambda: about("Before"))
            assert documented.run(add, clients.place).status == 0

            manager.fire(alert("Before", "orders", is_over=True), alert("Under", "orders"))
            manager.fire(alert("Control", "support-line"))
            wait_for(lambda: about("Control"))
            manager.fire(alert("Control", "support-line", is_over=True))
            wait_for(lambda: [line for line in about("Control") if line.startswith("ALL CLEAR")])
            said = about("Before"), about("Under")
            assert documented.run(expire, clients.place).status == 0
            wait_for(lambda: about("Under"))

    assert said == (["FIRING: 1 alert, 1 critical"], [])


def test_a_pager_hears_the_watchdog_of_each_of_two_prometheus(real_parts: RealParts, tmp_path: Path) -> None:
    document = DOCS / "high-availability.md"
    text = configuration(document, "targets").replace(
        "web: {listen", "poll: {health: 1s}\nx-web: {listen"
    )  # it listens where the table says
    text = text.replace("  webhook: {secret_file: /run/secrets/webhook}\n", "")
    scrapes = configuration(document, "global")
    program = real_parts.program(documented.SUITE, "prometheus")
    with daemon(tmp_path, text) as (clients, exporter):
        place = clients.place
        own, other = (place.here(f"127.0.0.1:{port}") for port in (9847, 9093))
        for number in (1, 2):
            scrapes = scrapes.replace(f"waexporter-{number}.example:9847", own)
            scrapes = scrapes.replace(f"am-{number}.example:9093", other)
        scrapes = place.here(scrapes)
        a, b = scrapes, scrapes.replace("{prometheus: a}", "{prometheus: b}")
        with (
            start_alertmanager(real_parts, place, 1.0),
            Prometheus(program, tmp_path / "a", yaml.safe_load(a)),
            Prometheus(program, tmp_path / "b", yaml.safe_load(b)),
        ):
            documented.wait_until_heard(exporter, "prometheus-a", "prometheus-b")
