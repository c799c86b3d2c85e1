"""The clients that are polled, as configured."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model.secret import Secret


class ClientKind(StrEnum):
    """The API that a client speaks; it chooses the tables of endpoints, rules and families."""

    ON_PREMISES = "on_premises"


class Topology(StrEnum):
    """The arrangement of a client's nodes."""

    SINGLE = "single"
    HA = "ha"
    MULTICONNECT = "multiconnect"


class Endpoint(StrEnum):
    """An endpoint of a client; the values are the keys of `poll:` and the label `collector`."""

    HEALTH = "health"
    APP = "app"
    WEB = "web"
    DB = "db"
    SUPPORT = "support"
    SETTINGS = "settings"
    CERTIFICATES = "certificates"
    GROUP = "group"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials for a target; all of them may be absent."""

    api_key: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None  # used for every path, without a login
    header: str | None = (
        None  # sent with the key on every path; None: Authorization, on paths that accept keys
    )

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are sent without credentials."""
        return self.api_key is None and self.password is None and self.bearer_token is None


@dataclass(frozen=True, slots=True)
class Tls:
    """The settings of TLS: how a target's certificate is verified, and our client certificate."""

    ca_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    authority: bytes = field(default=b"", repr=False)  # digest of ca_file, to notice that it was replaced
    cert_file: str | None = None  # set together with key_file, or neither
    key_file: str | None = None
    identity: bytes = field(default=b"", repr=False)  # digest of cert_file and key_file


@dataclass(frozen=True, slots=True)
class ProxyAuth:
    """The credentials for a proxy."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class PollPlan:
    """The interval and the timeout of an endpoint's polls, in seconds."""

    interval: float
    timeout: float


@dataclass(frozen=True, slots=True)
class Target:
    """One WhatsApp client, as configured."""

    name: str
    url: str  # scheme://host[:port][/prefix], without a trailing slash and without /v1
    auth: Credentials = Credentials()
    tls: Tls = Tls()
    proxy_url: str | None = None
    proxy_auth: ProxyAuth | None = None
    topology: Topology | None = None  # None: detected
    shards: int | None = None  # the expected number; None: detected
    on_call_group: str | None = None
    canary_number: str | None = None  # the number that the canary looks up
    labels: tuple[tuple[str, str], ...] = ()  # sorted by name
    plans: Mapping[Endpoint, PollPlan] = field(default_factory=dict)  # endpoints that are off are absent
    stale_after: float = 3.0  # intervals
    kind: ClientKind = ClientKind.ON_PREMISES
