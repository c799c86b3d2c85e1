"""The targets that are polled: their clients, their state, and their tasks in the schedule."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from waexporter.daemon.shard_members import ShardMembers
from waexporter.daemon.transitions import (
    DroppedSamplesLog,
    OutageLog,
    VerdictLog,
    log_poll,
    log_transition,
    outcome_changed,
)
from waexporter.log import get_logger
from waexporter.polling.kinds import CLIENTS
from waexporter.polling.on_demand import OnDemandPolls
from waexporter.polling.poller import Poller
from waexporter.polling.schedule import Schedule, Task
from waexporter.polling.store import Store
from waexporter.transport.connections import TransportOptions
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from waexporter.config import ConfigDiff
    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Config, Endpoint, Instant, Limits
    from waexporter.whatsapp.client import Client

    GroupCallback = Callable[[str, str], None]
    _Leave = Callable[[float], None]  # called with the seconds that a running login may take

_MAX_LOGOUTS = 64
_LOGOUTS_TIME = 2.0  # seconds for all of them; with web.ConnectionLimits.drain, SIGTERM has to end in five
# The logouts from removed targets run in the background, and have more time.
_LOGIN_TIMEOUT = 90.0  # seconds for a login by a poll that is still running
_BACKGROUND_LOGOUTS_TIME = 1800.0  # seconds for all of them

_LARGE_FLEET = 100  # targets; with so many, pages are large blocks of memory

_log = get_logger("fleet")


class Fleet:
    """The targets of a daemon, polled from `start` to `stop`; `reconfigure` replaces them meanwhile."""

    def __init__(self, config: Config, telemetry: Telemetry, clock: Callable[[], Instant]) -> None:
        _tune_malloc(config)
        self._telemetry = telemetry
        self._clock = clock
        self.contexts = TlsContexts()
        self.members = ShardMembers(config.shard, config.elsewhere)
        self.store = Store(config.targets, clock)
        self.on_demand = OnDemandPolls(self.store, clock)
        self.clients = self.make_clients(config, [target.name for target in config.targets])
        self._verdicts = VerdictLog(self.store.verdict)
        self._dropped_samples = DroppedSamplesLog()
        self._outages = OutageLog()
        self._on_group: GroupCallback | None = None
        self._generations = itertools.count(1)
        self._tasks: dict[str, list[str]] = {}  # names, by target
        self._schedule: Schedule | None = None
        self._logouts: list[threading.Thread] = []

    def make_clients(self, config: Config, names: Iterable[str]) -> dict[str, Client]:
        """Build the clients of some targets; raise OSError if a file can't be read."""
        wanted = frozenset(names)
        return {
            target.name: CLIENTS[target.kind](
                target, config.limits, self.contexts, TransportOptions(self._clock)
            )
            for target in config.targets
            if target.name in wanted
        }

    def start(self, config: Config, other_tasks: Sequence[Task], on_group: GroupCallback | None) -> None:
        """Start polling, and the other tasks; `on_group` is called with each target's on-call group."""
        self._on_group = on_group
        self._schedule = Schedule(
            [*other_tasks, *self._make_tasks(self.clients, config.limits)],
            targets=len(self.clients),
            workers=config.workers,
            late=self._telemetry.lateness.observe,
        )
        self.warn_of_unverified_tls(self.clients)
        self._schedule.start()

    def reconfigure(self, config: Config, diff: ConfigDiff, clients: Mapping[str, Client]) -> None:
        """Replace the targets; `clients` are those of the new ones.

        Running polls of a removed or replaced target end by themselves, and their readings are discarded.
        A target whose secrets were rotated keeps its state. Other targets are not affected.
        """
        if self._schedule is None:
            raise RuntimeError("a fleet can't change before it is polled")
        _tune_malloc(config)
        # The order matters: first stop the old polls, then replace the states, then start the new polls.
        self._schedule.remove([task for name in diff.to_stop for task in self._tasks.pop(name)])
        for name in diff.to_stop:
            self.on_demand.forget(name)
        self.store.replace_targets(config.targets, frozenset(diff.rotated))
        leave: list[_Leave] = [self.clients[name].close for name in diff.to_forget]
        for name in diff.rotated:
            # Only now: until its readings are discarded, the old client's logins are counted.
            clients[name].continue_counts(self.clients[name].account())
            leave.append(partial(self.clients[name].hand_over, clients[name]))
        self.members.elsewhere = config.elsewhere
        self.clients.update(clients)
        for name in diff.removed:
            del self.clients[name]
        for name in diff.to_forget:
            self._verdicts.forget(name)
            self._dropped_samples.forget(name)
            self._outages.forget(name)
        self._schedule.resize(config.workers, targets=len(self.clients))
        self._schedule.add(self._make_tasks(clients, config.limits), targets=len(clients))
        self.warn_of_unverified_tls(clients)
        self._log_out_removed(leave)

    def replace_tasks(self, other_tasks: Sequence[Task]) -> None:
        """Replace other tasks than polls by tasks of the same names."""
        if self._schedule is not None:
            self._schedule.remove([task.name for task in other_tasks])
            self._schedule.add(other_tasks, targets=1)

    def stop(self) -> None:
        """Stop polling."""
        if self._schedule is not None:
            self._schedule.stop()

    def log_out(self) -> None:
        """Log out everywhere in parallel; if that takes too long, a token is left until it expires."""
        deadline = time.monotonic() + _LOGOUTS_TIME
        _log_out([client.close for client in self.clients.values()], 0.0, deadline)
        for thread in self._logouts:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def warn_of_unverified_tls(self, clients: Mapping[str, Client]) -> None:
        """Log a warning for each target whose certificate is not verified."""
        for client in clients.values():
            if client.target.tls.insecure_skip_verify:
                _log.warning(
                    "TLS CERTIFICATE IS NOT VERIFIED: anyone on the way reads the credentials; "
                    "set tls.ca_file",
                    target=client.target.name,
                )

    def _log_out_removed(self, leave: Sequence[_Leave]) -> None:
        """Log out in the background, so that a client that hangs delays nothing else."""
        self._logouts = [thread for thread in self._logouts if thread.is_alive()]
        if leave:
            work = (leave, _LOGIN_TIMEOUT, time.monotonic() + _BACKGROUND_LOGOUTS_TIME)
            thread = threading.Thread(target=_log_out, args=work, name="leave", daemon=True)
            with suppress(RuntimeError):  # no thread can be started; the tokens expire by themselves
                thread.start()
                self._logouts.append(thread)

    # --- what is polled ------------------------------------------------------------------------

    def _make_tasks(self, clients: Mapping[str, Client], limits: Limits) -> list[Task]:
        # The tasks of a replaced target get new names, so that their first runs don't wait for the last runs
        # of the old tasks.
        generation = next(self._generations)
        made = []
        for name, client in clients.items():
            tasks = [self._task(client, endpoint, limits, generation) for endpoint in client.target.plans]
            self._tasks[name] = [task.name for task in tasks]
            made += tasks
        return made

    def _task(self, client: Client, endpoint: Endpoint, limits: Limits, generation: int) -> Task:
        target, store = client.target, self.store
        plan = target.plans[endpoint]
        poller = Poller(client, endpoint, limits, self._clock, lambda: store.on_call_group(target.name))
        return Task(
            f"{target.name} {endpoint} {generation}",
            self.on_demand.register(target.name, endpoint, lambda: self._poll(poller)),
            plan.interval,
            plan.timeout,
            lambda polls: store.count_missed(target, endpoint, polls),
        )

    def _poll(self, poller: Poller) -> None:
        target, endpoint = poller.target, poller.endpoint
        crash: Exception | None = None
        try:
            reading = poller.poll()
        except Exception as error:  # noqa: BLE001 - a bug must not end the polls of the endpoint
            self._telemetry.crashes.inc()
            crash = error
            reading = poller.crashed_reading(error)
        step = self.store.put(reading, target)
        if step is None:
            return  # the target was removed or replaced meanwhile
        before, after = step
        if crash is not None and outcome_changed(before, reading):
            _log.error("a poll crashed; this is a bug of waexporter", exc_info=crash)
        reading = after.readings[endpoint]
        log_poll(reading)
        self._outages.log(reading)
        log_transition(before, reading)
        self._dropped_samples.log(reading)
        self._verdicts.log(target.name)
        if self._on_group is not None and endpoint is after.tables.settings_endpoint:
            group = self.store.on_call_group(target.name)
            if group:
                self._on_group(target.name, group)


def _log_out(leave: Sequence[_Leave], login_timeout: float, deadline: float) -> None:
    """Log out of clients in parallel; stop waiting at `deadline` (time.monotonic)."""
    pool = ThreadPoolExecutor(_MAX_LOGOUTS, thread_name_prefix="logout")
    waiting = [pool.submit(each, login_timeout) for each in leave]
    for future in waiting:
        try:
            future.result(timeout=max(deadline - time.monotonic(), 0.0))
        except TimeoutError:
            break
    pool.shutdown(wait=False, cancel_futures=True)


def _tune_malloc(config: Config) -> None:
    if len(config.targets) >= _LARGE_FLEET:
        # Imported for a large fleet only: for a sidecar the module takes more memory than it saves.
        from waexporter.daemon.malloc import map_large_blocks  # noqa: PLC0415

        map_large_blocks()
