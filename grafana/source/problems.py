"""What is wrong now, each beside how bad it is and what a person can do about it."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Column, Head, Panel, grid
from grafana.source.selection import client, most
from waexporter.health import KINDS, Grade

_COLOURS = {
    Grade.NONE: states.GREEN,
    Grade.MINOR: states.YELLOW,
    Grade.LATENT: states.ORANGE,
    Grade.SERIOUS: states.ORANGE,
    Grade.LOSING: states.ORANGE,
    Grade.CRITICAL: states.RED,
    Grade.UNKNOWN: states.PURPLE,
}
SEVERITIES: states.States = {int(grade): (grade.word, _COLOURS[grade]) for grade in Grade}
WORDS = {"none": ("none", states.GREEN)}
WORDS |= {slug: (kind.words, _COLOURS[kind.grade]) for slug, kind in KINDS.items()}

_ADVICE = {slug: (f"{kind.advice[0].upper()}{kind.advice[1:]}.", None) for slug, kind in KINDS.items()}
_RUNBOOKS = {slug: (kind.runbook, None) for slug, kind in KINDS.items()}
_NONE = {"none": ("", None)}

_SEVERITY = most(client("target:whatsapp_problem:severity"), "problem")
_BEGAN = most(client("target:whatsapp_problem:began_timestamp_seconds"), "problem")

COLUMNS = (
    Column("target", "Client", least=140),
    Column("problem", "Problem", texts=WORDS | {"none": ("nothing is wrong", states.GREEN)}, least=160),
    Column("Value #A", "Severity", states=SEVERITIES, width=80),
    Column("Value #B", "For", unit="s", width=80),
    Column("advice", "What to do", texts=_ADVICE | _NONE, least=260),
    Column("runbook", "Runbook", texts=_RUNBOOKS | _NONE, least=200, link="${runbooks}/${__value.text}.md"),
)


def table(number: int, *, height: int) -> Panel:
    """Build the panel that lists every problem and what to do about it.

    Without any it has a row that says so, as far as anything is known: no row is no knowledge.
    """
    none = f'label_replace(0 * max({_SEVERITY}), "problem", "none", "", "")'
    return grid(
        Head(
            number,
            "What is wrong, and what to do",
            "Every problem present now, the worst first, and for how long it has been there.",
            "none",
            24,
            height,
        ),
        [_told(f"{_SEVERITY} > 0 or on () {none}"), f"time() - {_BEGAN}"],
        COLUMNS,
        worst=("Severity", "For"),
        nothing=states.NOT_KNOWN,
    )


def severity() -> str:
    """Give how bad each problem of each client is, by `target` and `problem`: `none` is 0."""
    return _SEVERITY


def severity_of_worst() -> str:
    """Give how bad the worst problem of each client is, by `target`; absent where nothing is known."""
    return f"max by (target) ({client('target:whatsapp_problem:severity')})"


def worst() -> str:
    """Give the problem of each client that weighs most, in the label `problem`: `none` without any."""
    return f"topk by (target) (1, {_SEVERITY})"


def worst_for() -> str:
    """Give for how many seconds the worst problem of each client has been there; absent without any."""
    return f"time() - max by (target) ({_BEGAN} and on (target, problem) {worst()})"


def _told(problems: str) -> str:
    """Label problems with `advice` and `runbook`, which repeat them for COLUMNS to put into words."""
    told = f'label_replace({problems}, "advice", "$1", "problem", "(.*)")'
    return f'label_replace({told}, "runbook", "$1", "problem", "(.*)")'
