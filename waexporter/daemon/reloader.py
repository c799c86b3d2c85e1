"""Reloads a changed configuration: all of it, or nothing."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from waexporter import log
from waexporter.config import compare
from waexporter.daemon.config_reading import ConfigReading
from waexporter.daemon.failed_reloads import MAX_LISTED, FailedReloads
from waexporter.errors import CommandError, ConfigError
from waexporter.model import ReloadCause
from waexporter.web.backend import ReloadResult
from waexporter.web.security.current_security import prepare_security

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.config import ConfigDiff, Stamps
    from waexporter.daemon.config_source import ConfigSource
    from waexporter.daemon.current_config import CurrentConfig
    from waexporter.daemon.fleet import Fleet
    from waexporter.daemon.paging import DaemonPager, PagerParts
    from waexporter.daemon.target_discovery import TargetDiscovery
    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Config, Instant
    from waexporter.transport.published_list import PublishedList
    from waexporter.web.backend import RefusedConfig
    from waexporter.web.security.current_security import CurrentSecurity, PreparedSecurity
    from waexporter.whatsapp.client import Client

_MAX_REQUESTS = 2  # at once: one runs, and one waits to read what was written since the first one began
_CRASHED = "waexporter itself failed on it, which is a bug; its log says more"

_log = log.get_logger("reload")


class _Parts(NamedTuple):
    """The parts whose building may fail; they are built before the daemon is changed."""

    clients: Mapping[str, Client]
    pager: PagerParts | None  # None: there is no pager, or nothing changes for it
    security: PreparedSecurity | None  # None: nothing changes for it
    published: PublishedList | None  # None: no list is published


class ReloadedParts(NamedTuple):
    """The parts of the daemon that a reload changes."""

    fleet: Fleet
    pager: DaemonPager | None
    security: CurrentSecurity
    discovery: TargetDiscovery
    current: CurrentConfig


class Reloader:
    """Reloads the configuration on request; safe to share by threads."""

    def __init__(
        self,
        config: Config,
        source: ConfigSource,
        parts: ReloadedParts,
        observers: tuple[Telemetry, Callable[[], Instant]],
    ) -> None:
        self._config = config
        self.stamps: Stamps = source.stamps  # of the files that were read last; replaced as a whole
        self._fleet, self._daemon_pager, self._security, self._discovery, self._current = parts
        self._telemetry, self._clock = observers
        self._files = ConfigReading(source, self._clock)
        self._slots = threading.Semaphore(_MAX_REQUESTS)
        self._reading = threading.Lock()
        self._changing = (
            threading.Lock()
        )  # never held while files are read: `stop` must not wait for a slow disk
        self._is_stopped = False
        self._notes = frozenset(source.notes)  # of the last configuration that was accepted; they are logged
        self._failures = FailedReloads(self._telemetry)

    @property
    def refused(self) -> tuple[RefusedConfig, ...]:
        """What is refused now, so that it is not in effect."""
        return self._failures.current

    def reload(self, cause: ReloadCause) -> ReloadResult:
        """Apply the current configuration; if it has problems, return them and keep the old configuration."""
        if not self._slots.acquire(blocking=False):
            return ReloadResult(is_busy=True)
        try:
            with self._reading:
                return self._reload_logged(cause)
        finally:
            self._slots.release()

    def stop(self) -> None:
        """Apply no more changes."""
        with self._changing:
            self._is_stopped = True

    def _reload_logged(self, cause: ReloadCause) -> ReloadResult:
        try:
            return self._reload_changes(cause)
        except (ConfigError, CommandError) as error:
            problems = error.problems if isinstance(error, ConfigError) else (str(error),)
            at = self._clock().wall
            self._failures.record(cause, problems, at)
            return ReloadResult(problems, at=at)
        except Exception:
            self._failures.record(cause, (_CRASHED,), self._clock().wall)
            raise

    def _reload_changes(self, cause: ReloadCause) -> ReloadResult:
        stamps: Stamps = {}
        text = self._discovery.text(cause)
        is_about_list = cause is ReloadCause.HTTP_SD
        try:
            config, notes = self._files.read(stamps, text)
        finally:
            # If a list is refused, a file that has changed is still to be read with the last good one.
            if not is_about_list:
                self.stamps = stamps
        diff = compare(self._config, config)
        if diff.problems:
            raise ConfigError(diff.problems)
        parts = self._prepare(config, diff)
        with self._changing:
            if self._is_stopped:
                return ReloadResult(is_busy=True)
            self._apply(config, diff, parts, text if is_about_list else None)
        self.stamps = stamps
        at = self._clock().wall
        self._telemetry.reload_success_time.set(at)
        self._current.replace(config, at, notes)
        for note in notes:
            if note not in self._notes:
                _log.warning(note)
        self._notes = frozenset(notes)
        done = ReloadResult(
            added=diff.added,
            removed=diff.removed,
            changed=diff.changed,
            rotated=diff.rotated,
            kept=len(diff.kept),
            keys=diff.keys,
            at=at,
        )
        is_accepted_again = self._failures.clear(cause, at, has_list=bool(config.http_sd.url))
        changes = done.name_changes()
        # A file that was written anew with the same content is no news.
        is_news = changes or is_accepted_again or cause is not ReloadCause.FILE
        write = _log.info if is_news else _log.debug
        write("reloaded", cause=cause.value, kept=done.kept, **_bounded(changes))
        return done

    def _prepare(self, config: Config, diff: ConfigDiff) -> _Parts:
        try:
            clients = self._fleet.make_clients(config, diff.to_start)
            published = self._discovery.prepare(config)
        except OSError as error:
            raise ConfigError([f"tls.ca_file: a file changed while it was read: {error.strerror}"]) from error
        security = prepare_security(config.web.security) if _is_about("web", diff) else None
        # With a new configuration, a target may accept a page that it has refused.
        is_concerned = diff.to_stop or diff.to_start or _is_about("pager", diff)
        if self._daemon_pager is None or config.pager is None or not is_concerned:
            return _Parts(clients, None, security, published)
        return _Parts(clients, self._daemon_pager.prepare(config.pager), security, published)

    def _apply(self, config: Config, diff: ConfigDiff, parts: _Parts, new_list: str | None) -> None:
        """Change the daemon; nothing here can fail. `new_list` is the text of a list that is new."""
        if _is_about("log", diff):
            log.configure(config.log, sys.stderr)
        if parts.security is not None:
            self._security.replace(parts.security)
        self._fleet.reconfigure(config, diff, parts.clients)
        if self._daemon_pager is not None and parts.pager is not None:
            self._fleet.replace_tasks(self._daemon_pager.reconfigure(parts.pager))
        self._discovery.apply(config, parts.published, new_list)
        self._config = config


def _bounded(changes: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Shorten lists of names, which may have a thousand entries, for one line of the log."""
    return {
        kind: [
            *names[:MAX_LISTED],
            *([f"and {len(names) - MAX_LISTED} more"] if len(names) > MAX_LISTED else []),
        ]
        for kind, names in changes.items()
    }


def _is_about(block: str, diff: ConfigDiff) -> bool:
    return any(key.startswith(f"{block}.") for key in diff.keys)
