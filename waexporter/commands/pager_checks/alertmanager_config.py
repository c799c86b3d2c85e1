"""Alertmanager's configuration, as far as it says what reaches the pager and when; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waexporter.config import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HIDDEN = "<secret>"  # what Alertmanager shows, from 0.26 on, in place of a webhook's url
PATH = "/api/v1/alerts"
_GROUP_INTERVAL, _REPEAT_INTERVAL = 300.0, 14_400.0  # seconds, Alertmanager's defaults
_MATCHER = re.compile(r'\s*"?([^"=!~]+?)"?\s*(=~|!~|!=|=)\s*"?(.*?)"?\s*')


@dataclass(frozen=True, slots=True)
class Hook:
    """One entry of a receiver's `webhook_configs`."""

    receiver: str
    url: str  # HIDDEN where Alertmanager does not tell, "" where a file has it
    sends_resolved: bool
    max_alerts: int  # 0: no limit
    has_login: bool  # a secret goes along

    @property
    def is_hidden(self) -> bool:
        """Whether nobody can see where it leads."""
        return self.url in {HIDDEN, ""}

    @property
    def leads_to_alerts(self) -> bool:
        """Whether the path is the pager's."""
        return _path(self.url).endswith(PATH)

    @property
    def nearly_leads_to_alerts(self) -> bool:
        """Whether the path is meant to be the pager's, and is not."""
        return not self.leads_to_alerts and "/api/v1/alerts" in re.sub("/+", "/", _path(self.url)).lower()

    @property
    def port(self) -> int | None:
        """The port it leads to."""
        try:
            parts = urlsplit(self.url)
            return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Route:
    """One node of the route tree, with what it inherits; times in seconds."""

    receiver: str
    group_interval: float = _GROUP_INTERVAL
    repeat_interval: float = _REPEAT_INTERVAL
    matchers: tuple[tuple[str, str, str], ...] = ()  # (label, = != =~ !~, value)
    goes_on: bool = False  # `continue`
    routes: tuple[Route, ...] = field(default=())

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert with these labels goes here."""
        return all(_matches(labels.get(name, ""), sign, value) for name, sign, value in self.matchers)

    def leaves_for(self, labels: Mapping[str, str]) -> Iterator[Route]:
        """Give the routes at which an alert with these labels ends, as Alertmanager walks."""
        if not self.matches(labels):
            return
        is_taken = False
        for route in self.routes:
            leaves = list(route.leaves_for(labels))
            yield from leaves
            is_taken |= bool(leaves)
            if leaves and not route.goes_on:
                break
        if not is_taken:
            yield self

    def all(self) -> Iterator[Route]:
        """Give this route and every one below."""
        yield self
        for route in self.routes:
            yield from route.all()


@dataclass(frozen=True, slots=True)
class Setup:
    """What of the configuration concerns the pager."""

    hooks: tuple[Hook, ...]
    root: Route


def read_setup(document: Mapping[object, object]) -> Setup:
    """Read the configuration; what is not as expected counts as not said."""
    hooks = [hook for receiver in _maps(document.get("receivers")) for hook in _hooks(receiver)]
    return Setup(tuple(hooks), _route(_map(document.get("route")), Route("")))


def _hooks(receiver: Mapping[object, object]) -> Iterator[Hook]:
    for hook in _maps(receiver.get("webhook_configs")):
        login = _map(hook.get("http_config"))
        most = hook.get("max_alerts")
        yield Hook(
            receiver=str(receiver.get("name", "")),
            url=str(hook.get("url") or ""),
            sends_resolved=hook.get("send_resolved") is not False,
            max_alerts=most if isinstance(most, int) else 0,
            has_login=any(login.get(key) for key in ("authorization", "basic_auth", "oauth2")),
        )


def _route(said: Mapping[object, object], parent: Route) -> Route:
    receiver = str(said.get("receiver") or parent.receiver)
    group_interval = _seconds(said.get("group_interval"), parent.group_interval)
    repeat_interval = _seconds(said.get("repeat_interval"), parent.repeat_interval)
    here = Route(receiver, group_interval, repeat_interval)
    return Route(
        receiver,
        group_interval,
        repeat_interval,
        tuple(_matchers(said)),
        said.get("continue") is True,
        tuple(_route(each, here) for each in _maps(said.get("routes"))),
    )


def _matchers(said: Mapping[object, object]) -> Iterator[tuple[str, str, str]]:
    for key, sign in (("match", "="), ("match_re", "=~")):
        for name, value in _map(said.get(key)).items():
            yield str(name), sign, str(value)
    matchers = said.get("matchers")
    for matcher in matchers if isinstance(matchers, list) else ():
        if found := _MATCHER.fullmatch(str(matcher)):
            yield found[1], found[2], re.sub(r"\\(.)", r"\1", found[3]) if "~" not in found[2] else found[3]


def _matches(has: str, sign: str, value: str) -> bool:
    if "~" not in sign:
        return (has == value) is (sign == "=")
    try:
        return bool(re.fullmatch(value, has)) is (sign == "=~")
    except re.error:  # Go's dialect knows a little that ours does not
        return False


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _seconds(said: object, default: float) -> float:
    try:
        return parse_duration(said) if isinstance(said, str) else default
    except ValueError:
        return default


def _map(said: object) -> Mapping[object, object]:
    return said if isinstance(said, dict) else {}


def _maps(said: object) -> list[Mapping[object, object]]:
    return [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
