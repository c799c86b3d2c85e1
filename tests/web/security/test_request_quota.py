"""The rate limit of requests."""

from __future__ import annotations

from waexporter.model import RequestRate
from waexporter.web.security.request_quota import RequestQuota


def test_a_burst_is_answered_and_then_one_request_in_each_interval() -> None:
    quota = RequestQuota(RequestRate(burst=3, interval=2.0), now=0.0)

    taken = [quota.take(now) for now in (0.0, 0.0, 0.0, 0.0, 1.9, 2.0, 2.1, 4.0, 100.0, 100.0, 100.0, 100.0)]

    assert taken == [True, True, True, False, False, True, False, True, True, True, True, False]


def test_a_clock_that_stands_still_gives_nothing() -> None:
    quota = RequestQuota(RequestRate(burst=1, interval=1.0), now=5.0)

    assert [quota.take(5.0), quota.take(5.0)] == [True, False]
