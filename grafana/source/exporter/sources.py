"""Where the configuration comes from: files, and a list of targets that a web server publishes."""

from __future__ import annotations

from grafana.source import states
from grafana.source.events import events
from grafana.source.panels import Column, Head, Query, grid, lines
from grafana.source.selection import own

_BUILD = own("waexporter_build_info")  # of every exporter that runs
_WATCHED = own("waexporter_config_watch_timestamp_seconds")
_OF_FILES, _OF_LIST = 'cause!="http_sd"', 'cause="http_sd"'
_SUCCESS = f"min by (instance) ({own('waexporter_http_sd_success')})"
_ANSWERED = own("waexporter_http_sd_last_success_timestamp_seconds")
_LISTED = f"max by (instance) ({own('waexporter_http_sd_targets')})"
_OLD = 900  # seconds: when the alert says so
_STANDS_STILL = 60  # seconds: files are looked at every two

_UNUSED, _NEVER = -2, -3  # in the place of a number that there is not
_NOT_USED: states.States = {_UNUSED: ("not used", "text")}


def _if_used(expr: str, of: str) -> str:
    """Return a value of its own for exporters that run, and have nothing `of` that kind."""
    return f"{expr} or 0 * max by (instance) ({_BUILD}) + {_UNUSED} unless on (instance) {of}"


def _of_list(expr: str) -> str:
    """Return values of their own if there is no list yet, and if none is used."""
    return _if_used(f"{expr} or 0 * {_SUCCESS} + {_NEVER}", _SUCCESS)


PANELS = (
    grid(
        Head(
            40,
            "Where the configuration comes from",
            "Refused: the status page and the log have the problems, and what was accepted last holds. Files "
            "are looked at every two seconds. The list is that of http_sd_url, also with the targets of "
            "other shards.",
            "none",
            24,
            6,
        ),
        [
            f"1 - max by (instance) ({own('waexporter_config_reload_failed', _OF_FILES)})",
            _if_used(f"time() - min by (instance) ({_WATCHED})", _WATCHED),
            _if_used(
                f"{_SUCCESS} - max by (instance) ({own('waexporter_config_reload_failed', _OF_LIST)})",
                _SUCCESS,
            ),
            _of_list(f"time() - min by (instance) ({_ANSWERED})"),
            _of_list(_LISTED),
        ],
        [
            Column("instance", "Instance", least=130),
            Column(
                "Value #A",
                "Files",
                states={0: ("refused", states.ORANGE), 1: ("accepted", states.GREEN)},
                width=100,
            ),
            Column(
                "Value #B",
                "Looked at",
                unit="s",
                steps=((float("-inf"), states.GREEN), (_STANDS_STILL, states.ORANGE)),
                states={_UNUSED: ("by hand", "text")},
                width=105,
            ),
            Column(
                "Value #C",
                "List",
                states={
                    -1: ("refused", states.ORANGE),
                    0: ("no answer", states.ORANGE),
                    1: ("in effect", states.GREEN),
                }
                | _NOT_USED,
                width=105,
            ),
            Column(
                "Value #D",
                "Answered",
                unit="s",
                steps=((float("-inf"), states.GREEN), (_OLD, states.ORANGE)),
                states=_NOT_USED | {_NEVER: ("never", states.ORANGE)},
                width=105,
            ),
            Column(
                "Value #E",
                "Targets",
                unit="short",
                steps=((float("-inf"), states.BLUE),),
                states=_NOT_USED | {_NEVER: ("none yet", states.ORANGE)},
                width=95,
            ),
        ],
    ),
    lines(
        Head(
            41,
            "Reloads by cause and result",
            "How many around each moment. File: one has changed. Signal and request: somebody asked for it. "
            "Http_sd: the list of targets has changed. Failed ones change nothing.",
            "short",
            12,
        ),
        events(
            lambda gain: f"sum by (cause, result) ({gain(own('waexporter_config_reloads_total'))})",
            "cause",
            "result",
            known=_BUILD,
            none="no reload",
        ),
    ),
    lines(
        Head(
            42,
            "Targets in the list",
            "How many http_sd_url publishes for each exporter; a sudden fall may be a mistake there.",
            "short",
            12,
        ),
        Query(
            f'{_LISTED} or on () label_replace(0 * max({_BUILD}), "instance", "no list", "", "")',
            "{{instance}}",
        ),
    ),
)
