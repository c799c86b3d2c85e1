"""Reloading a changed configuration: all of it, or nothing."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from waexporter import log
from waexporter.config import compare
from waexporter.errors import CommandError, ConfigError
from waexporter.web.backend import ReloadResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.config import ConfigDiff, LoadedConfig
    from waexporter.daemon.fleet import Fleet
    from waexporter.daemon.paging import DaemonPager, PagerParts
    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Config, Instant
    from waexporter.whatsapp.client import Client

_AT_ONCE = 2  # reloads: one, and one that sees what was written while the first one read
_SAID = 20  # problems in one line of the log

_log = log.get_logger("reload")


class _Parts(NamedTuple):
    """Everything whose building may fail; it is built before the daemon is changed."""

    clients: Mapping[str, Client]
    pager: PagerParts | None  # None: the pager, if there is one, notices nothing


class Reloader:
    """Reloads the configuration on request; safe to share by threads."""

    def __init__(
        self,
        config: Config,
        read: Callable[[], LoadedConfig],
        fleet: Fleet,
        daemon_pager: DaemonPager | None,
        observers: tuple[Telemetry, Callable[[], Instant]],
    ) -> None:
        """Build a reloader; `read` returns the current configuration, or raises ConfigError."""
        self._config = config
        self._read = read
        self._fleet = fleet
        self._daemon_pager = daemon_pager
        self._telemetry, self._clock = observers
        self._guests = threading.Semaphore(_AT_ONCE)
        self._reading = threading.Lock()
        self._changing = threading.Lock()  # held for moments only: the end must not wait for a slow disk
        self._is_over = False
        self._notes: frozenset[str] = frozenset()  # logged with the reload before

    def reload(self) -> ReloadResult:
        """Apply the current configuration; if it has problems, return them and keep the one before."""
        if not self._guests.acquire(blocking=False):
            return ReloadResult(is_busy=True)
        try:
            with self._reading:
                return self._try()
        finally:
            self._guests.release()

    def stop(self) -> None:
        """Apply no more changes."""
        with self._changing:
            self._is_over = True

    def _try(self) -> ReloadResult:
        try:
            return self._follow()
        except (ConfigError, CommandError) as error:
            problems = error.problems if isinstance(error, ConfigError) else (str(error),)
            self._telemetry.reload_successful.set(0)
            _log.error(
                "RELOAD FAILED: all goes on as before",
                count=len(problems),
                problems=list(problems[:_SAID]),
            )
            return ReloadResult(problems, at=self._clock().wall)
        except Exception:
            self._telemetry.reload_successful.set(0)
            raise

    def _follow(self) -> ReloadResult:
        config, notes = self._read()
        difference = compare(self._config, config)
        if difference.problems:
            raise ConfigError(difference.problems)
        parts = self._make(config, difference)
        with self._changing:
            if self._is_over:
                return ReloadResult(is_busy=True)
            self._change(config, difference, parts)
        self._telemetry.reload_successful.set(1)
        at = self._clock().wall
        self._telemetry.reload_success_time.set(at)
        for note in notes:
            if note not in self._notes:
                _log.warning(note)
        self._notes = frozenset(notes)
        done = ReloadResult(
            added=difference.added,
            removed=difference.removed,
            changed=difference.changed,
            kept=len(difference.kept),
            keys=difference.keys,
            at=at,
        )
        _log.info("reloaded", kept=done.kept, **_bounded(done.name_changes()))
        return done

    def _make(self, config: Config, difference: ConfigDiff) -> _Parts:
        try:
            clients = self._fleet.make_clients(config, difference.to_start)
        except OSError as error:
            raise ConfigError([f"tls.ca_file: a file changed while it was read: {error.strerror}"]) from error
        # A page that a target refused for good may be taken by what the target is now.
        is_concerned = difference.to_stop or difference.to_start or _is_about("pager", difference)
        if self._daemon_pager is None or config.pager is None or not is_concerned:
            return _Parts(clients, None)
        return _Parts(clients, self._daemon_pager.prepare(config.pager))

    def _change(self, config: Config, difference: ConfigDiff, parts: _Parts) -> None:
        """Change the daemon: nothing in here can fail."""
        if _is_about("log", difference):
            log.configure(config.log, sys.stderr)
        self._fleet.reconfigure(config, difference, parts.clients)
        if self._daemon_pager is not None and parts.pager is not None:
            self._fleet.replace_tasks(self._daemon_pager.reconfigure(parts.pager))
        self._config = config


def _bounded(changes: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return the names for one line of the log, where there may be a thousand."""
    return {
        kind: [*names[:_SAID], *([f"and {len(names) - _SAID} more"] if len(names) > _SAID else [])]
        for kind, names in changes.items()
    }


def _is_about(block: str, difference: ConfigDiff) -> bool:
    return any(key.startswith(f"{block}.") for key in difference.keys)
