"""Whether paging itself is healthy: pages leave quickly, and silence would be noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import problems, states
from grafana.source.events import events
from grafana.source.frame import TO_CLIENT, Cover, Row, alerts, framed, of_exporters_and_clients
from grafana.source.panels import Column, Head, Query, bars, grid, lines, number
from grafana.source.selection import client, equal, gained, most, own, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import stat
    from grafana_foundation_sdk.models.dashboard import Dashboard

_ABOUT = 'alertname=~"WaExporterPages.*|WaExporterWatchdog.*|WhatsAppOnCallPagerUnset"'
_SILENT = 180  # seconds: the default max_silence of a watchdog
_SET = most(client("whatsapp_on_call_pager_configured"))
_REACHABLE = most(client("whatsapp_on_call_group_reachable"))
# The group may be configured in waexporter instead of the client: then it is reachable or not.
_NOBODY = f"{_SET} == bool 0 unless on (target) {_REACHABLE} or {_REACHABLE} == bool 0"
_LATE = 60  # seconds: the default fallback_after

_PENDING = own("waexporter_pages_pending")  # there, with whatever value, as soon as a pager runs
_AGE = own("waexporter_watchdog_age_seconds")
_TILE = 8  # wide enough for its title on a small screen
_NONE = -1  # in the place of the number of what there is not, and is not missed
_NO_PAGER: states.States = {_NONE: ("no pager here", "text")}
_NO_LINES = "no pager here, or not known"


def build() -> Dashboard:
    """Build the dashboard."""
    return framed(
        Cover(
            "waexporter-pager",
            "waexporter pager",
            "Whether paging itself is healthy: pages leave, fast, and silence would be noticed.",
        ),
        of_exporters_and_clients(),
        alerts(_ABOUT, by=()),
        [
            Row("", _GLANCE),
            Row("Pages", _PAGES),
            Row("What comes in", _INBOUND),
            Row("Who is paged", _GROUPS),
        ],
    )


def oldest(place: int, width: int, height: int) -> stat.Panel:
    """Build the panel about the page that has waited longest."""
    return number(
        Head(
            place,
            "Oldest page that waits",
            "Over a minute is late: the fallback takes over. 0: none waits.",
            "s",
            width,
            height,
        ),
        _if_any(f"max({own('waexporter_oldest_pending_page_seconds')})"),
        steps=((_LATE / 2, states.ORANGE), (_LATE, states.RED)),
        states=_NO_PAGER,
    )


def silence(place: int, width: int, height: int) -> stat.Panel:
    """Build the panel about the watchdog that has been silent longest."""
    return number(
        Head(
            place,
            "Silence of watchdogs",
            "How long the quietest watchdog has said nothing. Over three minutes, alerts may not reach the "
            "pager at all.",
            "s",
            width,
            height,
        ),
        _if_any(f"max({_AGE})", _AGE),
        steps=((_SILENT / 2, states.ORANGE), (_SILENT, states.RED)),
        states={_NONE: ("none configured", "text")},
    )


def nobody(place: int, width: int, height: int) -> stat.Panel:
    """Build the panel that counts clients for which nobody is paged."""
    unknown = f"({problems.severity_of_worst()} unless on (target) ({_NOBODY}))"
    return number(
        Head(
            place,
            "Clients with nobody to page",
            "No on-call group is set, or it does not exist or has nobody in it. 0 is said only if "
            "it is known of every client.",
            "short",
            width,
            height,
        ),
        Query(f"sum({_NOBODY}) > 0 or sum({_NOBODY}) unless on () {unknown}", ""),
        steps=((1, states.RED),),
    )


def _if_any(expr: str, of: str = _PENDING) -> Query:
    """Return queries for one number, and for the fact that nothing `of` that kind existed within a day."""
    nothing = f"0 * max({own('waexporter_build_info')}) + {_NONE} unless on () last_over_time({of}[1d])"
    return Query(f"{expr} or {nothing}", "")


_FAILED = gained(own("waexporter_pages_total", equal("result", "failed")))

_GLANCE = (
    oldest(1, _TILE, 3),
    number(
        Head(
            2, "Pages that wait", "Pages in the journal that no channel has accepted yet.", "short", _TILE, 3
        ),
        _if_any(f"sum({_PENDING})"),
        steps=((1, states.YELLOW), (10, states.RED)),
        states=_NO_PAGER,
    ),
    number(
        Head(3, "Pages failed", "Given up on a channel in the time shown.", "short", _TILE, 3),
        # What is gone may have failed since: that it had not is no news.
        _if_any(f"sum({_FAILED} > 0 or {_FAILED} and on (job, instance) {_PENDING})"),
        steps=((1, states.RED),),
        states=_NO_PAGER,
    ),
    number(
        Head(
            6,
            "Journal",
            "Whether the journal could be written the last time. If not, Alertmanager is told to try again, "
            "and nothing is lost until it gives up.",
            "none",
            _TILE,
            3,
        ),
        _if_any(f"min({own('waexporter_journal_writable')})"),
        states={0: ("not writable", states.RED), 1: ("writable", states.GREEN)} | _NO_PAGER,
    ),
    silence(4, _TILE, 3),
    nobody(5, _TILE, 3),
)


def _counted(counter: str, *labels: str, none: str) -> Query:
    summed = ", ".join(labels)
    return events(
        lambda gain: f"sum by ({summed}) ({gain(own(counter))})", *labels, known=_PENDING, none=none
    )


_PAGES = (
    lines(
        Head(
            10,
            "Pages by channel and result",
            "How many around each moment. Accepted: a channel took it, which is not yet read. Suppressed: it "
            "said nothing new. Failed: given up on that channel.",
            "short",
            8,
        ),
        _counted("waexporter_pages_total", "channel", "result", none="no page"),
        stacked=True,
        nothing=_NO_LINES,
    ),
    lines(
        Head(
            11,
            "Attempts by answer",
            "How many around each moment, by what the channel answered. Many attempts for few pages: it is "
            "struggling.",
            "short",
            8,
        ),
        _counted("waexporter_page_attempts_total", "channel", "code", none="no attempt"),
        stacked=True,
        nothing=_NO_LINES,
    ),
    lines(
        Head(
            12,
            "Time until acceptance",
            "From the webhook to acceptance: half of the pages, and all but one in twenty.",
            "s",
            8,
        ),
        *(
            Query(
                f"histogram_quantile({share}, sum by (channel, le) "
                f"({rate(own('waexporter_page_delivery_seconds_bucket'))})) >= 0",
                f"{{{{channel}}}} {words}",
            )
            for share, words in ((0.5, "median"), (0.95, "95 %"))
        ),
        steps=((_LATE, states.RED),),
        nothing="no page, or not known",
    ),
    lines(
        Head(13, "Waiting pages over time", "Should fall back to 0 within seconds.", "short", 8),
        Query(f"sum by (instance) ({_PENDING})", "{{instance}}"),
        steps=((10, states.RED),),
        nothing=_NO_LINES,
    ),
    lines(
        Head(14, "Age of the oldest page", "A slope is a page that nobody takes.", "s", 8),
        Query(f"max by (instance) ({own('waexporter_oldest_pending_page_seconds')})", "{{instance}}"),
        steps=((_LATE, states.RED),),
        nothing=_NO_LINES,
    ),
    bars(
        Head(
            15,
            "Since the last page went out",
            "By channel. Long is well if nothing happened; send one with `waexporter pager test`.",
            "s",
            8,
        ),
        Query(
            f"time() - max by (channel) ({own('waexporter_page_last_success_timestamp_seconds')} > 0) "
            f'or on () label_replace(0 * max({_PENDING}) + {_NONE}, "channel", "any channel", "", "")',
            "{{channel}}",
        ),
        steps=((float("-inf"), states.BLUE),),
        states={_NONE: ("no page yet", "text")},
    ),
)

_INBOUND = (
    lines(
        Head(
            20,
            "Webhooks by result",
            "How many Alertmanager posted around each moment. Anything but accepted is an alert that it "
            "sends again, or loses.",
            "short",
            8,
        ),
        _counted("waexporter_webhooks_total", "result", none="no webhook"),
        stacked=True,
        nothing=_NO_LINES,
    ),
    lines(
        Head(
            21,
            "Silence of each watchdog",
            "Time since each source of alerts last showed that it is alive.",
            "s",
            8,
        ),
        Query(f"max by (source) ({_AGE})", "{{source}}"),
        steps=((_SILENT, states.RED),),
        nothing="no watchdog, or not known",
    ),
    lines(
        Head(
            22,
            "May be read twice",
            "How many around each moment were sent again after an attempt whose outcome is not known: better "
            "twice than never.",
            "short",
            8,
        ),
        _counted("waexporter_page_duplicates_total", "instance", none="none"),
        nothing=_NO_LINES,
    ),
)


def _of_every_client(fact: str) -> str:
    """Return states.ABSENT where a fact is not known: Grafana leaves out a column without any value."""
    return f"{fact} or 0 * {problems.severity_of_worst()} - 2"


_GROUPS = (
    grid(
        Head(
            30,
            "On-call groups",
            "Whether each client has an on-call group, whether it can be reached, and how many are in it.",
            "none",
            24,
            8,
        ),
        [
            _of_every_client(_SET),
            _of_every_client(_REACHABLE),
            _of_every_client(most(client("whatsapp_on_call_group_participants"))),
            states.verdict(),
            _of_every_client(_NOBODY),
        ],
        [
            Column("target", "Client", least=190, link=TO_CLIENT),
            Column("Value #D", "Client says", states=states.VERDICTS, width=100),
            Column(
                "Value #E",
                "Pages reach",
                states={0: ("somebody", states.GREEN), 1: ("nobody", states.RED)} | states.ABSENT,
            ),
            Column("Value #A", "Set in the client", states=states.YES_NO | states.ABSENT),
            Column("Value #B", "Reachable", states=states.YES_NO | states.ABSENT, width=100),
            Column(
                "Value #C",
                "People",
                unit="short",
                steps=((float("-inf"), states.RED), (1, states.GREEN)),
                states=states.ABSENT,
                width=90,
            ),
        ],
        worst=("Pages reach",),
    ),
)
