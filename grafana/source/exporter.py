"""Whether the exporter itself is healthy: polls, in time, and keeps what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import states
from grafana.source.frame import Cover, Row, alerts, framed, of_clients
from grafana.source.panels import Column, Head, Query, bars, grid, lines, number
from grafana.source.selection import client, gained, most, own, rate, total

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

_ABOUT = 'alertname=~"WaExporter.*"'
_DAY = 86_400
_SUCCEEDED = most(client("waexporter_last_success_timestamp_seconds"), "collector")
_POLLED = most(client("waexporter_poll_success"), "collector")
_FAILED = most(gained(client("waexporter_poll_failures_total")), "collector", "reason")


def build() -> Dashboard:
    """Build the dashboard."""
    return framed(
        Cover(
            "waexporter-exporter",
            "waexporter",
            "Whether waexporter itself is healthy: it polls, in time, and keeps what it gets.",
        ),
        of_clients(),
        alerts(_ABOUT, by=()),
        [
            Row("", _GLANCE),
            Row("Polls", _POLLS),
            Row("What was read", _READ),
            Row("Process", _PROCESS),
        ],
    )


_GLANCE = (
    number(
        Head(1, "Scraped", "Whether Prometheus reaches the exporter.", "none", 4, 4),
        Query(f"min by (instance) ({own('up')})", "{{instance}}"),
        states=states.YES_NO,
    ),
    number(
        Head(
            2,
            "Heartbeat",
            "When the scheduler last showed that it is alive; once a second is well.",
            "s",
            4,
            4,
        ),
        Query(
            f"time() - min by (instance) ({own('waexporter_scheduler_heartbeat_timestamp_seconds')})",
            "{{instance}}",
        ),
        steps=((60, states.ORANGE), (120, states.RED)),
    ),
    number(
        Head(3, "Polls that fail", "Collectors whose last poll was no success.", "short", 4, 4),
        Query(f"sum({_POLLED} == bool 0)", ""),
        steps=((1, states.ORANGE),),
    ),
    number(
        Head(
            4,
            "Crashes",
            "Bugs of waexporter in the time shown; the log has the traceback. Please report.",
            "short",
            4,
            4,
        ),
        Query(f"sum({gained(own('waexporter_crashes_total'))})", ""),
        steps=((0.5, states.RED),),
    ),
    number(
        Head(5, "Configuration loaded", "No: the last reload failed and the one before holds.", "none", 4, 4),
        Query(f"min by (instance) ({own('waexporter_config_last_reload_successful')})", "{{instance}}"),
        states=states.YES_NO,
    ),
    number(
        Head(
            6,
            "Families left out",
            "Metrics that two clients disagree on the type of, so that they can't share a page; the log "
            "names them.",
            "short",
            4,
            4,
        ),
        Query(f"sum({own('waexporter_clashing_families')})", ""),
        steps=((1, states.ORANGE),),
    ),
)

_POLLS = (
    grid(
        Head(
            10,
            "Polls that fail now",
            "Every collector whose last poll was no success, the reason most often met in the time shown, "
            "and how long ago it last was one: never, if that is empty.",
            "none",
            12,
            11,
        ),
        [
            f"{_POLLED} == 0",
            f"(time() - {_SUCCEEDED}) and {_POLLED} == 0",
            f"topk by (target, collector) (1, {_FAILED}) > 0 and on (target, collector) {_POLLED} == 0",
        ],
        [
            Column("target", "Client"),
            Column("collector", "Collector"),
            Column("Value #A", "Last poll", states={0: ("failed", states.RED)}),
            Column("reason", "Reason"),
            Column("Value #B", "Last success", unit="s"),
        ],
        worst=("Last success",),
    ),
    lines(
        Head(
            11,
            "Failing polls by reason",
            "Unreachable, timeout and tls are the way to the client; refused is its login; the others its "
            "answer.",
            "cps",
            12,
            11,
        ),
        Query(
            f"{total(rate(client('waexporter_poll_failures_total')), 'collector', 'reason')} > 0",
            "{{target}} {{collector}} {{reason}}",
        ),
        nothing="None fails",
    ),
    lines(
        Head(12, "Polls by collector", "Polls that have ended, well or not.", "cps", 8),
        Query(f"sum by (collector) ({rate(client('waexporter_polls_total'))})", "{{collector}}"),
        stacked=True,
    ),
    lines(
        Head(13, "Time a poll takes", "The slowest client of each collector, login included.", "s", 8),
        Query(f"max by (collector) ({client('waexporter_poll_duration_seconds')})", "{{collector}}"),
        steps=((10, states.ORANGE),),
    ),
    lines(
        Head(
            14,
            "Age of readings",
            "Time since each collector last succeeded, for the client that is worst off. Past three "
            "intervals a reading vanishes.",
            "s",
            8,
        ),
        Query(
            f"time() - min by (collector) ({client('waexporter_last_success_timestamp_seconds')})",
            "{{collector}}",
        ),
    ),
    lines(
        Head(
            15,
            "How late polls begin",
            "Half of the polls, and all but one in a hundred. Over a second: too many clients, or no "
            "processor time.",
            "s",
            8,
        ),
        *(
            Query(
                f"histogram_quantile({share}, sum by (instance, le) "
                f"({rate(own('waexporter_poll_lateness_seconds_bucket'))})) >= 0",
                f"{{{{instance}}}} {words}",
            )
            for share, words in ((0.5, "median"), (0.99, "99 %"))
        ),
        steps=((1, states.ORANGE),),
    ),
    lines(
        Head(
            16,
            "Polls left out",
            "The one before had not ended: the client is slower than the interval. Give it a longer one.",
            "cps",
            8,
        ),
        Query(total(rate(client("waexporter_polls_missed_total")))),
        steps=((0.01, states.ORANGE),),
    ),
    lines(
        Head(
            17,
            "Logins",
            "One a week is normal. Refused ones lock the client's login for an hour when there are too many. "
            "Tokens that are refused again and again: do all webapps share one database?",
            "cps",
            8,
        ),
        Query(total(rate(client("waexporter_logins_total")), "result"), "{{target}} {{result}}"),
        Query(total(rate(client("waexporter_tokens_refused_total"))), "{{target}} tokens refused"),
    ),
)

_READ = (
    lines(
        Head(
            20,
            "Samples left out",
            "By reason: what was malformed, or over a limit. Should be nothing.",
            "cps",
            8,
        ),
        Query(f"sum by (reason) ({rate(client('waexporter_dropped_samples_total'))})", "{{reason}}"),
    ),
    lines(
        Head(
            21,
            "Unknown families",
            "Metrics that no documentation names: a newer client. They are exported all the same.",
            "short",
            8,
        ),
        Query(most(client("waexporter_unknown_families"), "collector"), "{{target}} {{collector}}"),
    ),
    bars(
        Head(22, "Until logins end", "A login is renewed after three quarters of its week.", "s", 8),
        Query(f"min by (target) ({client('whatsapp_token_expiry_timestamp_seconds')}) - time()"),
        steps=((float("-inf"), states.RED), (3600, states.ORANGE), (_DAY, states.GREEN)),
        largest=7.0 * _DAY,
    ),
)

_PROCESS = (
    grid(
        Head(
            30, "Builds", "Which waexporter runs where, and since when it holds its configuration.", "none", 8
        ),
        [
            f"max by (instance, version, python) ({own('waexporter_build_info')})",
            f"time() - max by (instance) ({own('process_start_time_seconds')})",
            f"time() - max by (instance) ({own('waexporter_config_last_reload_success_timestamp_seconds')})",
        ],
        [
            Column("instance", "Instance"),
            Column("version", "Version"),
            Column("python", "Python"),
            Column("Value #B", "Up for", unit="s"),
            Column("Value #C", "Configured", unit="s"),
        ],
    ),
    lines(
        Head(31, "Requests by path and status", "What waexporter was asked for over HTTP.", "reqps", 8),
        Query(
            f"sum by (path, code) ({rate(own('waexporter_http_requests_total'))}) > 0", "{{path}} {{code}}"
        ),
        stacked=True,
    ),
    lines(
        Head(32, "Processor time", "Share of one processor.", "percentunit", 8),
        Query(f"sum by (instance) ({rate(own('process_cpu_seconds_total'))})", "{{instance}}"),
        steps=((0.8, states.ORANGE),),
    ),
    lines(
        Head(33, "Memory", "Resident memory of the process.", "bytes", 8),
        Query(f"max by (instance) ({own('process_resident_memory_bytes')})", "{{instance}}"),
    ),
    lines(
        Head(34, "Open files", "Connections included; at the limit nothing can be polled.", "short", 8),
        Query(f"max by (instance) ({own('process_open_fds')})", "{{instance}} open"),
        Query(f"max by (instance) ({own('process_max_fds')})", "{{instance}} limit"),
    ),
    lines(
        Head(35, "Samples of a scrape", "How many series Prometheus reads from each exporter.", "short", 8),
        Query(f"max by (instance) ({own('scrape_samples_scraped')})", "{{instance}}"),
    ),
)
