"""The tables for one kind of client: a row for each endpoint, its health rules, families and descriptions."""

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
        """Return the certificates of the TLS handshake as DER, the server's own first; none without TLS."""
        ...

    def account(self) -> Account:
        """Return the results of the logins so far."""
        ...


class Collector(Protocol):
    """Polls one endpoint of one target; it may keep state between two polls."""

    def collect(self, sender: Sender, timeout: float) -> Success:
        """Poll once within `timeout` seconds; raise an ApiError if there is no usable answer."""
        ...


@dataclass(frozen=True, slots=True)
class CollectorContext:
    """The target and the endpoint of a collector, and what else it needs."""

    target: Target
    endpoint: Endpoint
    row: CollectorRow
    limits: Limits
    group: Callable[[], str | None]  # returns the present on-call group, if it is known


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorRow:
    """How one endpoint is polled, and what its readings mean."""

    path: str
    collector: Callable[[CollectorContext], Collector]
    method: str = "GET"
    answer: AnswerKind = AnswerKind.DOCUMENT
    affects_verdict: bool = False
    has_replicas: bool = False  # several processes behind one address answer in turn
    is_costly: bool = False  # a probe does not poll it if there is a fresh reading
    # After a refusal there is a long pause: rights seldom change, and each refusal is a line in a log.
    retries_refusals_rarely: bool = False
    # Returns whether a failure only means that the account is not an admin's, which is no fault.
    is_for_admins: Callable[[Failure], bool] | None = None
    # Returns the nodes that an answer has to contain.
    expected_nodes: Callable[[Verdict], frozenset[str]] | None = None


class SettingsSource(NamedTuple):
    """The endpoint that reports the client's own settings, and the functions that read them."""

    endpoint: Endpoint
    on_call_group: Callable[[Document | None], str | None]
    changed_keys: Callable[[Document | None], tuple[str, ...]]  # since the poll before
    # The values that are no secret and nothing private, by key path.
    readable: Callable[[Document | None], Mapping[str, str]]


class NodeRow(NamedTuple):
    """One node of a client; None: the fact is not known."""

    cells: tuple[str | None, ...]
    is_well: bool | None  # None: not known, or neither


class NodeTable(NamedTuple):
    """The nodes of a client, and the titles of what is known of them."""

    columns: tuple[str, ...] = ()
    rows: tuple[NodeRow, ...] = ()


class KindDescription(NamedTuple):
    """Functions that describe a client of one kind to people and to programs."""

    json_fields: Callable[[Verdict], Mapping[str, object]]  # in GET /api/v1/targets
    json_types: Mapping[str, object]  # of these fields: types, for the description of the API
    facts: Callable[[Verdict], Iterable[str]]  # on the status page
    # For `waexporter probe`:
    probe_facts: Callable[[Verdict], Iterable[str]]  # in the line of the verdict
    # Below the verdict, if it follows from a guess; the documents are all that are known.
    probe_notes: Callable[[Target, Verdict, Iterable[Document]], Iterable[str]]
    probe_lines: Callable[[Verdict], Iterable[str]]  # below the problems
    summarize: Callable[[Document], str]  # the content of a document in a few words
    nodes: Callable[
        [Verdict, Iterable[Document]], NodeTable
    ]  # from the fresh documents; on the target's page
    # Why an endpoint may succeed without a document.
    without_document: Mapping[Endpoint, str] = {}


@dataclass(frozen=True, slots=True)
class KindTables:
    """Everything that differs between kinds of client; all kinds have the endpoint `health`."""

    collectors: Mapping[Endpoint, CollectorRow]
    rules: HealthRules
    families: KindFamilies
    description: KindDescription
    settings: SettingsSource | None = None  # None: such a client has none

    @property
    def settings_endpoint(self) -> Endpoint | None:
        """The endpoint of the settings, if there is one."""
        return self.settings.endpoint if self.settings else None
