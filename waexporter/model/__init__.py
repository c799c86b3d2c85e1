"""The plain values that flow through the program; standard library only."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model.severity import Severity


class Instant(NamedTuple):
    """One moment on both clocks: people read the wall, ages are measured on the steady one."""

    wall: float  # seconds since the epoch
    steady: float  # seconds of time.monotonic()


def now() -> Instant:
    """Read both clocks."""
    return Instant(time.time(), time.monotonic())


class Secret:
    """A text that can't print itself: only `reveal()` gives it away."""

    __slots__ = ("_text", "file")

    def __init__(self, text: str, file: str | None = None) -> None:
        self._text = text
        self.file = file  # what it was read from; no part of what it is

    def reveal(self) -> str:
        """Give the text itself."""
        return self._text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "<secret>"


class Topology(StrEnum):
    """How the nodes of one client are arranged."""

    SINGLE = "single"
    HA = "ha"
    MULTICONNECT = "multiconnect"


class Endpoint(StrEnum):
    """What of a client is polled; the values are the keys of `poll:` and the label `collector`."""

    HEALTH = "health"
    APP = "app"
    WEB = "web"
    DB = "db"
    SUPPORT = "support"
    SETTINGS = "settings"
    CERTIFICATES = "certificates"
    GROUP = "group"
    CANARY = "canary"


class Reason(StrEnum):
    """Why a poll failed: the label `reason` of `waexporter_poll_failures_total`."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    STATUS = "status"
    BODY = "body"
    TOO_LARGE = "too_large"
    STALE_NODE = "stale_node"


class Drop(StrEnum):
    """Why a sample was left out: the label `reason` of `waexporter_dropped_samples_total`."""

    MALFORMED = "malformed"  # not the shape of a metric or of a sample
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"  # infinite, beyond a double, or a counter below zero
    DUPLICATE = "duplicate"  # the same labels twice in one family
    CLASH = "clash"  # another family has that name already
    LABEL_SETS = "label_sets"  # more label sets in one family than allowed
    SAMPLES = "samples"  # more samples in one answer than allowed


# --- configuration -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a target accepts as proof of identity; all of it may be absent."""

    api_key: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None  # used for every path, without a login
    header: str | None = None  # that carries the key on every path; None: Authorization, where keys are taken

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is shown at all."""
        return self.api_key is None and self.password is None and self.bearer_token is None


@dataclass(frozen=True, slots=True)
class Tls:
    """How a target's certificate is verified, and which one it is shown."""

    ca_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    authority: bytes = field(default=b"", repr=False)  # digest of ca_file: one that is replaced is a change
    cert_file: str | None = None  # both or none
    key_file: str | None = None
    identity: bytes = field(default=b"", repr=False)  # digest of both files


@dataclass(frozen=True, slots=True)
class ProxyAuth:
    """What a proxy accepts as proof of identity."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class PollPlan:
    """When an endpoint is polled and how long one poll may take, in seconds."""

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
    topology: Topology | None = None  # None: found out
    shards: int | None = None  # expected; None: found out
    on_call_group: str | None = None
    canary_number: str | None = None  # whom the canary looks up
    labels: tuple[tuple[str, str], ...] = ()  # sorted by name
    plans: Mapping[Endpoint, PollPlan] = field(default_factory=dict)  # endpoints that are off are absent
    stale_after: float = 3.0  # intervals


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer may cost."""

    body_bytes: int = 16 * 1024 * 1024
    samples_per_endpoint: int = 10_000
    label_sets_per_family: int = 200


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where we listen ourselves."""

    host: str = "127.0.0.1"
    port: int = 9847
    config_file: str | None = None  # exporter-toolkit format

    @property
    def own_url(self) -> str:
        """Where a process of this machine finds what listens there."""
        everywhere = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{everywhere.get(self.host, host)}:{self.port}"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How much is logged, and in which shape."""

    level: str = "info"  # debug | info | warning | error
    format: str = "json"  # json | console


@dataclass(frozen=True, slots=True)
class WebhookAuth:
    """What a webhook has to show; with neither a token nor a password anybody may come in."""

    secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    insecure: bool = False  # said in so many words: nothing has to be shown

    @property
    def is_guarded(self) -> bool:
        """Whether anything has to be shown."""
        return self.secret is not None or self.password is not None


