"""Every problem of every kind of client by its slug, for verdicts, the status page and the dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.health.on_premises.observed_problems import OBSERVED
from waexporter.health.on_premises.problems import JUDGED
from waexporter.health.shared_problems import SHARED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.health.problem_kind import ProblemKind
    from waexporter.model import State

PROBLEMS: Final[Mapping[str, ProblemKind]] = {kind.slug: kind for kind in (*SHARED, *JUDGED, *OBSERVED)}
SLUGS: Final[Mapping[str, State]] = {
    kind.slug: kind.state for kind in PROBLEMS.values() if kind.state is not None
}
