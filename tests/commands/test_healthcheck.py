"""`waexporter healthcheck` asks whether it is healthy, whatever address it is given."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.commands.conftest import CommandResult


class Stranger(BaseHTTPRequestHandler):
    """Some web server: it has a first page, and /prefix/-/healthy."""

    def do_GET(self) -> None:
        is_found = self.path in {"/", "/prefix", "/prefix/", "/prefix/-/healthy"}
        self.send_response(HTTPStatus.OK if is_found else HTTPStatus.NOT_FOUND)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def stranger() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["", "/", "/-/healthy", "/-/healthy/"])
def test_a_server_without_the_path_is_not_healthy(
    run: Callable[..., CommandResult], stranger: str, path: str
) -> None:
    result = run("healthcheck", "--url", stranger + path)

    assert (result.status, result.complaints) == (1, f"{stranger}/-/healthy answers 404\n")


@pytest.mark.parametrize("path", ["/prefix", "/prefix/", "/prefix/-/healthy"])
def test_the_path_is_added_to_the_url(run: Callable[..., CommandResult], stranger: str, path: str) -> None:
    result = run("healthcheck", "--url", stranger + path)

    assert result == (0, "", "")
