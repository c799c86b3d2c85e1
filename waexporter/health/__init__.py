"""The verdict on a client, and the problems behind it; pure.

Each kind of client has rules of its own, in a package of its own (`on_premises`); what they share is here.
"""

from __future__ import annotations

from waexporter.health.catalogue import PROBLEMS, SLUGS
from waexporter.health.memory import as_read
from waexporter.health.problem_kind import Grade, Messages

__all__ = ["PROBLEMS", "SLUGS", "Grade", "Messages", "as_read"]
