"""What is wrong now, each beside how bad it is and what a person can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.source import states
from grafana.source.panels import Column, Head, Panel, grid
from grafana.source.selection import client, equal, most
from grafana.source.signs import LATENT, LOSING, MINOR, SERIOUS, SIGNS
from waexporter.advice import ADVICE
from waexporter.health import SLUGS
from waexporter.health.runbooks import RUNBOOKS
from waexporter.model import State

if TYPE_CHECKING:
    from collections.abc import Iterator

_CRITICAL, _UNKNOWN = 5, 6
SEVERITIES: states.States = {
    0: ("none", states.GREEN),
    MINOR: ("minor", states.YELLOW),
    LATENT: ("serious", states.ORANGE),
    SERIOUS: ("serious", states.ORANGE),
    LOSING: ("serious", states.ORANGE),
    _CRITICAL: ("critical", states.RED),
    _UNKNOWN: ("unknown", states.PURPLE),
}

_OF_STATE = {State.OK: MINOR, State.DEGRADED: SERIOUS, State.DOWN: _CRITICAL, State.UNKNOWN: _UNKNOWN}
# Of several problems, the one to read first: what concerns messages first, causes before the rest.
_APART = {
    "overloaded": LOSING,
    "duplicate_client": LOSING,
    "shard_uncovered": LOSING,
    "no_spare_coreapp": LATENT,
    "no_secondary_master": LATENT,
    "on_call_group_unreachable": LATENT,
}
_WEIGHTS = {slug: _APART.get(slug, _OF_STATE[state]) for slug, state in SLUGS.items()}
_EVERY = _WEIGHTS | {sign.slug: sign.weight for sign in SIGNS}
WORDS = {
    slug: (slug.replace("_", " "), SEVERITIES[weight][1]) for slug, weight in ({"none": 0} | _EVERY).items()
}
_ADVICE = {slug: f"{say[0].upper()}{say[1:]}" for slug, say in ADVICE.items()}
_ADVICE |= {sign.slug: sign.advice for sign in SIGNS}

_OTHERWISE = "WhatsAppDegraded"
_RUNBOOKS: dict[str, tuple[str, ...]] = {}
for _slug, _runbook in RUNBOOKS.items():
    if _runbook != _OTHERWISE:
        _RUNBOOKS[_runbook] = (*_RUNBOOKS.get(_runbook, ()), _slug)
for _sign in SIGNS:
    _RUNBOOKS[_sign.runbook] = (*_RUNBOOKS.get(_sign.runbook, ()), _sign.slug)
_STEPS = 100  # into which the time shown is divided: the cost of looking back, however far that is

COLUMNS = (
    Column("target", "Client", width=180),
    Column("problem", "Problem", texts=WORDS, width=210),
    Column("Value #B", "Severity", states=SEVERITIES, width=80),
    Column("Value #A", "Seen for", unit="s", width=80),
    Column("runbook", "Runbook", width=210, link="${runbooks}/${__value.raw}.md"),
    Column("advice", "What to do", texts={slug: (f"{say}.", None) for slug, say in _ADVICE.items()}),
)


def table(number: int, *, height: int, of_fleet: bool = False) -> Panel:
    """Build the panel that lists every problem and what to do about it.

    Of a whole fleet only for what health reports is said how long it was seen: to look back for every sign
    takes Prometheus seconds where there are hundreds of clients.
    """
    reported = most(client("whatsapp_problem"), "problem")
    seen = _seen(reported if of_fleet else " or ".join((reported, *_signs())))
    words = "Every problem present now, the worst first. Seen for: how much of the time shown it was there"
    listed = grid(
        Head(
            number,
            "What is wrong, and what to do",
            f"{words}, as far as health reports it." if of_fleet else f"{words}.",
            "none",
            24,
            height,
        ),
        [seen, _told(weighed())],
        COLUMNS,
        worst=("Severity", "Seen for"),
        nothing="Nothing is wrong",
    )
    return listed.max_data_points(_STEPS)


def weighed() -> str:
    """Give for each problem and sign, by target, how much it weighs: a number of SEVERITIES."""
    return " or ".join(_parts())


def weighed_or_none() -> str:
    """Give the same, and `none` for a client without any."""
    none = f'label_replace(0 * {most(client("whatsapp_up"))}, "problem", "none", "", "")'
    return f"{weighed()} or on (target) {none}"


def worst() -> str:
    """Give the problem of each client that weighs most, in the label `problem`: `none` without any."""
    return f"topk by (target) (1, {weighed_or_none()})"


def _parts() -> Iterator[str]:
    # A rate limit is no more than a nuisance, unless it is why nothing is known.
    limited = most(client("whatsapp_problem", equal("problem", "rate_limited")), "problem")
    blind = most(client("whatsapp_verdict", equal("verdict", "unknown")))
    yield f"{_UNKNOWN} * ({limited} and on (target) {blind} == 1)"
    for weight in sorted(set(_WEIGHTS.values())):
        slugs = "|".join(slug for slug, its in _WEIGHTS.items() if its == weight)
        such = client("whatsapp_problem", f'problem=~"{slugs}"')
        yield f"{weight} * {most(such, 'problem')}"
    yield from _signs()


def _signs() -> Iterator[str]:
    for sign in SIGNS:
        shown = f"{sign.weight} * group by (target) ({sign.expr})"
        yield f'label_replace({shown}, "problem", "{sign.slug}", "", "")'


def _seen(present: str) -> str:
    """Give for each present problem the seconds that it was there in the time shown."""
    return f"count_over_time(({present})[$__range:$__interval]) * $__interval_ms / 1000 and ({present})"


def _told(problems: str) -> str:
    """Label problems with `advice`, which repeats them for COLUMNS to put into words, and with `runbook`."""
    labelled = f'label_replace({problems}, "advice", "$1", "problem", "(.*)")'
    for name, slugs in ((_OTHERWISE, (".*",)), *_RUNBOOKS.items()):
        labelled = f'label_replace({labelled}, "runbook", "{name}", "problem", "{"|".join(slugs)}")'
    return labelled
