"""The collectors for the endpoints of the On-Premises API."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from waexporter.errors import ApiError, BodyError, RefusedError
from waexporter.metrics.layout import LayoutContext
from waexporter.metrics.on_premises.upstream_catalogue import CATALOGUE
from waexporter.metrics.translation import Translator
from waexporter.model import Canary, Certificates, Endpoint, OnCallGroup, Success
from waexporter.polling.failure import to_failure
from waexporter.transport.exchange import Request
from waexporter.whatsapp.documents import certificates, groups, settings, support
from waexporter.whatsapp.documents.envelope import check, status_of
from waexporter.whatsapp.documents.health import read_health
from waexporter.whatsapp.documents.statistics import read_statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.model import ClientSettings
    from waexporter.polling.tables import CollectorContext, Sender
    from waexporter.transport.lenient_json import Parsed


def _get(sender: Sender, path: str, timeout: float, *, needs_new_connection: bool = False) -> bytes:
    reply = sender.send(Request("GET", path, needs_new_connection=needs_new_connection), timeout)
    check(reply)
    return reply.body


def _time_left(deadline: float) -> float:
    """Return the seconds until a deadline of time.monotonic(), at least enough for a request to time out."""
    return max(deadline - time.monotonic(), 0.1)


def _success(read: Parsed[Any]) -> Success:
    """Return the outcome with a parsed document, and with what was dropped from it."""
    return Success(document=read.value, dropped=tuple(read.dropped), losses=read.losses)


# The keys of an answer that lead to its statistics.
STATISTICS_KEYS: Mapping[Endpoint, tuple[str, ...]] = {
    Endpoint.APP: ("stats", "app"),
    Endpoint.DB: ("stats", "db"),
    Endpoint.WEB: ("metrics",),
}


# The number of last answers whose webapp is remembered, which is longer than a connection is kept. For so
# long, a webapp that restarts with another name counts as two.
_MAX_SOURCES = 20
_SEARCHES = 3  # polls after the start that look for several webapps


class HealthCollector:
    """GET /v1/health."""

    def __init__(self, context: CollectorContext) -> None:
        self._path = context.row.path

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return the health document."""
        return _success(read_health(_get(sender, self._path, timeout)))


class StatisticsCollector:
    """GET /v1/stats/app, /v1/stats/db and /v1/metrics."""

    def __init__(self, context: CollectorContext) -> None:
        self._path, self._keys = context.row.path, STATISTICS_KEYS[context.endpoint]
        common = (("target", context.target.name), *context.target.labels)
        documented, has_replicas = CATALOGUE[context.endpoint], context.row.has_replicas
        self._translator = Translator(
            LayoutContext(self._path, common, documented, context.limits, has_replicas)
        )
        self._sources: deque[str] = deque(maxlen=_MAX_SOURCES)  # the webapps that answered, newest last
        self._searches_left = _SEARCHES if has_replicas else 0

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return the statistics, translated to families.

        The first polls open new connections, which a load balancer leads to different webapps. If several
        webapps answer, all polls do so; a single webapp is polled over one connection.
        """
        needs_new = self._searches_left > 0 or len(set(self._sources)) > 1
        self._searches_left = max(self._searches_left - 1, 0)
        body = _get(sender, self._path, timeout, needs_new_connection=needs_new)
        success = self._translator.translate(read_statistics(body, *self._keys))
        self._sources.extend(part.source for part in success.parts)
        return success


class SupportCollector:
    """GET /v1/support."""

    def __init__(self, context: CollectorContext) -> None:
        self._path = context.row.path

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return the builds, disks and shards of all nodes."""
        return _success(support.read_support(_get(sender, self._path, timeout)))


