"""A simulated client with a clock that only a test moves, and somebody to talk to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USERS = (("boss", "boss-password", "admin"), ("monitor", "monitor-password", "user"))


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


class Caller:
    """Talks to one simulator over real HTTP, with a token once it has logged in."""

    def __init__(self, simulator: Simulator, clock: Clock, http: httpx.Client) -> None:
        self.simulator = simulator
        self.clock = clock
        self.http = http
        self.authorization = ""

    def login(self, name: str, password: str, new_password: str | None = None) -> httpx.Response:
        body = None if new_password is None else {"new_password": new_password}
        return self.http.post("/v1/users/login", auth=(name, password), json=body)

    def become(self, name: str) -> Caller:
        answer = self.login(name, f"{name}-password")
        self.authorization = f"Bearer {answer.json()['users'][0]['token']}"
        return self

    def call(self, method: str, path: str, document: object = None) -> httpx.Response:
        return self.http.request(method, path, headers={"Authorization": self.authorization}, json=document)

    def get(self, path: str) -> httpx.Response:
        return self.call("GET", path)

    def bring(self, fault: str, **parameters: object) -> None:
        answer = self.call("POST", "/_control/faults", {"fault": fault, **parameters})
        assert answer.status_code == 200, answer.text

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self.get("/v1/health").json()["health"]
        return health

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.get("/v1/stats/app").json()["stats"]["app"]
        return stats


@pytest.fixture(scope="module")
def simulate() -> Iterator[Callable[..., Caller]]:
    """Start simulators that end with the module, all at once because each takes a moment."""
    started: list[Caller] = []

    def start(**options: Any) -> Caller:  # noqa: ANN401 - the fields of Options
        clock = Clock()
        wanted = Options(**{"users": USERS, "health_per_minute": None, **options})
        simulator = Simulator(wanted, clock=clock).start()
        http = httpx.Client(base_url=simulator.url, trust_env=False, timeout=30)
        started.append(Caller(simulator, clock, http))
        return started[-1]

    yield start
    for caller in started:
        caller.http.close()
    with ThreadPoolExecutor(max(1, len(started))) as pool:
        list(pool.map(lambda caller: caller.simulator.stop(), started))


@pytest.fixture(scope="module")
def callers(simulate: Callable[..., Caller]) -> dict[str, Caller]:
    return {
        "single": simulate(),
        "ha": simulate(topology="ha"),
        "multiconnect": simulate(topology="multiconnect", shards=2),
    }


def _settled(caller: Caller) -> Caller:
    caller.call("DELETE", "/_control/faults")
    caller.clock.move(100)
    return caller.become("monitor")


@pytest.fixture
def single(callers: dict[str, Caller]) -> Caller:
    """Give a single client with nothing wrong, its tests being over for 100 s."""
    return _settled(callers["single"])


@pytest.fixture
def ha(callers: dict[str, Caller]) -> Caller:
    """Give an HA cluster with nothing wrong."""
    return _settled(callers["ha"])


@pytest.fixture
def multiconnect(callers: dict[str, Caller]) -> Caller:
    """Give a cluster of two shards with nothing wrong."""
    return _settled(callers["multiconnect"])
