"""The problems in verdicts on On-Premises clients, as in whatsapp_problem and on the status page."""

from __future__ import annotations

from typing import Final

from waexporter.health.problem_kind import Grade, Messages, judged
from waexporter.health.shared_problems import SHARED_PROBLEMS
from waexporter.model import State

JUDGED_PROBLEMS: Final = (
    judged(
        "status_unclear",
        State.UNKNOWN,
        "ask for GET /v1/health yourself: it says what is not in the API's documentation; report it to us",
    ),
    judged(
        "no_coreapp_connected",
        State.DOWN,
        "check that a coreapp runs and reaches g.whatsapp.net on port 443 or 5222; read its log",
    ),
    judged(
        "unreachable",
        State.DOWN,
        "check that the webapp runs, and the url, firewall and load balancer in between",
    ),
    judged(
        "build_expired",
        State.DOWN,
        "upgrade the client, where there is a newer build; the last one of Meta expired on 2025-10-23",
        runbook="WhatsAppBuildExpiring",
        messages=Messages.SOME_FAIL,
    ),
    judged(
        "uninitialized",
        State.DOWN,
        "wait while the client upgrades or creates its schema; after minutes, read the coreapp's log",
    ),
    judged(
        "unregistered",
        State.DOWN,
        "register the number again (POST /v1/account, then /v1/account/verify); "
        "Meta has refused that with 1005 since July 2024",
        runbook="WhatsAppUnregistered",
    ),
    judged("database", State.DOWN, "check the database server, its disk and its connections"),
    judged(
        "overloaded",
        State.DEGRADED,
        "check that your webhook answers 200, and fast: callbacks pile up until the client refuses messages",
        runbook="WhatsAppOverloaded",
        grade=Grade.LOSING,
        messages=Messages.SOME_FAIL,
    ),
    judged(
        "duplicate_client",
        State.DEGRADED,
        "stop the coreapps beyond the expected number now: two clients risk a ban",
        runbook="WhatsAppDuplicateClient",
        grade=Grade.LOSING,
    ),
    judged(
        "shard_uncovered",
        State.DEGRADED,
        "start the coreapps that are missing; messages to the recipients of their shards fail",
        runbook="WhatsAppShardUncovered",
        grade=Grade.LOSING,
        messages=Messages.SOME_FAIL,
    ),
    judged(
        "node_unreachable",
        State.DEGRADED,
        "check that the node's container runs and that the webapp reaches it",
        runbook="WhatsAppNodeUnreachable",
    ),
    judged(
        "primary_master_disconnected",
        State.DEGRADED,
        "read the log of the primary master; in multiconnect it must be connected",
        runbook="WhatsAppNoPrimaryMaster",
    ),
    judged(
        "no_primary_master",
        State.DEGRADED,
        "check that a master container runs and reaches the database",
        runbook="WhatsAppNoPrimaryMaster",
    ),
    judged(
        "two_primary_masters",
        State.DEGRADED,
        "if it lasts over a minute, stop one of the masters",
        runbook="WhatsAppNoPrimaryMaster",
    ),
    judged(
        "no_secondary_master",
        State.DEGRADED,
        "start a second master, so that the first one's failure does not stop failovers",
        grade=Grade.LATENT,
    ),
    judged(
        "no_spare_coreapp",
        State.DEGRADED,
        "start one more coreapp, so that the next failure is not an outage",
        grade=Grade.LATENT,
    ),
    judged(
        "token_refused",
        State.DEGRADED,
        "give all webapps behind the url one database, and waexporter an account that nothing else logs out",
    ),
    judged(
        "disk_low",
        State.DEGRADED,
        "make room: old media and logs first; a client whose disk is full stops",
        runbook="WhatsAppDiskLow",
    ),
    judged(
        "certificate_expired",
        State.DEGRADED,
        "renew it: whoever verifies it refuses the connection",
        runbook="WhatsAppCertificateExpiring",
    ),
    judged(
        "on_call_group_unreachable",
        State.OK,
        "check on_call_pager, and invite people by the group's link",
        runbook="WhatsAppOnCallPagerUnset",
        grade=Grade.LATENT,
        hides_pages=True,
    ),
    judged(
        "build_expiring",
        State.OK,
        "upgrade the client before that day: it stops working then",
        runbook="WhatsAppBuildExpiring",
    ),
    judged(
        "certificate_expiring", State.OK, "renew it before that day", runbook="WhatsAppCertificateExpiring"
    ),
    judged(
        "version_skew",
        State.OK,
        "finish the upgrade: all nodes of a cluster should run one version",
        runbook="WhatsAppVersionSkew",
    ),
    judged(
        "connecting",
        State.OK,
        "wait: connecting is normal for up to two minutes",
        runbook="WhatsAppConnectingTooLong",
    ),
    judged(
        "connecting_too_long",
        State.DEGRADED,
        "check the way to g.whatsapp.net (firewall, DNS, proxy); read the coreapp's log",
        runbook="WhatsAppConnectingTooLong",
    ),
    judged(
        "rate_limited",
        State.OK,
        "ask less often: poll.health: 30s, and find who else asks for /health",
        runbook="WhatsAppRateLimited",
    ),
)

PROBLEM_STATES: Final = {
    kind.slug: kind.state for kind in (*SHARED_PROBLEMS, *JUDGED_PROBLEMS) if kind.state is not None
}
