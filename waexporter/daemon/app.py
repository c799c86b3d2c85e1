"""The composition root: builds all objects from a Config, starts them in order, and stops them in reverse."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter import __version__
from waexporter.config.values.quantities import format_listen
from waexporter.daemon.connection_log import ConnectionLog
from waexporter.daemon.current_config import CurrentConfig
from waexporter.daemon.exporter import HEARTBEAT_INTERVAL, Exporter, Heartbeat
from waexporter.daemon.fleet import Fleet
from waexporter.daemon.reloader import ReloadedParts, Reloader
from waexporter.daemon.target_discovery import TargetDiscovery
from waexporter.daemon.transitions import ClashLog
from waexporter.daemon.watcher import FileWatcher
from waexporter.log import get_logger
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import ReloadCause, now
from waexporter.polling.schedule import Task
from waexporter.web.asgi import Application, Observers, limit_requests
from waexporter.web.bounds.connection_limit import ConnectionRefusal
from waexporter.web.protocol import ConnectionLimits
from waexporter.web.routes import ROUTES
from waexporter.web.security.current_security import CurrentSecurity, prepare_security
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from waexporter.daemon.config_source import ConfigSource
    from waexporter.daemon.paging import DaemonPager
    from waexporter.model import Config, Instant

_log = get_logger("app")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A started daemon."""

    server: Server
    exporter: Exporter
    observers: Observers

    def run(self) -> None:
        """Serve until a signal arrives or `server.request_stop` is called."""
        self.server.run()

    def reload(self, cause: ReloadCause) -> None:
        """Reload the configuration; report the result in the log and the metrics only."""
        try:
            self.exporter.reload(cause)
        except Exception as crash:  # noqa: BLE001 - nobody waits for an answer
            self.observers.on_crash()
            self.observers.log_crash("reloading", crash)


@contextmanager
def start(
    config: Config, clock: Callable[[], Instant] = now, source: ConfigSource | None = None
) -> Iterator[Daemon]:
    """Start everything except the server's loop; on exit, stop polling and log out everywhere.

    `source` is where the configuration comes from, for reloads. Raises CommandError if the address to listen
    on can't be bound, and ConfigError if OpenSSL refuses the settings of TLS.
    """
    telemetry = Telemetry()
    if config.shard is not None:
        telemetry.show_shard(config.shard)
    heartbeat = Heartbeat(telemetry, clock)
    telemetry.expect_paths(tuple(route.path for route in ROUTES))
    telemetry.expect_refusals(ConnectionRefusal)
    fleet = Fleet(config, telemetry, clock)
    daemon_pager = _daemon_pager(config, fleet, telemetry, clock)
    pager = daemon_pager.pager if daemon_pager is not None else None
    security = CurrentSecurity(prepare_security(config.web.security))
    discovery = TargetDiscovery(fleet.contexts, telemetry, clock)
    discovery.apply(config, discovery.prepare(config), None)
    current = CurrentConfig(
        config, clock().wall, source.notes if source else (), file=source.file if source else None
    )
    parts = ReloadedParts(fleet, daemon_pager, security, discovery, current)
    reloader = Reloader(config, source, parts, (telemetry, clock)) if source is not None else None
    exporter = Exporter(
        fleet.store,
        fleet.on_demand,
        telemetry,
        heartbeat,
        ClashLog().log,
        pager,
        reloader,
        discovery,
        fleet.members,
        current,
    )
    refusals = ConnectionLog(telemetry, clock)
    observers = Observers(telemetry.count_request, telemetry.crashes.inc, _log_crash, refusals.note)
    limits = ConnectionLimits(connections=config.web.max_connections)
    application = Application(
        exporter, observers, security=security, limits=limit_requests(config.web.max_connections)
    )
    server = Server(application, config.web.host, config.web.port, limits)
    server.bind()
    with ExitStack() as stack:
        stack.callback(server.close)
        stack.callback(fleet.log_out)
        tasks = [Task("heartbeat", heartbeat.beat, HEARTBEAT_INTERVAL, 0.0, is_poll=False)]
        if daemon_pager is not None:
            tasks += daemon_pager.tasks()
            stack.callback(daemon_pager.pager.stop)
            daemon_pager.pager.start()
        telemetry.reload_successful.set(1)
        telemetry.reload_success_time.set(clock().wall)
        heartbeat.beat()
        stack.callback(fleet.stop)
        fleet.start(config, tasks, pager.remember_group if pager is not None else None)
        daemon = Daemon(server, exporter, observers)
        if reloader is not None and source is not None:
            stack.callback(reloader.stop)
            stack.callback(discovery.stop)
            discovery.start(exporter.reload)
            if source.is_watched:
                watcher = FileWatcher(
                    lambda: reloader.stamps,
                    lambda: daemon.reload(ReloadCause.FILE),
                    telemetry.watch_time,
                    clock,
                )
                stack.callback(watcher.stop)
                watcher.start()
        _log.info(
            "started",
            version=__version__,
            targets=len(config.targets),
            **({"shard": str(config.shard), "elsewhere": len(config.elsewhere)} if config.shard else {}),
            listen=format_listen(config.web.host, server.port),
            pid=os.getpid(),
        )
        yield daemon
        _log.info("stopping")


def _daemon_pager(
    config: Config, fleet: Fleet, telemetry: Telemetry, clock: Callable[[], Instant]
) -> DaemonPager | None:
    if config.pager is None:
        return None
    # Imported only if there is a pager: the journal's database takes memory that a small sidecar can save.
    from waexporter.daemon.paging import DaemonPager, PagerTargets  # noqa: PLC0415

    targets = PagerTargets(fleet.store, fleet.clients, fleet.contexts, fleet.members.find)
    return DaemonPager(config.pager, targets, telemetry, clock)


def _log_crash(doing: str, crash: Exception) -> None:
    _log.error("a request crashed; this is a bug of waexporter", doing=doing, exc_info=crash)
