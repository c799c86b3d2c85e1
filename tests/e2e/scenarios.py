"""What each scenario of the simulator is to raise: the table of the whole loop."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.loop import Client, Firing

_READING_FAILS = "WaExporterPollFailing/warning"
_DOWN = "WhatsAppDown/critical"
_UNKNOWN = "WhatsAppUnknown/critical"
_DEGRADED = "WhatsAppDegraded/warning"
_CANARY = "WhatsAppCanaryFailing/critical"
_MISSED = "WaExporterPollsMissed/warning"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A client with its fault, and the alerts with their severities: all that fire, and no others."""

    client: Client
    alerts: tuple[str, ...] = ()
    why: str = ""  # nothing fires
    also: tuple[str, ...] = ()  # may fire, or not

    @property
    def expected(self) -> set[Firing]:
        """Give what is to fire."""
        return {Firing(self.client.name, *each.split("/")) for each in self.alerts}

    @property
    def allowed(self) -> set[Firing]:
        """Give what may fire as well."""
        return {Firing(self.client.name, *each.split("/")) for each in self.also}


def _of(
    fault: str | None,
    *alerts: str,
    topology: str = "single",
    why: str = "",
    also: tuple[str, ...] = (),
) -> Scenario:
    return Scenario(Client(fault, topology), alerts, why, also)


