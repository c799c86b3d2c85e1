"""Mutants that no test can kill, by a pattern of their name, and why."""

from __future__ import annotations

import re

SURVIVORS = {
    r"(WhatsAppShardUncovered|WhatsAppNoPrimaryMaster|WhatsAppDuplicateClient|WhatsAppConnectingTooLong"
    r"|WhatsAppUnregistered|WhatsAppOverloaded|WhatsAppRateLimited|WhatsAppVersionSkew) "
    r"\(.*\): aggregator [12]: max -> min": "`whatsapp_problem` is 1 or absent, so its minimum is its maximum.",
    r".*: number \d: 8 -> 8\.8": "Steps are whole: more than 8 are 9, and so are more than 8.8.",
    r"WhatsAppApiErrorBudgetBurn \(.*\): comparator [123]: > -> >=": (
        "A mean of rates that equals its limit to the last bit can't be made from counters."
    ),
    r"WhatsAppCallbackQueueGrowing \(.*\): comparator 1: > -> >=": (
        "A regression that equals its limit to the last bit can't be made from samples."
    ),
    r"(WaExporterPollFailing|WaExporterLoginFailing) \(.*\): "
    r"(comparator \d: > -> >=|number \d: 1\.5 -> 1\.(35|65))": (
        "Events are whole: one is below all of these limits, two are above."
    ),
    r"Watchdog \(info\): number 1: 1 -> .*": "The Watchdog's value is not looked at, only its presence.",
}


def reason(survivor: str) -> str | None:
    """Say why this one may survive; None: it may not."""
    return next((why for pattern, why in SURVIVORS.items() if re.fullmatch(pattern, survivor)), None)
