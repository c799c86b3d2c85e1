"""The pager of a daemon that follows its configuration: no page is lost, and none is told twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.paging import GROUP, firing, messages_about, pages_of, wait_for_end, webhook
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient
    from tests.e2e.conftest import Simulate
    from tests.e2e.exporters import Exporter
    from tests.e2e.reloads import Reloadable


@pytest.fixture(scope="module")
def client(simulate: Simulate) -> SimulatedClient:
    return simulate()


def deliver(exporter: Exporter, name: str, secret: str) -> int:
    headers = {"authorization": f"Bearer {secret}"}
    return exporter.http.post("/api/v1/alerts", content=webhook(firing(name)), headers=headers).status_code


def test_the_pager_follows_and_a_page_that_waits_goes_through_a_target_that_was_added(
    reloadable: Reloadable, client: SimulatedClient, simulate: Simulate, tmp_path: Path
) -> None:
    broken, secret = simulate(), tmp_path / "secret"
    secret.write_text("the-first-secret")

    def pager(**more: object) -> dict[str, object]:
        block = {"state_dir": str(tmp_path / "state"), "webhook": {"secret_file": str(secret)}}
        return {"pager": block | {"group": GROUP} | more}

    world = reloadable(broken.target("broken"), **pager())
    exporter = world.exporter
    broken.bring("message_fails")
    assert deliver(exporter, "Waiting", "the-first-secret") == 200
    wait_for(lambda: pages_of(exporter, "Waiting")[0]["attempts"])

    # Only who has the secret may have it reloaded; and then it is another one.
    world.write(broken.target("broken"), client.target("works"), **pager(via=["works"]))
    secret.write_text("the-second-secret")
    assert exporter.http.post("/-/reload").status_code == 401
    world.reload(authorization="Bearer the-first-secret", accept="application/json")

    [page] = wait_for_end(exporter, "Waiting")
    assert (page["state"], page["destination"]) == ("accepted", f"works/{GROUP}")
    assert deliver(exporter, "Second", "the-first-secret") == 401
    assert deliver(exporter, "Second", "the-second-secret") == 200
    assert wait_for_end(exporter, "Second")[0]["destination"] == f"works/{GROUP}"

    # A target that carries pages is taken out.
    broken.lift()
    world.write(broken.target("broken"), **pager())
    world.reload(authorization="Bearer the-second-secret")
    assert deliver(exporter, "Third", "the-second-secret") == 200
    assert wait_for_end(exporter, "Third")[0]["destination"] == f"broken/{GROUP}"

    # What can't be used is refused as a whole, and the pager goes on.
    world.write(broken.target("broken"), **pager(fallback=["nothing://hunter2"], group="1-2"))
    said = world.reload(400, authorization="Bearer the-second-secret").text
    assert said.startswith("pager.fallback: ")
    assert deliver(exporter, "Fourth", "the-second-secret") == 200
    assert wait_for_end(exporter, "Fourth")[0]["destination"] == f"broken/{GROUP}"
    assert "hunter2" not in exporter.process.output + said


def test_pages_that_come_in_while_reloads_go_on_are_each_told_once(
    reloadable: Reloadable, client: SimulatedClient, tmp_path: Path
) -> None:
    def pager(number: int) -> dict[str, object]:
        block = {"state_dir": str(tmp_path / "state"), "group": GROUP, "rate": "1000/1s"}
        return {"pager": block | {"fallback_after": f"{30 + number}s"}}

    world = reloadable(client.target("one"), **pager(0))
    names = [f"Storm{number}" for number in range(30)]
    with ThreadPoolExecutor(2) as pool:
        posted = pool.map(
            lambda name: (
                httpx.post(
                    f"{world.exporter.url}/api/v1/alerts",
                    content=webhook(firing(name)),
                    trust_env=False,
                    timeout=60,
                ).status_code
            ),
            names,
        )
        for number in range(1, 16):
            world.write(client.target("one", labels={"round": str(number)}), **pager(number))
            world.reload()
        assert set(posted) == {200}

    for name in names:
        [page] = wait_for_end(world.exporter, name)
        assert page["state"] == "accepted"
    assert {name: len(messages_about(client, name)) for name in names} == dict.fromkeys(names, 1)
    assert world.exporter.page().value("waexporter_crashes_total") == 0
