"""The composition root: builds every object from a Config, starts them in order and stops them in reverse."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from waexporter import __version__
from waexporter.changes import Clashes, Verdicts, is_news, say_change
from waexporter.exporter import HEARTBEAT_INTERVAL, Heartbeat, RunningExporter
from waexporter.log import get_logger
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Endpoint, now
from waexporter.polling.demand import Demand
from waexporter.polling.poller import Poller
from waexporter.polling.schedule import Schedule, Task
from waexporter.polling.store import Store
from waexporter.web.routes import ROUTES
from waexporter.web.server import Server
from waexporter.web.site import Observers, Site
from waexporter.whatsapp.client import Client, TlsContexts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from waexporter.model import Config, Instant
    from waexporter.paging.pager import Pager

_LOGOUTS_AT_ONCE = 64
_LOGOUTS_TIME = 2.0  # seconds for all of them; with web.Patience.drain, SIGTERM has to end in five

_FLEET = 100  # targets from which on large blocks of memory come and go

_log = get_logger("app")


@dataclass(frozen=True, slots=True)
class Daemon:
    """A started daemon: what serves, and what is asked."""

    server: Server
    exporter: RunningExporter

    def run(self) -> None:
        """Serve until a signal or `server.request_stop`."""
        self.server.run()


@contextmanager
def start(config: Config, clock: Callable[[], Instant] = now) -> Iterator[Daemon]:
    """Start everything but the serving loop; at the end, poll no more and log out everywhere.

    Raises StartError when the address to listen on is not to be had.
    """
    if len(config.targets) >= _FLEET:
        # Imported for a fleet only: it weighs more than a sidecar would gain.
        from waexporter.memory import give_back  # noqa: PLC0415

        give_back()
    telemetry = Telemetry()
    store = Store(config.targets, clock)
    heartbeat = Heartbeat(telemetry, clock)
    telemetry.expect_paths(tuple(route.path for route in ROUTES))
    contexts = TlsContexts()
    clients = [Client(target, config.limits, contexts, clock) for target in config.targets]
    pager = _pager(config, store, clients, contexts, telemetry, clock)
    demand = Demand(store, clock)
    exporter = RunningExporter(store, demand, telemetry, heartbeat, Clashes().say, pager)
    observers = Observers(telemetry.count_request, telemetry.crashes.inc, _say_crash)
    server = Server(Site(exporter, observers), config.web.host, config.web.port)
    server.bind()
    with ExitStack() as stack:
        stack.callback(server.close)
        stack.callback(_log_out, clients)
        tasks = [Task("heartbeat", heartbeat.beat, HEARTBEAT_INTERVAL, 0.0, _ignore, is_poll=False)]
        verdicts = Verdicts(lambda name: store.state(name).verdict)
        polls = {
            (client.target.name, endpoint): _task(
                _poller(client, endpoint, config, store, clock), store, telemetry, verdicts, pager
            )
            for client in clients
            for endpoint in client.target.plans
        }
        tasks += [replace(task, run=demand.share(*poll, task.run)) for poll, task in polls.items()]
        if pager is not None:
            tasks += _pager_tasks(pager)
            stack.callback(pager.stop)
            pager.start()
        schedule = Schedule(
            tasks, targets=len(config.targets), workers=config.workers, late=telemetry.lateness.observe
        )
        telemetry.reload_successful.set(1)
        telemetry.reload_success_time.set(clock().wall)
        _say_insecure(config)
        heartbeat.beat()
        stack.callback(schedule.stop)
        schedule.start()
        _log.info(
            "started", version=__version__, targets=len(clients), listen=f"{config.web.host}:{server.port}"
        )
        yield Daemon(server, exporter)
        _log.info("stopping")


def _poller(
    client: Client, endpoint: Endpoint, config: Config, store: Store, clock: Callable[[], Instant]
) -> Poller:
    name = client.target.name
    return Poller(client, endpoint, config.limits, clock, lambda: store.on_call_group(name))


def _task(
    poller: Poller, store: Store, telemetry: Telemetry, verdicts: Verdicts, pager: Pager | None
) -> Task:
    target, endpoint = poller.target, poller.endpoint
    plan = target.plans[endpoint]

    def run() -> None:
        try:
            reading = poller.poll()
        except Exception as crash:  # noqa: BLE001 - a bug of ours must cost one poll, not the endpoint
            telemetry.crashes.inc()
            reading = poller.blame(crash)
            if is_news(store.state(target.name), reading):
                _log.error("a poll crashed; this is a bug of waexporter", exc_info=crash)
        before, _ = store.put(reading)
        say_change(before, reading)
        verdicts.say(target.name)
        if (
            pager is not None
            and endpoint is Endpoint.SETTINGS
            and (group := store.on_call_group(target.name))
        ):
            pager.remember_group(target.name, group)

    return Task(
        f"{target.name} {endpoint}",
        run,
        plan.interval,
        plan.timeout,
        lambda polls: store.count_missed(target.name, endpoint, polls),
    )


def _pager(  # noqa: PLR0913, PLR0917 - the root knows them all
    config: Config,
    store: Store,
    clients: Sequence[Client],
    contexts: TlsContexts,
    telemetry: Telemetry,
    clock: Callable[[], Instant],
) -> Pager | None:
    if config.pager is None:
        return None
    # Imported for those who want it: a journal weighs more than a sidecar without a pager would like.
    from waexporter.oncall import Fleet, build_pager  # noqa: PLC0415

    fleet = Fleet(store, {client.target.name: client for client in clients}, contexts)
    return build_pager(config.pager, fleet, telemetry, clock)


def _pager_tasks(pager: Pager) -> list[Task]:
    beat = pager.settings.heartbeat_interval
    return [
        Task("pager", pager.tick, 1.0, 1.0, _ignore, is_poll=False),
        Task("pager heartbeat", pager.beat, beat, beat, _ignore, is_poll=False),
    ]


def _ignore(_missed: int) -> None:
    """Take no notice: a heartbeat that was left out shows in the next one's time."""


def _log_out(clients: Sequence[Client]) -> None:
    """Log out everywhere at once; whoever does not answer in time keeps a token until it ends by itself."""
    pool = ThreadPoolExecutor(_LOGOUTS_AT_ONCE, thread_name_prefix="logout")
    ends = time.monotonic() + _LOGOUTS_TIME
    waiting = [pool.submit(client.close) for client in clients]
    for future in waiting:
        try:
            future.result(timeout=max(ends - time.monotonic(), 0.0))
        except TimeoutError:
            break
    pool.shutdown(wait=False, cancel_futures=True)


def _say_insecure(config: Config) -> None:
    for target in config.targets:
        if target.tls.insecure_skip_verify:
            _log.warning(
                "TLS CERTIFICATE IS NOT VERIFIED: anyone on the way reads the credentials; set tls.ca_file",
                target=target.name,
            )


def _say_crash(doing: str, crash: Exception) -> None:
    _log.error("a request crashed; this is a bug of waexporter", doing=doing, exc_info=crash)
