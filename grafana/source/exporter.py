"""Whether the exporter itself is healthy: polls, in time, and keeps what it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import states
from grafana.source.events import events, ranked
from grafana.source.frame import TO_CLIENT, Cover, Row, alerts, framed, of_exporters_and_clients
from grafana.source.panels import Column, Head, Query, bars, grid, lines, number
from grafana.source.selection import CHOSEN, gained, most, own, rate
from waexporter.model import Reason

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

    from grafana.source.selection import Gain

_ABOUT = 'alertname=~"WaExporter.*"'
_DAY = 86_400
_TILE = 8  # wide enough for its title on a small screen
_WITH = "and on (job, instance)"
_RUNS = own("waexporter_build_info")
# Prometheus says `up` of all that it scrapes: of exporters it is where one told its build within a day.
_SCRAPED = f"{own('up')} {_WITH} last_over_time({_RUNS}[1d])"


def _of(metric: str) -> str:
    """Select what the chosen exporters say of their work on the chosen clients."""
    return own(metric, CHOSEN)


# Of two exporters that poll one client, the one that is worse off: it is the exporter that this is about.
_POLLED = f"min by (target, collector) ({_of('waexporter_poll_success')})"
_FAILING = f"{_POLLED} == 0"
_SINCE = f"time() - min by (target, collector) ({_of('waexporter_last_success_timestamp_seconds')})"
_REASONS = most(f"round(increase({_of('waexporter_poll_failures_total')}[1h]))", "collector", "reason")


def build() -> Dashboard:
    """Build the dashboard."""
    return framed(
        Cover(
            "waexporter-exporter",
            "waexporter",
            "Whether waexporter itself is healthy: it polls, in time, and keeps what it gets.",
        ),
        of_exporters_and_clients(),
        alerts(_ABOUT, by=()),
        [
            Row("", (*_GLANCE, _NOW)),
            Row("Polls over time", _POLLS, closed=True),
            Row("Accounts", _LOGINS, closed=True),
            Row("What was read", _READ, closed=True),
            Row("Process", _PROCESS, closed=True),
        ],
    )


_IN_WORDS = {reason.value: (reason.value.replace("_", " "), None) for reason in Reason}
_CRASHES = gained(own("waexporter_crashes_total"))

_GLANCE = (
    number(
        Head(1, "Scraped", "Whether Prometheus reaches the exporter.", "none", _TILE, 3),
        Query(f"min by (instance) ({_SCRAPED})", "{{instance}}"),
        states=states.YES_NO,
    ),
    number(
        Head(
            2,
            "Heartbeat",
            "When the scheduler last showed that it is alive; once a second is well.",
            "s",
            _TILE,
            3,
        ),
        Query(
            f"time() - min by (instance) ({own('waexporter_scheduler_heartbeat_timestamp_seconds')})",
            "{{instance}}",
        ),
        steps=((60, states.ORANGE), (120, states.RED)),
    ),
    number(
        Head(3, "Polls that fail", "Collectors whose last poll was no success.", "short", _TILE, 3),
        Query(f"sum({_POLLED} == bool 0)", ""),
        steps=((1, states.ORANGE),),
    ),
    number(
        Head(
            4,
            "Crashes",
            "Bugs of waexporter in the time shown; the log has the traceback. Please report.",
            "short",
            _TILE,
            3,
        ),
        # What is gone may have crashed since: that it had not is no news.
        Query(f"sum({_CRASHES} > 0 or {_CRASHES} {_WITH} {_RUNS})", ""),
        steps=((1, states.RED),),
    ),
    number(
        Head(
            5,
            "Configuration loaded",
            "No: the last reload failed and the one before holds.",
            "none",
            _TILE,
            3,
        ),
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
            _TILE,
            3,
        ),
        Query(f"sum({own('waexporter_clashing_families')})", ""),
        steps=((1, states.ORANGE),),
    ),
)


def _every_poll(expr: str) -> str:
    """Label what holds while no poll fails: a row of its own, since no row at all is no knowledge."""
    return f'label_replace({expr} unless on () {_FAILING}, "collector", "all", "", "")'


def _events(counter: str, *labels: str, none: str) -> Query:
    by = ", ".join(labels)
    return events(
        lambda gain: f"sum by ({by}) ({gain(_of(counter))})",
        *labels,
        known=_of("waexporter_poll_success"),
        none=none,
    )


def _logins(gain: Gain) -> str:
    logins = f"sum by (target, result) ({gain(_of('waexporter_logins_total'))})"
    refused = f"sum by (target) ({gain(_of('waexporter_tokens_refused_total'))})"
    return f'{logins} or label_replace({refused}, "result", "token refused", "", "")'


_NOW = grid(
    Head(
        10,
        "Polls that fail now",
        "Every collector whose last poll was no success, the reason most often met in the last hour, "
        "and how long ago it last was one.",
        "none",
        24,
        8,
    ),
    [
        f"{_FAILING} or {_every_poll(f'min({_POLLED})')}",
        f"({_SINCE}) and {_FAILING} or {_every_poll(f'max({_SINCE})')}",
        f"topk by (target, collector) (1, {_REASONS}) > 0 and on (target, collector) {_FAILING}",
    ],
    [
        Column("target", "Client", least=130, link=TO_CLIENT, absent="all clients"),
        Column("collector", "Collector"),
        Column("Value #A", "Last poll", states={0: ("failed", states.RED), 1: ("succeeded", states.GREEN)}),
        Column("reason", "Reason", texts=_IN_WORDS, absent="-"),
        Column("Value #B", "Last success", unit="s", absent="never"),
    ],
    worst=("Last success",),
)

_POLLS = (
    lines(
        Head(
            11,
            "Failing polls by reason",
            "How many around each moment. Unreachable, timeout and tls are the way to the client; refused is "
            "its login; the others its answer.",
            "short",
            8,
        ),
        _events("waexporter_poll_failures_total", "target", "reason", none="no poll fails"),
    ),
    lines(
        Head(12, "Polls by collector", "Polls that have ended, well or not.", "cps", 8),
        Query(f"sum by (collector) ({rate(_of('waexporter_polls_total'))})", "{{collector}}"),
        stacked=True,
    ),
    lines(
        Head(13, "Time a poll takes", "The slowest client of each collector, login included.", "s", 8),
        Query(f"max by (collector) ({_of('waexporter_poll_duration_seconds')})", "{{collector}}"),
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
            f"time() - min by (collector) ({_of('waexporter_last_success_timestamp_seconds')})",
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
            "How many around each moment. The one before had not ended: the client is slower than the "
            "interval. Give it a longer one.",
            "short",
            8,
        ),
        _events("waexporter_polls_missed_total", "target", none="none left out"),
        steps=((1, states.ORANGE),),
    ),
)

_LOGINS = (
    lines(
        Head(
            17,
            "Logins",
            "How many around each moment. One a week is normal. Refused ones lock the client's login for an "
            "hour when there are too many. Tokens that are refused again and again: do all webapps share one "
            "database?",
            "short",
            12,
            9,
        ),
        events(_logins, "target", "result", known=_of("waexporter_poll_success"), none="no login"),
    ),
    bars(
        Head(22, "Until logins end", "A login is renewed after three quarters of its week.", "s", 12, 9),
        Query(
            f"sort(bottomk(10, min by (target) ({_of('whatsapp_token_expiry_timestamp_seconds')}) - time()))"
        ),
        steps=((float("-inf"), states.RED), (3600, states.ORANGE), (_DAY, states.GREEN)),
        largest=7.0 * _DAY,
    ),
)

_READ = (
    lines(
        Head(
            20,
            "Samples left out",
            "How many around each moment, by reason: what was malformed, or over a limit. Should be nothing.",
            "short",
            12,
        ),
        _events("waexporter_dropped_samples_total", "reason", none="none left out"),
    ),
    lines(
        Head(
            21,
            "Unknown families",
            "Metrics that no documentation names: a newer client. They are exported all the same.",
            "short",
            12,
        ),
        ranked(
            most(_of("waexporter_unknown_families"), "collector"),
            most(f"max_over_time({_of('waexporter_unknown_families')}[$__range] @ end())", "collector"),
            "target",
            "collector",
            known=_of("waexporter_unknown_families"),
            none="none unknown",
        ),
    ),
)

_PROCESS = (
    grid(
        Head(
            30,
            "Builds",
            "Which waexporter runs where, and since when it holds its configuration.",
            "none",
            24,
            6,
        ),
        [
            f"max by (instance, version, python) ({own('waexporter_build_info')})",
            f"time() - max by (instance) ({own('process_start_time_seconds')} {_WITH} {_RUNS})",
            f"time() - max by (instance) ({own('waexporter_config_last_reload_success_timestamp_seconds')})",
        ],
        [
            Column("instance", "Instance", least=130),
            Column("version", "Version"),
            Column("python", "Python"),
            Column("Value #B", "Up for", unit="s"),
            Column("Value #C", "Configured", unit="s"),
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
        Query(
            f"sum by (instance) ({rate(own('process_cpu_seconds_total'))} {_WITH} {_RUNS})", "{{instance}}"
        ),
        steps=((0.8, states.ORANGE),),
    ),
    lines(
        Head(33, "Memory", "Resident memory of the process.", "bytes", 8),
        Query(f"max by (instance) ({own('process_resident_memory_bytes')} {_WITH} {_RUNS})", "{{instance}}"),
    ),
    lines(
        Head(
            34,
            "Open files",
            "Share of those that it may have open, connections included; at the limit nothing can be polled.",
            "percentunit",
            12,
        ),
        Query(
            f"max by (instance) ({own('process_open_fds')} / {own('process_max_fds')} {_WITH} {_RUNS})",
            "{{instance}}",
        ),
        steps=((0.8, states.ORANGE),),
    ),
    lines(
        Head(35, "Samples of a scrape", "How many series Prometheus reads from each exporter.", "short", 12),
        Query(f"max by (instance) ({own('scrape_samples_scraped')} {_WITH} {_RUNS})", "{{instance}}"),
    ),
)
