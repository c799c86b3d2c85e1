"""The outcome of a poll."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from waexporter.model.documents import Document
    from waexporter.model.instant import Instant
    from waexporter.model.samples import Part
    from waexporter.model.targets import Endpoint


class Reason(StrEnum):
    """The reason of a failed poll: the label `reason` of `waexporter_poll_failures_total`."""

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
    """The reason why a sample was dropped: the label `reason` of `waexporter_dropped_samples_total`."""

    MALFORMED = "malformed"  # not the shape of a metric or of a sample
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"  # infinite, beyond a double, or a counter below zero
    DUPLICATE = "duplicate"  # the same labels twice in one family
    CLASH = "clash"  # another family has that name already
    LABEL_SETS = "label_sets"  # more label sets in one family than allowed
    SAMPLES = "samples"  # more samples in one answer than allowed


class Distrust(StrEnum):
    """A contradiction in how a client accepts its own tokens."""

    CONTRADICTORY = "contradictory"  # a token is accepted again after it was refused
    SHORT_LIVED = "short_lived"  # several tokens in a row were refused soon after the login


@dataclass(frozen=True, slots=True)
class Account:
    """The results of the logins at one target so far."""

    logins: tuple[tuple[str, int], ...] = (("ok", 0), ("refused", 0), ("rate_limited", 0), ("failed", 0))
    token_expires: float | None = None  # wall clock; None without a token, or if its expiry is not known
    tokens_refused: int = 0  # answers that refused a token although one had been accepted before
    distrust: Distrust | None = None  # seen lately
    secrets_read: int = 0  # new secrets that were read from their files since the start
    # The credentials were accepted once, and have not been refused since.
    is_accepted: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """The outcome of a poll that failed."""

    reason: Reason
    message: str  # one sentence for a person, free of secrets
    code: int | None = None  # the API's own error code
    status: int | None = None  # the HTTP status, or the one that the code means
    parts: tuple[Part, ...] = ()  # samples of the failure itself, such as those of a failed canary
    retry_after: float | None = None  # seconds; the client's own Retry-After
    is_foreign: bool = False  # the answer came from a gateway, not from the client
    is_for_admins: bool = False  # the account is no admin's: no fault, since it may use all other endpoints


@dataclass(frozen=True, slots=True)
class Success:
    """The outcome of a poll that succeeded."""

    parts: tuple[Part, ...] = ()
    document: Document | None = None
    dropped: tuple[tuple[Drop, int], ...] = ()
    losses: tuple[str, ...] = ()  # the first few dropped samples, in words
    unknown_families: int = 0
    nodes: frozenset[str] = frozenset()  # the nodes that answered, in a cluster
    flaws: tuple[Failure, ...] = ()  # parts that failed nevertheless; each is counted as a failure

    @property
    def samples(self) -> int:
        """The number of samples."""
        return sum(part.samples for part in self.parts)


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one poll of one endpoint of one target."""

    target: str
    endpoint: Endpoint
    at: Instant  # when it ended
    duration: float  # seconds
    outcome: Success | Failure
    account: Account = Account()
    phases: tuple[tuple[str, float], ...] = ()  # of the last request, in seconds
    asked_at: Instant | None = None  # if it repeats an earlier reading: when the client was asked; else None

    @property
    def asked(self) -> bool:
        """Whether the client was asked: a reading that repeats another is no poll."""
        return self.asked_at is None
