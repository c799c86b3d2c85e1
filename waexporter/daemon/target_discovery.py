"""Requests the list of targets that a web server publishes, and reloads when it has changed."""

from __future__ import annotations

import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.daemon.list_state import ListState
from waexporter.errors import ApiError
from waexporter.log import get_logger
from waexporter.model import HttpSd, ReloadCause
from waexporter.timefmt import plural
from waexporter.transport.published_list import PublishedList

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Config, Instant, Limits
    from waexporter.transport.tls import TlsContexts
    from waexporter.web.backend import ReloadResult

_BUSY_PAUSE = 2.0  # seconds until a reload is tried again, while others run
_CRASHED = "waexporter itself failed on its last answer, which is a bug; its log says more"

_log = get_logger("http_sd")


class TargetDiscovery:
    """The list of targets of a daemon, as its server last published it; safe to share by threads.

    Its thread is started when a configuration first names such a list.
    """

    def __init__(
        self,
        contexts: TlsContexts,
        telemetry: Telemetry,
        clock: Callable[[], Instant],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._contexts = contexts
        self._telemetry = telemetry
        self._clock = clock
        self._chance = chance
        self._settings = HttpSd()
        self._limits: Limits | None = None
        self._published: PublishedList | None = None
        self._reload: Callable[[ReloadCause], ReloadResult] | None = None
        self._state = ListState()  # replaced as a whole
        self._candidate: str | None = None  # the text of the list that is being tried
        self._lock = threading.Lock()  # guards the settings and the state; never held while waiting
        self._wake = threading.Event()
        self._is_started = False
        self._is_stopped = False
        self._thread: threading.Thread | None = None

    # --- for the reloader --------------------------------------------------------------------------

    def text(self, cause: ReloadCause) -> str | None:
        """Return the text of the list for a reload of this cause; None if there is none."""
        with self._lock:
            return self._candidate if cause is ReloadCause.HTTP_SD else self._state.text

    def prepare(self, config: Config) -> PublishedList | None:
        """Build what requests the list of a configuration; raise OSError if a file can't be read."""
        if not config.http_sd.url:
            return None
        if self._published is not None and (self._settings, self._limits) == (config.http_sd, config.limits):
            return self._published
        return PublishedList(config.http_sd, config.limits, self._contexts)

    def apply(self, config: Config, published: PublishedList | None, new_text: str | None) -> None:
        """Take over a configuration that is in effect, with what `prepare` built.

        `new_text` is the list that it was read with, if that is a new one.
        """
        with self._lock:
            is_same = published is self._published
            text = self._state.text if new_text is None else new_text
            if published is None:
                self._state = ListState()
            elif not is_same:  # it has not answered yet; the list of the former one counts until then
                self._state = replace(
                    self._state, text=text, targets=config.discovered, problem="", failures=0
                )
            elif new_text is None:
                self._state = replace(self._state, targets=config.discovered)
            else:
                self._state = self._state.succeeded(new_text, config.discovered, self._clock().wall)
            before, self._published = self._published, published
            self._settings, self._limits = config.http_sd, config.limits
            self._show()
        if before is not None and not is_same:
            before.close()
        # After a reload that somebody asked for, or that a file caused, look at the list, too.
        if new_text is None or not is_same:
            self._wake.set()
        self._start_thread()

    # --- for the web -------------------------------------------------------------------------------

    def missing(self) -> str | None:
        """Return one sentence if there is no list yet, although the configuration names one."""
        with self._lock:
            if self._published is None or self._state.text is not None:
                return None
            url, why = self._settings.url, self._state.problem
        return f"waiting for the list of targets at {url}" + (f": {why}" if why else "")

    def problem(self) -> str | None:
        """Return one sentence if there is a list, and the last request gave none that is in effect."""
        with self._lock:
            has_list = self._state.text is not None
            return self._state.explain(self._settings.url) if has_list else None

    # --- its thread --------------------------------------------------------------------------------

    def start(self, reload: Callable[[ReloadCause], ReloadResult]) -> None:
        """Request the list from now on; `reload` reads a configuration with the text of the candidate."""
        self._reload = reload
        self._is_started = True
        self._start_thread()

    def stop(self) -> None:
        """Request it no more."""
        self._is_stopped = True
        self._wake.set()

    def _start_thread(self) -> None:
        if self._is_started and self._thread is None and self._published is not None:
            self._thread = threading.Thread(target=self._run, name="http-sd", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._is_stopped:
            self._wake.clear()
            self._wake.wait(self.step())

    def step(self) -> float | None:
        """Request the list once; return the seconds until the next time, None if there is none."""
        with self._lock:
            published = self._published
        if published is None:
            return None
        try:
            pause = self._request(published)
        except Exception as crash:  # noqa: BLE001 - a bug must not end the requests
            self._telemetry.crashes.inc()
            _log.error(
                "a request of the list of targets crashed; this is a bug of waexporter", exc_info=crash
            )
            self._record_failure(published, _CRASHED)
            pause = None
        return pause or self._state.next_pause(self._settings.interval, self._chance())

    def _request(self, published: PublishedList) -> float | None:
        """Request the list and take it over; return the pause if it is not the usual one."""
        try:
            text = published.fetch()
        except ApiError as error:
            self._record_failure(published, str(error))
            return None
        with self._lock:
            if published is not self._published:
                return None  # of another URL, which a reload has replaced meanwhile
            before = self._state
            self._candidate = text
        if not before.is_news(text):
            self._record_success(before, text)
            return None
        assert self._reload is not None  # noqa: S101 - the thread is started with it
        result = self._reload(ReloadCause.HTTP_SD)
        if result.is_busy:
            return _BUSY_PAUSE
        if result.problems:
            count = plural(len(result.problems), "problem")
            self._record_failure(published, f"a new list is refused for {count}", is_refused=True)
        elif before.problem:
            _log.info("http_sd_url answers again", url=self._settings.url)
        return None

    def _record_success(self, before: ListState, text: str) -> None:
        with self._lock:
            if self._state is not before:
                return
            self._state = before.succeeded(text, before.targets, self._clock().wall)
            self._show()
        if before.problem:
            _log.info("http_sd_url answers again", url=self._settings.url)

    def _record_failure(self, published: PublishedList, problem: str, *, is_refused: bool = False) -> None:
        with self._lock:
            if published is not self._published:
                return
            before = self._state
            self._state = before.failed(problem, is_refused=is_refused)
            words = self._state.explain(self._settings.url)
            self._show()
        # A refused list is logged by the reload, with its problems, and a crash by itself.
        if not is_refused and problem not in {before.problem, _CRASHED}:
            _log.warning("no usable answer from http_sd_url", why=words)

    def _show(self) -> None:
        """Show the state in the metrics; its users hold the lock, so that no older state is shown last."""
        state = self._state
        if self._published is None:
            self._telemetry.hide_list()
        else:
            self._telemetry.show_list(state.at, state.targets, has_failed=bool(state.problem))
