"""Checks of what a running daemon receives: its watchdogs, and the webhooks that it refuses; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from waexporter.commands.pager_checks.finding import bad, good, note
from waexporter.timefmt import humanize_seconds, plural
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.commands.pager_checks.finding import Finding
    from waexporter.web.page_document import PageListDocument, RefusedDocument, WatchdogDocument

RECENT: Final = 3600.0  # seconds; older refusals may be over

_LOGIN = (
    "give Alertmanager the secret of pager.webhook: http_config.authorization.credentials_file of its "
    "webhook (or basic_auth), then reload it"
)
_REMEDIES: Mapping[int | None, str] = {
    HTTPStatus.BAD_REQUEST: "send Alertmanager's own webhooks there, and nothing else",
    HTTPStatus.UNAUTHORIZED: _LOGIN,
    HTTPStatus.FORBIDDEN: "deliver from Alertmanager and not from a web page",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "make Alertmanager's groups smaller: name more labels in group_by",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "let the sender pack the body once by gzip or deflate, or not at all",
    None: "look at the network, and for a proxy in between that ends connections early",
}
_LOG = "read the daemon's log"
_MISSING_WATCHDOG = (
    "see that Prometheus sends the alert Watchdog with the labels of match (global.external_labels has "
    "some), and that Alertmanager has a route for it: docs/paging.md; a daemon that has just begun needs a "
    "minute"
)


def check_received(pages: PageListDocument) -> Iterator[Finding]:
    """Check when each watchdog came last, and whose webhooks are refused."""
    for watchdog in pages.watchdogs:
        yield _check_watchdog(watchdog, pages)
    for refused in pages.refused:
        yield _check_refused(refused, pages)


def _check_watchdog(watchdog: WatchdogDocument, pages: PageListDocument) -> Finding:
    name = f"watchdog {watchdog.source}"
    silent, limit = humanize_seconds(watchdog.silent_seconds), humanize_seconds(watchdog.max_silence_seconds)
    if not watchdog.heard:
        instead = "; ".join(printable(each) for each in pages.unexpected_watchdogs)
        remedy = (
            f"another one has come: {instead}; correct match of the entry" if instead else _MISSING_WATCHDOG
        )
        # Before the limit it may still come.
        make_finding = bad if watchdog.silent_seconds > watchdog.max_silence_seconds else note
        return make_finding(f"{name}: has never come, for {silent} of {limit}", remedy)
    if watchdog.silent_seconds > watchdog.max_silence_seconds:
        return bad(f"{name}: was last heard {silent} ago, and {limit} are allowed", _MISSING_WATCHDOG)
    return good(f"{name}: was last heard {silent} ago, of {limit}")


def _check_refused(refused: RefusedDocument, pages: PageListDocument) -> Finding:
    since = _read_time(refused.since)
    ago = (_read_time(pages.at) - _read_time(refused.last)).total_seconds()
    what = "cut off" if refused.status is None else f"answered {refused.status}"
    sender = f"{refused.sender} ({refused.agent})" if refused.agent else refused.sender
    times = plural(refused.webhooks, "webhook")
    words = (
        f"refused: {times} from {printable(sender)}, {what}, the first at {since:%d %b %H:%M} UTC, "
        f"the last {humanize_seconds(ago)} ago: {printable(refused.why)}"
    )
    remedy = _REMEDIES.get(refused.status, _LOG)
    return bad(words, remedy) if ago <= RECENT else note(words, f"if that is not over: {remedy}")


def _read_time(text: str | None) -> datetime:
    return datetime.fromisoformat(text.upper()) if text else datetime.fromtimestamp(0.0, UTC)
