"""`waexporter simulate`: run a simulated client."""

from __future__ import annotations

import argparse
import errno
from typing import TYPE_CHECKING

from waexporter.commands.console import write
from waexporter.commands.options import add_speed, listen_address
from waexporter.commands.process import OK
from waexporter.errors import CommandError, ConfigError
from waexporter.simulator import SCENARIOS, SHARDS, TOPOLOGIES, Options, serve

if TYPE_CHECKING:
    from collections.abc import Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--listen",
        type=listen_address,
        default=("127.0.0.1", 9090),
        metavar="ADDR",
        help="host:port to answer at (127.0.0.1:9090)",
    )
    parser.add_argument(
        "--topology",
        choices=TOPOLOGIES,
        default="single",
        help="how its nodes are arranged (single)",
    )
    parser.add_argument("--shards", type=int, choices=SHARDS, default=4, help="how many, in multiconnect (4)")
    parser.add_argument(
        "--scenario",
        default="healthy",
        metavar="NAME",
        help="what happens to it; `list` prints what can (healthy)",
    )
    add_speed(parser)
    parser.add_argument("--tls", action="store_true", help="HTTPS, with a certificate authority of its own")
    parser.add_argument("--ca-file", metavar="FILE", help="where to write that authority's certificate")
    parser.add_argument("--api-key", metavar="KEY", help="also accept this API key")
    parser.add_argument(
        "--user",
        type=_account,
        action="append",
        default=[],
        metavar="NAME:PASSWORD[:admin]",
        help="an account that is ready to use, beside admin/secret, which must change its password",
    )
    parser.add_argument(
        "--health-limit",
        type=int,
        default=10,
        metavar="N",
        help="requests of /health a minute (10; 0: no limit)",
    )


def run(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    """Serve the simulated client until Ctrl-C, or list the scenarios."""
    if options.scenario == "list":
        for name, scenario in SCENARIOS.items():
            write(f"{name:<30}{scenario.description}")
        return OK
    simulation = _read_simulation(options)
    try:
        serve(simulation, write)
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        why = "another program listens there already" if in_use else str(error.strerror or error)
        where = f"{simulation.host}:{simulation.port}"
        raise CommandError(f"can't listen on {where}: {why} (choose another with --listen)") from error
    return OK


def _read_simulation(options: argparse.Namespace) -> Options:
    host, port = options.listen
    try:
        return Options(
            host=host,
            port=port,
            topology=options.topology,
            shards=options.shards,
            scenario=options.scenario,
            tls=options.tls,
            ca_file=options.ca_file,
            api_key=options.api_key,
            users=tuple(options.user),
            speed=options.speed,
            health_per_minute=options.health_limit or None,
        )
    except ValueError as error:
        raise ConfigError(str(error).splitlines()) from error


def _account(text: str) -> tuple[str, str, str]:
    name, _, rest = text.partition(":")
    password, _, role = rest.partition(":")
    if not name or not password or role not in {"", "user", "admin"}:
        message = f"{text!r} is not NAME:PASSWORD or NAME:PASSWORD:admin"
        raise argparse.ArgumentTypeError(message)
    return name, password, role or "user"
