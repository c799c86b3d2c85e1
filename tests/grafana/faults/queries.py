"""Queries that are too long, ask for too much, or give parts of what can't be parted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.grafana.boards import Sight, panel_queries, panels, queries, where
from tests.grafana.faults.frame import of_one_client
from tests.grafana.labels import kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grafana.boards import Board, Panel

# VictoriaMetrics takes 16 kB by default, proxies about 8 in the address of a GET.
LONGEST = 8_000
LONG_NAME = "a" * 64
CHOICES: tuple[dict[str, str], ...] = (
    {},
    {"target": LONG_NAME, "job": LONG_NAME, "instance": LONG_NAME, "node": LONG_NAME},
    {"target": f"({'|'.join('a' * 24 for _ in range(20))})"},
)
WORST = {"timeseries": 10, "bargauge": 10, "state-timeline": 20}  # how many series can be told apart
_RANKED = re.compile(r"\b(?:top|bottom)k\s*\(\s*(\d+)\s*,")
_EXTRAPOLATED = re.compile(r"\bincrease\(|\b60 \* \(?rate\(")
_SIGHT = Sight(end=0)


def queries_too_long(board: Board) -> list[str]:
    """Find queries that become longer than a server or a proxy takes, with whatever is chosen."""
    longest = {
        asked.where: max(len(Sight(0, chosen=chosen).resolve(asked.expr, board)) for chosen in CHOICES)
        for asked in queries(board)
    }
    return [
        f"{place}: becomes {length} characters long" for place, length in longest.items() if length > LONGEST
    ]


def increases_not_rounded(board: Board) -> list[str]:
    """Find counts of events that come out as 1.33: Prometheus stretches what it saw to the whole range."""
    return [
        f"{asked.where}: round() the increase"
        for asked in panel_queries(board)
        if _EXTRAPOLATED.search(asked.expr) and "round(" not in asked.expr
    ]


def graphs_of_every_client(board: Board) -> list[str]:
    """Find graphs that draw all clients of a fleet, however many."""
    return [
        f"{where(panel)}: draws every client; take topk({WORST[panel['type']]}, …)"
        for panel in panels(board)
        if panel["type"] in WORST and not of_one_client(board)
        for expr in _by_client(board, panel)
        if not _at_most(expr, WORST[panel["type"]])
    ]


def _by_client(board: Board, panel: Panel) -> Iterator[str]:
    for target in panel["targets"]:
        labels = kept(_SIGHT.resolve(target["expr"], board))
        if labels is None or "target" in labels:
            yield target["expr"]


def _at_most(expr: str, most: int) -> bool:
    return any(int(number) <= most for number in _RANKED.findall(expr))


RULES = (queries_too_long, increases_not_rounded, graphs_of_every_client)
