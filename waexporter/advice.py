"""What a person can do about each problem: one sentence a slug."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "not_polled": "wait for the first poll, or set poll.health if it is off",
    "stale": "look for missed polls (waexporter_polls_missed_total) and at the log of waexporter",
    "auth_refused": (
        "check api_key, username and password; a new account must change its password at the first login"
    ),
    "timeout": ("look for a dead or slow node; for more time set poll.health: {interval: 60s, timeout: 55s}"),
    "tls": (
        "do what the error says: mostly it is tls.ca_file, tls.server_name or a certificate that has expired"
    ),
    "unexpected_answer": (
        "check that the url leads to the webapp itself, without a login page or a proxy in between"
    ),
    "status_unclear": (
        "ask for GET /v1/health yourself: it says what is not in the API's documentation; report it to us"
    ),
    "no_coreapp_connected": (
        "check that a coreapp runs and reaches g.whatsapp.net on port 443 or 5222; read its log"
    ),
    "unreachable": "check that the webapp runs, and the url, firewall and load balancer in between",
    "build_expired": (
        "upgrade the client, where there is a newer build; the last one of Meta expired on 2025-10-23"
    ),
    "uninitialized": (
        "wait while the client upgrades or creates its schema; after minutes, read the coreapp's log"
    ),
    "unregistered": (
        "register the number again (POST /v1/account, then /v1/account/verify); "
        "Meta has refused that with 1005 since July 2024"
    ),
    "database": "check the database server, its disk and its connections",
    "overloaded": (
        "check that your webhook answers 200, and fast: callbacks pile up until the client refuses messages"
    ),
    "duplicate_client": "stop the coreapps beyond the expected number now: two clients risk a ban",
    "shard_uncovered": "start the coreapps that are missing; messages to the recipients of their shards fail",
    "node_unreachable": "check that the node's container runs and that the webapp reaches it",
    "primary_master_disconnected": "read the log of the primary master; in multiconnect it must be connected",
    "no_primary_master": "check that a master container runs and reaches the database",
    "two_primary_masters": "if it lasts over a minute, stop one of the masters",
    "no_secondary_master": "start a second master, so that the first one's failure does not stop failovers",
    "no_spare_coreapp": "start one more coreapp, so that the next failure is not an outage",
    "token_refused": (
        "give all webapps behind the url one database, and waexporter an account that nothing else logs out"
    ),
    "disk_low": "make room: old media and logs first; a client whose disk is full stops",
    "certificate_expired": "renew it: whoever verifies it refuses the connection",
    "certificate_expiring": "renew it before that day",
    "build_expiring": "upgrade the client before that day: it stops working then",
    "version_skew": "finish the upgrade: all nodes of a cluster should run one version",
    "on_call_group_unreachable": "check on_call_pager, and invite people by the group's link",
    "connecting": "wait: connecting is normal for up to two minutes",
    "connecting_too_long": "check the way to g.whatsapp.net (firewall, DNS, proxy); read the coreapp's log",
    "rate_limited": "ask less often: poll.health: 30s, and find who else asks for /health",
}
