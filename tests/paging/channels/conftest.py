"""A receiver of messages for the tests of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.receivers import Receiver, receiving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started
