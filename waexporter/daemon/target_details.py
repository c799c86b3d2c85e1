"""What the page of one target shows: its status, its nodes and its recent past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Success
from waexporter.polling.history import list_polls, list_queues
from waexporter.polling.state import lifetime
from waexporter.web.backend import TargetDetails

if TYPE_CHECKING:
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
        summaries={
            endpoint: tables.description.summarize(document) for endpoint, document in documents.items()
        },
        polls=list_polls(state.history, now),
        queues=list_queues(state.history, queues, plan.interval, now) if plan is not None else (),
        changes=state.history.changes,
    )


def _fresh_documents(state: TargetState, now: Instant) -> dict[Endpoint, Document]:
    return {
        endpoint: outcome.document
        for endpoint, reading in state.successes.items()
        if isinstance(outcome := reading.outcome, Success)
        and outcome.document is not None
        and now.steady - reading.at.steady < lifetime(state.target, endpoint)
    }
