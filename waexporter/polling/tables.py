"""How clients of one kind are polled and judged: a row for each endpoint, and its other tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from waexporter.metrics.tally import AnswerKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from waexporter.health.judging import HealthRules
    from waexporter.metrics.kind_families import KindFamilies
    from waexporter.model import Account, Document, Endpoint, Failure, Limits, Success, Target, Verdict
    from waexporter.transport.exchange import Reply, Request


class Sender(Protocol):
    """A client, or a recording of one, as collectors use it."""

    target: Target

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request; return a reply of any status, or raise an ApiError."""
        ...

    def fetch_certificates(self, timeout: float) -> tuple[bytes, ...]:
        """Return the certificates of the TLS handshake as DER, its own first; empty without TLS."""
        ...

    def account(self) -> Account:
        """Return the results of the logins so far."""
        ...


class Collector(Protocol):
    """Polls one endpoint of one target; keeps what it needs from poll to poll."""

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Poll once, within `timeout` seconds; raise an ApiError when there is no answer to use."""
        ...


@dataclass(frozen=True, slots=True)
class CollectorContext:
    """What a collector is made for."""

    target: Target
    endpoint: Endpoint
    row: CollectorRow
    limits: Limits
    group: Callable[[], str | None]  # returns the on-call group as it is known now


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorRow:
    """One endpoint that is polled: how, and what its readings mean."""

    path: str
    collector: Callable[[CollectorContext], Collector]
    method: str = "GET"
    answer: AnswerKind = AnswerKind.DOCUMENT
    affects_verdict: bool = False
    has_replicas: bool = False  # several processes behind one address take turns in answering
    is_costly: bool = False  # a probe does not poll it while there is a fresh reading
    retries_refusals_rarely: bool = (
        False  # what an account may do seldom changes; each refusal is a line in a log
    )
    # Whether a refusal only means that the account lacks a right that is no use for anything else.
    is_for_admins: Callable[[Failure], bool] | None = None
    # The nodes that an answer must not leave out.
    expected_nodes: Callable[[Verdict], frozenset[str]] | None = None


class SettingsSource(NamedTuple):
    """The endpoint in which a client reports its own settings, and what is read of them."""

    endpoint: Endpoint
    on_call_group: Callable[[Document | None], str | None]
    changed_keys: Callable[[Document | None], tuple[str, ...]]  # since the poll before


class KindDescription(NamedTuple):
    """How what is known of a client of one kind is described to people and to programs."""

    json_fields: Callable[[Verdict], Mapping[str, object]]  # in GET /api/v1/targets
    facts: Callable[[Verdict], Iterable[str]]  # on the status page
    # The next four are for `waexporter probe`: beside the verdict, below it where it rests on a guess (with
    # the documents that are known), below the problems, and the content of a document in a few words.
    probe_facts: Callable[[Verdict], Iterable[str]]
    probe_notes: Callable[[Target, Verdict, Iterable[Document]], Iterable[str]]
    probe_lines: Callable[[Verdict], Iterable[str]]
    summarize: Callable[[Document], str]


@dataclass(frozen=True, slots=True)
class KindTables:
    """Everything in which one kind of client differs from another; every kind has the endpoint `health`."""

    collectors: Mapping[Endpoint, CollectorRow]
    rules: HealthRules
    families: KindFamilies
    description: KindDescription
    settings: SettingsSource | None = None  # None: such a client has none

    @property
    def settings_endpoint(self) -> Endpoint | None:
        """The endpoint of the settings, if there is one."""
        return self.settings.endpoint if self.settings else None
