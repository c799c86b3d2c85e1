"""The whole loop with the oldest Prometheus and Alertmanager, in a file of its own: both run side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import whole_loop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RealParts


@pytest.mark.timeout(whole_loop.SECONDS)
def test_every_scenario_fires_what_is_expected_pages_and_resolves(
    real_parts: RealParts, tmp_path: Path
) -> None:
    whole_loop.run(real_parts, "bookworm", tmp_path)
