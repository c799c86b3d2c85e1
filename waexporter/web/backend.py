"""The interface between the web layer and the daemon, and the plain values that pass through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.health.problem_kind import ProblemKind
    from waexporter.model import ReloadCause, Shard, Verdict
    from waexporter.model.explanation import Explanation
    from waexporter.paging.pager import Pager
    from waexporter.polling.history import PastPoll, QueueSizes, SettingChange
    from waexporter.polling.on_demand import Probe
    from waexporter.polling.tables import NodeTable

PENDING = "pending"
OK = "ok"
FOR_ADMINS = "for_admins"  # the account is no admin, which is not a failure
NOT_APPLICABLE = "not_applicable"  # the client has nothing to tell here; the message says why


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of metrics a client requests."""

    openmetrics: bool = False  # OpenMetrics 1.0 instead of Prometheus text 0.0.4
    gzip: bool = False  # the whole page as one gzip member
    targets: frozenset[str] | None = None  # None: all of them


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """The last poll of one endpoint; times are wall-clock seconds."""

    endpoint: str
    interval: float  # seconds
    outcome: str = PENDING  # PENDING before the first poll; then OK, FOR_ADMINS, NOT_APPLICABLE or a Reason
    message: str = ""  # why it failed, one sentence free of secrets
    at: float | None = None  # when the last poll ended
    age: float | None = None  # seconds since then
    duration: float | None = None  # seconds
    samples: int = 0
    last_success_at: float | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """Everything that the web layer shows about one target."""

    name: str
    url: str
    verdict: Verdict
    labels: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[EndpointStatus, ...] = ()
    # By the tables of its kind of client: fields of GET /api/v1/targets, facts for the status page, and what
    # is known of each problem.
    json_fields: Mapping[str, object] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    problem_kinds: Mapping[str, ProblemKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetDetails:
    """What only the page of one target shows; nothing in it is stale, except what is called past."""

    status: TargetStatus
    nodes: NodeTable
    summaries: Mapping[str, str] = field(default_factory=dict)  # of the fresh documents, by endpoint
    polls: tuple[PastPoll, ...] = ()  # the last ones, the oldest first
    queues: tuple[QueueSizes, ...] = ()  # of the last hour
    changes: tuple[SettingChange, ...] = ()  # of the client's own settings, the oldest first


@dataclass(frozen=True, slots=True)
class ConfigStatus:
    """The configuration that is in effect."""

    # YAML, as `waexporter check-config` prints it: with defaults, without secrets. None: it is being made.
    text: str | None
    file: str | None  # None: it comes from the environment alone
    loaded_at: float  # wall-clock seconds
    notes: tuple[str, ...] = ()
    targets: int = 0  # how many there are


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """The result of a reload; with problems nothing has changed."""

    problems: tuple[str, ...] = ()  # each begins with its key path, variable or file
    is_busy: bool = False  # nothing was tried: another reload is running, or the program stops
    added: tuple[str, ...] = ()  # names of targets
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    rotated: tuple[str, ...] = ()  # with other secrets or certificates, and otherwise kept
    kept: int = 0
    keys: tuple[str, ...] = ()  # other keys of the configuration with a new value
    at: float = field(default=0.0, compare=False)  # wall-clock seconds, when it ended

    def name_changes(self) -> dict[str, tuple[str, ...]]:
        """Return what changed, by kind; a kind without changes is absent."""
        kinds = (
            ("added", self.added),
            ("removed", self.removed),
            ("changed", self.changed),
            ("rotated", self.rotated),
            ("keys", self.keys),
        )
        return {kind: names for kind, names in kinds if names}


@dataclass(frozen=True, slots=True)
class RefusedConfig:
    """A configuration with problems, so that an earlier one is in effect; times are wall-clock seconds."""

    cause: ReloadCause  # of the reload that found it first
    problems: tuple[str, ...]  # each begins with its key path, variable or file
    since: float  # when it was found first
    at: float  # when it was last read


class Backend(Protocol):
    """The daemon as the web layer uses it; every method is thread-safe and may block for some 200 ms."""

    def metrics(self, page_request: PageRequest) -> tuple[bytes, ...]:
        """Return the page of metrics in chunks; with gzip all of them form one compressed stream."""
        ...

    def probe(self, target: str) -> Probe | None:
        """Start to poll a configured target now; return None while too many polls run for other probes."""
        ...

    def probe_page(self, probe: Probe, page_request: PageRequest) -> tuple[bytes, ...]:
        """Return the page of the target of a probe, in chunks, with all polls that have ended."""
        ...

    @property
    def pager(self) -> Pager | None:
        """The pager, if there is one."""
        ...

    def target_names(self) -> frozenset[str]:
        """Return the names of the configured targets; cheap, since each restricted scrape needs them."""
        ...

    def targets(self) -> tuple[TargetStatus, ...]:
        """Return the status of every target in configured order."""
        ...

    @property
    def shard(self) -> Shard:
        """The part of the fleet that this daemon polls."""
        ...

    def elsewhere(self, name: str) -> int | None:
        """Return the index of the shard that polls a target, if another daemon does."""
        ...

    def target(self, name: str) -> TargetDetails | None:
        """Return everything that is known of a target; None if there is no target of that name."""
        ...

    def configuration(self) -> ConfigStatus | None:
        """Return the configuration in effect; None if the daemon was started without one.

        The first call after a change takes seconds, if there are thousands of targets.
        """
        ...

    def explain(self, target: str) -> Explanation | None:
        """Return why the verdict on a target is as it is; None if there is no target of that name."""
        ...

    def reload(self, cause: ReloadCause) -> ReloadResult:
        """Reload the configuration; unlike the other methods it may take seconds."""
        ...

    def failed_reloads(self) -> tuple[RefusedConfig, ...]:
        """Return what is refused now: nothing, the files, the list of http_sd, or both."""
        ...

    def unhealthy(self) -> str | None:
        """Return one sentence why the daemon is not healthy, or None."""
        ...

    def unready(self) -> str | None:
        """Return one sentence that names what the daemon is still waiting for, or None."""
        ...

    def outdated_list(self) -> str | None:
        """Return one sentence why the list of targets of another server may be an old one, or None."""
        ...
