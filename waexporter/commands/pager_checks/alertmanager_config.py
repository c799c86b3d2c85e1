"""The parts of Alertmanager's configuration that matter to the pager: webhooks and routes; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waexporter.config import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN = "<secret>"  # from 0.26 on, Alertmanager shows this instead of a webhook's url
PATH = "/api/v1/alerts"
_GROUP_INTERVAL, _REPEAT_INTERVAL = 300.0, 14_400.0  # seconds, Alertmanager's defaults
_MATCHER = re.compile(r'\s*"?([^"=!~]+?)"?\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*')


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """One entry of a receiver's `webhook_configs`."""

    receiver: str
    url: str  # HIDDEN if Alertmanager hides it, "" if it is in a file
    sends_resolved: bool
    max_alerts: int  # 0: no limit
    has_auth: bool  # a secret is sent

    @property
    def is_hidden(self) -> bool:
        """Whether its url is not known."""
        return self.url in {HIDDEN, ""}

    @property
    def leads_to_alerts(self) -> bool:
        """Whether the path is the pager's."""
        return _path(self.url).endswith(PATH)

    @property
    def nearly_leads_to_alerts(self) -> bool:
        """Whether the path is almost the pager's."""
        return not self.leads_to_alerts and PATH in re.sub("/+", "/", _path(self.url)).lower()

    @property
    def port(self) -> int | None:
        """The port of the url."""
        try:
            parts = urlsplit(self.url)
            return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class RouteNode:
    """One node of the route tree, with the values it inherits; intervals in seconds."""

    receiver: str
    group_interval: float = _GROUP_INTERVAL
    repeat_interval: float = _REPEAT_INTERVAL
    matchers: tuple[tuple[str, str, str], ...] = ()  # (label, = != =~ !~, value)
    continues: bool = False  # `continue`
    routes: tuple[RouteNode, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether this route matches an alert with these labels."""
        return all(_matches(labels.get(name, ""), sign, value) for name, sign, value in self.matchers)

    def leaves_for(self, labels: Mapping[str, str]) -> Iterator[RouteNode]:
        """Yield the routes whose receivers get an alert with these labels."""
        if not self.matches(labels):
            return
        is_matched = False
        for route in self.routes:
            leaves = list(route.leaves_for(labels))
            yield from leaves
            is_matched |= bool(leaves)
            if leaves and not route.continues:
                break
        if not is_matched:
            yield self

    def all(self) -> Iterator[RouteNode]:
        """Yield this route and all below it."""
        yield self
        for route in self.routes:
            yield from route.all()


@dataclass(frozen=True, slots=True)
class AlertmanagerConfig:
    """The webhooks of all receivers, and the route tree."""

    webhooks: tuple[WebhookConfig, ...]
    root: RouteNode


def read_config(document: Mapping[object, object]) -> AlertmanagerConfig:
    """Read the configuration; ignore values of an unexpected type."""
    webhooks = [
        webhook for receiver in _maps(document.get("receivers")) for webhook in _read_webhooks(receiver)
    ]
    return AlertmanagerConfig(tuple(webhooks), _read_route(_map(document.get("route")), RouteNode("")))


def _read_webhooks(receiver: Mapping[object, object]) -> Iterator[WebhookConfig]:
    for webhook in _maps(receiver.get("webhook_configs")):
        http_config = _map(webhook.get("http_config"))
        max_alerts = webhook.get("max_alerts")
        yield WebhookConfig(
            receiver=str(receiver.get("name", "")),
            url=str(webhook.get("url") or ""),
            sends_resolved=webhook.get("send_resolved") is not False,
            max_alerts=max_alerts if isinstance(max_alerts, int) else 0,
            has_auth=any(http_config.get(key) for key in ("authorization", "basic_auth", "oauth2")),
        )


def _read_route(document: Mapping[object, object], parent: RouteNode) -> RouteNode:
    receiver = str(document.get("receiver") or parent.receiver)
    group_interval = _read_duration(document.get("group_interval"), parent.group_interval)
    repeat_interval = _read_duration(document.get("repeat_interval"), parent.repeat_interval)
    here = RouteNode(
        receiver,
        group_interval,
        repeat_interval,
        tuple(_read_matchers(document)),
        document.get("continue") is True,
    )
    return replace(here, routes=tuple(_read_route(each, here) for each in _maps(document.get("routes"))))


def _read_matchers(document: Mapping[object, object]) -> Iterator[tuple[str, str, str]]:
    for key, sign in (("match", "="), ("match_re", "=~")):
        for name, value in _map(document.get(key)).items():
            yield str(name), sign, str(value)
    matchers = document.get("matchers")
    for matcher in matchers if isinstance(matchers, list) else ():
        if found := _MATCHER.fullmatch(str(matcher)):
            yield found[1], found[2], re.sub(r"\\(.)", r"\1", found[3]) if "~" not in found[2] else found[3]


def _matches(has: str, sign: str, value: str) -> bool:
    if "~" not in sign:
        return (has == value) is (sign == "=")
    try:
        return bool(re.fullmatch(value, has)) is (sign == "=~")
    except re.error:  # Go's syntax has a few things that Python's lacks
        return False


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _read_duration(document: object, default: float) -> float:
    try:
        return parse_duration(document) if isinstance(document, str) else default
    except ValueError:
        return default


def _map(document: object) -> Mapping[object, object]:
    return document if isinstance(document, dict) else {}


def _maps(document: object) -> list[Mapping[object, object]]:
    return [each for each in document if isinstance(each, dict)] if isinstance(document, list) else []