@dataclass(frozen=True, slots=True)
class Watchdog:
    """An alert that must keep coming, and for how long it may stay away."""

    name: str
    match: tuple[tuple[str, str], ...]  # labels it has, sorted by name
    max_silence: float  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many messages in so many seconds."""

    messages: int = 10
    per: float = 300.0


class Format(StrEnum):
    """How a page is written for an address that takes HTTP."""

    JSON = "json"  # {"text": …, "alerts": […]}, or the text alone where that is refused
    TEXT = "text"
    SLACK = "slack"
    GOOGLE_CHAT = "google_chat"
    TEAMS = "teams"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"


@dataclass(frozen=True, slots=True)
class Fallback:
    """A way around WhatsApp: a webhook, or an address of Apprise, to which the format says nothing."""

    url: Secret  # it often holds a token
    format: Format = Format.JSON

    @property
    def is_webhook(self) -> bool:
        """Whether the address is asked by HTTP itself."""
        return self.url.reveal().lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class PagerSettings:
    """How people are paged; times in seconds."""

    state_dir: str = "/var/lib/waexporter"
    webhook: WebhookAuth = WebhookAuth()
    via: tuple[str, ...] = ()  # targets that may carry a page, in order; none: the affected one, then any
    group: str | None = None
    recipients: tuple[str, ...] = ()
    fallback: tuple[Fallback, ...] = ()
    fallback_after: float = 60.0
    give_up_after: float = 1800.0
    rate: Rate = Rate()
    timezone: str = "UTC"  # IANA's name, of the times in pages
    severities: tuple[tuple[str, Severity], ...] = ()  # words of this house, beside the usual ones
    watchdogs: tuple[Watchdog, ...] = ()
    alertmanager_url: Secret | None = None  # asked before an all-clear; may hold a password
    heartbeat_url: Secret | None = None
    heartbeat_interval: float = 60.0
    watch: bool = False
    watch_for: float = 120.0


@dataclass(frozen=True, slots=True)
class Config:
    """The whole effective configuration."""

    targets: tuple[Target, ...]
    limits: Limits = Limits()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()
    workers: int | None = None  # None: sized for the worst case
    pager: PagerSettings | None = None  # None: nobody is paged, nothing listens, nothing is written


# --- what the client says of itself ------------------------------------------------------------


class Status(StrEnum):
    """`gateway_status` of one node, with our two additions at the end."""

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
    detail: str = ""  # the status as said upstream when OTHER, the error's words when UNREACHABLE


@dataclass(frozen=True, slots=True)
class Health:
    """GET /v1/health, understood."""

    gateways: tuple[Gateway, ...]
    clustered: bool  # a map per node, or the flat shape of a single client
    version: str = ""
    api_status: str = ""


@dataclass(frozen=True, slots=True)
class SupportNode:
    """What one node says in GET /v1/support; None where it did not say, or nothing that can be used."""

    node: str
    role: str = ""
    version: str = ""
    db_engine: str = ""
    expires: float | None = None  # wall clock: the build stops working then
    free_bytes: tuple[tuple[str, float], ...] = ()  # (volume, bytes); a volume without a limit is absent
    shards: tuple[int, ...] | None = None  # those it owns
    are_shards_all: bool = True  # else some of them could not be read
    socket_connected: bool | None = None


@dataclass(frozen=True, slots=True)
class Support:
    """GET /v1/support, understood."""

    nodes: tuple[SupportNode, ...]
    clustered: bool


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """GET /v1/settings/application, understood."""

    numbers: tuple[tuple[str, float], ...] = ()  # (our name, in base units)
    truths: tuple[tuple[str, bool], ...] = ()
    has_webhook: bool | None = None  # None: it can't be read
    on_call_pager: str | None = None
    has_on_call_pager: bool | None = None  # None: it can't be read
    shards: int | None = None  # from GET /v1/account/shards
    prints: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # (key path, digest of its value)
    changed_keys: tuple[str, ...] = ()  # since the poll before
    changed_at: float | None = None  # wall clock, when a change was last seen


@dataclass(frozen=True, slots=True)
class Certificates:
    """When certificates end: (served | external_ca | webhook_ca, wall clock)."""

    not_after: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class OnCallGroup:
    """The on-call group."""

    participants: int | None  # people beside the business itself; None: not known, or there is no group
    exists: bool = True
    at_least: int = 0  # people who are known to be in it, where not all of them are

    @property
    def is_reachable(self) -> bool | None:
        """Whether somebody would read a page there; None: not known."""
        if not self.exists or self.participants == 0:
            return False
        return True if self.participants or self.at_least else None


@dataclass(frozen=True, slots=True)
class Canary:
    """A contact check from end to end."""

    duration: float  # seconds


Document = Health | Support | ClientSettings | Certificates | OnCallGroup | Canary

# --- readings ----------------------------------------------------------------------------------


class Distrust(StrEnum):
    """What is wrong with how a client takes the tokens that it gives."""

    CONTRADICTORY = "contradictory"  # a token was refused, and is accepted all the same
    SHORT_LIVED = "short_lived"  # one token after another is refused soon after it was given


@dataclass(frozen=True, slots=True)
class Account:
    """What the logins at one target came to so far."""

    logins: tuple[tuple[str, int], ...] = (("ok", 0), ("refused", 0), ("rate_limited", 0), ("failed", 0))
    token_expires: float | None = None  # wall clock; None without a token, or where its end is not known
    tokens_refused: int = 0  # answers that refused a token where one had been accepted before
    distrust: Distrust | None = None  # seen of late
    secrets_read: int = 0  # that were replaced in their files since the start
    is_accepted: bool = field(
        default=False, compare=False
    )  # the credentials were good for something, and have not been refused since


class Head(NamedTuple):
    """What is said once about a family: its name as in OpenMetrics (a counter's without _total)."""

    name: str
    type: str  # counter | gauge | summary | histogram | unknown | info | stateset
    help: str


class Sample(NamedTuple):
    """One value; the suffix is `_total`, `_sum`, ... or empty."""

    labels: tuple[tuple[str, str], ...]
    value: float
    suffix: str = ""


class Family(NamedTuple):
    """One metric with all its samples."""

    head: Head
    samples: tuple[Sample, ...]


class Fragment(NamedTuple):
    """The rendered sample lines of one family, ready for a page."""

    head: Head
    lines: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """What one source said; behind a load balancer each webapp is a source, elsewhere it is empty."""

    source: str
    fragments: tuple[Fragment, ...]
    samples: int
    # Those of the fragments; the same object as long as the same families are said. Empty: it was not looked.
    heads: tuple[Head, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a poll gave nothing."""

    reason: Reason
    message: str  # one sentence for a person, free of secrets
    code: int | None = None  # the API's own error code
    status: int | None = None  # the HTTP status, or that which the code stands for
    parts: tuple[Part, ...] = ()  # what the failure itself says: a canary that failed is a fact
    retry_after: float | None = None  # seconds for which the client asks not to be asked again
    is_foreign: bool = False  # the answer is not the client's: a gateway gave it
    is_for_admins: bool = False  # a fact about the account, which is good for all else, and nothing to mend


@dataclass(frozen=True, slots=True)
class Success:
    """What a poll gave."""

    parts: tuple[Part, ...] = ()
    document: Document | None = None
    dropped: tuple[tuple[Drop, int], ...] = ()
    losses: tuple[str, ...] = ()  # the first few of what was dropped, in words
    unknown_families: int = 0
    nodes: frozenset[str] = frozenset()  # that answered, in a cluster
    flaws: tuple[Failure, ...] = ()  # what is lacking all the same; each is counted as a failure

    @property
    def samples(self) -> int:
        """How many samples came of it."""
        return sum(part.samples for part in self.parts)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one poll of one endpoint of one target came to."""

    target: str
    endpoint: Endpoint
    at: Instant  # when it ended
    duration: float  # seconds
    outcome: Success | Failure
    account: Account = Account()
    phases: tuple[tuple[str, float], ...] = ()  # of the last request, in seconds
    asked_at: Instant | None = None  # it repeats what came of asking then; None: the client was asked for it

    @property
    def asked(self) -> bool:
        """Whether the client was asked: a reading that repeats another is no poll."""
        return self.asked_at is None


# --- verdicts ----------------------------------------------------------------------------------


class State(StrEnum):
    """The verdict on a client in one word."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason behind a verdict."""

    slug: str  # from the closed set health.SLUGS
    words: str  # one sentence for a person
    node: str = ""  # the node it is about, if it is about one
    since: float = 0.0  # wall clock, when it was first seen
    began: float = 0.0  # steady clock, the same moment: ages are measured by it


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is the matter with one client, judged from everything known of it."""

    state: State
    problems: tuple[Problem, ...] = ()
    since: float = 0.0  # wall clock, when the state last changed
    began: float = 0.0  # steady clock, the same moment: ages are measured by it
    up: bool = False  # the newest health answer is fresh and was understood
    topology: Topology | None = None
    connected: int | None = None  # coreapps
    expected: int | None = None  # coreapps
    shards: int | None = None
    covered: int | None = None
    gateways: tuple[Gateway, ...] = ()
    gateways_since: float = 0.0  # steady clock, when they last changed
    connecting: tuple[tuple[str, float], ...] = ()  # (node, since when on the steady clock)
