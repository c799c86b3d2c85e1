"""Mutants that no test can kill, by a pattern of their name, with the reason."""

from __future__ import annotations

import re

SURVIVORS = {
    r"(WhatsAppShardUncovered|WhatsAppNoPrimaryMaster|WhatsAppDuplicateClient|WhatsAppConnectingTooLong"
    r"|WhatsAppUnregistered|WhatsAppOverloaded|WhatsAppRateLimited|WhatsAppVersionSkew) "
    r"\(.*\): aggregator [12]: max -> min": (
        "`whatsapp_problem` is 1 or absent, so its minimum is its maximum."
    ),
    r"target:whatsapp_problem:severity "
    r"\((messages_fail|webhook_slow|sends_limited|database_fails|database_slow)\): "
    r"comparator [12]: > -> >=": (
        "A mean of rates that equals its limit exactly can't be made from counters."
    ),
    r"target:whatsapp_problem:severity \(polls_fail\): matcher [34]: .* (of another value|removed)": (
        "Further series on the right of `unless` and `==` match nothing on the left."
    ),
    r"target:whatsapp_problem:severity \(not_watched\): number 3: 0 -> -?1": (
        "No sample is from the first minutes of 1970."
    ),
    r"target:whatsapp_problem:severity \(not_watched\): aggregator [12]: max -> min": (
        "An exporter has one series of each, so its minimum is its maximum."
    ),
    r"WhatsAppApiErrorBudgetBurn \(.*\): comparator [123]: > -> >=": (
        "A mean of rates that equals its limit exactly can't be made from counters."
    ),
    r"WhatsAppCallbackQueueGrowing \(.*\): comparator 1: > -> >=": (
        "A regression that equals its limit exactly can't be made from samples."
    ),
    r"(WaExporterLoginFailing|WaExporterWebhooksRefused) \(.*\): number 1: (1 -> 1\.1|4 -> 4\.4)": (
        "Events are whole numbers: there are none between these limits."
    ),
    r"WhatsAppCallbackFailures \(.*\): (number [12]: .* -> 0\.(45|045|09)|comparator [125]: > -> >=)"
    r"|WhatsAppCallbackSlow \(.*\): (number 1: 3 -> 2\.7|comparator [13]: > -> >=)": (
        "The present and the past have the same limit, and each keeps it if the other is lowered."
    ),
    r"WhatsAppCallbackSlow \(warning\): comparator 2: > -> >=": (
        "A mean of rates that equals its limit exactly can't be made from counters."
    ),
    r"WhatsAppTargetMissing \(warning\): aggregator 1: max -> min": (
        "Only the presence of the compared series matters, not their value."
    ),
    r"WhatsAppTargetMissing \(warning\): aggregator [23]: max -> min": (
        "An exporter has one series of each, so its minimum is its maximum."
    ),
    r"Watchdog \(info\): number 1: 1 -> .*": "Only the presence of the Watchdog matters, not its value.",
}


def reason(survivor: str) -> str | None:
    """Return why this mutant may survive, or None if it may not."""
    return next((why for pattern, why in SURVIVORS.items() if re.fullmatch(pattern, survivor)), None)
