"""Every problem there is, in one table: how bad it is, what it does to messages, and what to do about it.

The verdict, the status page, the recording rules and the dashboards all have it from here.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict, Unpack

    class _Others(TypedDict, total=False):
        grade: Grade
        messages: Messages
        runbook: str


class Grade(IntEnum):
    """How bad a problem is: the value of `target:whatsapp_problem:severity`.

    Of several problems of a client the highest is the one to read first: what loses messages before what
    delays them, and what is not known before all, since it may be just that. Among clients, the dashboards
    put those known to be down before those of which nothing is known.
    """

    NONE = 0
    MINOR = 1  # work for the day
    LATENT = 2  # does no harm until something else happens
    SERIOUS = 3
    LOSING = 4  # messages
    CRITICAL = 5
    UNKNOWN = 6

    @property
    def word(self) -> str:
        """Return what people are told: one word of none, minor, serious, critical, unknown."""
        return "serious" if self in {Grade.LATENT, Grade.LOSING} else self.name.lower()


class Messages(IntEnum):
    """What becomes of a client's messages: the value of `target:whatsapp_messages:state`."""

    FLOWING = 0
    DELAYED = 1
    IN_DOUBT = 2
    SOME_FAIL = 3
    STANDING_STILL = 4
    NOT_KNOWN = 5

    @property
    def words(self) -> str:
        """Return what people are told, such as `some fail`."""
        return self.name.lower().replace("_", " ")


_OF_STATE: Final[Mapping[State, tuple[Grade, Messages, str]]] = {
    State.OK: (Grade.MINOR, Messages.FLOWING, "WhatsAppDegraded"),
    State.DEGRADED: (Grade.SERIOUS, Messages.FLOWING, "WhatsAppDegraded"),
    # What it does to messages depends on whether others still serve: the verdict says that.
    State.DOWN: (Grade.CRITICAL, Messages.FLOWING, "WhatsAppDown"),
    State.UNKNOWN: (Grade.UNKNOWN, Messages.NOT_KNOWN, "WhatsAppUnknown"),
}


class ProblemKind(NamedTuple):
    """One kind of problem.

    `state` is what it makes of the verdict at the least; None where no verdict knows of it, since only
    Prometheus can tell, from what statistics and settings did over time. `grade` is how bad it is where
    nothing makes up for it: another coreapp that serves, or another exporter that knows. `messages` is what
    it does to them by itself, whatever the verdict. `advice` is a sentence without capital and full stop.
    """

    slug: str
    state: State | None
    grade: Grade
    messages: Messages
    runbook: str
    advice: str

    @property
    def words(self) -> str:
        """Return its name as people read it."""
        return self.slug.replace("_", " ")


def _judged(slug: str, state: State, advice: str, **others: Unpack[_Others]) -> ProblemKind:
    """Describe a problem that is as others of its state, but for `others`."""
    grade, messages, runbook = _OF_STATE[state]
    return ProblemKind(slug, state, grade, messages, runbook, advice)._replace(**others)


def _observed(
    slug: str, advice: str, grade: Grade, runbook: str, messages: Messages = Messages.FLOWING
) -> ProblemKind:
    return ProblemKind(slug, None, grade, messages, runbook, advice)


