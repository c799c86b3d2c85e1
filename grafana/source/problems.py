"""The problems of now, each beside what a person can do about it."""

from __future__ import annotations

from grafana.source import states
from grafana.source.panels import Column
from grafana.source.selection import client, most
from waexporter import advice

_ADVICE = {slug: f"{words[0].upper()}{words[1:]}." for slug, words in advice.ADVICE.items()}

COLUMNS = (
    Column("target", "Client", width=200),
    Column("problem", "Problem", width=220),
    Column("Value", "Seen for", unit="s", width=110, steps=((120, states.RED),)),
    Column("advice", "What to do", texts=_ADVICE),
)


def present() -> str:
    """Give for each present problem the seconds that it was there in the time shown.

    The label `advice` repeats the problem, for COLUMNS to put into words.
    """
    problem = client("whatsapp_problem")
    seen = f"count_over_time({problem}[$__range:$__interval]) * $__interval_ms / 1000"
    return f'label_replace({most(f"{seen} and {problem}", "problem")}, "advice", "$1", "problem", "(.*)")'
