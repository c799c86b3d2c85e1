"""What alerts say about the ways they can go."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waexporter.paging.alerts import Alert
from waexporter.paging.routes import concern_of, join_concerns

TARGETS = st.sampled_from(["", "orders", "support", "backup"])
ALERTS = st.builds(
    lambda target, affects, ends: Alert(
        "f", 1.0, ends, {"target": target} | ({"affects_channel": affects} if affects else {})
    ),
    TARGETS,
    st.sampled_from(["", "whatsapp", "other"]),
    st.sampled_from([None, 2.0]),
)


@given(st.lists(st.lists(ALERTS, max_size=4), max_size=4))
def test_pages_say_together_what_their_alerts_say(pages: list[list[Alert]]) -> None:
    together = concern_of(alert for page in pages for alert in page)

    assert join_concerns(concern_of(page) for page in pages) == together
