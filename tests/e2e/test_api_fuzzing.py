"""Whatever is sent to the API of a real daemon, it answers as its OpenAPI document says, and never 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.exporters import Exporter
from tests.e2e.paging import firing, post, webhook, write_pager
from tests.running.examples import examples
from waexporter.web.openapi import describe_api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Simulate

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
API = schemathesis.openapi.from_dict(describe_api())
CASES = [
    (path, method, mode)
    for path, item in describe_api()["paths"].items()
    for method, operation in item.items()
    for mode in GenerationMode
    # Nothing can be wrong about a request without a body, and without a parameter but a name.
    if mode is GenerationMode.POSITIVE
    or "requestBody" in operation
    or any(each["schema"]["type"] != "string" for each in operation["parameters"])
]


@pytest.fixture(scope="module")
def exporter(simulate: Simulate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """Start a daemon with a target, a pager and a page."""
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    with Exporter.run(write_pager(folder, {"support-line": simulate()})) as exporter:
        exporter.wait_until_ok("support-line")
        assert post(exporter, webhook(firing("WhatsAppDown", target="support-line"))) == 200
        yield exporter


@pytest.mark.parametrize(("path", "method", "mode"), CASES)
def test_the_api_answers_as_described(
    exporter: Exporter, path: str, method: str, mode: GenerationMode
) -> None:
    operation = API[path][method]

    @settings(max_examples=examples(50))
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case[Any]) -> None:
        answer = case.call(base_url=exporter.url)
        case.validate_response(answer, checks=CHECKS)
        assert "Traceback" not in answer.text

    send()

    assert "this is a bug of waexporter" not in exporter.process.output
    assert exporter.page().value("waexporter_crashes_total") == 0
