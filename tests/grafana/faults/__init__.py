"""Mistakes of dashboards that their JSON alone shows, each found by a rule.

A rule takes a dashboard and returns a sentence for each place where it is broken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.grafana.faults import frame, layout, names, no_data, queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.grafana.boards import Board

    Rule = Callable[[Board], list[str]]

RULES: tuple[Rule, ...] = (*no_data.RULES, *names.RULES, *layout.RULES, *frame.RULES, *queries.RULES)
