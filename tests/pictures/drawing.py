"""Draw a dashboard with Grafana's own published packages in a browser, and say what is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from tests.e2e.browsers import Browser
    from tests.pictures.report import Report, View


@dataclass(frozen=True, slots=True)
class Drawn:
    """A dashboard that is on the screen now, until the next one is drawn."""

    report: Report
    browser: Browser

    def photograph(self, file: Path, tallest: int | None = None) -> None:
        """Keep a picture of the whole page, or of what of it is seen on a screen so tall."""
        raise NotImplementedError


def draw(
    browser: Browser,
    board: Mapping[str, Any],
    view: View,
    url: str,
    size: tuple[int, int] = (1600, 900),
) -> Drawn:
    """Draw a dashboard over the Prometheus at this address; waits until all of it is there."""
    raise NotImplementedError
