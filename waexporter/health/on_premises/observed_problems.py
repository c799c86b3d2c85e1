"""The problems of an On-Premises client that only Prometheus can see, from changes of its metrics over time.

alerts/recording-rules.yml has a rule for each. Its threshold is that of the alert with the same runbook, or
the lowest one if the alert has several.
"""

from __future__ import annotations

from typing import Final

from waexporter.health.problem_kind import Grade, Messages, observed

OBSERVED_PROBLEMS: Final = (
    observed(
        "messages_fail",
        "look at failed requests by error code, and at what became of messages out",
        Grade.LOSING,
        "WhatsAppApiErrorBudgetBurn",
        Messages.SOME_FAIL,
    ),
    observed(
        "callback_queue_nearly_full",
        "get your webhook to answer 200: at about 100 000 the client refuses messages",
        Grade.LOSING,
        "WhatsAppCallbackQueueNearLimit",
        Messages.DELAYED,
    ),
    observed(
        "callbacks_pile_up",
        "check that your webhook answers 200, and fast: what customers write waits",
        Grade.SERIOUS,
        "WhatsAppCallbackQueueGrowing",
        Messages.DELAYED,
    ),
    observed(
        "callbacks_fail",
        "read the log of your webhook: it does not answer callbacks with 200",
        Grade.SERIOUS,
        "WhatsAppCallbackFailures",
        Messages.DELAYED,
    ),
    observed(
        "webhook_slow",
        "let your webhook acknowledge first and work later",
        Grade.MINOR,
        "WhatsAppCallbackSlow",
    ),
    observed(
        "messages_pile_up",
        "check the way to WhatsApp, and the database: accepted messages wait to be sent",
        Grade.SERIOUS,
        "WhatsAppPendingMessagesHigh",
        Messages.DELAYED,
    ),
    observed(
        "sends_limited",
        "send more slowly: the client turns requests away with 429",
        Grade.SERIOUS,
        "WhatsAppRateLimited",
    ),
    observed(
        "canary_fails",
        "check the way to WhatsApp: the client gets no answer to a contact check",
        Grade.SERIOUS,
        "WhatsAppCanaryFailing",
        Messages.IN_DOUBT,
    ),
    observed(
        "database_fails",
        "check the database server, its disk and its connections: queries fail",
        Grade.LOSING,
        "WhatsAppDatabaseErrors",
        Messages.IN_DOUBT,
    ),
    observed(
        "database_slow",
        "see what else the database server does: slow queries slow down every message",
        Grade.MINOR,
        "WhatsAppDatabaseSlow",
    ),
    observed(
        "webapp_processes_used_up",
        "send over fewer connections at once: all processes of a webapp are busy",
        Grade.SERIOUS,
        "WhatsAppWebProcessesExhausted",
    ),
    observed(
        "statistics_missing",
        "check that the coreapps give statistics: without them nobody knows what waits or fails",
        Grade.MINOR,
        "WhatsAppStatsMissing",
        Messages.IN_DOUBT,
    ),
    observed(
        "polls_fail",
        "see the dashboard of waexporter: a part of what the client says can't be read",
        Grade.MINOR,
        "WaExporterPollFailing",
    ),
    observed(
        "nobody_to_page",
        "run `waexporter pager setup`: without an on_call_pager, pages reach nobody",
        Grade.LATENT,
        "WhatsAppOnCallPagerUnset",
    ),
    observed(
        "settings_changed",
        "find out who changed a setting within the last hour, and whether it was meant",
        Grade.MINOR,
        "WhatsAppSettingsChanged",
    ),
    observed(
        "not_watched",
        "see whether waexporter runs, and Prometheus reaches it: until then nobody knows how this client is",
        Grade.UNKNOWN,
        "WaExporterDown",
        Messages.NOT_KNOWN,
    ),
)
