"""Command-line options that several commands share."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.config import LoadedConfig, load, parse_listen
from waexporter.config.keys import convert_boolean
from waexporter.config.values.urls import http_url
from waexporter.errors import ConfigError
from waexporter.model import Shard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Config


def add_epilog(parser: argparse.ArgumentParser, text: str) -> None:
    """Add a text below the options of --help, with its lines as they are."""
    parser.epilog = text
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


# --- options -----------------------------------------------------------------------------------


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add --config."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="YAML file (default: WAEXPORTER_CONFIG, or a single target from WAEXPORTER_* variables)",
    )


def add_ca_file(parser: argparse.ArgumentParser) -> None:
    """Add --ca-file, for a daemon on another machine."""
    parser.add_argument(
        "--ca-file",
        metavar="FILE",
        help="PEM file with the authority of a certificate at --url (default: the system's authorities; on "
        "this machine, the certificate of web.config_file)",
    )


def add_running_daemon(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that asks a running daemon."""
    add_config(parser)
    parser.add_argument(
        "--url",
        type=server_url,
        metavar="URL",
        help="where the daemon serves (default: on this machine, at the port it is configured to listen on)",
    )
    add_ca_file(parser)


def add_shard(parser: argparse.ArgumentParser) -> None:
    """Add --shard."""
    parser.add_argument(
        "--shard",
        metavar="I/N",
        help="only the targets of shard I of 0 to N-1, or auto/N: I is the number at the end of the "
        "host's name (default: WAEXPORTER_SHARD, or all targets)",
    )


def add_daemon_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that override keys of the configuration."""
    parser.add_argument(
        "--listen",
        type=listen_address,
        metavar="ADDR",
        help="host:port to serve on (127.0.0.1:9847); :9847 is every interface",
    )
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), help="the least that is logged (info)"
    )
    parser.add_argument(
        "--log-format", choices=("json", "console"), help="for programs or for people; the log goes to stderr"
    )


def add_speed(parser: argparse.ArgumentParser) -> None:
    """Add --speed of the simulator's incidents."""
    parser.add_argument(
        "--speed", type=_factor, default=1.0, metavar="N", help="how many times faster incidents go by (1)"
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add --target, for commands that send through one client."""
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="a configured target (default: the first that may carry pages)",
    )


# --- types of options --------------------------------------------------------------------------


def listen_address(text: str) -> tuple[str, int]:
    """Read host:port."""
    try:
        return parse_listen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def server_url(text: str) -> str:
    """Read the url of a server; the error does not repeat it, since it may contain a password."""
    try:
        return http_url(text)
    except ValueError as error:
        message = "must be an address such as http://alertmanager:9093"
        raise argparse.ArgumentTypeError(message) from error


def _factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1000:  # noqa: PLR2004 - beyond that a story is over within a poll
        message = f"{text!r} is not a number above 0, up to 1000"
        raise argparse.ArgumentTypeError(message)
    return number


# --- the configuration -------------------------------------------------------------------------


def override(config: Config, options: argparse.Namespace) -> Config:
    """Return the configuration with what the command line overrides."""
    if options.listen is not None:
        host, port = options.listen
        config = replace(config, web=replace(config.web, host=host, port=port))
    if options.log_level is not None:
        config = replace(config, log=replace(config.log, level=options.log_level))
    if options.log_format is not None:
        config = replace(config, log=replace(config.log, format=options.log_format))
    return config


def read_boolean(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return the boolean in a variable, or the default if it is unset or empty."""
    text = environ.get(name)
    found = convert_boolean(text) if text else default
    if not isinstance(found, bool):
        raise ConfigError([f"{name}: must be true or false"])
    return found


def unknown_target(config: Config, name: str) -> str:
    """Return the message for a target that is not configured, or that another shard polls."""
    if config.shard is not None and name in config.elsewhere:
        owner = Shard(config.elsewhere[name], config.shard.count)
        return f"the target {name!r} is polled by shard {owner}; this is shard {config.shard}"
    names = ", ".join(target.name for target in config.targets[:10])
    return f"no target is called {name!r}; there are: {names or 'none'}"


def load_arguments(variables: Mapping[str, str], names: Mapping[str, str]) -> LoadedConfig:
    """Load a configuration from variables, some of which were given as arguments.

    `names` maps these variables to the arguments, which problems and notes then name instead.
    """

    def rename(line: str) -> str:
        variable, colon, words = line.partition(":")
        return f"{names.get(variable, variable)}{colon}{words}"

    try:
        loaded = load(None, variables)
    except ConfigError as error:
        raise ConfigError([rename(problem) for problem in error.problems]) from error
    return LoadedConfig(loaded.config, tuple(map(rename, loaded.notes)))
