"""What every test of the pager needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.paging.fakes import Rig

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def rigs() -> Iterator[None]:
    """Close every rig that a test has made."""
    yield
    while Rig.opened:
        Rig.opened.pop().close()
