"""`waexporter why`: a running daemon explains a verdict."""

from __future__ import annotations

import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from tests.e2e.exporters import Exporter
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from tests.commands.conftest import Workplace


class Busy(BaseHTTPRequestHandler):
    """A daemon that has too many requests."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", "16")
        self.end_headers()
        self.wfile.write(b"too much at once")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def running(workplace: Workplace) -> Exporter:
    return Exporter.run(workplace.file, f"--listen=127.0.0.1:{workplace.port}")


def test_a_verdict_is_explained_in_the_same_words_as_by_the_api(workplace: Workplace) -> None:
    workplace.client.bring("gateway_down")
    with running(workplace) as exporter:
        wait_for(lambda: "no_coreapp_connected" in exporter.get("/api/v1/targets").text)
        result = workplace.run("why", "support-line")
        document = json.loads(workplace.run("why", "support-line", "--json").output)

    assert result.status == 0, result
    assert result.output.startswith("support-line is DOWN, for ")
    assert "no_coreapp_connected alone makes it down." in result.output
    assert "    rule:    no node that carries messages is connected; or the client answers\n" in result.output
    assert document["target"] == "support-line"
    assert document["text"][0].startswith("support-line is DOWN, for ")


def test_an_unknown_name_gets_the_similar_one(workplace: Workplace) -> None:
    with running(workplace):
        result = workplace.run("why", "suport-line")

    assert (result.status, result.output) == (1, "")
    assert result.complaints == (
        "No target is called 'suport-line'; there is 'support-line'. "
        f"(the daemon at http://127.0.0.1:{workplace.port})\n"
    )


def test_without_a_daemon_it_says_where_none_was_found(workplace: Workplace) -> None:
    result = workplace.run("why", "support-line")

    assert (result.status, result.output) == (1, "")
    assert f"no daemon answers at http://127.0.0.1:{workplace.port}" in result.complaints


def test_a_configuration_that_cannot_be_read_is_named_if_no_daemon_answers(workplace: Workplace) -> None:
    workplace.file = workplace.folder / "missing.yml"

    result = workplace.run("why", "support-line", "--url", f"http://127.0.0.1:{workplace.port}")

    assert result.status == 1
    assert "the configuration has problems, too" in result.complaints
    assert "missing.yml: No such file or directory" in result.complaints


def test_a_busy_daemon_is_asked_again_later(workplace: Workplace) -> None:
    with ThreadingHTTPServer(("127.0.0.1", workplace.port), Busy) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        result = workplace.run("why", "support-line")
        server.shutdown()
        thread.join()

    assert result.status == 1
    assert result.complaints == (
        f"the daemon at http://127.0.0.1:{workplace.port} is busy (503 too much at once): ask again\n"
    )


def test_a_daemon_that_ends_the_connection_is_not_called_missing(workplace: Workplace) -> None:
    with socket.create_server(("127.0.0.1", workplace.port)) as server:

        def end_first_connection() -> None:
            connection, _ = server.accept()
            connection.close()

        thread = Thread(target=end_first_connection, daemon=True)
        thread.start()
        result = workplace.run("why", "support-line")
        thread.join()

    assert result.status == 1
    assert f"the daemon at http://127.0.0.1:{workplace.port} did not answer" in result.complaints
