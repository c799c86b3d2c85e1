"""Polls, logins and readings over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import states
from grafana.source.events import events, ranked
from grafana.source.frame import TO_CLIENT
from grafana.source.panels import Column, Head, Query, grid, lines
from grafana.source.selection import most, own, polled, rate

if TYPE_CHECKING:
    from grafana.source.selection import Gain

_DAY = 86_400


def _events(counter: str, *labels: str, none: str) -> Query:
    by = ", ".join(labels)
    return events(
        lambda gain: f"sum by ({by}) ({gain(polled(counter))})",
        *labels,
        known=polled("waexporter_poll_success"),
        none=none,
    )


def _logins(gain: Gain) -> str:
    logins = f"sum by (target, result) ({gain(polled('waexporter_logins_total'))})"
    refused = f"sum by (target) ({gain(polled('waexporter_tokens_refused_total'))})"
    return f'{logins} or label_replace({refused}, "result", "token refused", "", "")'


POLLS = (
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
        Query(f"sum by (collector) ({rate(polled('waexporter_polls_total'))})", "{{collector}}"),
        stacked=True,
    ),
    lines(
        Head(13, "Time a poll takes", "The slowest client of each collector, login included.", "s", 8),
        Query(f"max by (collector) ({polled('waexporter_poll_duration_seconds')})", "{{collector}}"),
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
            f"time() - min by (collector) ({polled('waexporter_last_success_timestamp_seconds')})",
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

_EXPIRY = polled("whatsapp_token_expiry_timestamp_seconds")

LOGINS = (
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
        events(_logins, "target", "result", known=polled("waexporter_poll_success"), none="no login"),
    ),
    grid(
        Head(22, "Until logins end", "A login is renewed after three quarters of its week.", "none", 12, 9),
        [f"sort(bottomk(10, min by (target) ({_EXPIRY}) - time()))"],
        [
            Column("target", "Client", least=190, link=TO_CLIENT),
            Column(
                "Value",
                "Ends in",
                unit="s",
                steps=((float("-inf"), states.RED), (3600, states.ORANGE), (_DAY, states.GREEN)),
                width=95,
            ),
        ],
    ),
)

READ = (
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
            most(polled("waexporter_unknown_families"), "collector"),
            most(f"max_over_time({polled('waexporter_unknown_families')}[$__range] @ end())", "collector"),
            "target",
            "collector",
            known=polled("waexporter_unknown_families"),
            none="none unknown",
        ),
    ),
)
