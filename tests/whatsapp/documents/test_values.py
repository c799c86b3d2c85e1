"""Times in each of their forms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from waexporter.errors import BodyError
from waexporter.whatsapp.documents.values import read_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-03-01 15:29:26+00:00", datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC)),
        ("2018-03-01T15:29:26Z", datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC)),
        ("2018-03-01T15:29:26.5+02:00", datetime(2018, 3, 1, 13, 29, 26, 500_000, tzinfo=UTC)),
        (" 2018-03-01 15:29:26 ", datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_each_of_its_forms(text: str, moment: datetime) -> None:
    assert read_time(text) == moment.timestamp()


@pytest.mark.parametrize("text", ["", "tomorrow", "1519918166", "2018-13-01", "9" * 500])
def test_what_is_no_time_is_told_in_words(text: str) -> None:
    with pytest.raises(BodyError, match="is not a time") as caught:
        read_time(text)

    assert len(str(caught.value)) < 80
