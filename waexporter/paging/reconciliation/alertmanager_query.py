"""Asking Alertmanager what it has of a group of alerts, before people are told that something is over."""

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
from waexporter.transport import lenient_json as liberal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.model import Instant
    from waexporter.transport.exchange import Reply

_TIMEOUT = 3.0  # seconds for each of two requests; a page waits for them
_MOST_GROUPS = 10_000  # that it was seen with, and are remembered
_REST = 15.0  # seconds in which one that did not answer is not asked again
ALERTS = "/api/v2/alerts"
_STATUS = "/api/v2/status"
_PLAIN_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})

_LIST: Final = msgspec.json.Decoder(list[object])
_log = get_logger("pager")


class AlertmanagerAddress(Protocol):
    """Where Alertmanager is."""

    def read(self, timeout: float, suffix: str) -> Reply:
        """GET what is below its address; gives the answer of any status, or raises an ApiError."""
        ...


class Alertmanager:
    """The Alertmanager of `pager.alertmanager_url`; safe to share by threads."""

    def __init__(
        self,
        source: AlertmanagerAddress,
        clock: Callable[[], Instant],
        is_ignored: Callable[[Mapping[str, str]], bool],
    ) -> None:
        """Leave out alerts whose labels are ignored: nobody is paged with them."""
        self._source = source
        self._clock = clock
        self._is_ignored = is_ignored
        self._lock = threading.Lock()  # guards what follows
        self._rests_until = 0.0
        self._problem = ""
        self._had: dict[str, None] = {}  # groups that it was seen with, the latest last

    def has_seen(self, group: AlertGroup) -> bool:
        """Return whether it was ever seen with alerts of a group; else they may be another one's."""
        with self._lock:
            return group.key in self._had

    def query(self, group: AlertGroup) -> GroupReply | None:
        """Ask what it has of a group; None where it can't be asked."""
        if self._clock().steady < self._rests_until:
            return None
        try:
            kinds, unread = _read(self._source, group, self._is_ignored, _TIMEOUT)
        except ApiError as error:
            self._note(str(error))
            return None
        self._note("")
        if kinds or unread:
            self._keep(group)
        age = _read_age(self._source, _TIMEOUT)
        return GroupReply(kinds, age, unread=unread, had_it=self.has_seen(group))

    def _keep(self, group: AlertGroup) -> None:
        with self._lock:
            self._had.pop(group.key, None)
            self._had[group.key] = None
            if len(self._had) > _MOST_GROUPS:
                del self._had[next(iter(self._had))]

    def _note(self, problem: str) -> None:
        """Say once that it can't be asked, and once that it can again."""
        with self._lock:
            before, self._problem = self._problem, problem
            if problem:
                self._rests_until = self._clock().steady + _REST
        if problem and problem != before:
            _log.warning("Alertmanager can't be asked what became of alerts", why=problem)
        elif before and not problem:
            _log.info("Alertmanager can be asked again")


def try_query(source: AlertmanagerAddress, timeout: float) -> tuple[str, bool]:
    """Ask as the daemon will: return what is wrong, and whether it says for how long it has been running."""
    try:
        _, unread = _read(source, AlertGroup(), lambda _: False, timeout)
    except ApiError as error:
        return str(error), False
    return "an alert has no fingerprint" if unread else "", _read_age(source, timeout) is not None


def _read(
    source: AlertmanagerAddress,
    group: AlertGroup,
    is_ignored: Callable[[Mapping[str, str]], bool],
    timeout: float,
) -> tuple[dict[str, ItemKind], int]:
    """Ask for the alerts of a group, and give them as `read_alerts` does; raises an ApiError."""
    reply = source.read(timeout, f"{ALERTS}?{urlencode(list(_query(group)))}")
    if reply.status != HTTPStatus.OK:
        raise BodyError(f"answered {reply.status}")
    try:
        return read_alerts(reply.body, group, is_ignored)
    except liberal.DECODE_ERRORS as error:
        raise BodyError("the answer is no list of alerts") from error


def _read_age(source: AlertmanagerAddress, timeout: float) -> float | None:
    try:
        return read_age(source.read(timeout, _STATUS))
    except ApiError:
        return None


def read_alerts(
    body: bytes, group: AlertGroup, is_ignored: Callable[[Mapping[str, str]], bool]
) -> tuple[dict[str, ItemKind], int]:
    """Read an answer: how each alert of a group stands, by fingerprint, and how many have none; pure.

    What was asked for is that group, so an alert is of another one only where its labels say so.
    """
    kinds, unread = dict[str, ItemKind](), 0
    for said in _LIST.decode(body):
        alert = liberal.as_map(said) or {}
        labels = _labels(alert.get("labels"))
        if labels is not None and (is_ignored(labels) or not _has(labels, group.labels)):
            continue
        fingerprint = alert.get("fingerprint")
        if isinstance(fingerprint, str) and fingerprint:
            kinds[fingerprint] = _kind(alert)
        else:
            unread += 1
    return kinds, unread


def _labels(said: object) -> dict[str, str] | None:
    """Return the labels of an alert; None where they can't be read, for no alert is without any."""
    labels = liberal.as_map(said)
    return labels if labels and all(isinstance(value, str) for value in labels.values()) else None


def _has(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name, "") == value for name, value in wanted.items())


def read_age(reply: Reply) -> float | None:
    """Read for how many seconds Alertmanager has been running; None where it does not say; pure."""
    document = liberal.parse(reply.body, "uptime") if reply.status == HTTPStatus.OK else None
    start = read_time(document["uptime"]) if document else None
    if start is None or reply.date is None or reply.date < start - ROUNDING:
        return None
    return max(reply.date - start, 0.0)


def _kind(alert: Mapping[str, object]) -> ItemKind:
    status = liberal.as_map(alert.get("status")) or {}
    if status.get("state") != "suppressed":
        return ItemKind.FIRED
    is_silenced = status.get("silencedBy") or not status.get("inhibitedBy")
    return ItemKind.SILENCED if is_silenced else ItemKind.INHIBITED


def _query(group: AlertGroup) -> Iterator[tuple[str, str]]:
    for state in ("active", "silenced", "inhibited", "unprocessed"):
        yield state, "true"
    if group.receiver:
        yield "receiver", group.receiver  # a regular expression there as here
    for name, value in group.labels.items():
        if _PLAIN_NAME.fullmatch(name):  # others are looked at in the answer
            yield "filter", f'{name}="{value.translate(_ESCAPES)}"'