SCENARIOS = (
    _of(None, why="all is well"),
    _of(None, topology="ha", why="all is well"),
    _of(None, topology="multiconnect", why="all is well"),
    # the nodes
    _of(
        "no_primary_master",
        "WhatsAppNoPrimaryMaster/warning",
        _DEGRADED,
        _READING_FAILS,  # of what only a primary master tells
        topology="ha",
    ),
    _of("dead_node", "WhatsAppNodeUnreachable/warning", _DEGRADED, topology="ha"),
    _of(
        "shard_uncovered",
        "WhatsAppShardUncovered/critical",
        "WhatsAppNodeUnreachable/warning",
        _DEGRADED,
        topology="multiconnect",
    ),
    _of("failover", topology="ha", why="it mends itself before anything is worth an alert"),
    _of("duplicate_client", "WhatsAppDuplicateClient/critical", _DEGRADED, topology="ha"),
    _of(
        "connecting",
        "WhatsAppConnectingTooLong/critical",
        "WhatsAppConnectingTooLong/warning",
        _DEGRADED,
    ),
    _of("gateway_down", _DOWN),
    _of("unregistered", _DOWN, "WhatsAppUnregistered/critical"),
    _of("uninitialized", _DOWN),
    _of("odd_status", _UNKNOWN),
    _of("slow_node", _UNKNOWN, _READING_FAILS, _MISSED),
    # the numbers
    _of(
        "growing_queues",
        "WhatsAppCallbackQueueGrowing/warning",
        "WhatsAppCallbackQueueNearLimit/critical",
        also=("WhatsAppPendingMessagesHigh/warning",),  # when it is held for long enough
    ),
    _of(
        "messages_pile_up",
        "WhatsAppPendingMessagesHigh/critical",
        "WhatsAppPendingMessagesHigh/warning",
    ),
    _of(
        "webhook_fails",
        "WhatsAppCallbackFailures/critical",
        "WhatsAppCallbackFailures/warning",
    ),
    _of("webhook_slow", "WhatsAppCallbackSlow/warning"),
    _of(
        "sends_fail",
        "WhatsAppApiErrorBudgetBurn/critical",
        "WhatsAppApiErrorBudgetBurn/warning",
        topology="ha",
    ),
    _of(
        "queries_fail",
        "WhatsAppDatabaseErrors/critical",
        "WhatsAppDatabaseErrors/warning",
    ),
    _of("queries_slow", "WhatsAppDatabaseSlow/warning"),
    _of("processes_exhausted", "WhatsAppWebProcessesExhausted/warning", topology="ha"),
    _of("stats_lost", "WhatsAppStatsMissing/warning"),
    _of("counter_reset", why="rates are made for it"),
    _of("drift", why="what is not known is passed on or left out"),
    # who may come in
    _of("expired_token", why="a new login is all it takes"),
    # Logins are tried minutes apart: whether a second one was refused in time is chance.
    _of("refuse_logins", _UNKNOWN, also=("WaExporterLoginFailing/warning",)),
    # another answer than the right one
    _of("rate_limited", _UNKNOWN, "WhatsAppRateLimited/warning", _READING_FAILS),
    _of("overload", "WhatsAppOverloaded/critical", _DEGRADED, _READING_FAILS),
    _of("app_expired", _DOWN),
    _of("database", _DOWN, _READING_FAILS),
    _of("errors_in_200", _DOWN, _READING_FAILS),
    *(_of(fault, _UNKNOWN, _READING_FAILS) for fault in ("garbage", "html", "empty", "redirect")),
    # a broken stream
    *(_of(fault, _UNKNOWN, _READING_FAILS) for fault in ("huge", "truncated")),
    *(_of(fault, _UNKNOWN, _READING_FAILS, _MISSED) for fault in ("drip", "hang")),
    _of("web_down", _DOWN, _READING_FAILS),
    # messages alone: nobody sends any here but the pager, which finds another way
    *(
        _of(fault, why="no statistics tell of it")
        for fault in ("message_fails", "message_unmastered", "answer_lost")
    ),
    # contact checks alone; one a minute is the most, and two have to fail before it is a matter of reading
    _of("contacts_fail", _CANARY, also=(_READING_FAILS,)),
    # what support tells
    _of("disk_low", "WhatsAppDiskLow/critical", "WhatsAppDiskLow/warning", _DEGRADED),
    _of("build_expiring", "WhatsAppBuildExpiring/warning"),
    _of("build_expired", "WhatsAppBuildExpiring/critical", "WhatsAppBuildExpiring/warning", _DEGRADED),
    _of("version_skew", "WhatsAppVersionSkew/warning", topology="ha"),
    _of("support_flat_numbers_as_text", why="numbers are read as texts too"),
    # what the nodes tell
    _of("two_primary_masters", _DEGRADED, topology="ha"),
    _of("master_disconnected", _DEGRADED, topology="multiconnect"),
    # the webapps
    _of("token_refused", _DEGRADED),
    # the settings and the groups
    _of("settings_changed", "WhatsAppSettingsChanged/info"),
    _of("pager_unset", "WhatsAppOnCallPagerUnset/warning", "WhatsAppSettingsChanged/info"),
    *(_of(fault, "WhatsAppOnCallPagerUnset/warning") for fault in ("group_empty", "group_gone")),
    # endpoints that later versions don't have
    _of("no_groups", _READING_FAILS),
    _of("no_contacts", why="a canary that is refused tells nothing of the way to WhatsApp"),
    # certificates
    _of("certificate_expiring", "WhatsAppCertificateExpiring/warning"),
    _of(
        "certificate_expired",
        "WhatsAppCertificateExpiring/critical",
        "WhatsAppCertificateExpiring/warning",
        # Degraded as long as an open connection serves, then nothing can be asked any more.
        also=(_DEGRADED, _UNKNOWN, _READING_FAILS),
    ),
    _of("ca_garbage", _READING_FAILS),
    # how long things take
    _of("canary_slow", why="five seconds are slow, and no failure"),
)
CLIENTS = tuple(scenario.client for scenario in SCENARIOS)
EXPECTED = {each for scenario in SCENARIOS for each in scenario.expected}
ALLOWED = {each for scenario in SCENARIOS for each in scenario.allowed}
# What goes on for long after its cause, by intent.
LASTING = {
    each
    for each in EXPECTED
    # It stands for an hour on the wall clock, beside what it may have caused.
    if each.alert == "WhatsAppSettingsChanged"
    # Refused tokens are told of for half an hour, which no pace shortens.
    or each.target.startswith("token-refused")
    # The last two and six hours, here minutes, still hold what has failed: what is spent stays spent.
    or (each.alert == "WhatsAppApiErrorBudgetBurn" and each.severity == "warning")
}
