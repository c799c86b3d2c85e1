"""What the process says of itself."""

from __future__ import annotations

import platform

import pytest

from tests.metrics.reading_back import Series, read_openmetrics, read_text
from waexporter import __version__
from waexporter.metrics.telemetry import Telemetry


def values(telemetry: Telemetry) -> dict[Series, float]:
    return read_text(telemetry.render(as_openmetrics=False).decode())


def test_counters_and_the_histogram_begin_at_zero() -> None:
    telemetry = Telemetry()
    telemetry.expect_paths(("/metrics", "/"))

    found = values(telemetry)

    assert found["waexporter_crashes_total", frozenset()] == 0
    assert found["waexporter_poll_lateness_seconds_count", frozenset()] == 0
    assert found["waexporter_clashing_families", frozenset()] == 0
    for path in ("/metrics", "/"):
        assert found["waexporter_http_requests_total", frozenset({("path", path), ("code", "200")})] == 0


def test_the_build_names_both_versions() -> None:
    found = values(Telemetry())

    labels = frozenset({("version", __version__), ("python", platform.python_version())})
    assert found["waexporter_build_info", labels] == 1


def test_every_metric_has_the_value_that_was_set() -> None:
    telemetry = Telemetry()
    telemetry.crashes.inc()
    telemetry.lateness.observe(0.3)
    telemetry.heartbeat.set(1.7e9)
    telemetry.count_request("/metrics", 401)
    telemetry.count_request("/metrics", 401)

    found = values(telemetry)

    assert found["waexporter_crashes_total", frozenset()] == 1
    assert found["waexporter_poll_lateness_seconds_bucket", frozenset({("le", "0.25")})] == 0
    assert found["waexporter_poll_lateness_seconds_bucket", frozenset({("le", "0.5")})] == 1
    assert found["waexporter_scheduler_heartbeat_timestamp_seconds", frozenset()] == 1.7e9
    assert found["waexporter_http_requests_total", frozenset({("path", "/metrics"), ("code", "401")})] == 2


def test_both_formats_have_the_same_samples_and_only_openmetrics_ends_with_eof() -> None:
    telemetry = Telemetry()

    text, strict = (telemetry.render(as_openmetrics=each).decode() for each in (False, True))

    assert set(read_text(text)) == set(read_openmetrics(strict))
    assert strict.endswith("# EOF\n")
    assert "# EOF" not in text


@pytest.mark.parametrize(
    "name", ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"]
)
def test_the_process_is_described(name: str) -> None:
    assert values(Telemetry())[name, frozenset()] > 0


def test_there_are_no_created_samples() -> None:
    page = Telemetry().render(as_openmetrics=True).decode()

    assert "_created" not in page


def test_two_daemons_in_one_process_have_separate_counts() -> None:
    one, other = Telemetry(), Telemetry()

    one.crashes.inc()

    assert values(other)["waexporter_crashes_total", frozenset()] == 0


def test_a_published_list_has_no_sample_before_it_is_known() -> None:
    telemetry = Telemetry()
    names = ("success", "last_success_timestamp_seconds", "targets")

    def shown() -> list[float | None]:
        found = values(telemetry)
        return [found.get((f"waexporter_http_sd_{name}", frozenset())) for name in names]

    unknown = shown()
    telemetry.show_list(None, 0, has_failed=True)
    failed = shown()
    telemetry.show_list(1.7e9, 5, has_failed=False)
    good = shown()
    telemetry.hide_list()

    assert (unknown, failed, good) == ([None, None, None], [0, None, None], [1, 1.7e9, 5])
    assert shown() == [None, None, None]
