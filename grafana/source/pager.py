"""Whether paging itself is healthy: pages leave, fast, and silence would be noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import states
from grafana.source.frame import Cover, Row, alerts, framed, of_clients
from grafana.source.panels import Column, Head, Query, bars, grid, lines, number
from grafana.source.selection import client, equal, gained, most, own, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

_ABOUT = 'alertname=~"WaExporterPages.*|WaExporterWatchdog.*|WhatsAppOnCallPagerUnset"'
_SILENT = 180  # seconds: the default max_silence of a watchdog
_SET = most(client("whatsapp_on_call_pager_configured"))
_REACHABLE = most(client("whatsapp_on_call_group_reachable"))
# The group may be configured in waexporter instead of the client: then it is reachable or not.
_NOBODY = f"{_SET} == bool 0 unless on (target) {_REACHABLE} or {_REACHABLE} == bool 0"
_LATE = 60  # seconds: the default fallback_after


def build() -> Dashboard:
    """Build the dashboard."""
    return framed(
        Cover(
            "waexporter-pager",
            "waexporter pager",
            "Whether paging itself is healthy: pages leave, fast, and silence would be noticed.",
        ),
        of_clients(),
        alerts(_ABOUT, by=()),
        [
            Row("", _GLANCE),
            Row("Pages", _PAGES),
            Row("What comes in", _INBOUND),
            Row("Who is paged", _GROUPS),
        ],
    )


def _a_minute(selector: str) -> str:
    # Pages are rare: one reads better as 1 than as 0.02 a second.
    return f"60 * {rate(selector)}"


_GLANCE = (
    number(
        Head(
            1,
            "Oldest page that waits",
            "Over a minute is late: the fallback takes over. 0: none waits.",
            "s",
            4,
            4,
        ),
        Query(f"max({own('waexporter_oldest_pending_page_seconds')})", ""),
        steps=((_LATE / 2, states.ORANGE), (_LATE, states.RED)),
    ),
    number(
        Head(2, "Pages that wait", "Pages in the journal that no channel has accepted yet.", "short", 4, 4),
        Query(f"sum({own('waexporter_pages_pending')})", ""),
        steps=((1, states.YELLOW), (10, states.RED)),
    ),
    number(
        Head(3, "Pages failed", "Given up on a channel in the time shown.", "short", 4, 4),
        Query(f"sum({gained(own('waexporter_pages_total', equal('result', 'failed')))})", ""),
        steps=((0.5, states.RED),),
    ),
    number(
        Head(
            6,
            "Journal",
            "Whether the journal could be written the last time. If not, Alertmanager is told to try again, "
            "and nothing is lost until it gives up.",
            "none",
            4,
            4,
        ),
        Query(f"min({own('waexporter_journal_writable')})", ""),
        states={0: ("not writable", states.RED), 1: ("writable", states.GREEN)},
    ),
    number(
        Head(
            4,
            "Silence of watchdogs",
            "How long the quietest watchdog has said nothing. Over three minutes, alerts may not reach the "
            "pager at all.",
            "s",
            4,
            4,
        ),
        Query(f"max({own('waexporter_watchdog_age_seconds')})", ""),
        steps=((_SILENT / 2, states.ORANGE), (_SILENT, states.RED)),
        nothing="none configured",
    ),
    number(
        Head(
            5,
            "Clients with nobody to page",
            "No on-call group is set, or it does not exist or has nobody in it.",
            "short",
            4,
            4,
        ),
        Query(f"sum({_NOBODY})", ""),
        steps=((1, states.RED),),
    ),
)

_PAGES = (
    lines(
        Head(
            10,
            "Pages by channel and result",
            "How many a minute. Accepted: a channel took it, which is "
            "not yet read. Suppressed: it said nothing new. Failed: given up on that channel.",
            "short",
            8,
        ),
        Query(
            f"sum by (channel, result) ({_a_minute(own('waexporter_pages_total'))})", "{{channel}} {{result}}"
        ),
        stacked=True,
    ),
    lines(
        Head(
            11,
            "Attempts by channel and answer",
            "How many a minute, by what the channel answered. Many attempts for few pages: it is struggling.",
            "short",
            8,
        ),
        Query(
            f"sum by (channel, code) ({_a_minute(own('waexporter_page_attempts_total'))})",
            "{{channel}} {{code}}",
        ),
        stacked=True,
    ),
    lines(
        Head(
            12,
            "Time until a channel accepts a page",
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
    ),
    lines(
        Head(13, "Waiting pages over time", "Should fall back to 0 within seconds.", "short", 8),
        Query(f"sum by (instance) ({own('waexporter_pages_pending')})", "{{instance}}"),
        steps=((10, states.RED),),
    ),
    lines(
        Head(14, "Age of the oldest page that waits", "A slope is a page that nobody takes.", "s", 8),
        Query(f"max by (instance) ({own('waexporter_oldest_pending_page_seconds')})", "{{instance}}"),
        steps=((_LATE, states.RED),),
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
            f"time() - max by (channel) ({own('waexporter_page_last_success_timestamp_seconds')} > 0)",
            "{{channel}}",
        ),
        steps=((float("-inf"), states.BLUE),),
    ),
)

_INBOUND = (
    lines(
        Head(
            20,
            "Webhooks by result",
            "How many Alertmanager posted a minute. Anything but accepted is an alert that it sends again, "
            "or loses.",
            "short",
            8,
        ),
        Query(f"sum by (result) ({_a_minute(own('waexporter_webhooks_total'))})", "{{result}}"),
        stacked=True,
    ),
    lines(
        Head(
            21,
            "Silence of each watchdog",
            "Time since each source of alerts last showed that it is alive.",
            "s",
            8,
        ),
        Query(f"max by (source) ({own('waexporter_watchdog_age_seconds')})", "{{source}}"),
        steps=((_SILENT, states.RED),),
        nothing="none configured",
    ),
    lines(
        Head(
            22,
            "Messages that may be read twice",
            "How many a minute were sent again after an attempt whose outcome is not known: better twice "
            "than never.",
            "short",
            8,
        ),
        Query(f"sum by (instance) ({_a_minute(own('waexporter_page_duplicates_total'))})", "{{instance}}"),
    ),
)

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
            _SET,
            _REACHABLE,
            most(client("whatsapp_on_call_group_participants")),
            states.verdict(),
            _NOBODY,
        ],
        [
            Column("target", "Client"),
            Column("Value #D", "Verdict", states=states.VERDICTS),
            Column(
                "Value #E",
                "Pages reach",
                states={0: ("somebody", states.GREEN), 1: ("nobody", states.RED)},
            ),
            Column("Value #A", "Set in the client", states=states.YES_NO),
            Column("Value #B", "Reachable", states=states.YES_NO),
            Column(
                "Value #C", "People", unit="short", steps=((float("-inf"), states.RED), (1, states.GREEN))
            ),
        ],
        worst=("Pages reach",),
    ),
)