# Which of these hold, a verdict says: whatsapp_problem, the status page.
_JUDGED: Final = (
    _judged("not_polled", State.UNKNOWN, "wait for the first poll, or set poll.health if it is off"),
    _judged(
        "stale",
        State.UNKNOWN,
        "look for missed polls (waexporter_polls_missed_total) and at the log of waexporter",
    ),
    _judged(
        "auth_refused",
        State.UNKNOWN,
        "check api_key, username and password; a new account must change its password at the first login",
        runbook="WaExporterLoginFailing",
    ),
    _judged(
        "timeout",
        State.UNKNOWN,
        "look for a dead or slow node; for more time set poll.health: {interval: 60s, timeout: 55s}",
    ),
    _judged(
        "tls",
        State.UNKNOWN,
        "do what the error says: mostly it is tls.ca_file, tls.server_name or a certificate that has expired",
    ),
    _judged(
        "unexpected_answer",
        State.UNKNOWN,
        "check that the url leads to the webapp itself, without a login page or a proxy in between",
    ),
    _judged(
        "status_unclear",
        State.UNKNOWN,
        "ask for GET /v1/health yourself: it says what is not in the API's documentation; report it to us",
    ),
    _judged(
        "no_coreapp_connected",
        State.DOWN,
        "check that a coreapp runs and reaches g.whatsapp.net on port 443 or 5222; read its log",
    ),
    _judged(
        "unreachable",
        State.DOWN,
        "check that the webapp runs, and the url, firewall and load balancer in between",
    ),
    _judged(
        "build_expired",
        State.DOWN,
        "upgrade the client, where there is a newer build; the last one of Meta expired on 2025-10-23",
        runbook="WhatsAppBuildExpiring",
        messages=Messages.SOME_FAIL,
    ),
    _judged(
        "uninitialized",
        State.DOWN,
        "wait while the client upgrades or creates its schema; after minutes, read the coreapp's log",
    ),
    _judged(
        "unregistered",
        State.DOWN,
        "register the number again (POST /v1/account, then /v1/account/verify); "
        "Meta has refused that with 1005 since July 2024",
        runbook="WhatsAppUnregistered",
    ),
    _judged("database", State.DOWN, "check the database server, its disk and its connections"),
    _judged(
        "overloaded",
        State.DEGRADED,
        "check that your webhook answers 200, and fast: callbacks pile up until the client refuses messages",
        runbook="WhatsAppOverloaded",
        grade=Grade.LOSING,
        messages=Messages.SOME_FAIL,
    ),
    _judged(
        "duplicate_client",
        State.DEGRADED,
        "stop the coreapps beyond the expected number now: two clients risk a ban",
        runbook="WhatsAppDuplicateClient",
        grade=Grade.LOSING,
    ),
    _judged(
        "shard_uncovered",
        State.DEGRADED,
        "start the coreapps that are missing; messages to the recipients of their shards fail",
        runbook="WhatsAppShardUncovered",
        grade=Grade.LOSING,
        messages=Messages.SOME_FAIL,
    ),
    _judged(
        "node_unreachable",
        State.DEGRADED,
        "check that the node's container runs and that the webapp reaches it",
        runbook="WhatsAppNodeUnreachable",
    ),
    _judged(
        "primary_master_disconnected",
        State.DEGRADED,
        "read the log of the primary master; in multiconnect it must be connected",
        runbook="WhatsAppNoPrimaryMaster",
    ),
    _judged(
        "no_primary_master",
        State.DEGRADED,
        "check that a master container runs and reaches the database",
        runbook="WhatsAppNoPrimaryMaster",
    ),
    _judged(
        "two_primary_masters",
        State.DEGRADED,
        "if it lasts over a minute, stop one of the masters",
        runbook="WhatsAppNoPrimaryMaster",
    ),
    _judged(
        "no_secondary_master",
        State.DEGRADED,
        "start a second master, so that the first one's failure does not stop failovers",
        grade=Grade.LATENT,
    ),
    _judged(
        "no_spare_coreapp",
        State.DEGRADED,
        "start one more coreapp, so that the next failure is not an outage",
        grade=Grade.LATENT,
    ),
    _judged(
        "token_refused",
        State.DEGRADED,
        "give all webapps behind the url one database, and waexporter an account that nothing else logs out",
    ),
    _judged(
        "disk_low",
        State.DEGRADED,
        "make room: old media and logs first; a client whose disk is full stops",
        runbook="WhatsAppDiskLow",
    ),
    _judged(
        "certificate_expired",
        State.DEGRADED,
        "renew it: whoever verifies it refuses the connection",
        runbook="WhatsAppCertificateExpiring",
    ),
    _judged(
        "on_call_group_unreachable",
        State.OK,
        "check on_call_pager, and invite people by the group's link",
        runbook="WhatsAppOnCallPagerUnset",
        grade=Grade.LATENT,
    ),
    _judged(
        "build_expiring",
        State.OK,
        "upgrade the client before that day: it stops working then",
        runbook="WhatsAppBuildExpiring",
    ),
    _judged(
        "certificate_expiring", State.OK, "renew it before that day", runbook="WhatsAppCertificateExpiring"
    ),
    _judged(
        "version_skew",
        State.OK,
        "finish the upgrade: all nodes of a cluster should run one version",
        runbook="WhatsAppVersionSkew",
    ),
    _judged(
        "connecting",
        State.OK,
        "wait: connecting is normal for up to two minutes",
        runbook="WhatsAppConnectingTooLong",
    ),
    _judged(
        "connecting_too_long",
        State.DEGRADED,
        "check the way to g.whatsapp.net (firewall, DNS, proxy); read the coreapp's log",
        runbook="WhatsAppConnectingTooLong",
    ),
    _judged(
        "rate_limited",
        State.OK,
        "ask less often: poll.health: 30s, and find who else asks for /health",
        runbook="WhatsAppRateLimited",
    ),
)

