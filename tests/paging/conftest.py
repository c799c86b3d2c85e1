"""What every test of the pager needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.paging.desk import EU, Desk
from tests.paging.fakes import Rig
from waexporter.model import PagerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def rigs() -> Iterator[None]:
    """Close every rig that a test has made."""
    yield
    while Rig.opened:
        Rig.opened.pop().close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = PagerSettings(state_dir=str(tmp_path / "state"), watchdogs=(EU,), watch=True)
    made = Desk(tmp_path / "state", settings)
    yield made
    made.pager.stop()
