"""The daemon as a web backend: pages, verdicts, liveness and readiness."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

from waexporter.daemon.shard_members import ShardMembers
from waexporter.daemon.target_details import describe_target
from waexporter.health import with_current_times
from waexporter.metrics.election import describe_families
from waexporter.metrics.exposition import render_family
from waexporter.metrics.families import probe_families
from waexporter.metrics.page import compose, compress, decompress, gzip_member
from waexporter.model import Failure, Shard, Success
from waexporter.polling.state import lifetime, probe_succeeded
from waexporter.polling.verdict_explanation import explain
from waexporter.timefmt import first_names
from waexporter.web.backend import FOR_ADMINS, NOT_APPLICABLE, OK, EndpointStatus, ReloadResult, TargetStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.daemon.current_config import CurrentConfig
    from waexporter.daemon.reloader import Reloader
    from waexporter.daemon.target_discovery import TargetDiscovery
    from waexporter.metrics.page import Compressed, ExpositionPage
    from waexporter.metrics.telemetry import Telemetry
    from waexporter.model import Endpoint, Instant, ReloadCause
    from waexporter.model.explanation import Explanation
    from waexporter.paging.pager import Pager
    from waexporter.polling.on_demand import OnDemandPolls, Probe
    from waexporter.polling.state import TargetState
    from waexporter.polling.store import Snapshot, Store
    from waexporter.web.backend import ConfigStatus, PageRequest, RefusedConfig, TargetDetails

HEARTBEAT_INTERVAL = 1.0  # seconds
HEARTBEAT_LIMIT = 15.0  # seconds without a heartbeat after which the scheduler counts as dead
_SHOWN_NAMES = 3  # of targets, which fit a line


class _CachedPage(NamedTuple):
    """A cached page; it is compressed, since fragments would keep old readings in memory."""

    version: int
    expires: float  # steady clock
    text: Compressed


class Heartbeat:
    """The time at which the scheduler last ran."""

    def __init__(self, telemetry: Telemetry, clock: Callable[[], Instant]) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._last = clock().steady

    def beat(self) -> None:
        """Record that the scheduler runs; this is one of its tasks."""
        now = self._clock()
        self._last = now.steady
        self._telemetry.heartbeat.set(now.wall)

    def age(self) -> float:
        """Return the seconds since the last heartbeat."""
        return self._clock().steady - self._last


class Exporter:
    """The backend of the web server: what it shows of a running daemon."""

    def __init__(  # noqa: PLR0913, PLR0917 - one parameter for each part of the daemon
        self,
        store: Store,
        on_demand: OnDemandPolls,
        telemetry: Telemetry,
        heartbeat: Heartbeat,
        on_clashes: Callable[[tuple[str, ...]], None],
        pager: Pager | None = None,
        reloader: Reloader | None = None,
        discovery: TargetDiscovery | None = None,
        members: ShardMembers | None = None,
        current: CurrentConfig | None = None,
    ) -> None:
        self._store = store
        self._on_demand = on_demand
        self._telemetry = telemetry
        self._heartbeat = heartbeat
        self._on_clashes = on_clashes
        self.pager = pager
        self._reloader = reloader
        self._discovery = discovery
        self._members = members if members is not None else ShardMembers()
        self._current = current
        self._was_ready = False
        self._building = threading.Lock()
        self._pages: dict[bool, _CachedPage] = {}

    def metrics(self, page_request: PageRequest) -> tuple[bytes, ...]:
        """Return the requested page; the whole page is composed and compressed once per change."""
        if page_request.targets is None:
            text = self._whole_page(openmetrics=page_request.openmetrics)
        else:
            text = compress(
                _compose(
                    self._store.snapshot(), page_request.targets, openmetrics=page_request.openmetrics
                ).chunks
            )
        own = self._telemetry.render(
            as_openmetrics=page_request.openmetrics
        )  # last: it counts the page's clashes
        return _encode(text, own, page_request)

    def probe(self, target: str) -> Probe | None:
        """Start polling a target now; return None if that is not possible."""
        return self._on_demand.probe(target)

    def probe_page(self, probe: Probe, page_request: PageRequest) -> tuple[bytes, ...]:
        """Return the page of a probe, only with readings that were polled for it."""
        state, now = self._on_demand.current_state(probe)
        own = (("target", probe.before.target.name),)
        families = probe_families(success=probe_succeeded(state), duration=now.steady - probe.began.steady)
        fragments = (*state.fragments(now.steady), *(render_family(family, own) for family in families))
        text = compress(compose(fragments, openmetrics=page_request.openmetrics).chunks)
        end = b"# EOF\n" if page_request.openmetrics else b""
        return _encode(text, end, page_request)

    def target_names(self) -> frozenset[str]:
        """Return the names of all targets."""
        return self._store.names

    @property
    def shard(self) -> Shard:
        """The part of the fleet that this daemon polls."""
        return self._members.shard or Shard()

    def elsewhere(self, name: str) -> int | None:
        """Return the index of the shard that polls a target, if another daemon does."""
        return self._members.elsewhere.get(name)

    def targets(self) -> tuple[TargetStatus, ...]:
        """Return the status of every target."""
        snapshot = self._store.snapshot()
        return tuple(_status(state, snapshot) for state in snapshot.states)

    def target(self, name: str) -> TargetDetails | None:
        """Return everything that is known of a target."""
        snapshot = self._store.snapshot()
        state = _find(snapshot, name)
        return None if state is None else describe_target(state, _status(state, snapshot), snapshot.at)

    def explain(self, target: str) -> Explanation | None:
        """Return why the verdict on a target is as it is; None if there is no target of that name."""
        snapshot = self._store.snapshot()
        found = _find(snapshot, target)
        return None if found is None else explain(found, snapshot.at)

    def configuration(self) -> ConfigStatus | None:
        """Return the configuration in effect, if the daemon was started with one."""
        return self._current.describe() if self._current is not None else None

    def reload(self, cause: ReloadCause) -> ReloadResult:
        """Reload the configuration, if the daemon was started with one."""
        if self._reloader is None:
            return ReloadResult(("nothing to reload: this daemon was started without a configuration",))
        return self._reloader.reload(cause)

    def failed_reloads(self) -> tuple[RefusedConfig, ...]:
        """Return what is refused now, so that it is not in effect."""
        return self._reloader.refused if self._reloader is not None else ()

    def unhealthy(self) -> str | None:
        """Return the reason to restart this daemon, if there is one."""
        age = self._heartbeat.age()
        if age > HEARTBEAT_LIMIT:
            return f"the scheduler has not run for {age:.0f} s"
        return None

    def unready(self) -> str | None:
        """Return what the daemon waits for; None once every target of the start has been polled."""
        if self._was_ready:
            return None
        missing_list = self._discovery.missing() if self._discovery is not None else None
        if missing_list is not None:
            return missing_list
        waiting = [state.target.name for state in self._store.snapshot().states if not state.readings]
        if not waiting:
            self._was_ready = True
            return None
        return f"waiting for the first poll of {first_names(waiting, _SHOWN_NAMES)}"

    def outdated_list(self) -> str | None:
        """Return why the list of http_sd_url that is in effect may be an old one; None if it is not."""
        return self._discovery.problem() if self._discovery is not None else None

    def _whole_page(self, *, openmetrics: bool) -> Compressed:
        # Held while a page is built, so that scrapes that come together share it.
        with self._building:
            snapshot = self._store.snapshot()
            cached = self._pages.get(openmetrics)
            if cached is None or cached.version != snapshot.version or snapshot.at.steady >= cached.expires:
                cached = self._pages[openmetrics] = self._build(snapshot, openmetrics=openmetrics)
            return cached.text

    def _build(self, snapshot: Snapshot, *, openmetrics: bool) -> _CachedPage:
        page = _compose(snapshot, None, openmetrics=openmetrics)
        clashes = tuple(sorted({*page.clashes, *describe_families(snapshot.losers)}))
        self._telemetry.clashes.set(len(clashes))
        self._on_clashes(clashes)
        steady = snapshot.at.steady
        expires = min((state.fresh_until(steady) for state in snapshot.states), default=steady)
        return _CachedPage(snapshot.version, expires, compress(page.chunks))


def _encode(text: Compressed, end: bytes, page_request: PageRequest) -> tuple[bytes, ...]:
    """Return a page and its end, as gzip if the request accepts it."""
    return gzip_member(text, end) if page_request.gzip else (*decompress(text), end)


def _compose(snapshot: Snapshot, names: frozenset[str] | None, *, openmetrics: bool) -> ExpositionPage:
    """Compose the page of the named targets, or of all targets."""
    chosen = [state for state in snapshot.states if names is None or state.target.name in names]
    fragments = (fragment for state in chosen for fragment in state.fragments(snapshot.at.steady))
    return compose(fragments, openmetrics=openmetrics)


def _find(snapshot: Snapshot, name: str) -> TargetState | None:
    return next((state for state in snapshot.states if state.target.name == name), None)


def _status(state: TargetState, snapshot: Snapshot) -> TargetStatus:
    target, description = state.target, state.tables.description
    endpoints = tuple(_endpoint_status(state, endpoint, snapshot) for endpoint in target.plans)
    verdict = with_current_times(state.verdict, snapshot.at)
    return TargetStatus(
        target.name,
        target.url,
        verdict,
        target.labels,
        endpoints,
        description.json_fields(verdict),
        tuple(description.facts(verdict)),
        state.tables.rules.problems,
    )


def _describe_outcome(outcome: Success | Failure, without_document: str | None) -> tuple[str, str]:
    """Return the word for an outcome, and its reason in a sentence."""
    if isinstance(outcome, Failure):
        return FOR_ADMINS if outcome.is_for_admins else outcome.reason, outcome.message
    return (
        (OK, "")
        if outcome.document is not None or without_document is None
        else (NOT_APPLICABLE, without_document)
    )


def _endpoint_status(state: TargetState, endpoint: Endpoint, snapshot: Snapshot) -> EndpointStatus:
    interval = state.target.plans[endpoint].interval
    reading = state.readings.get(endpoint)
    if reading is None:
        return EndpointStatus(endpoint, interval)
    outcome = reading.outcome
    success = state.successes.get(endpoint)
    newest = success.at.steady if success else None
    asked = reading.asked_at or reading.at
    without_document = state.tables.description.without_document.get(endpoint)
    word, message = _describe_outcome(outcome, without_document)
    return EndpointStatus(
        endpoint,
        interval,
        outcome=word,
        message=message,
        at=asked.wall,
        age=snapshot.at.steady - asked.steady,
        duration=reading.duration,
        samples=outcome.samples if isinstance(outcome, Success) else 0,
        last_success_at=success.at.wall if success else None,
        stale=newest is not None and snapshot.at.steady - newest >= lifetime(state.target, endpoint),
    )
