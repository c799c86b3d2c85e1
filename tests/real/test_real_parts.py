from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.real import parts
from tests.real.fixtures import require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RunTool, StartPrometheus


def test_a_prometheus_of_each_suite_scrapes_what_the_test_configures(
    prometheus: StartPrometheus, suite: str, free_port: int
) -> None:
    nobody = f"127.0.0.1:{free_port}"
    job = {"job_name": "dead", "scrape_interval": "1s", "static_configs": [{"targets": [nobody]}]}

    server = prometheus(suite, {"scrape_configs": [job]})

    samples = server.query("up")
    assert [(labels["instance"], value) for labels, value in samples] == [(nobody, 0.0)]
    assert server.query("vector(1) > 2", until=lambda vector: not vector, deadline=0) == []


def test_a_prometheus_that_never_gives_the_answer_is_quoted(prometheus: StartPrometheus) -> None:
    server = prometheus(parts.SUITES[0], {})

    with pytest.raises(AssertionError, match=r"absent_metric still gives \[\]"):
        server.query("absent_metric", deadline=0)
    with pytest.raises(AssertionError, match="parse error"):
        server.query("no promql }")


def test_the_promtool_of_each_suite_tells_a_good_page_from_a_bad_one(promtool: RunTool, suite: str) -> None:
    good = b"# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n"
    bad = b"# HELP a Things.\n# TYPE a counter\na 1\n"

    passed = promtool(suite, "check", "metrics", stdin=good)
    failed = promtool(suite, "check", "metrics", stdin=bad)

    assert (passed.status, passed.output) == (0, "")
    assert failed.status != 0
    assert "_total" in failed.output


def test_the_amtool_of_each_suite_checks_a_configuration(amtool: RunTool, suite: str, tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"
    file.write_text('{"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}')

    finding = amtool(suite, "check-config", file)

    assert finding.status == 0, finding.output
    assert "SUCCESS" in finding.output


def test_a_missing_part_skips_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAEXPORTER_REQUIRE_REAL", raising=False)

    with pytest.raises(pytest.skip.Exception, match="promtool of sid missing"):
        require(["promtool"], where="sid")


def test_a_missing_part_fails_its_tests_where_all_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAEXPORTER_REQUIRE_REAL", "1")

    with pytest.raises(pytest.fail.Exception, match="promtool of sid missing"):
        require(["promtool"], where="sid")


def test_nothing_missing_lets_the_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAEXPORTER_REQUIRE_REAL", "1")

    require([], where="sid")
