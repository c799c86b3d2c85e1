from __future__ import annotations

import signal
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.real.process import Process

if TYPE_CHECKING:
    from tests.real.fixtures import StartProcess

STUBBORN = """
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("deaf", flush=True)
    signal.pause()
"""
POLITE = """
    import signal, sys
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # or one sent early is lost
    print("listening on 80", flush=True)
    signal.sigwait({signal.SIGTERM})
    sys.exit("bye")
"""
SERVER = """
    import sys
    from http.server import BaseHTTPRequestHandler, HTTPServer
    class Busy(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(503)
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Busy).serve_forever()
"""


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", dedent(source), *arguments]


def test_a_line_is_waited_for_and_its_parts_are_given(process: StartProcess) -> None:
    polite = process(*python(POLITE))

    found = polite.wait_for_line(r"listening on (\d+)")

    assert found[1] == "80"
    assert polite.is_running


def test_a_process_is_ended_by_sigterm_and_its_last_words_are_kept(process: StartProcess) -> None:
    polite = process(*python(POLITE))
    polite.wait_for_line("listening")

    status = polite.stop()

    assert status == 1
    assert polite.output.splitlines() == ["listening on 80", "bye"]


def test_a_process_that_must_be_killed_fails_the_test() -> None:
    stubborn = Process(python(STUBBORN))
    stubborn.wait_for_line("deaf")

    with pytest.raises(AssertionError, match="did not end"):
        stubborn.stop(deadline=0.1)

    assert stubborn.wait() == -signal.SIGKILL


def test_a_line_that_never_comes_is_not_waited_for_once_the_process_has_ended(process: StartProcess) -> None:
    brief = process(*python("print('last words')"))

    with pytest.raises(AssertionError, match=r"(?s)wrote no line with 'hello'.*last words"):
        brief.wait_for_line("hello", deadline=60)


def test_an_address_is_waited_for_until_it_gives_the_status(process: StartProcess, free_port: int) -> None:
    server = process(*python(SERVER, str(free_port)))

    body = server.wait_for_url(f"http://127.0.0.1:{free_port}/", status=503)

    assert b"503" in body


def test_an_address_with_another_status_is_not_accepted(process: StartProcess, free_port: int) -> None:
    server = process(*python(SERVER, str(free_port)))
    server.wait_for_url(f"http://127.0.0.1:{free_port}/", status=503)

    with pytest.raises(AssertionError, match=r"did not answer 200 .* but 503"):
        server.wait_for_url(f"http://127.0.0.1:{free_port}/", deadline=0)
