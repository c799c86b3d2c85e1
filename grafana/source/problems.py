"""The problems of now, each beside what a person can do about it."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Column, Head, Panel, grid
from grafana.source.selection import client, most
from waexporter.advice import ADVICE
from waexporter.health import SLUGS
from waexporter.model import State

_COLOURS = {
    State.OK: states.YELLOW,
    State.DEGRADED: states.ORANGE,
    State.DOWN: states.RED,
    State.UNKNOWN: states.PURPLE,
}
_NONE = {"none": ("none", states.GREEN)}
WORDS = _NONE | {slug: (slug.replace("_", " "), _COLOURS[state]) for slug, state in SLUGS.items()}

_RUNBOOKS = {
    "WhatsAppUnknown": tuple(slug for slug, state in SLUGS.items() if state is State.UNKNOWN),
    "WhatsAppDown": tuple(slug for slug, state in SLUGS.items() if state is State.DOWN),
    "WaExporterLoginFailing": ("auth_refused",),
    "WhatsAppBuildExpiring": ("build_expired", "build_expiring"),
    "WhatsAppCertificateExpiring": ("certificate_expired", "certificate_expiring"),
    "WhatsAppConnectingTooLong": ("connecting", "connecting_too_long"),
    "WhatsAppDiskLow": ("disk_low",),
    "WhatsAppDuplicateClient": ("duplicate_client",),
    "WhatsAppNoPrimaryMaster": ("no_primary_master", "two_primary_masters", "primary_master_disconnected"),
    "WhatsAppNodeUnreachable": ("node_unreachable",),
    "WhatsAppOnCallPagerUnset": ("on_call_group_unreachable",),
    "WhatsAppOverloaded": ("overloaded",),
    "WhatsAppRateLimited": ("rate_limited",),
    "WhatsAppShardUncovered": ("shard_uncovered",),
    "WhatsAppUnregistered": ("unregistered",),
    "WhatsAppVersionSkew": ("version_skew",),
}
_OTHERWISE = "WhatsAppDegraded"

COLUMNS = (
    Column("target", "Client", width=200),
    Column("problem", "Problem", texts=WORDS, width=220),
    Column("Value", "Seen for", unit="s", width=110),
    Column("runbook", "Runbook", width=220, link="${runbooks}/${__value.raw}.md"),
    Column(
        "advice",
        "What to do",
        texts={slug: (f"{say[0].upper()}{say[1:]}.", None) for slug, say in ADVICE.items()},
    ),
)


def table(number: int, *, height: int) -> Panel:
    """Build the panel that lists every problem and what to do about it."""
    return grid(
        Head(
            number,
            "What is wrong, and what to do",
            "Every problem present now. Seen for: how much of the time shown it was there.",
            "none",
            24,
            height,
        ),
        [present()],
        COLUMNS,
        worst="Seen for",
    )


def present() -> str:
    """Give for each present problem the seconds that it was there in the time shown.

    The label `advice` repeats the problem, for COLUMNS to put into words; `runbook` names the file.
    """
    problem = client("whatsapp_problem")
    seen = f"count_over_time({problem}[$__range:$__interval]) * $__interval_ms / 1000"
    labelled = f'label_replace({most(f"{seen} and {problem}", "problem")}, "advice", "$1", "problem", "(.*)")'
    for name, slugs in ((_OTHERWISE, (".*",)), *_RUNBOOKS.items()):
        labelled = f'label_replace({labelled}, "runbook", "{name}", "problem", "{"|".join(slugs)}")'
    return labelled


def worst() -> str:
    """Give the problem of each client that weighs most, in the label `problem`: `none` without any."""
    well = f'label_replace(0 * {most(client("whatsapp_up"))}, "problem", "none", "", "")'
    weighed = (
        f"{weight} * {most(client('whatsapp_problem', _among(state)), 'problem')}"
        for weight, state in enumerate(_COLOURS, start=1)
    )
    return f"topk by (target) (1, {' or '.join((*weighed, well))})"


def _among(state: State) -> str:
    slugs = "|".join(slug for slug, makes in SLUGS.items() if makes is state)
    return f'problem=~"{slugs}"'
