"""Mutants that no test can kill, by a pattern of their name, and why."""

from __future__ import annotations

import re

SURVIVORS = {
    r"(WhatsAppShardUncovered|WhatsAppNoPrimaryMaster|WhatsAppDuplicateClient|WhatsAppConnectingTooLong"
    r"|WhatsAppUnregistered|WhatsAppOverloaded|WhatsAppRateLimited|WhatsAppVersionSkew) "
    r"\(.*\): aggregator [12]: max -> min": (
        "`whatsapp_problem` is 1 or absent, so its minimum is its maximum."
    ),
    r"WhatsAppApiErrorBudgetBurn \(.*\): comparator [123]: > -> >=": (
        "A mean of rates that equals its limit to the last bit can't be made from counters."
    ),
    r"WhatsAppCallbackQueueGrowing \(.*\): comparator 1: > -> >=": (
        "A regression that equals its limit to the last bit can't be made from samples."
    ),
    r"(WaExporterPollFailing|WaExporterLoginFailing|WaExporterWebhooksRefused) \(.*\): "
    r"(comparator \d: > -> >=|number \d: (1\.5 -> 1\.(35|65)|4\.5 -> 4\.(05|95)|3600 -> .*))": (
        "Events are whole: one is below all of these limits, two are above."
    ),
    r"(WaExporterCrashes|WaExporterPagesFailing) \(.*\): number 1: (3600|900) -> .*": (
        "The factor makes a number to read of the rate; what counts is whether it is above 0."
    ),
    r"WhatsAppCallbackFailures \(critical\): (number 1: 0\.5 -> 0\.45|comparator 1: > -> >=)": (
        "The shorter window has the same limit, and holds it where the longer one is let down."
    ),
    r"WhatsAppCallbackSlow \(warning\): comparator 2: > -> >=": (
        "A mean of rates that equals its limit to the last bit can't be made from counters."
    ),
    r"Watchdog \(info\): number 1: 1 -> .*": "The Watchdog's value is not looked at, only its presence.",
}


def reason(survivor: str) -> str | None:
    """Say why this one may survive; None: it may not."""
    return next((why for pattern, why in SURVIVORS.items() if re.fullmatch(pattern, survivor)), None)
