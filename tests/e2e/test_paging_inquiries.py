"""Real Alertmanagers that speak of an alert no more: it is inhibited, silenced, expired or forgotten."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import Request

import pytest
import yaml

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.paging import PATH, messages_about, wait_for_end, wait_for_message, write_pager
from tests.e2e.test_paging_alertmanagers import as_prometheus, just_now, route_to
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.alertmanager import Alertmanager
from tests.real.network import DIRECT, find_free_port
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.real.fixtures import RealParts

SHIPPED = Path(__file__).parents[2] / "alerts" / "alertmanager.yml"
UNHEARD = "not heard of any more (silenced, inhibited or ended)"

pytestmark = pytest.mark.real


@pytest.fixture
def client() -> Iterator[SimulatedClient]:
    options = Options(users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        yield client


@pytest.fixture(params=list(parts.SUITES))
def program(real_parts: RealParts, request: pytest.FixtureRequest) -> Path:
    return real_parts.program(request.param, "prometheus-alertmanager")


def shipped(port: int) -> dict[str, Any]:
    """Give the configuration that is shipped: in a hurry here, and leading to a port of this machine."""
    document: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())

    def hurry(route: dict[str, Any]) -> None:
        route |= {"group_wait": "1s", "group_interval": "1s"}
        for below in route.get("routes", ()):
            hurry(below)

    hurry(document["route"])
    for receiver in document["receivers"]:
        for hook in receiver.get("webhook_configs", ()):
            hook["url"] = f"http://127.0.0.1:{port}{PATH}"
    return document


_SURE_OF_ITS_AGE = 3.0  # seconds


class Place(NamedTuple):
    """What a scene is made of."""

    client: SimulatedClient
    folder: Path
    program: Path


@pytest.fixture
def place(client: SimulatedClient, tmp_path: Path, program: Path) -> Place:
    return Place(client, tmp_path, program)


class Scene:
    """A daemon and its Alertmanager, which may be asked or not."""

    def __init__(
        self,
        stack: ExitStack,
        place: Place,
        configure: Callable[[int], Mapping[str, object]],
        *,
        is_asked: bool,
    ) -> None:
        self.client, folder, program = place
        self.port = find_free_port()
        self.alertmanager = stack.enter_context(Alertmanager(program, folder / "am", configure(self.port)))
        started = time.monotonic()
        pager = {"alertmanager_url": self.alertmanager.url} if is_asked else {}
        file = write_pager(folder, {"line": self.client}, pager)
        self.exporter = stack.enter_context(Exporter.run(file, "--listen", f"127.0.0.1:{self.port}"))
        # Its answers say in whole seconds how old it is, and it is believed of what came later alone.
        wait_for(lambda: time.monotonic() - started, until=lambda age: age > _SURE_OF_ITS_AGE)

    def fire(self, *alerts: Mapping[str, object]) -> None:
        self.alertmanager.fire(*alerts)

    def texts(self) -> list[str]:
        messages = self.client.control("GET", "/messages")["messages"]
        return [message["text"]["body"] for message in messages]

    def wait_for(self, words: str) -> list[str]:
        return wait_for(self.texts, until=lambda texts: texts and words in texts[-1].split("\n")[0])


def ended(name: str, since: datetime, **labels: str) -> Mapping[str, object]:
    return as_prometheus(name, since=since, ended=True, **labels)


@pytest.mark.parametrize(
    ("is_asked", "last"),
    [
        (True, "ALL CLEAR: 2 resolved"),
        (False, f"RESOLVED: 2 resolved, 1 {UNHEARD}"),
    ],
    ids=["asked", "not asked"],
)
def test_what_was_inhibited_when_it_ended_is_not_still_firing(
    place: Place, *, is_asked: bool, last: str
) -> None:
    since, slow, down, other = just_now(), "WhatsAppConnectingTooLong", "WhatsAppDown", "HostDown"
    with ExitStack() as stack:
        scene = Scene(stack, place, shipped, is_asked=is_asked)
        scene.fire(as_prometheus(slow, since=since, target="line"))
        wait_for_message(place.client, slow)
        scene.fire(as_prometheus(down, since=since, target="line"))
        wait_for_message(place.client, down)
        scene.fire(ended(slow, since, target="line"), as_prometheus(down, since=since, target="line"))
        wait_for(lambda: states_in(scene.alertmanager), until=lambda found: slow not in found)
        # Once this is delivered, Alertmanager has looked at the end above, and told nobody.
        scene.fire(as_prometheus(other, since=since, target="line"))
        wait_for_message(place.client, other)
        scene.fire(*(ended(name, since, target="line") for name in (down, other)))
        texts = scene.wait_for(last)
        # The next incident begins after that end: a start before it would be an old delivery.
        again = datetime.now(UTC)
        scene.fire(as_prometheus(down, since=again, target="line"))
        wait_for(scene.texts, until=lambda texts: "FIRING" in texts[-1])
        scene.fire(ended(down, again, target="line"))
        scene.wait_for("ALL CLEAR: 1 resolved")

    assert "still firing" not in texts[-1]
    assert ("1 inhibited" if is_asked else UNHEARD) in texts[1].split("\n")[0]


def states_in(alertmanager: Alertmanager) -> dict[str, str]:
    """Give the alerts that Alertmanager has, and how they stand."""
    with DIRECT.open(f"{alertmanager.url}/api/v2/alerts", timeout=20) as answer:
        return {each["labels"]["alertname"]: each["status"]["state"] for each in json.load(answer)}


def silence(alertmanager: Alertmanager, name: str) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "alertname", "value": name, "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "test",
        "comment": "test",
    }
    request = Request(
        f"{alertmanager.url}/api/v2/silences", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with DIRECT.open(request, timeout=20):
        wait_for(lambda: states_in(alertmanager), until=lambda found: found.get(name) == "suppressed")


@pytest.mark.parametrize(
    ("is_asked", "last"),
    [(True, "RESOLVED: 1 resolved, 1 silenced"), (False, f"RESOLVED: 1 resolved, 1 {UNHEARD}")],
    ids=["asked", "not asked"],
)
def test_a_silence_is_no_end(place: Place, *, is_asked: bool, last: str) -> None:
    since = just_now()
    with ExitStack() as stack:
        scene = Scene(stack, place, by_target, is_asked=is_asked)
        scene.fire(*(as_prometheus(name, since=since, target="line") for name in ("Loud", "Quiet")))
        wait_for_message(place.client, "Loud")
        wait_for_message(place.client, "Quiet")
        silence(scene.alertmanager, "Quiet")
        scene.fire(ended("Loud", since, target="line"))

        texts = scene.wait_for(last)

    assert "still firing" not in texts[-1]


def by_target(port: int) -> dict[str, Any]:
    config = route_to(port)
    config["route"]["group_by"] = ["target"]
    return config


def test_the_alert_of_a_rule_that_was_deleted_ends_when_it_expires(place: Place) -> None:
    since = just_now()
    with ExitStack() as stack:
        scene = Scene(stack, place, by_target, is_asked=True)
        soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
        scene.fire({**as_prometheus("Deleted", since=since, target="line"), "endsAt": soon})
        wait_for_message(place.client, "Deleted")

        texts = scene.wait_for("ALL CLEAR: 1 resolved")

    assert len(texts) == 2


@pytest.mark.parametrize("is_asked", [True, False], ids=["asked", "not asked"])
def test_an_alertmanager_that_lost_its_state_makes_nothing_clear(
    client: SimulatedClient, tmp_path: Path, program: Path, *, is_asked: bool
) -> None:
    since = just_now()
    with ExitStack() as stack:
        port, here = find_free_port(), find_free_port()
        pager = {"alertmanager_url": f"http://127.0.0.1:{here}"} if is_asked else {}
        file = write_pager(tmp_path, {"line": client}, pager)
        exporter = stack.enter_context(Exporter.run(file, "--listen", f"127.0.0.1:{port}"))
        with Alertmanager(program, tmp_path / "before", by_target(port), port=here) as first:
            first.fire(*(as_prometheus(name, since=since, target="line") for name in ("Kept", "Lost")))
            wait_for_end(exporter, "Kept")
            wait_for_end(exporter, "Lost")
        # What it is told first after its start is not all there is.
        second = stack.enter_context(Alertmanager(program, tmp_path / "after", by_target(port), port=here))
        second.fire(ended("Kept", since, target="line"), as_prometheus("Other", since=since, target="line"))
        wait_for_message(client, "Other")
        second.fire(ended("Other", since, target="line"))
        texts = wait_for(lambda: messages_about(client, "Other"), until=lambda texts: len(texts) > 1)

    assert UNHEARD in "\n".join(messages_about(client, "Other"))
    assert not any("ALL CLEAR" in text or "still firing" in text for text in texts)


def test_a_replica_that_lags_makes_nothing_clear(place: Place) -> None:
    since = just_now()
    with ExitStack() as stack:
        scene = Scene(stack, place, by_target, is_asked=True)
        lagging = stack.enter_context(
            Alertmanager(place.program, place.folder / "lagging", by_target(scene.port))
        )
        scene.fire(*(as_prometheus(name, since=since, target="line") for name in ("Short", "Long")))
        wait_for_message(place.client, "Long")
        wait_for_message(place.client, "Short")
        lagging.fire(as_prometheus("Short", since=since, target="line"))
        wait_for(
            lambda: scene.exporter.page().value(
                "waexporter_pages_total", channel="whatsapp", result="suppressed"
            )
        )
        for each in (lagging, scene.alertmanager):
            each.fire(ended("Short", since, target="line"))

        texts = scene.wait_for("RESOLVED: 1 of 2, 1 still firing")

    assert not any("not heard of" in text or "ALL CLEAR" in text for text in texts)
