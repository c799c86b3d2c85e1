"""Query Alertmanager for the alerts of a group, before a page says that something is over."""

from __future__ import annotations

import re
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

import msgspec

from waexporter.errors import ApiError, BodyError
from waexporter.log import get_logger
from waexporter.paging.intake.malformed import read_time
from waexporter.paging.model import AlertGroup, ItemKind
from waexporter.paging.reconciliation.missing_alerts import ROUNDING, GroupReply
from waexporter.transport import lenient_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.model import Instant
    from waexporter.transport.exchange import Reply

_TIMEOUT = 3.0  # seconds for each of two requests; a page waits for them
_MAX_GROUPS = 10_000  # remembered as seen in replies
_PAUSE = 15.0  # seconds in which an Alertmanager that did not reply is not queried again
ALERTS = "/api/v2/alerts"
_STATUS = "/api/v2/status"
_PLAIN_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

_LIST: Final = msgspec.json.Decoder(list[object])
_log = get_logger("pager")


class AlertmanagerAddress(Protocol):
    """The address of Alertmanager."""

    def get_subpath(self, timeout: float, suffix: str) -> Reply:
        """GET a path below the address; return the reply, of any status, or raise an ApiError."""
        ...


class Alertmanager:
    """The Alertmanager at `pager.alertmanager_url`; thread-safe."""

    def __init__(
        self,
        address: AlertmanagerAddress,
        clock: Callable[[], Instant],
        is_ignored: Callable[[Mapping[str, str]], bool],
    ) -> None:
        """Leave out the alerts that `is_ignored` returns True for, by their labels: they page nobody."""
        self._address = address
        self._clock = clock
        self._is_ignored = is_ignored
        self._lock = threading.Lock()  # guards what follows
        self._paused_until = 0.0
        self._problem = ""
        self._seen_groups: dict[str, None] = {}  # keys of groups in its replies, the latest last

    def has_seen(self, group: AlertGroup) -> bool:
        """Return whether a reply ever had alerts of a group; if not, they may be another Alertmanager's."""
        with self._lock:
            return group.key in self._seen_groups

    def query(self, group: AlertGroup) -> GroupReply | None:
        """Return the alerts that it has of a group; None if it can't be queried."""
        if self._clock().steady < self._paused_until:
            return None
        try:
            kinds, unread = _request_alerts(self._address, group, self._is_ignored, _TIMEOUT)
        except ApiError as error:
            self._log_change(str(error))
            return None
        self._log_change("")
        if kinds or unread:
            self._remember_group(group)
        age = _request_age(self._address, _TIMEOUT)
        return GroupReply(kinds, age, unread=unread, has_seen_group=self.has_seen(group))

    def _remember_group(self, group: AlertGroup) -> None:
        with self._lock:
            self._seen_groups.pop(group.key, None)
            self._seen_groups[group.key] = None
            if len(self._seen_groups) > _MAX_GROUPS:
                del self._seen_groups[next(iter(self._seen_groups))]

    def _log_change(self, problem: str) -> None:
        """Log once that it can't be queried, and once that it can again."""
        with self._lock:
            before, self._problem = self._problem, problem
            if problem:
                self._paused_until = self._clock().steady + _PAUSE
        if problem and problem != before:
            _log.warning("Alertmanager can't be asked what became of alerts", why=problem)
        elif before and not problem:
            _log.info("Alertmanager can be asked again")


def try_query(address: AlertmanagerAddress, timeout: float) -> tuple[str, bool]:
    """Query as the daemon does; return the problem ('' if none), and whether the reply has the uptime."""
    try:
        _, unread = _request_alerts(address, AlertGroup(), lambda _: False, timeout)
    except ApiError as error:
        return str(error), False
    return "an alert has no fingerprint" if unread else "", _request_age(address, timeout) is not None


def _request_alerts(
    address: AlertmanagerAddress,
    group: AlertGroup,
    is_ignored: Callable[[Mapping[str, str]], bool],
    timeout: float,
) -> tuple[dict[str, ItemKind], int]:
    """Request the alerts of a group, and return them as `read_alerts` does; raise an ApiError."""
    reply = address.get_subpath(timeout, f"{ALERTS}?{urlencode(list(_query_parameters(group)))}")
    if reply.status != HTTPStatus.OK:
        raise BodyError(f"answered {reply.status}")
    try:
        return read_alerts(reply.body, group, is_ignored)
    except lenient_json.DECODE_ERRORS as error:
        raise BodyError("the answer is no list of alerts") from error


def _request_age(address: AlertmanagerAddress, timeout: float) -> float | None:
    try:
        return read_age(address.get_subpath(timeout, _STATUS))
    except ApiError:
        return None


def read_alerts(
    body: bytes, group: AlertGroup, is_ignored: Callable[[Mapping[str, str]], bool]
) -> tuple[dict[str, ItemKind], int]:
    """Read a reply: the kind of each alert of a group, by fingerprint, and how many have none; pure.

    The query was for that group, so an alert is left out only if its labels are readable and differ.
    """
    kinds, unread = dict[str, ItemKind](), 0
    for element in _LIST.decode(body):
        alert = lenient_json.as_map(element) or {}
        labels = _labels(alert.get("labels"))
        if labels is not None and (is_ignored(labels) or not _has_labels(labels, group.labels)):
            continue
        fingerprint = alert.get("fingerprint")
        if isinstance(fingerprint, str) and fingerprint:
            kinds[fingerprint] = _kind(alert)
        else:
            unread += 1
    return kinds, unread


def _labels(value: object) -> dict[str, str] | None:
    """Return the labels of an alert; None if they can't be read, or there are none (every alert has some)."""
    labels = lenient_json.as_map(value)
    return labels if labels and all(isinstance(value, str) for value in labels.values()) else None


def _has_labels(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name, "") == value for name, value in wanted.items())


def read_age(reply: Reply) -> float | None:
    """Return for how many seconds Alertmanager has been running; None if the reply does not say; pure."""
    document = lenient_json.parse(reply.body, "uptime") if reply.status == HTTPStatus.OK else None
    start = read_time(document["uptime"]) if document else None
    if start is None or reply.date is None or reply.date < start - ROUNDING:
        return None
    return max(reply.date - start, 0.0)


def _kind(alert: Mapping[str, object]) -> ItemKind:
    status = lenient_json.as_map(alert.get("status")) or {}
    if status.get("state") != "suppressed":
        return ItemKind.FIRED
    is_silenced = status.get("silencedBy") or not status.get("inhibitedBy")
    return ItemKind.SILENCED if is_silenced else ItemKind.INHIBITED


def _query_parameters(group: AlertGroup) -> Iterator[tuple[str, str]]:
    for state in ("active", "silenced", "inhibited", "unprocessed"):
        yield state, "true"
    if group.receiver:
        yield "receiver", group.receiver  # both are regular expressions
    for name, value in group.labels.items():
        if _PLAIN_NAME.fullmatch(name):  # labels with other names are compared in the reply
            yield "filter", f'{name}="{value.translate(_ESCAPES)}"'
