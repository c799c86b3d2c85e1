"""`waexporter run`: run the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.options import (
    add_config,
    add_daemon_options,
    add_epilog,
    add_shard,
    override,
    read_boolean,
)
from waexporter.commands.process import OK, exit_despite_threads
from waexporter.config import (
    WATCH_VARIABLE,
    LoadedConfig,
    check_webhook_auth,
    choose_file,
    choose_shard,
    describe_shard,
    load,
)
from waexporter.config.fleet.fleet_notes import fold_notes
from waexporter.daemon.config_source import ConfigSource
from waexporter.daemon.signals import ReloadSignal
from waexporter.errors import ConfigError
from waexporter.model import ReloadCause

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from waexporter.config import Stamps

_EPILOG = """\
SIGTERM and Ctrl-C end it well. When a file of its configuration changes, or a file that this names, it reads
all of them anew within seconds; so it does at `waexporter reload`, at SIGHUP and at POST /-/reload. If there
is a problem, everything goes on as before, and the log and the status page say what is wrong. The line
`started` of the log has the number of the process as pid; in a container it is 1.

  kill -HUP PID
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    add_shard(parser)
    add_daemon_options(parser)
    parser.add_argument(
        "--no-watch",
        action="store_true",
        help=f"don't look for changed files; reload only when told to (or {WATCH_VARIABLE}=false)",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the daemon until SIGTERM."""

    def read(stamps: Stamps, discovered: str | None) -> LoadedConfig:
        loaded = load(options.config, environ, stamps, discovered=discovered)
        config = choose_shard(override(loaded.config, options), options.shard, environ)
        # Checked here, since the command line may change the address to listen on.
        if problem := check_webhook_auth(config.pager, config.web):
            raise ConfigError([problem])
        return LoadedConfig(config, fold_notes((*loaded.notes, *describe_shard(config))))

    with ReloadSignal() as reload_signal:
        is_watched = not options.no_watch and read_boolean(environ, WATCH_VARIABLE, default=True)
        stamps: Stamps = {}
        loaded = read(stamps, None)
        # Imported after SIGHUP has its handler: this import takes most of the time of a start.
        from waexporter.commands.daemon_process import serve  # noqa: PLC0415

        serve(
            loaded,
            lambda daemon: reload_signal.start(lambda: daemon.reload(ReloadCause.SIGNAL)),
            ConfigSource(read, stamps, loaded.notes, choose_file(options.config, environ), is_watched),
        )
    exit_despite_threads()
    return OK
