"""What is wrong with a client though its health says nothing of it, as its statistics and settings tell."""

from __future__ import annotations

from typing import NamedTuple

from grafana.source import states
from grafana.source.selection import client, equal, lately, mean, most

# How much a sign weighs beside the problems; what is latent does no harm until something else happens.
MINOR, LATENT, SERIOUS, LOSING = 1, 2, 3, 4


class Sign(NamedTuple):
    """A sign that something is wrong: an expression that gives something for each client that shows it."""

    slug: str
    weight: int
    runbook: str
    advice: str
    expr: str


_LIMITED = states.share(
    client(states.ANSWERS, states.SENDS_AND_CHECKS, equal("result", "429")),
    client(states.ANSWERS, states.SENDS_AND_CHECKS),
)
_POLLED = client("waexporter_poll_success", 'collector!~"health|canary"')
_REACHES_SOMEBODY = most(client("whatsapp_on_call_group_reachable"))
_FAILURES = client("waexporter_poll_failures_total", 'reason!~"refused|stale_node"')

# The thresholds are those of the alerts that the runbooks are about, where these have several the lowest.
SIGNS = (
    Sign(
        "messages_fail",
        LOSING,
        "WhatsAppApiErrorBudgetBurn",
        "Look at failed requests by error code, and at what became of messages out",
        f"{states.too_many_refused()} or {states.lost_share()} > {states.SOME}",
    ),
    Sign(
        "callback_queue_nearly_full",
        LOSING,
        "WhatsAppCallbackQueueNearLimit",
        "Get your webhook to answer 200: at about 100 000 the client refuses messages",
        f"{states.callbacks_waiting()} > {states.NEARLY_FULL}",
    ),
    Sign(
        "callbacks_pile_up",
        SERIOUS,
        "WhatsAppCallbackQueueGrowing",
        "Check that your webhook answers 200, and fast: what customers write waits",
        f"{states.callbacks_waiting()} > {states.MANY_WAITING} <= {states.NEARLY_FULL}",
    ),
    Sign(
        "callbacks_fail",
        SERIOUS,
        "WhatsAppCallbackFailures",
        "Read the log of your webhook: it does not answer callbacks with 200",
        states.callbacks_failing(),
    ),
    Sign(
        "webhook_slow",
        MINOR,
        "WhatsAppCallbackSlow",
        "Let your webhook acknowledge first and work later",
        f"{mean(client, 'whatsapp_callback_requests_duration_seconds', over=lately)} > 3",
    ),
    Sign(
        "messages_pile_up",
        SERIOUS,
        "WhatsAppPendingMessagesHigh",
        "Check the way to WhatsApp, and the database: accepted messages wait to be sent",
        f"{states.messages_waiting()} > {states.MANY_WAITING}",
    ),
    Sign(
        "sends_limited",
        SERIOUS,
        "WhatsAppRateLimited",
        "Send more slowly: the client turns requests away with 429",
        f"{_LIMITED} > 0.05 or {most(client('whatsapp_concurrent_rate_limit_triggered'))} > 0",
    ),
    Sign(
        "canary_fails",
        SERIOUS,
        "WhatsAppCanaryFailing",
        "Check the way to WhatsApp: the client gets no answer to a contact check",
        f"{most(client('whatsapp_canary_success'))} == 0",
    ),
    Sign(
        "database_fails",
        LOSING,
        "WhatsAppDatabaseErrors",
        "Check the database server, its disk and its connections: queries fail",
        states.queries_failing(),
    ),
    Sign(
        "database_slow",
        MINOR,
        "WhatsAppDatabaseSlow",
        "See what else the database server does: slow queries slow down every message",
        f"{mean(client, 'whatsapp_db_request_duration_seconds', over=lately)} > 0.1",
    ),
    Sign(
        "webapp_processes_used_up",
        SERIOUS,
        "WhatsAppWebProcessesExhausted",
        "Send over fewer connections at once: all processes of a webapp are busy",
        f"min by (target) ({client('whatsapp_web_idle_processes')}) == 0",
    ),
    Sign(
        "statistics_missing",
        MINOR,
        "WhatsAppStatsMissing",
        "Check that the coreapps give statistics: without them nobody knows what waits or fails",
        f"{most(client('waexporter_poll_success', equal('collector', 'app')))} == 1 "
        f"unless on (target) {states.callbacks_waiting()}",
    ),
    Sign(
        "polls_fail",
        MINOR,
        "WaExporterPollFailing",
        "See the dashboard of waexporter: a part of what the client says can't be read",
        f"{most(_POLLED, 'collector')} == 0 "
        f"and on (target, collector) {most(f'rate({_FAILURES}[3h])', 'collector')} > 0 "
        f"and on (target) {most(client('whatsapp_up'))} == 1",
    ),
    Sign(
        "nobody_to_page",
        LATENT,
        "WhatsAppOnCallPagerUnset",
        "Run `waexporter pager setup`: without an on_call_pager, pages reach nobody",
        f"{most(client('whatsapp_on_call_pager_configured'))} == 0 unless on (target) {_REACHES_SOMEBODY}",
    ),
    Sign(
        "settings_changed",
        MINOR,
        "WhatsAppSettingsChanged",
        "Find out who changed a setting within the last hour, and whether it was meant",
        f"time() - {most(client('whatsapp_settings_last_change_timestamp_seconds'))} < 3600",
    ),
)
