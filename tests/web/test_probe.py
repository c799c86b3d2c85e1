"""GET /probe: who is polled, how long is waited for it, and what is said to whoever asks wrongly."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import Future
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.web.fakes import Diary, FakeBackend, Got, a_target, an_application, ask, ask_in_loop
from waexporter.web.asgi import RequestLimits
from waexporter.web.backend import PageRequest
from waexporter.web.metrics import OPENMETRICS, PROMETHEUS
from waexporter.web.probe import MAX_TIMEOUT, MIN_TIMEOUT, read_timeout

DEADLINE = 50.0  # seconds; waiting ends as soon as what is waited for happens
SHORT = "0.1"  # seconds: as long as a test may wait for what never comes


def a_backend(*polls: Future[None]) -> FakeBackend:
    return FakeBackend((a_target("a"), a_target("b b")), polls=polls)


# --- the answer --------------------------------------------------------------------------------


def test_one_target_is_probed_and_its_page_returned_as_text() -> None:
    backend = a_backend()

    got = ask(an_application(backend), "/probe?target=b%20b&module=any")

    assert (got.status, got.text, got.headers["content-type"]) == (200, "ended 0\n", PROMETHEUS)
    assert got.headers["vary"] == "Accept, Accept-Encoding"
    assert backend.probes == ["b b"]


def test_a_client_gets_the_format_and_encoding_that_it_prefers() -> None:
    backend = a_backend()

    got = ask(
        an_application(backend),
        "/probe?target=a",
        accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
        accept_encoding="gzip",
    )

    assert (got.headers["content-type"], got.headers["content-encoding"]) == (OPENMETRICS, "gzip")
    assert backend.page_requests == [PageRequest(openmetrics=True, gzip=True)]


def test_head_probes_and_returns_only_the_length() -> None:
    backend = a_backend()

    got = ask(an_application(backend), "/probe?target=a", "HEAD")

    assert (got.status, got.body, got.headers["content-length"]) == (200, b"", "8")
    assert backend.probes == ["a"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_method_is_rejected_and_probes_nothing(method: str) -> None:
    backend, diary = a_backend(), Diary()

    got = ask(an_application(backend, diary), "/probe?target=a", method)

    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    assert backend.probes == []
    assert diary.requests == [("/probe", 405)]


@pytest.mark.parametrize("path", ["/probe/", "//probe", "/PROBE", "/probe/a"])
def test_no_other_path_probes(path: str) -> None:
    backend = a_backend()

    got = ask(an_application(backend), f"{path}?target=a")

    assert (got.status, backend.probes) == (404, [])


# --- what is asked wrongly ---------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "target=", "target=a&target=a", "target=a&target=b", "targets=a"])
def test_without_exactly_one_target_the_error_explains_the_parameter(query: str) -> None:
    backend = a_backend()

    got = ask(an_application(backend), f"/probe?{query}")

    assert got.status == 400
    assert got.text == "Name one target, as in /probe?target=NAME; GET /api/v1/targets lists them all.\n"
    assert backend.probes == []


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("nobody", "'nobody'"),
        ("http://169.254.169.254/latest", "'http://169.254.169.254/latest'"),
        ("https://a.example:9090", "'https://a.example:9090'"),  # the address of a configured one
        ("A", "'A'"),
        ("%3Cscript%3E%0A", "'<script>\\n'"),
        ("x" * 500, "'" + "x" * 100 + "'"),
    ],
)
def test_an_unknown_target_is_not_probed(query: str, shown: str) -> None:
    backend = a_backend()

    got = ask(an_application(backend), f"/probe?target={query}")

    assert got.status == 404
    assert got.text == (
        f"No target is called {shown}, and only those of the configuration are probed; "
        "GET /api/v1/targets lists them all.\n"
    )
    assert backend.probes == []


def test_a_timeout_that_is_no_number_gets_400_with_an_example() -> None:
    backend = a_backend()

    got = ask(
        an_application(backend),
        "/probe?target=a",
        x_prometheus_scrape_timeout_seconds="soon",
        accept="application/json",
    )

    assert got.status == 400
    assert json.loads(got.body) == {
        "error": "The header X-Prometheus-Scrape-Timeout-Seconds must be a number of seconds, like 10 or 2.5."
    }
    assert backend.probes == []


def test_too_many_polls_get_503_and_no_metrics() -> None:
    backend = FakeBackend((a_target("a"),), polls=None)

    got = ask(an_application(backend), "/probe?target=a")

    assert (got.status, got.headers["retry-after"]) == (503, "10")
    assert got.text.startswith("Too many polls are under way for other probes, or")


# --- the deadline ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 9.5),  # what Prometheus waits by default
        ("10", 9.5),
        ("15.000000", 14.5),
        (" 2.5 ", 2.0),
        ("+3", 2.5),
        (".9", 0.4),
        ("1e1", 9.5),
        ("0.55", MIN_TIMEOUT),
        ("0.5", MIN_TIMEOUT),
        ("0", MIN_TIMEOUT),
        ("-0", MIN_TIMEOUT),
        ("-7", MIN_TIMEOUT),
        ("1e9", MAX_TIMEOUT),
        ("1e999", MAX_TIMEOUT),
        ("-1e999", MIN_TIMEOUT),
        ("9" * 400, MAX_TIMEOUT),
    ],
)
def test_half_a_second_of_the_timeout_is_left_for_sending_the_page(header: str, seconds: float) -> None:
    assert read_timeout(header) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "header", ["nan", "NaN", "inf", "-Infinity", "10s", "1_0", "1, 2", "10 10", "0x1", ".", "٣"]
)
def test_a_timeout_that_is_no_number_is_invalid(header: str) -> None:
    assert read_timeout(header) is None


@given(st.text(max_size=12) | st.floats().map(str))
@example("1e-400")
def test_any_timeout_is_bounded_or_invalid(header: str) -> None:
    timeout = read_timeout(header)

    assert timeout is None or MIN_TIMEOUT <= timeout <= MAX_TIMEOUT


def test_a_response_waits_for_every_poll() -> None:
    first, second = _running(), _running()
    backend = a_backend(first, second)
    got: list[str] = []
    asking = threading.Thread(
        target=lambda: got.append(
            ask(an_application(backend), "/probe?target=a", x_prometheus_scrape_timeout_seconds="60").text
        )
    )

    asking.start()
    first.set_result(None)
    second.set_result(None)
    asking.join(DEADLINE)

    assert got == ["ended 2\n"]


def test_a_poll_that_does_not_end_in_time_is_not_waited_for_and_goes_on() -> None:
    slow = _running()
    application = an_application(a_backend(slow))

    got = [
        ask(application, "/probe?target=a", x_prometheus_scrape_timeout_seconds=SHORT).text for _ in range(2)
    ]

    assert got == ["ended 0\n", "ended 0\n"]
    assert slow.running()
    slow.set_result(None)  # which tells nobody who has gone
    assert ask(application, "/probe?target=a").text == "ended 1\n"


def test_probes_that_wait_take_no_worker_from_others() -> None:
    slow = _running()
    backend = a_backend(slow)
    application = an_application(backend, limits=RequestLimits(workers=1))

    async def ask_all() -> tuple[Got, list[Got]]:
        probe = partial(ask_in_loop, x_prometheus_scrape_timeout_seconds="60")
        waiting = [asyncio.ensure_future(probe(application, "/probe?target=a")) for _ in range(3)]
        while len(backend.probes) < 3:  # noqa: ASYNC110 - the fake backend tells nobody
            await asyncio.sleep(0)
        meanwhile = await ask_in_loop(application, "/metrics")
        slow.set_result(None)
        return meanwhile, await asyncio.gather(*waiting)

    got, probes = asyncio.run(asyncio.wait_for(ask_all(), DEADLINE))

    assert got.status == 200
    assert [each.text for each in probes] == ["ended 1\n"] * 3


def test_the_number_of_waiting_probes_is_limited() -> None:
    application = an_application(a_backend(_running()), limits=RequestLimits(max_deferred=0))

    got = ask(application, "/probe?target=a")

    assert got.status == 503
    assert got.text == "0 others wait for an answer already.\n"


def test_a_bug_in_a_deferred_response_is_counted_and_never_shown() -> None:
    class Broken(FakeBackend):
        def probe_page(self, *_: object) -> tuple[bytes, ...]:
            raise RuntimeError("hunter2")

    diary = Diary()

    got = ask(an_application(Broken((a_target("a"),)), diary), "/probe?target=a")

    assert (got.status, got.text) == (500, "The exporter failed to answer; its log says why.\n")
    assert diary.crashes == 1


def _running() -> Future[None]:
    poll: Future[None] = Future()
    poll.set_running_or_notify_cancel()
    return poll
