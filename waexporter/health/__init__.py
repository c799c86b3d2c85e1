"""What is the matter with a client: a pure judgement from what it said of itself.

The rules are those of the API's documentation. What is healthy depends on the topology: in high
availability one coreapp is connected and all else is disconnected, in multiconnect one coreapp per shard
and the primary master are.
"""

from __future__ import annotations

from waexporter.health.catalogue import PROBLEMS, SLUGS, Grade, Messages
from waexporter.health.facts import Facts
from waexporter.health.verdict import CONNECTING_TOO_LONG, as_read, changes_at, judge

__all__ = [
    "CONNECTING_TOO_LONG",
    "PROBLEMS",
    "SLUGS",
    "Facts",
    "Grade",
    "Messages",
    "as_read",
    "changes_at",
    "judge",
]
