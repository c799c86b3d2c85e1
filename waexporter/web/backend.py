"""What the web layer needs from the rest of the program, and the plain values it is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from waexporter.model import Verdict
    from waexporter.paging.pager import Pager
    from waexporter.polling.on_demand import Probe

PENDING = "pending"
OK = "ok"
FOR_ADMINS = "for_admins"  # the account is none, which is a fact and no failure


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which metrics page a client asks for."""

    openmetrics: bool = False  # OpenMetrics 1.0 instead of Prometheus text 0.0.4
    gzip: bool = False  # the whole page as one gzip member
    targets: frozenset[str] | None = None  # None: all of them


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """How the last poll of one endpoint went; times are wall-clock seconds."""

    endpoint: str
    interval: float  # seconds
    outcome: str = PENDING  # before the first poll; then "ok", "for_admins" or a model.Reason
    message: str = ""  # why it failed, one sentence free of secrets
    at: float | None = None  # when the last poll ended
    age: float | None = None  # seconds since then
    duration: float | None = None  # seconds
    samples: int = 0
    last_success_at: float | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """Everything the web layer shows of one target."""

    name: str
    url: str
    verdict: Verdict
    labels: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[EndpointStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What a reload came to; with problems nothing changed."""

    problems: tuple[str, ...] = ()  # each begins with its key path, variable or file
    is_busy: bool = False  # nothing was tried: others are at it, or the program stops
    added: tuple[str, ...] = ()  # names of targets
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    kept: int = 0
    keys: tuple[str, ...] = ()  # other keys that have another value now
    at: float = field(default=0.0, compare=False)  # wall-clock seconds, when it ended

    def name_changes(self) -> dict[str, tuple[str, ...]]:
        """Give what changed, by kind; what did not is absent."""
        kinds = (
            ("added", self.added),
            ("removed", self.removed),
            ("changed", self.changed),
            ("keys", self.keys),
        )
        return {kind: names for kind, names in kinds if names}


class Backend(Protocol):
    """What is asked of the program; every method is thread-safe and may block for some 200 ms."""

    def metrics(self, page_request: PageRequest) -> tuple[bytes, ...]:
        """Give the metrics page in pieces, compressed as a whole if gzip is wanted."""
        ...

    def probe(self, target: str) -> Probe | None:
        """Begin to poll a configured target now; None while too many polls are under way for others."""
        ...

    def probed(self, probe: Probe, page_request: PageRequest) -> tuple[bytes, ...]:
        """Give the page, in pieces, of what a probe has come to by now; its target alone matters."""
        ...

    @property
    def pager(self) -> Pager | None:
        """Give the pager, if there is one."""
        ...

    def names(self) -> frozenset[str]:
        """Give the names of the configured targets; cheap, asked at every restricted scrape."""
        ...

    def targets(self) -> tuple[TargetStatus, ...]:
        """Give the status of every target in configured order."""
        ...

    def reload(self) -> ReloadResult:
        """Read the configuration anew; unlike the others it may take seconds."""
        ...

    def failed_reload(self) -> ReloadResult | None:
        """Give the last reload, if it failed."""
        ...

    def unhealthy(self) -> str | None:
        """Say in one sentence why the program is not healthy, or None."""
        ...

    def unready(self) -> str | None:
        """Say in one sentence what is still waited for, or None."""
        ...
