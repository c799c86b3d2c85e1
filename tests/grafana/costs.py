"""What a dashboard costs the Prometheus that it asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from tests.grafana.boards import Asked, annotation_queries
from tests.real.network import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grafana.boards import Board, Sight


_AT_ONE_TIME = "@ end()"  # what is read once for all steps, and yet counted at each


class Question(NamedTuple):
    """A query, how it is asked, and whether before anybody opens a row."""

    asked: Asked
    is_instant: bool
    is_at_first: bool


class Cost(NamedTuple):
    """What one question costs: its length, the samples that are read, the series that come back, the time."""

    where: str
    size: int  # bytes
    samples: int
    series: int
    seconds: float
    is_at_first: bool  # asked before anybody opens a row


def costs(url: str, board: Board, sight: Sight) -> list[Cost]:
    """Ask a real Prometheus all that a dashboard asks, as Grafana does."""
    return [_cost(url, board, sight, question) for question in _questions(board)]


def _questions(board: Board) -> Iterator[Question]:
    for panel in board["panels"]:
        for shown in (panel, *panel.get("panels", ())):
            for target in shown.get("targets", ()):
                asked = Asked(f"{shown['id']} {shown['title']}, {target['refId']}", target["expr"])
                yield Question(asked, bool(target.get("instant")), shown is panel)
    for asked in annotation_queries(board):
        yield Question(asked, is_instant=False, is_at_first=True)


def _cost(url: str, board: Board, sight: Sight, question: Question) -> Cost:
    query = sight.resolve(question.asked.expr, board)
    path, when = (
        ("query", {"time": sight.end})
        if question.is_instant
        else ("query_range", {"start": sight.end - sight.seconds, "end": sight.end, "step": sight.step})
    )
    answer = ask(f"{url}/api/v1/{path}?{urlencode({'query': query, 'stats': 'all', **when})}", patience=60)
    assert answer is not None, question
    document: dict[str, Any] = json.loads(answer.body)
    assert document["status"] == "success", f"{question}: {document}"
    data = document["data"]
    samples = data["stats"]["samples"]["totalQueryableSamples"]
    return Cost(
        question.asked.where,
        len(query.encode()),
        samples if _AT_ONE_TIME not in query else samples // (sight.seconds // sight.step + 1),
        len(data["result"]),
        data["stats"]["timings"]["evalTotalTime"],
        question.is_at_first,
    )
