"""The metrics of this process, by prometheus_client; those of its targets are in families.py."""

from __future__ import annotations

import platform

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.openmetrics import exposition as openmetrics

from waexporter import __version__

_LATENESS_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds


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
            "1 if the last attempt to load the configuration was a success, else 0.",
            registry=registry,
        )
        self.reload_success_time = Gauge(
            "waexporter_config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded with success.",
            registry=registry,
        )
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

    def expect_paths(self, paths: tuple[str, ...]) -> None:
        """Start the count of successful requests of every path at 0."""
        for path in paths:
            self._requests.labels(path, "200")

    def count_request(self, path: str, code: int) -> None:
        """Count one answered request."""
        self._requests.labels(path, str(code)).inc()

    def render(self, *, as_openmetrics: bool) -> bytes:
        """Render all of them; in OpenMetrics with the `# EOF` that ends the whole page."""
        if as_openmetrics:
            return bytes(openmetrics.generate_latest(self.registry))
        return bytes(generate_latest(self.registry))
