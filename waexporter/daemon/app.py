"""The composition root: builds every object from a Config, starts them in order and stops them in reverse."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter import __version__
from waexporter.daemon.exporter import HEARTBEAT_INTERVAL, Heartbeat, RunningExporter
from waexporter.daemon.fleet import Polling
from waexporter.daemon.reloader import Reloader
from waexporter.daemon.transitions import Clashes
from waexporter.log import get_logger
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import now
from waexporter.polling.schedule import Task
from waexporter.web.asgi import Application, Observers
from waexporter.web.routes import ROUTES
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from waexporter.config import Loaded
    from waexporter.daemon.paging import OnCall
    from waexporter.model import Config, Instant

_log = get_logger("app")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A started daemon: what serves, and what is asked."""

    server: Server
    exporter: RunningExporter
    observers: Observers

    def run(self) -> None:
        """Serve until a signal or `server.request_stop`."""
        self.server.run()

    def reload(self) -> None:
        """Read the configuration anew; what comes of it is in the log and the metrics."""
        try:
            self.exporter.reload()
        except Exception as crash:  # noqa: BLE001 - whoever asks by a signal can't be told
            self.observers.on_crash()
            self.observers.log_crash("reloading", crash)


@contextmanager
def start(
    config: Config, clock: Callable[[], Instant] = now, read: Callable[[], Loaded] | None = None
) -> Iterator[Daemon]:
    """Start everything but the serving loop; at the end, poll no more and log out everywhere.

    `read` gives the configuration anew, for reloads. Raises CommandError when the address to listen on is not
    to be had.
    """
    telemetry = Telemetry()
    heartbeat = Heartbeat(telemetry, clock)
    telemetry.expect_paths(tuple(route.path for route in ROUTES))
    polling = Polling(config, telemetry, clock)
    on_call = _on_call(config, polling, telemetry, clock)
    pager = on_call.pager if on_call is not None else None
    reloader = Reloader(config, read, polling, on_call, (telemetry, clock)) if read is not None else None
    exporter = RunningExporter(
        polling.store,
        polling.demand,
        telemetry,
        heartbeat,
        Clashes().say,
        pager,
        reloader.reload if reloader else None,
    )
    observers = Observers(telemetry.count_request, telemetry.crashes.inc, _say_crash)
    server = Server(Application(exporter, observers), config.web.host, config.web.port)
    server.bind()
    with ExitStack() as stack:
        stack.callback(server.close)
        stack.callback(polling.log_out)
        tasks = [Task("heartbeat", heartbeat.beat, HEARTBEAT_INTERVAL, 0.0, is_poll=False)]
        if on_call is not None:
            tasks += on_call.tasks()
            stack.callback(on_call.pager.stop)
            on_call.pager.start()
        telemetry.reload_successful.set(1)
        telemetry.reload_success_time.set(clock().wall)
        heartbeat.beat()
        stack.callback(polling.stop)
        polling.start(config, tasks, pager.remember_group if pager is not None else None)
        if reloader is not None:
            stack.callback(reloader.stop)
        _log.info(
            "started",
            version=__version__,
            targets=len(config.targets),
            listen=f"{config.web.host}:{server.port}",
            pid=os.getpid(),
        )
        yield Daemon(server, exporter, observers)
        _log.info("stopping")


def _on_call(
    config: Config, polling: Polling, telemetry: Telemetry, clock: Callable[[], Instant]
) -> OnCall | None:
    if config.pager is None:
        return None
    # Imported for those who want it: a journal weighs more than a sidecar without a pager would like.
    from waexporter.daemon.paging import Fleet, OnCall  # noqa: PLC0415

    fleet = Fleet(polling.store, polling.clients, polling.contexts)
    return OnCall(config.pager, fleet, telemetry, clock)


def _say_crash(doing: str, crash: Exception) -> None:
    _log.error("a request crashed; this is a bug of waexporter", doing=doing, exc_info=crash)
