"""The documents of the client's API."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """`gateway_status` of one node; the last two values are our own."""

    CONNECTED = "connected"
    CONNECTING = "connecting"
    DISCONNECTED = "disconnected"
    UNINITIALIZED = "uninitialized"
    UNREGISTERED = "unregistered"
    UNREACHABLE = "unreachable"  # the node's value was an error, not a status
    OTHER = "other"  # a status this program doesn't know


@dataclass(frozen=True, slots=True)
class Gateway:
    """One node of GET /v1/health; a single client has one with node and role empty."""

    node: str
    role: str
    status: Status
    detail: str = ""  # the client's own word when OTHER, the error's message when UNREACHABLE


@dataclass(frozen=True, slots=True)
class Health:
    """The content of GET /v1/health."""

    gateways: tuple[Gateway, ...]
    clustered: bool  # True: the body has a map per node; False: the flat form of a single client
    version: str = ""
    api_status: str = ""


@dataclass(frozen=True, slots=True)
class SupportNode:
    """One node of GET /v1/support; None: a value is missing or unusable."""

    node: str
    role: str = ""
    version: str = ""
    db_engine: str = ""
    expires: float | None = None  # wall clock: the build stops working then
    free_bytes: tuple[tuple[str, float], ...] = ()  # (volume, bytes); a volume without a limit is absent
    shards: tuple[int, ...] | None = None  # the shards that the node owns
    are_shards_all: bool = True  # False: some of its shards could not be read
    socket_connected: bool | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """The content of GET /v1/support."""

    nodes: tuple[SupportNode, ...]
    clustered: bool


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The content of GET /v1/settings/application."""

    numbers: tuple[tuple[str, float], ...] = ()  # (our name, in base units)
    booleans: tuple[tuple[str, bool], ...] = ()
    has_webhook: bool | None = None  # None: it can't be read
    on_call_pager: str | None = None
    has_on_call_pager: bool | None = None  # None: it can't be read
    shards: int | None = None  # from GET /v1/account/shards
    digests: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # (key path, digest of its value)
    changed_keys: tuple[str, ...] = ()  # since the poll before
    changed_at: float | None = None  # wall clock, when a change was last seen


@dataclass(frozen=True, slots=True)
class Certificates:
    """The expiry of certificates."""

    not_after: tuple[tuple[str, float], ...] = ()  # (served | external_ca | webhook_ca, wall clock)


@dataclass(frozen=True, slots=True)
class OnCallGroup:
    """The on-call group."""

    participants: int | None  # people, without the business itself; None: not known, or there is no group
    exists: bool = True
    at_least: int = 0  # people who are known to be in it, if not all are known

    @property
    def is_reachable(self) -> bool | None:
        """Whether anybody would read a page there; None: not known."""
        if not self.exists or self.participants == 0:
            return False
        return True if self.participants or self.at_least else None


@dataclass(frozen=True, slots=True)
class Canary:
    """A contact check from end to end."""

    duration: float  # seconds


Document = Health | Support | ClientSettings | Certificates | OnCallGroup | Canary
