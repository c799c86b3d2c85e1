"""`waexporter demo`: run a daemon that polls three simulated clients with a story of incidents."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from waexporter.commands.console import write
from waexporter.commands.daemon_process import serve
from waexporter.commands.demos.demo_stack import (
    MAX_SPEED,
    find_free_address,
    find_programs,
    run_stack,
    write_http_config,
)
from waexporter.commands.options import add_daemon_options, add_speed, override
from waexporter.commands.process import OK, exit_despite_threads
from waexporter.config import DEFAULT_PLANS, LoadedConfig, load_web, make_access
from waexporter.config.web_config.web_login import SET_LOGIN
from waexporter.errors import ConfigError
from waexporter.model import (
    Config,
    Credentials,
    Endpoint,
    LogSettings,
    PagerSettings,
    Rate,
    Secret,
    Target,
    Tls,
    Watchdog,
    WebhookAuth,
)
from waexporter.simulator import TOPOLOGIES, Options, Simulator

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping, Sequence

    from waexporter.commands.console import Write
    from waexporter.daemon.app import Daemon

_PASSWORD = "demonstration"  # noqa: S105 - of a client that lives in this process only
_USER = "monitor"
# Shorter than the defaults, to show changes early; /health may be asked ten times a minute.
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
_WEBHOOK = WebhookAuth(insecure=True)  # open to everybody: pages reach only simulated groups
_WATCH_FOR = 5.0  # seconds at speed 1; an incident takes 40
_RATE = Rate(10, 30.0)  # at the default rate, pages about an incident every minute would have to wait
# In this stack, Alertmanager repeats the alert every few seconds, not every minute.
_WATCHDOG = Watchdog("prometheus", (("alertname", "Watchdog"),), max_silence=30.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_daemon_options(parser)
    add_speed(parser)
    parser.add_argument(
        "--stack",
        action="store_true",
        help="page through a real Prometheus and Alertmanager, if they are installed (with --speed up to 2)",
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the simulated clients and a daemon that polls them, until Ctrl-C."""
    if options.stack and options.speed > MAX_SPEED:
        message = f"--stack goes with --speed up to {MAX_SPEED:g}: nobody is paged about shorter incidents"
        raise ConfigError([message])
    web = load_web(environ)
    access = make_access(web, _WEBHOOK, environ)
    if options.stack and web.security.needs_credentials and not access.source:
        raise ConfigError([*access.problems, f"--stack: {SET_LOGIN}, so that Prometheus can scrape"])
    programs = find_programs() if options.stack else None
    alertmanager = find_free_address() if options.stack else None
    with simulated_clients(options.speed, alertmanager) as clients, ExitStack() as stack:
        config = override(replace(clients.config, web=web), options)

        def announce(daemon: Daemon) -> None:
            own_url = replace(config.web, port=daemon.server.port).own_url
            rows: tuple[tuple[str, str], ...] = ()
            if programs is not None and alertmanager is not None:
                write("Starting Prometheus and Alertmanager ...")
                http_config = write_http_config(access)
                rows = stack.enter_context(run_stack(programs, own_url, alertmanager, http_config)).rows()
            if web.security.needs_credentials:
                rows = (("they ask for", f"a user or a token of {web.config_file}"), *rows)
            clients.announce(own_url, rows, write)

        serve(LoadedConfig(config, ()), announce)
    exit_despite_threads()
    return OK


@dataclass(frozen=True, slots=True)
class SimulatedClients:
    """The running simulated clients, and the configuration that polls them and pages."""

    config: Config
    simulators: Mapping[str, Simulator]
    ca_files: Mapping[str, Path]

    def announce(self, base: str, rows: Sequence[tuple[str, str]], write: Write) -> None:
        """Write the addresses to open: those of the exporter at `base`, and `rows` of (name, address)."""
        write(
            "Three simulated WhatsApp clients are polled; an incident comes and goes within two minutes, and"
        )
        write("their on-call group is paged about it, through a client that works.")
        write("")
        write(f"  status page   {base}/")
        write(f"  metrics       {base}/metrics")
        write(f"  as JSON       {base}/api/v1/targets")
        write(f"  pages         {base}/api/v1/pages")
        for name, where in rows:
            write(f"  {name:<14}{where}")
        for name, simulator in self.simulators.items():
            write(
                f"  {name:<14}{simulator.url} (login {_USER} / {_PASSWORD}; faults: {simulator.control_url})"
            )
        name, simulator = next(iter(self.simulators.items()))
        write("")
        write("Why is one unwell? In another terminal:")
        write(
            f"  WAEXPORTER_USERNAME={_USER} WAEXPORTER_PASSWORD={_PASSWORD} "
            f"WAEXPORTER_TLS_CA_FILE={self.ca_files[name]} {own_command(sys.argv[0])} probe {simulator.url}"
        )
        write("What do the people on call read? Each client shows the messages that left through it:")
        for each, simulator in self.simulators.items():
            write(f"  curl --cacert {self.ca_files[each]} {simulator.control_url}/groups")
        write("")
        write("Ctrl-C ends it.")


def own_command(started_as: str, path: str | None = None) -> str:
    """Return the command that starts this program in another terminal.

    `started_as` is the path of the program or of the module that runs; `path` is a PATH other than our own.
    """
    program = Path(started_as).absolute()
    if not (program.name == "waexporter" and os.access(program, os.X_OK)):
        return f"{shlex.quote(sys.executable)} -m waexporter"
    found = shutil.which("waexporter", path=path)
    is_found = found is not None and Path(found).resolve() == program.resolve()
    return "waexporter" if is_found else shlex.quote(str(program))


@contextmanager
def simulated_clients(speed: float, alertmanager: str | None = None) -> Iterator[SimulatedClients]:
    """Run a single client, an HA cluster and a multiconnect cluster of four shards, all over HTTPS.

    `alertmanager` is the address that sends alerts; without one, the pager watches verdicts itself.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="waexporter-demo-")))
        simulators = {
            topology: stack.enter_context(Simulator(_options(topology, speed))) for topology in TOPOLOGIES
        }
        ca_files = {name: _write_ca(folder / f"{name}.pem", each) for name, each in simulators.items()}
        targets = tuple(_target(name, each, ca_files[name]) for name, each in simulators.items())
        pager = _pager(folder / "pager", speed, alertmanager)
        config = Config(targets=targets, log=LogSettings(format="console"), pager=pager)
        yield SimulatedClients(config, simulators, ca_files)


def _options(topology: str, speed: float) -> Options:
    # A real account needs no admin's rights, but only an admin reads the settings.
    return Options(
        topology=topology, scenario="story", tls=True, users=((_USER, _PASSWORD, "admin"),), speed=speed
    )


def _pager(folder: Path, speed: float, alertmanager: str | None) -> PagerSettings:
    return PagerSettings(
        state_dir=str(folder),
        webhook=_WEBHOOK,
        rate=_RATE,
        watch=alertmanager is None,
        watch_for=_WATCH_FOR / speed,
        watchdogs=(_WATCHDOG,) if alertmanager else (),
        alertmanager_url=Secret(alertmanager) if alertmanager else None,
    )


def _write_ca(path: Path, simulator: Simulator) -> Path:
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
        auth=Credentials(username=_USER, password=Secret(_PASSWORD)),
        tls=Tls(ca_file=str(ca_file)),
        shards=4 if name == "multiconnect" else None,
        labels=(("region", "demo"),),
        plans=plans,
    )
