"""What the page of one target shows: its status, its nodes and its recent past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Success
from waexporter.polling.history import list_polls, list_queues
from waexporter.polling.state import lifetime
from waexporter.web.backend import TargetDetails

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from waexporter.model import Document, Endpoint, Instant
    from waexporter.polling.state import TargetState
    from waexporter.web.backend import TargetStatus


def describe_target(state: TargetState, status: TargetStatus, now: Instant) -> TargetDetails:
    """Return everything that is known of a target; what is stale is left out."""
    target, tables = state.target, state.tables
    fresh = _fresh_successes(state, now)
    documents = {
        endpoint: outcome.document for endpoint, outcome in fresh.items() if outcome.document is not None
    }
    queues = tables.families.queues
    plan = target.plans.get(queues.endpoint) if queues is not None else None
    return TargetDetails(
        status=status,
        nodes=tables.description.nodes(status.verdict, documents.values()),
        summaries=_summarize(state, fresh, documents),
        polls=list_polls(state.history, now),
        queues=list_queues(state.history, queues, plan.interval, now) if plan is not None else (),
        changes=state.history.changes,
    )


def _summarize(
    state: TargetState, fresh: Collection[Endpoint], documents: Mapping[Endpoint, Document]
) -> dict[str, str]:
    """Return the content of each document in words, and why a fresh success has none."""
    description = state.tables.description
    without: dict[str, str] = {
        endpoint: words for endpoint, words in description.without_document.items() if endpoint in fresh
    }
    return without | {endpoint: description.summarize(document) for endpoint, document in documents.items()}


def _fresh_successes(state: TargetState, now: Instant) -> dict[Endpoint, Success]:
    return {
        endpoint: reading.outcome
        for endpoint, reading in state.successes.items()
        if isinstance(reading.outcome, Success)
        and now.steady - reading.at.steady < lifetime(state.target, endpoint)
    }
