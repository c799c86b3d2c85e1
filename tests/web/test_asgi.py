"""What holds for every path: counting, refusing, surviving, and headers that protect."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from tests.web.fakes import BrokenBackend, Diary, FakeBackend, an_application, ask
from waexporter.web.asgi import SECURITY_HEADERS
from waexporter.web.responses import IncomingRequest, Response, text_response
from waexporter.web.routes import ROUTES, Route

if TYPE_CHECKING:
    from waexporter.web.backend import Backend


@pytest.mark.parametrize("path", [*(route.path for route in ROUTES), "/nowhere"])
def test_every_response_has_the_security_headers(path: str) -> None:
    got = ask(an_application(FakeBackend()), path)

    assert SECURITY_HEADERS.keys() <= got.headers.keys()
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize(
    "path", ["/nowhere", "/metrics/", "//metrics", "/METRICS", "/../etc/passwd", "/favicon.ico"]
)
def test_an_unknown_path_is_not_found_and_counted_as_other(path: str) -> None:
    diary = Diary()

    got = ask(an_application(FakeBackend(), diary), path)

    assert (got.status, diary.requests) == (404, [("other", 404)])
    assert got.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_another_method_gets_405_with_the_allowed_ones(method: str) -> None:
    diary = Diary()

    got = ask(an_application(FakeBackend(), diary), "/metrics", method)

    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    assert diary.requests == [("/metrics", 405)]


def test_every_request_is_counted_under_the_path_of_its_route() -> None:
    diary = Diary()
    application = an_application(FakeBackend(waiting="not yet"), diary)

    for target in ("/metrics?x=1", "/-/ready", "/sd?shard=9", "/nowhere"):
        ask(application, target)

    assert diary.requests == [("/metrics", 200), ("/-/ready", 503), ("/sd", 400), ("other", 404)]


def test_a_bug_is_counted_and_logged_but_never_shown() -> None:
    diary = Diary()

    got = ask(an_application(BrokenBackend(), diary), "/metrics")

    assert (got.status, got.text) == (500, "The exporter failed to answer; its log says why.\n")
    assert diary.requests == [("/metrics", 500)]
    assert diary.crashes == 1
    what, crash = diary.logged[0]
    assert what == "answering GET /metrics"
    assert isinstance(crash, RuntimeError)
    assert crash.__traceback__ is not None


def test_an_error_is_json_for_a_client_that_prefers_it() -> None:
    got = ask(an_application(BrokenBackend()), "/metrics", accept="application/json")

    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.body) == {"error": "The exporter failed to answer; its log says why."}


def test_a_new_route_is_a_new_row_and_runs_in_a_worker_thread() -> None:
    threads = []

    def tell(request: IncomingRequest, _backend: Backend) -> Response:
        threads.append(threading.current_thread())
        return text_response(f"{request.method} {request.values('a')}")

    application = an_application(FakeBackend(), routes=(Route("/new", tell, "", ("POST",)),))
    got = ask(application, "/new?a=1&a=&b=2", "POST")

    assert got.text == "POST ('1', '')\n"
    assert threads[0] is not threading.main_thread()


def test_small_chunks_of_a_page_are_sent_together() -> None:
    page = tuple(b"x" * 100 for _ in range(5_000))

    got = ask(an_application(FakeBackend(page=page)), "/metrics")

    assert got.body == b"".join(page)
    assert len(got.pieces) == 9  # 65 600 bytes each, the rest, and the empty end
