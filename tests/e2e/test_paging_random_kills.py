"""Four hundred kills at random moments, amid faults of the client: no page is lost, repetitions are counted.

The seed is printed; WAEXPORTER_TEST_SEED takes one again, as far as moments can be repeated.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

import httpx
import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import clean_environment
from tests.e2e.paging import PATH, firing, journal, webhook, write_pager
from tests.e2e.waiting import wait_for
from tests.real import parts
from tests.real.network import ask, find_free_port
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEED = int(os.environ.get("WAEXPORTER_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
KILLS = 400
POSTERS = 3  # deliveries under way at once
PAUSE = 0.02  # seconds between two deliveries of one of them
LONGEST_LIFE = 0.2  # seconds from the first answer until the kill
GLANCE = 0.005  # seconds between two looks; hundreds of lives are waited for
SHARE_BEFORE_ANSWER = 0.15  # of the lives that end while the daemon is still starting
SHARE_WITH_FAULT = 0.5  # of the lives in which the client does not do as it should
MESSAGES = "/v1/messages"
# What a client may do to a message without taking it, or while taking it. Not among them is a success that
# takes no message: nobody could tell.
FAULTS = (
    ("answer_lost", MESSAGES),
    ("message_fails", MESSAGES),
    ("message_unmastered", MESSAGES),
    ("errors_in_200", MESSAGES),
    ("rate_limited", MESSAGES),
    ("overload", None),
    ("database", None),
    ("expired_token", None),
    ("refuse_logins", None),
    ("gateway_down", None),
    ("hang", MESSAGES),
    ("hang", None),
    ("web_down", None),
)


class Lives:
    """One daemon after the other at one address."""

    def __init__(self, file: Path, log: Path) -> None:
        self.port = find_free_port()
        self._command = ["run", "--config", str(file), "--listen", f"127.0.0.1:{self.port}"]
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.nursery", str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=parts.ROOT,
            env=clean_environment(),
        )

    def begin(self) -> int:
        """Start the next one; gives its number."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(self._command) + "\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())

    def end(self, pid: int, by: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait until nothing is left of it."""
        os.kill(pid, by)
        end = time.monotonic() + 60
        while _is_alive(pid):
            assert time.monotonic() < end, f"{pid} does not end"
            time.sleep(GLANCE)

    def wait_for_answer(self) -> None:
        """Wait until it answers."""
        url = f"http://127.0.0.1:{self.port}/-/healthy"
        end = time.monotonic() + 60
        while ask(url, patience=1) is None:
            assert time.monotonic() < end, "the daemon does not answer"
            time.sleep(GLANCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._nursery as nursery:
            assert nursery.stdin is not None
            nursery.stdin.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Alertmanagers:
    """Deliver one page after the other, each again and again until it is taken."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}{PATH}"
        self._is_over = threading.Event()
        self._numbers = iter(range(10**6))
        self._lock = threading.Lock()
        self.taken: list[str] = []
        self.deliveries = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Deliver in the background; at the end what has begun is brought to its end."""
        threads = [threading.Thread(target=self._deliver_on) for _ in range(POSTERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join(60)

    def _deliver_on(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not self._is_over.is_set():
                with self._lock:
                    name = f"Kill{next(self._numbers)}x"
                body = webhook(firing(name))
                while not self._deliver(http, body):
                    time.sleep(PAUSE)
                with self._lock:
                    self.taken.append(name)
                time.sleep(PAUSE)

    def _deliver(self, http: httpx.Client, body: bytes) -> bool:
        with self._lock:
            self.deliveries += 1
        try:
            return http.post(self._url, content=body).status_code == HTTPStatus.OK
        except httpx.TransportError:
            return False


class Dying:
    """What the journal says after each death."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._attempts: dict[int, int] = {}
        self.open = 0  # pages whose attempt of that life nobody knows the end of, summed over all deaths

    def look(self) -> None:
        """Count the pages that were under way."""
        if not self._file.exists():
            return
        with closing(sqlite3.connect(self._file)) as connection:
            tried = connection.execute(
                "SELECT number, attempts, uncertain FROM pages WHERE attempts > 0"
            ).fetchall()
        self.open += sum(
            attempts > self._attempts.get(number, 0)
            for number, attempts, is_uncertain in tried
            if is_uncertain
        )
        self._attempts = {number: attempts for number, attempts, _ in tried}


@pytest.mark.timeout(900)
def test_no_kill_loses_a_page_and_every_repetition_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a test that can be repeated
    with ExitStack() as stack:
        options = Options(users=USERS, health_per_minute=None)
        client = stack.enter_context(SimulatedClient(stack.enter_context(Simulator(options)).url))
        lives = stack.enter_context(Lives(write_pager(tmp_path, {"line": client}), tmp_path / "log"))
        alertmanagers = Alertmanagers(lives.port)
        dying = Dying(tmp_path / "state" / "pages.sqlite")
        with alertmanagers.at_work():
            for _ in range(KILLS):
                _live(chance, lives, client)
                dying.look()
            client.lift()
            last = lives.begin()
        _wait_until_all_is_out(lives)
        lives.end(last, by=signal.SIGTERM)
        messages = client.control("GET", "/messages")["messages"]

    received = Counter(
        name for message in messages for name in set(re.findall(r"Kill\d+x", message["text"]["body"]))
    )
    pages = journal(tmp_path)
    surplus = received.total() - len(received)
    repeats = sum(page.repeats for page in pages)
    said = (
        f"seed {SEED}: {KILLS} kills, {len(alertmanagers.taken)} pages in {alertmanagers.deliveries} "
        f"deliveries, {len(messages)} messages, of them {surplus} repetitions ({repeats} counted, "
        f"{dying.open} under way at a kill), one page at most {max(received.values())} times"
    )
    with capsys.disabled():
        print(f"\n{said}")  # noqa: T201 - a seed that nobody sees repeats nothing
    assert set(alertmanagers.taken) <= received.keys(), said
    assert {page.state for page in pages} == {"accepted"}, said
    assert len(pages) == len(received), said
    assert 0 <= surplus <= repeats, said
    assert surplus <= dying.open, said
    assert len(alertmanagers.taken) >= KILLS / 2, said


def _live(chance: random.Random, lives: Lives, client: SimulatedClient) -> None:
    """Live for a while, and die of SIGKILL; in some lives the client fails in one way or another."""
    client.lift()
    if chance.random() < SHARE_WITH_FAULT:
        fault, path = chance.choice(FAULTS)
        client.bring(fault, **({"endpoint": path} if path else {}))
    pid = lives.begin()
    if chance.random() < SHARE_BEFORE_ANSWER:
        time.sleep(chance.uniform(0, LONGEST_LIFE / 3))
    else:
        lives.wait_for_answer()
        time.sleep(chance.uniform(0, LONGEST_LIFE))
    lives.end(pid)


def _wait_until_all_is_out(lives: Lives) -> None:
    url = f"http://127.0.0.1:{lives.port}/api/v1/pages"
    wait_for(
        lambda: (answer := ask(url, patience=10)) and json.loads(answer.body)["pending"],
        until=lambda pending: pending == 0,
        deadline=120,
    )
