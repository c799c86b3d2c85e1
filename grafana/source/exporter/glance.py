"""Whether the exporter runs, and which polls fail now."""

from __future__ import annotations

from grafana.source import states
from grafana.source.frame import TO_CLIENT
from grafana.source.panels import Column, Head, Query, grid, number
from grafana.source.selection import gained, most, own, polled, running
from waexporter.model import Reason

_TILE = 8  # wide enough for its title on a small screen
# Prometheus says `up` of all that it scrapes: of exporters it is where one told its build within a day.
_SCRAPED = f"{own('up')} and on (job, instance) last_over_time({own('waexporter_build_info')}[1d])"
_CRASHES = gained(own("waexporter_crashes_total"))

# Of two exporters that poll one client, the one that is worse off: it is the exporter that this is about.
_POLLED = f"min by (target, collector) ({polled('waexporter_poll_success')})"
_FAILING = f"{_POLLED} == 0"
_SINCE = f"time() - min by (target, collector) ({polled('waexporter_last_success_timestamp_seconds')})"
_REASONS = most(f"round(increase({polled('waexporter_poll_failures_total')}[1h]))", "collector", "reason")
_IN_WORDS = {reason.value: (reason.value.replace("_", " "), None) for reason in Reason}


def _every_poll(expr: str) -> str:
    """Return a row of its own while no poll fails, because no row means unknown."""
    return f'label_replace({expr} unless on () {_FAILING}, "collector", "all", "", "")'


PANELS = (
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
        Query(f"sum({_CRASHES} > 0 or {running(_CRASHES)})", ""),
        steps=((1, states.RED),),
    ),
    number(
        Head(
            5,
            "Configuration loaded",
            "No: a new one is refused, and the one before holds.",
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
    grid(
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
            Column("target", "Client", least=190, link=TO_CLIENT, absent="all clients"),
            Column("collector", "Collector", width=100),
            Column(
                "Value #A", "Last poll", states={0: ("failed", states.RED), 1: ("succeeded", states.GREEN)}
            ),
            Column("reason", "Reason", texts=_IN_WORDS, absent="-"),
            Column("Value #B", "Last success", unit="s", absent="never"),
        ],
        worst=("Last success",),
    ),
)