# Which of these hold, only Prometheus can tell: alerts/recording-rules.yml has a rule for each. Their
# thresholds are those of the alerts that the runbooks are about, where these have several the lowest.
_OBSERVED: Final = (
    _observed(
        "messages_fail",
        "look at failed requests by error code, and at what became of messages out",
        Grade.LOSING,
        "WhatsAppApiErrorBudgetBurn",
        Messages.SOME_FAIL,
    ),
    _observed(
        "callback_queue_nearly_full",
        "get your webhook to answer 200: at about 100 000 the client refuses messages",
        Grade.LOSING,
        "WhatsAppCallbackQueueNearLimit",
        Messages.DELAYED,
    ),
    _observed(
        "callbacks_pile_up",
        "check that your webhook answers 200, and fast: what customers write waits",
        Grade.SERIOUS,
        "WhatsAppCallbackQueueGrowing",
        Messages.DELAYED,
    ),
    _observed(
        "callbacks_fail",
        "read the log of your webhook: it does not answer callbacks with 200",
        Grade.SERIOUS,
        "WhatsAppCallbackFailures",
        Messages.DELAYED,
    ),
    _observed(
        "webhook_slow",
        "let your webhook acknowledge first and work later",
        Grade.MINOR,
        "WhatsAppCallbackSlow",
    ),
    _observed(
        "messages_pile_up",
        "check the way to WhatsApp, and the database: accepted messages wait to be sent",
        Grade.SERIOUS,
        "WhatsAppPendingMessagesHigh",
        Messages.DELAYED,
    ),
    _observed(
        "sends_limited",
        "send more slowly: the client turns requests away with 429",
        Grade.SERIOUS,
        "WhatsAppRateLimited",
    ),
    _observed(
        "canary_fails",
        "check the way to WhatsApp: the client gets no answer to a contact check",
        Grade.SERIOUS,
        "WhatsAppCanaryFailing",
        Messages.IN_DOUBT,
    ),
    _observed(
        "database_fails",
        "check the database server, its disk and its connections: queries fail",
        Grade.LOSING,
        "WhatsAppDatabaseErrors",
        Messages.IN_DOUBT,
    ),
    _observed(
        "database_slow",
        "see what else the database server does: slow queries slow down every message",
        Grade.MINOR,
        "WhatsAppDatabaseSlow",
    ),
    _observed(
        "webapp_processes_used_up",
        "send over fewer connections at once: all processes of a webapp are busy",
        Grade.SERIOUS,
        "WhatsAppWebProcessesExhausted",
    ),
    _observed(
        "statistics_missing",
        "check that the coreapps give statistics: without them nobody knows what waits or fails",
        Grade.MINOR,
        "WhatsAppStatsMissing",
        Messages.IN_DOUBT,
    ),
    _observed(
        "polls_fail",
        "see the dashboard of waexporter: a part of what the client says can't be read",
        Grade.MINOR,
        "WaExporterPollFailing",
    ),
    _observed(
        "nobody_to_page",
        "run `waexporter pager setup`: without an on_call_pager, pages reach nobody",
        Grade.LATENT,
        "WhatsAppOnCallPagerUnset",
    ),
    _observed(
        "settings_changed",
        "find out who changed a setting within the last hour, and whether it was meant",
        Grade.MINOR,
        "WhatsAppSettingsChanged",
    ),
    _observed(
        "not_watched",
        "see whether waexporter runs, and Prometheus reaches it: until then nobody knows how this client is",
        Grade.UNKNOWN,
        "WaExporterDown",
        Messages.NOT_KNOWN,
    ),
)

PROBLEMS: Final[Mapping[str, ProblemKind]] = {kind.slug: kind for kind in (*_JUDGED, *_OBSERVED)}
SLUGS: Final[Mapping[str, State]] = {kind.slug: kind.state for kind in _JUDGED if kind.state is not None}
