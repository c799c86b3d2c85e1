"""The metrics of this process, by prometheus_client; those of its targets are in families.py."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from waexporter import __version__
from waexporter.model import ReloadCause

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

    from waexporter.model import Shard

_LATENESS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds


class KnownGauge(Collector):
    """A gauge that has no sample while its value is not known."""

    def __init__(self, name: str, meaning: str, registry: CollectorRegistry) -> None:
        self.value: float | None = None
        self._name, self._meaning = name, meaning
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield the family, with its sample if the value is known."""
        yield GaugeMetricFamily(self._name, self._meaning, self.value)


class Telemetry:
    """The metrics of one running daemon, in one registry."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        build = Gauge(
            "waexporter_build_info",
            "Version of waexporter and of Python.",
            ["version", "python"],
            registry=registry,
        )
        build.labels(__version__, platform.python_version()).set(1)
        self._shard = Gauge(
            "waexporter_shard_info",
            "The part of the fleet that is polled here, of so many; absent without --shard.",
            ["shard", "shards"],
            registry=registry,
        )
        self.lateness = Histogram(
            "waexporter_poll_lateness_seconds",
            "How much later than planned polls began.",
            buckets=_LATENESS_BUCKETS,
            registry=registry,
        )
        self.heartbeat = Gauge(
            "waexporter_scheduler_heartbeat_timestamp_seconds",
            "When the scheduler last ran its heartbeat.",
            registry=registry,
        )
        self.crashes = Counter(
            "waexporter_crashes",
            "Unexpected errors: bugs of waexporter. The log has the traceback.",
            registry=registry,
        )
        self.reload_successful = Gauge(
            "waexporter_config_last_reload_successful",
            "1 if no new configuration is refused now, else 0.",
            registry=registry,
        )
        self.reload_success_time = Gauge(
            "waexporter_config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded with success.",
            registry=registry,
        )
        self._list_success = KnownGauge(
            "waexporter_http_sd_success",
            "1 if the last answer of http_sd_url is in effect, else 0.",
            registry,
        )
        self._list_success_time = KnownGauge(
            "waexporter_http_sd_last_success_timestamp_seconds",
            "When http_sd_url last answered with the list that is in effect.",
            registry,
        )
        self._list_targets = KnownGauge(
            "waexporter_http_sd_targets",
            "Targets in the list of http_sd_url that is in effect, also those of other shards.",
            registry,
        )
        self.watch_time = KnownGauge(
            "waexporter_config_watch_timestamp_seconds",
            "When the files of the configuration were last looked at for changes.",
            registry,
        )
        self._reloads = Counter(
            "waexporter_config_reloads",
            "Reloads of the configuration, by cause and result.",
            ["cause", "result"],
            registry=registry,
        )
        self._reload_failed = Gauge(
            "waexporter_config_reload_failed",
            "1 while a configuration is refused that a reload of this cause found first, else 0.",
            ["cause"],
            registry=registry,
        )
        for cause in ReloadCause:
            self._reload_failed.labels(cause)
            for result in ("ok", "failed"):
                self._reloads.labels(cause, result)
        self.clashes = Gauge(
            "waexporter_clashing_families",
            "Families left out of the page, since targets disagree on their type or name.",
            registry=registry,
        )
        self._requests = Counter(
            "waexporter_http_requests",
            "Requests answered, by path and status.",
            ["path", "code"],
            registry=registry,
        )
        self._refusals = Counter(
            "waexporter_http_connections_refused",
            "Connections that were closed early, by reason.",
            ["reason"],
            registry=registry,
        )

    def show_list(self, at: float | None, targets: int, *, has_failed: bool) -> None:
        """Show what is known of the list of targets of `http_sd_url`; `at` is None if there is none yet."""
        is_known = has_failed or at is not None
        self._list_success.value = float(not has_failed) if is_known else None
        self._list_success_time.value = at
        self._list_targets.value = None if at is None else float(targets)

    def hide_list(self) -> None:
        """Show nothing of the list of targets, since there is none."""
        self._list_success.value = self._list_success_time.value = self._list_targets.value = None

    def show_shard(self, shard: Shard) -> None:
        """Set which part of the fleet is polled."""
        self._shard.labels(str(shard.index), str(shard.count)).set(1)

    def expect_paths(self, paths: tuple[str, ...]) -> None:
        """Start the count of successful requests of every path at 0."""
        for path in paths:
            self._requests.labels(path, "200")

    def count_request(self, path: str, code: int) -> None:
        """Count one answered request."""
        self._requests.labels(path, str(code)).inc()

    def expect_refusals(self, reasons: Iterable[str]) -> None:
        """Start the count of every reason at 0."""
        for reason in reasons:
            self._refusals.labels(reason)

    def count_refusal(self, reason: str) -> None:
        """Count a connection that was closed early."""
        self._refusals.labels(reason).inc()

    def count_reload(self, cause: ReloadCause, *, has_failed: bool) -> None:
        """Count one reload."""
        self._reloads.labels(cause, "failed" if has_failed else "ok").inc()

    def show_failed_reloads(self, causes: Collection[ReloadCause]) -> None:
        """Show which causes have found a configuration that is refused."""
        self.reload_successful.set(not causes)
        for cause in ReloadCause:
            self._reload_failed.labels(cause).set(cause in causes)

    def render(self, *, as_openmetrics: bool) -> bytes:
        """Render all of them; in OpenMetrics with the `# EOF` that ends the whole page."""
        if as_openmetrics:
            return bytes(openmetrics.generate_latest(self.registry))
        return bytes(generate_latest(self.registry))
