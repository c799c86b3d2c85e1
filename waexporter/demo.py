"""Three simulated clients with a story of incidents, and the configuration that polls them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from waexporter.config import DEFAULT_PLANS
from waexporter.model import Auth, Config, Endpoint, LogSettings, Secret, Target, Tls
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PASSWORD = "demonstration"  # noqa: S105 - of a client that lives in this process only
_USER = "monitor"
# Shorter than in earnest, so that there is something to see; /health keeps to the API's ten a minute.
_INTERVALS = {
    Endpoint.HEALTH: 7.0,
    Endpoint.APP: 5.0,
    Endpoint.WEB: 5.0,
    Endpoint.DB: 15.0,
    Endpoint.SUPPORT: 15.0,
    Endpoint.SETTINGS: 5.0,
    Endpoint.CERTIFICATES: 30.0,
    Endpoint.GROUP: 10.0,
}


@dataclass(frozen=True, slots=True)
class SimulatedClients:
    """The simulated clients that run, and the configuration for them."""

    config: Config
    simulators: Mapping[str, Simulator]
    ca_files: Mapping[str, Path]

    def announce(self, host: str, port: int, say: Callable[[str], None]) -> None:
        """Say what to open."""
        base = f"http://{'127.0.0.1' if host in {'', '0.0.0.0', '::'} else host}:{port}"
        say("Three simulated WhatsApp clients are polled; an incident comes and goes within two minutes.")
        say("")
        say(f"  status page   {base}/")
        say(f"  metrics       {base}/metrics")
        say(f"  as JSON       {base}/api/v1/targets")
        for name, simulator in self.simulators.items():
            say(
                f"  {name:<14}{simulator.url} (login {_USER} / {_PASSWORD}; faults: {simulator.url}/_control)"
            )
        name, simulator = next(iter(self.simulators.items()))
        say("")
        say("Why is one unwell? In another terminal:")
        say(
            f"  WAEXPORTER_USERNAME={_USER} WAEXPORTER_PASSWORD={_PASSWORD} "
            f"WAEXPORTER_TLS_CA_FILE={self.ca_files[name]} waexporter probe {simulator.url}"
        )
        say("")
        say("Ctrl-C ends it.")


@contextmanager
def simulated_clients(speed: float) -> Iterator[SimulatedClients]:
    """Run a single client, an HA cluster and a multiconnect cluster of four shards, all over HTTPS."""
    topologies = {"single": "single", "ha": "ha", "multiconnect": "multiconnect"}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="waexporter-demo-")))
        simulators = {
            name: stack.enter_context(Simulator(_options(topology, speed)))
            for name, topology in topologies.items()
        }
        ca_files = {name: _keep_ca(folder / f"{name}.pem", each) for name, each in simulators.items()}
        targets = tuple(_target(name, each, ca_files[name]) for name, each in simulators.items())
        config = Config(targets=targets, log=LogSettings(format="console"))
        yield SimulatedClients(config, simulators, ca_files)


def _options(topology: str, speed: float) -> Options:
    # In earnest a plain user will do, but only an admin sees the settings.
    return Options(
        topology=topology, scenario="story", tls=True, users=((_USER, _PASSWORD, "admin"),), speed=speed
    )


def _keep_ca(path: Path, simulator: Simulator) -> Path:
    path.write_text(simulator.ca_pem or "")
    return path


def _target(name: str, simulator: Simulator, ca_file: Path) -> Target:
    plans = {
        endpoint: replace(plan, interval=_INTERVALS.get(endpoint, plan.interval))
        for endpoint, plan in DEFAULT_PLANS.items()
    }
    return Target(
        name,
        simulator.url,
        auth=Auth(username=_USER, password=Secret(_PASSWORD)),
        tls=Tls(ca_file=str(ca_file)),
        shards=4 if name == "multiconnect" else None,
        labels=(("region", "demo"),),
        plans=plans,
    )
