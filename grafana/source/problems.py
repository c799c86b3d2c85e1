"""Current problems, with their severity and what a person can do."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Column, Head, Panel, grid
from grafana.source.selection import client, most
from waexporter.health import PROBLEMS, Grade

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
WORDS |= {slug: (kind.words, _COLOURS[kind.grade]) for slug, kind in PROBLEMS.items()}
SENTENCES = WORDS | {"none": ("nothing is wrong", states.GREEN)}

# Without a problem there is nothing to do; what would show the next one is whether alerts arrive.
_ADVICE = {"none": "Nothing. That alerts reach you, the watchdog shows."}
_ADVICE |= {slug: f"{kind.advice[0].upper()}{kind.advice[1:]}." for slug, kind in PROBLEMS.items()}
_RUNBOOKS = {"none": ("Watchdog", None)} | {slug: (kind.runbook, None) for slug, kind in PROBLEMS.items()}

_SEVERITY = most(client("target:whatsapp_problem:severity"), "problem")
# A client of which nothing is known comes before those that lose messages, and after those known to be down.
_KNOWN_TO_BE_DOWN_FIRST = 1.5
RANKS = SEVERITIES | {Grade.UNKNOWN - _KNOWN_TO_BE_DOWN_FIRST: SEVERITIES[Grade.UNKNOWN]}
_BEGAN = most(client("target:whatsapp_problem:began_timestamp_seconds"), "problem")

# Grafana makes a row as high as the value of a cell needs that wraps, not the words that stand for it: so the
# value is made as long as the longest advice.
AS_LONG = " ·" * 50

TO_RUNBOOK = (
    Column("open", "Runbook", link="${runbooks}/${__data.fields.Name}.md", width=80),
    Column("runbook", "Name", texts=_RUNBOOKS, hidden=True),
)
# Without a row there is not even a client of which nothing is known.
NOTHING = f"{states.NOT_KNOWN}: see whether waexporter runs, and Prometheus has loaded its recording rules"
# Narrow enough for 800 pixels; what is left of more goes to the columns without a width.
_COLUMNS = (
    Column("problem", "Problem", texts=SENTENCES, width=120),
    Column("Value #A", "Severity", states=RANKS, width=95),
    Column("Value #B", "For", unit="s", width=85, absent="-"),
    Column(
        "advice",
        "What to do",
        texts={f"{slug}{AS_LONG}": (text, None) for slug, text in _ADVICE.items()},
        least=180,
        wraps=True,
    ),
    *TO_RUNBOOK,
)


def ranked(severity: str) -> str:
    """Return severities in the order of `RANKS`."""
    return f"({severity} - {_KNOWN_TO_BE_DOWN_FIRST} * ({severity} == bool {Grade.UNKNOWN:d}))"


_RANK = ranked(_SEVERITY)


def table(number: int, *, height: int, to_client: str | None = None) -> Panel:
    """Build the panel that lists every problem and what to do.

    Without problems one row says so, if anything is known: no row means unknown. `to_client` is
    the address that names of clients lead to, where there are several.
    """
    name = Column("target", "Client", least=190, link=to_client, absent="all clients")
    return grid(
        Head(
            number,
            "What is wrong, and what to do",
            "Every problem present now, the worst first, and for how long it has been there.",
            "none",
            24,
            height,
        ),
        [told(f"{_RANK} > 0 or on () {none()}"), age()],
        _COLUMNS if to_client is None else (name, *_COLUMNS),
        worst=("Severity", "For"),
        nothing=NOTHING,
    )


def severity() -> str:
    """Return the severity of each problem by `target` and `problem`; 0 for `no problem`."""
    return f'label_replace({_SEVERITY}, "problem", "no problem", "problem", "none")'


def severity_of_worst() -> str:
    """Return the severity of each client's worst problem, by `target`; absent if nothing is known."""
    return most(client("target:whatsapp_problem:severity"))


def worst() -> str:
    """Return each client's most important problem in the label `problem`, `none` without problems."""
    return f"topk by (target) (1, {_SEVERITY})"


def worst_for() -> str:
    """Return the age of each client's worst problem in seconds; absent without problems."""
    return f"time() - max by (target) ({_BEGAN} and on (target, problem) {worst()})"


def rank_of_worst() -> str:
    """Return the severity of each client's worst problem, in the order of `RANKS`, by `target`."""
    return most(_RANK)


def ranked_worst() -> str:
    """Return each client's most important problem, in the order of `RANKS`."""
    unknown = f"({severity_of_worst()} == bool {Grade.UNKNOWN:d})"
    return f"{worst()} - on (target) group_left () {_KNOWN_TO_BE_DOWN_FIRST} * {unknown}"


def weight() -> str:
    """Return a number that grows with the severity of a problem, then with its age."""
    return f"1e10 * ({_RANK} > 0) + on (target, problem) ({age()}) or 1e10 * ({_RANK} > 0)"


def age() -> str:
    """Return the age of each problem of each client in seconds."""
    return f"time() - {_BEGAN}"


def none() -> str:
    """Return 0 as the problem `none`, if anything is known."""
    return f'label_replace(0 * max({_SEVERITY}), "problem", "none", "", "")'


def told(problems: str) -> str:
    """Add labels with the texts of further columns to problems."""
    opened = f'label_replace({problems}, "open", "open", "", "")'
    advised = f'label_replace({opened}, "advice", "$1{AS_LONG}", "problem", "(.*)")'
    return f'label_replace({advised}, "runbook", "$1", "problem", "(.*)")'
