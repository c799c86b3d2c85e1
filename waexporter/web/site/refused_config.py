"""A new configuration that is refused, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from waexporter.model import ReloadCause
from waexporter.web.formatting import format_time

if TYPE_CHECKING:
    from waexporter.web.backend import Backend, RefusedConfig
    from waexporter.web.formatting import FormattedTime

_CAUSES: Final = {
    ReloadCause.SIGNAL: "at a reload by SIGHUP",
    ReloadCause.REQUEST: "at a reload by POST /-/reload",
    ReloadCause.FILE: "when a file changed",
    ReloadCause.HTTP_SD: "when http_sd gave a new list of targets",
}
_SHOWN_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class FailedReload:
    """A new configuration that is refused."""

    cause: str  # in words
    since: FormattedTime | None
    problems: tuple[str, ...]
    rest: str  # the number of problems that are not shown; empty without any


def describe_refused(backend: Backend, now: float) -> tuple[FailedReload, ...]:
    """Return each configuration that is refused now."""
    return tuple(_failed_reload(failed, now) for failed in backend.failed_reloads())


def _failed_reload(failed: RefusedConfig, now: float) -> FailedReload:
    more = len(failed.problems) - _SHOWN_PROBLEMS
    rest = f"and {more} more; POST /-/reload lists them all" if more > 0 else ""
    since = format_time(failed.since, now)
    return FailedReload(_CAUSES[failed.cause], since, failed.problems[:_SHOWN_PROBLEMS], rest)
