"""The process: version, memory, processor time, connections."""

from __future__ import annotations

from grafana.source import states
from grafana.source.events import events
from grafana.source.panels import Column, Head, Query, grid, lines
from grafana.source.selection import own, rate, running

_BUILD = own("waexporter_build_info")
_SHARD = f'label_join({own("waexporter_shard_info")}, "part", "/", "shard", "shards")'
_UNSHARDED = f'label_replace(max by (instance) ({_BUILD}), "part", "all", "", "")'
_OPEN = f"{own('process_open_fds')} / {own('process_max_fds')}"

PANELS = (
    grid(
        Head(
            30,
            "Builds",
            "Which waexporter runs where, since when it holds its configuration, and which shard it polls.",
            "none",
            24,
            6,
        ),
        [
            f"max by (instance, version, python) ({own('waexporter_build_info')})",
            f"time() - max by (instance) ({running(own('process_start_time_seconds'))})",
            f"time() - max by (instance) ({own('waexporter_config_last_reload_success_timestamp_seconds')})",
            f"max by (instance, part) ({_SHARD}) or on (instance) {_UNSHARDED}",
        ],
        [
            Column("instance", "Instance", least=130),
            Column("version", "Version"),
            Column("python", "Python", width=90),
            Column("Value #B", "Up for", unit="s", width=110),
            Column("Value #C", "Configured", unit="s", width=110),
            Column("part", "Shard", width=80),
        ],
    ),
    lines(
        Head(31, "Requests by path and status", "What waexporter was asked for over HTTP.", "reqps", 8),
        Query(
            f"topk(10, sum by (path, code) ({rate(own('waexporter_http_requests_total'))}) > 0)",
            "{{path}} {{code}}",
        ),
        stacked=True,
    ),
    lines(
        Head(32, "Processor time", "Share of one processor.", "percentunit", 8),
        Query(f"sum by (instance) ({running(rate(own('process_cpu_seconds_total')))})", "{{instance}}"),
        steps=((0.8, states.ORANGE),),
    ),
    lines(
        Head(33, "Memory", "Resident memory of the process.", "bytes", 8),
        Query(f"max by (instance) ({running(own('process_resident_memory_bytes'))})", "{{instance}}"),
    ),
    lines(
        Head(
            34,
            "Open files",
            "Share of those that it may have open, connections included; at the limit nothing can be polled.",
            "percentunit",
            8,
        ),
        Query(
            f"max by (instance) ({running(_OPEN)})",
            "{{instance}}",
        ),
        steps=((0.8, states.ORANGE),),
    ),
    lines(
        Head(35, "Samples of a scrape", "How many series Prometheus reads from each exporter.", "short", 8),
        Query(f"max by (instance) ({running(own('scrape_samples_scraped'))})", "{{instance}}"),
    ),
    lines(
        Head(
            36,
            "Connections refused",
            "How many were closed early around each moment, by reason. Limit: more than "
            "web.max_connections. Timeout: the client was slow. Malformed: no HTTP. All others: TLS.",
            "short",
            8,
        ),
        events(
            lambda gain: f"sum by (reason) ({gain(own('waexporter_http_connections_refused_total'))})",
            "reason",
            known=_BUILD,
            none="none refused",
        ),
    ),
)
