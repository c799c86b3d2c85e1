"""The verdict on a client, and the problems that cause it; pure.

The rules for each kind of client are in a separate package (`on_premises`); here is what they share.
"""

from __future__ import annotations

from waexporter.health.catalogue import PROBLEMS
from waexporter.health.problem_kind import Grade, Messages
from waexporter.health.verdict_times import with_current_times

__all__ = ["PROBLEMS", "Grade", "Messages", "with_current_times"]
