"""A program started for one test: wait for its words or its address, end it as a supervisor would."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Self

from tests.real.network import ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

GLANCE = 0.05  # seconds between two looks at something that can't call us


class Process:
    """A running command and everything it has written so far; `with` ends it.

    Every wait has a deadline in seconds and raises AssertionError, with the output, when it passes or when
    the process ends before.
    """

    def __init__(
        self, command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self._name = " ".join(command)
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._popen = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        assert self._popen.stdout is not None  # it is a pipe
        self._reader = threading.Thread(target=self._read, args=(self._popen.stdout,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    @property
    def output(self) -> str:
        """Everything written to stdout and stderr so far."""
        with self._news:
            return "".join(self._lines)

    def wait_for_line(self, pattern: str, *, deadline: float = 60) -> re.Match[str]:
        """Wait until a line holds the regular expression, also one that was written already."""
        until = time.monotonic() + deadline
        with self._news:
            while not (found := next(self._find(pattern), None)):
                left = until - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise AssertionError(self._complaint(f"wrote no line with {pattern!r}"))
                self._news.wait(min(left, GLANCE))
        return found

    def wait_for_url(self, url: str, *, status: int = 200, deadline: float = 60) -> bytes:
        """Wait until the address answers with the status; gives the body."""
        until = time.monotonic() + deadline
        while True:
            answer = ask(url, patience=max(until - time.monotonic(), GLANCE))
            if answer and answer.status == status:
                return answer.body
            last = answer.status if answer else "nothing"
            if time.monotonic() >= until or not self.is_running:
                raise AssertionError(self._complaint(f"did not answer {status} at {url}, but {last}"))
            self.glance()

    def wait(self, *, deadline: float = 60) -> int:
        """Wait until it ends by itself; gives its exit status."""
        try:
            status = self._popen.wait(deadline)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(self._complaint("did not end")) from error
        self._reader.join(deadline)
        return status

    def stop(self, *, by: signal.Signals = signal.SIGTERM, deadline: float = 60) -> int:
        """Ask it to end and give its exit status; one that must be killed is a failure."""
        with suppress(ProcessLookupError):
            self._popen.send_signal(by)
        try:
            return self.wait(deadline=deadline)
        except AssertionError:
            self._popen.kill()
            self.wait()
            raise

    def glance(self) -> None:
        """Pause until the next look, or until the process ends."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(GLANCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()

    def _find(self, pattern: str) -> Iterator[re.Match[str]]:
        return (found for line in self._lines if (found := re.search(pattern, line)))

    def _complaint(self, what: str) -> str:
        state = "is running" if self.is_running else f"ended with {self._popen.returncode}"
        written = "".join(self._lines)
        return f"{self._name}\n{what}; it {state} and has written:\n{written or '(nothing)'}"
