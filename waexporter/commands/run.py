"""`waexporter run`: run the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.options import add_config, add_daemon_options, add_epilog, override
from waexporter.commands.process import OK, exit_despite_threads
from waexporter.config import LoadedConfig, check_webhook_auth, load
from waexporter.daemon.signals import ReloadSignal
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_EPILOG = """\
SIGTERM and Ctrl-C end it well. `waexporter reload`, as SIGHUP and POST /-/reload do, has it read its
configuration anew, with every file that this names; if there is a problem, everything goes on as before, and
the log and the status page say what is wrong. The line `started` of the log has the number of the process as
pid; in a container it is 1.

  kill -HUP PID
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    add_daemon_options(parser)
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run the daemon until SIGTERM."""

    def read() -> LoadedConfig:
        loaded = load(options.config, environ)
        config = override(loaded.config, options)
        # Checked here, since the command line may change the address to listen on.
        if problem := check_webhook_auth(config.pager, config.web):
            raise ConfigError([problem])
        return LoadedConfig(config, loaded.notes)

    with ReloadSignal() as reload_signal:
        loaded = read()
        # Imported after SIGHUP has its handler: this import takes most of the time of a start.
        from waexporter.commands.daemon_process import serve  # noqa: PLC0415

        serve(loaded, lambda daemon: reload_signal.start(daemon.reload), read)
    exit_despite_threads()
    return OK
