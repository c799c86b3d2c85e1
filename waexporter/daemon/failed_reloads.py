"""The configurations that are refused now: each is logged once per change of its problems."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from waexporter.log import get_logger
from waexporter.model import ReloadCause
from waexporter.timefmt import humanize_seconds
from waexporter.web.backend import RefusedConfig

if TYPE_CHECKING:
    from waexporter.metrics.telemetry import Telemetry

MAX_LISTED: Final = 20  # problems or names in one line of the log

# People who cause a reload by these look for its result in the log, also if it is the same as before.
_ASKED_FOR = frozenset({ReloadCause.SIGNAL, ReloadCause.REQUEST})

_log = get_logger("reload")


class FailedReloads:
    """What is refused, by source; its user lets only one thread at a time change it.

    Every reload reads all files, so the files have one state, whatever caused the reload. A list of http_sd
    is another source: while a new one is refused, the last good one counts for the reloads of other causes.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._refused: dict[bool, RefusedConfig] = {}  # by whether the source is http_sd

    @property
    def current(self) -> tuple[RefusedConfig, ...]:
        """What is refused now, the files first."""
        return tuple(refused for _, refused in sorted(self._refused.items()))

    def record(self, cause: ReloadCause, problems: tuple[str, ...], wall: float) -> None:
        """Record a reload that failed."""
        source = cause is ReloadCause.HTTP_SD
        before = self._refused.get(source)
        if before is None:
            self._refused[source] = RefusedConfig(cause, problems, wall, wall)
        else:
            self._refused[source] = replace(before, problems=problems, at=wall)
        self._count(cause, has_failed=True)
        if before is None or before.problems != problems or cause in _ASKED_FOR:
            _log.error(
                "RELOAD FAILED: all goes on as before",
                cause=cause.value,
                count=len(problems),
                problems=list(problems[:MAX_LISTED]),
            )

    def clear(self, cause: ReloadCause, wall: float, *, has_list: bool = True) -> bool:
        """Record a reload that succeeded; return whether this ends a refusal.

        `has_list` is whether there is a list of http_sd in the new configuration.
        """
        accepted = [self._refused.pop(False, None)]
        if cause is ReloadCause.HTTP_SD or not has_list:
            accepted.append(self._refused.pop(True, None))
        self._count(cause, has_failed=False)
        ended = [refused for refused in accepted if refused is not None]
        for refused in ended:
            _log.info(
                "the configuration is accepted again",
                cause=cause.value,
                refused_for=humanize_seconds(wall - refused.since),
            )
        return bool(ended)

    def _count(self, cause: ReloadCause, *, has_failed: bool) -> None:
        self._telemetry.count_reload(cause, has_failed=has_failed)
        self._telemetry.show_failed_reloads([refused.cause for refused in self.current])
