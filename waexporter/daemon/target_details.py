"""What the page of one target shows: its status, its nodes and its recent past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Success
from waexporter.polling.history import list_polls, list_queues
from waexporter.polling.state import lifetime
from waexporter.web.backend import TargetDetails

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Document, Endpoint, Instant
    from waexporter.polling.state import TargetState
    from waexporter.web.backend import TargetStatus


def describe_target(state: TargetState, status: TargetStatus, now: Instant) -> TargetDetails:
    """Return everything that is known of a target; what is stale is left out."""
    target, tables = state.target, state.tables
    documents = _fresh_documents(state, now)
    queues = tables.families.queues
    plan = target.plans.get(queues.endpoint) if queues is not None else None
    return TargetDetails(
        status=status,
        nodes=tables.description.nodes(status.verdict, documents.values()),
        summaries=_summarize(state, documents, now),
        polls=list_polls(state.history, now),
        queues=list_queues(state.history, queues, plan.interval, now) if plan is not None else (),
        changes=state.history.changes,
    )


def _summarize(state: TargetState, documents: Mapping[Endpoint, Document], now: Instant) -> dict[str, str]:
    """Return the content of each document in words, and why a fresh success has none."""
    description = state.tables.description
    without: dict[str, str] = {
        endpoint: words
        for endpoint, words in description.without_document.items()
        if endpoint in _fresh_successes(state, now)
    }
    return without | {endpoint: description.summarize(document) for endpoint, document in documents.items()}


def _fresh_documents(state: TargetState, now: Instant) -> dict[Endpoint, Document]:
    return {
        endpoint: outcome.document
        for endpoint, outcome in _fresh_successes(state, now).items()
        if outcome.document is not None
    }


def _fresh_successes(state: TargetState, now: Instant) -> dict[Endpoint, Success]:
    return {
        endpoint: reading.outcome
        for endpoint, reading in state.successes.items()
        if isinstance(reading.outcome, Success)
        and now.steady - reading.at.steady < lifetime(state.target, endpoint)
    }
