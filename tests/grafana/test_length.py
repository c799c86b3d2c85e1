"""Queries stay below the length that an engine takes."""

from __future__ import annotations

import pytest

from tests.grafana.boards import BOARDS, Sight, queries

# VictoriaMetrics refuses what is longer, by default: -search.maxQueryLen.
LONGEST = 16_384
ONE = "a" * 32  # a long name for a client


@pytest.mark.parametrize("chosen", [{}, {"target": ONE}, {"job": ONE}], ids=["all", "a client", "a job"])
@pytest.mark.parametrize("name", BOARDS)
def test_no_query_is_longer_than_victoriametrics_takes(name: str, chosen: dict[str, str]) -> None:
    board = BOARDS[name]

    lengths = {
        asked.where: len(Sight(0, chosen=chosen).resolve(asked.expr, board)) for asked in queries(board)
    }

    assert {where: length for where, length in lengths.items() if length > LONGEST} == {}