class SettingsCollector:
    """GET /v1/settings/application and GET /v1/account/shards; detects changed settings."""

    _SHARDS_PATH = "/v1/account/shards"

    def __init__(self, context: CollectorContext) -> None:
        self._path = context.row.path
        self._before: ClientSettings | None = None

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return the settings, and which of them have changed."""
        deadline = time.monotonic() + timeout
        read = settings.read_settings(_get(sender, self._path, timeout))
        document = read.value
        try:
            body = _get(sender, self._SHARDS_PATH, _time_left(deadline))
            document = replace(document, shards=settings.read_shards(body))
        except ApiError:
            pass  # a single client and old versions have settings, but no shards
        self._before = document = _with_changes(document, self._before, time.time())
        return replace(_success(read), document=document)


def _with_changes(read: ClientSettings, before: ClientSettings | None, now: float) -> ClientSettings:
    if before is None:
        return read
    old, new = dict(before.digests), dict(read.digests)
    changed = tuple(sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key)))
    return replace(read, changed_keys=changed, changed_at=now if changed else before.changed_at)


class CertificatesCollector:
    """The TLS handshake, GET /v1/certificates/external/ca and GET /v1/certificates/webhooks/ca."""

    _WEBHOOK_PATH = "/v1/certificates/webhooks/ca"

    def __init__(self, context: CollectorContext) -> None:
        self._path = context.row.path

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return the expiry times of all certificates; one that can't be read does not hide the others."""
        deadline = time.monotonic() + timeout
        found: dict[str, float] = {}
        flaws: list[ApiError] = []
        looks: tuple[tuple[str, Callable[[float], float | None]], ...] = (
            ("served", lambda left: _served(sender, left)),
            ("external_ca", lambda left: _stored(sender, self._path, left)),
            ("webhook_ca", lambda left: _stored(sender, self._WEBHOOK_PATH, left)),
        )
        for name, look in looks:
            try:
                end = look(_time_left(deadline))
            except RefusedError as error:
                # Only admins may read the webhooks' CA, and the account need not be an admin's.
                flaws += [] if name == "webhook_ca" else [error]
            except ApiError as error:
                flaws.append(error)
            else:
                found |= {} if end is None else {name: end}
        if not found and flaws:
            raise flaws[0]
        return Success(document=Certificates(tuple(found.items())), flaws=tuple(map(to_failure, flaws)))


def _served(sender: Sender, timeout: float) -> float | None:
    ends = [certificates.read_der(der) for der in sender.fetch_certificates(timeout)]
    return min(ends, default=None)


def _stored(sender: Sender, path: str, timeout: float) -> float | None:
    try:
        return certificates.read_pem(_get(sender, path, timeout))
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


class GroupCollector:
    """GET /v1/groups/{id} of the on-call group."""

    _UNKNOWN_GROUP = 1012

    def __init__(self, context: CollectorContext) -> None:
        self._path, self._group = context.row.path, context.group

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return the members of the group; no document if no group is known, or if a person is paged."""
        deadline = time.monotonic() + timeout
        group = self._group()
        if group is None or groups.phone_number_of(group):
            return Success()
        try:
            return _success(groups.read_group(_get(sender, f"{self._path}/{quote(group, safe='')}", timeout)))
        except ApiError as error:
            if error.code == self._UNKNOWN_GROUP:
                return Success(document=OnCallGroup(None, exists=False))
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            # The latest versions have no groups at all. If this version has, only this group may be missing.
            if groups.lists_group(_get(sender, self._path, _time_left(deadline)), group):
                raise
        return Success(document=OnCallGroup(None, exists=False))


class CanaryCollector:
    """POST /v1/contacts with `blocking: wait`: an end-to-end check, through WhatsApp's own servers."""

    def __init__(self, context: CollectorContext) -> None:
        self._path, self._number = context.row.path, context.target.canary_number

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Return how long the check took; no document if the client has no such endpoint."""
        if self._number is None:
            return Success()
        body = msgspec.json.encode({"blocking": "wait", "contacts": [self._number]})
        began = time.monotonic()
        reply = sender.send(Request("POST", self._path, body=body), timeout)
        if status_of(reply) == HTTPStatus.NOT_FOUND:
            return Success()
        check(reply)
        status = groups.read_contact_status(reply.body)
        if status == "processing":
            raise BodyError("the contact is still being checked, though the answer was to wait for it")
        return Success(document=Canary(time.monotonic() - began))
