"""Every command ends with a message and its exit code, whatever its input, output and user do."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import pytest

from tests.e2e.exporters import clean_environment, write_config
from tests.real.network import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

WAEXPORTER = (sys.executable, "-m", "waexporter")
PATIENCE = 60.0  # seconds


class Row(NamedTuple):
    """How a command is called against a client that never answers, and how it ends by itself."""

    arguments: tuple[str, ...]
    codes: frozenset[int]
    is_quick: bool = False  # it asks nobody, so that there is nothing to interrupt
    serves: bool = False  # until it is interrupted, and that is its good end


# FILE names a configuration, FOLDER a place to write to, URL the client.
ROWS = {
    "run": Row(("--config", "FILE", "--listen", "127.0.0.1:0"), frozenset({0}), serves=True),
    "demo": Row(("--listen", "127.0.0.1:0"), frozenset({0}), serves=True),
    "check-config": Row(("--config", "FILE"), frozenset({0}), is_quick=True),
    "probe": Row(("wa", "--config", "FILE"), frozenset({2})),
    "why": Row(("wa", "--config", "FILE", "--url", "URL"), frozenset({1})),
    "bootstrap": Row(
        ("--url", "URL", "--admin-user", "admin", "--password-file", "FOLDER/p"), frozenset({1})
    ),
    "simulate": Row(("--listen", "127.0.0.1:0"), frozenset({0}), serves=True),
    "rules render": Row((), frozenset({0}), is_quick=True),
    "dashboards write": Row(("FOLDER/d",), frozenset({0}), is_quick=True),
    "pager test": Row(("--config", "FILE"), frozenset({1})),
    "pager check": Row(("--config", "FILE"), frozenset({1})),
    "pager setup": Row(("--config", "FILE"), frozenset({1})),
    "pages": Row(("--config", "FILE"), frozenset({0, 1}), is_quick=True),
    "pages why": Row(("1", "--config", "FILE"), frozenset({1}), is_quick=True),
    "reload": Row(("--config", "FILE", "--url", "URL"), frozenset({1})),
    "healthcheck": Row(("--url", "URL"), frozenset({1})),
}
OTHERS = sorted(name for name, row in ROWS.items() if not row.serves)
# What they print is what they are called for; `probe` also prints what it did not get.
PRINTING = sorted({"probe"} | {name for name, row in ROWS.items() if row.is_quick and row.codes == {0}})


class Stage:
    """A client that takes connections and says nothing, and a configuration that names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        target = {"name": "wa", "url": self.url, "auth": {"username": "me", "password": "planted-word"}}
        config = {
            "targets": [target],
            "poll": {"timeout": "100s"},
            "web": {"listen": f"127.0.0.1:{find_free_port()}"},
            "pager": {"state_dir": str(folder / "state"), "group": "14155550100-1520000000"},
        }
        self.file = write_config(folder, config)

    def command(self, name: str) -> list[str]:
        words = {"FILE": str(self.file), "URL": self.url, "FOLDER/p": str(self.folder / "p")}
        words["FOLDER/d"] = str(self.folder / "d")
        return [*WAEXPORTER, *name.split(), *(words.get(each, each) for each in ROWS[name].arguments)]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    with stage.listener:
        yield stage


@contextmanager
def refusing(stage: Stage) -> Iterator[None]:
    """Stop the client, so that no command waits for it."""
    stage.listener.close()
    yield


def run(
    command: list[str], *, stdout: int | TextIO | None = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command that has nobody to ask."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(**environment),
        start_new_session=True,  # without a terminal to control it
        timeout=PATIENCE,
        check=False,
    )


def is_clean(result: str) -> bool:
    """Return whether an output has no traceback and no secret."""
    return not [word for word in ("Traceback", "Exception ignored", "planted-word") if word in result]


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("stdin", ["empty", "closed"])
def test_without_a_terminal_it_ends_by_itself_and_in_words(stage: Stage, name: str, stdin: str) -> None:
    command = stage.command(name)
    if stdin == "closed":
        command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command]
    with refusing(stage):
        done = run(command)

    assert done.returncode in ROWS[name].codes, done
    assert is_clean(done.stdout + done.stderr), done
    assert done.returncode == 0 or (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("arguments", [(), ("--help",)], ids=["", "help"])
def test_a_reader_of_only_the_first_lines_sees_no_error(
    stage: Stage, name: str, arguments: tuple[str, ...]
) -> None:
    # The reading end is closed before anything is written, as `| head -0` does.
    reading, writing = os.pipe()
    os.close(reading)
    with refusing(stage):
        done = run([*stage.command(name), *arguments], stdout=writing)
    os.close(writing)

    assert is_clean(done.stderr), done
    assert done.returncode in {*ROWS[name].codes, 0, 1}, done


@pytest.mark.parametrize("name", OTHERS)
def test_with_closed_output_it_works_as_usual(stage: Stage, name: str) -> None:
    row = ROWS[name]
    command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *stage.command(name)]
    with refusing(stage):
        done = run(command, stdout=None)

    assert is_clean(done.stderr), done
    assert done.returncode in row.codes, done


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("name", PRINTING)
@pytest.mark.parametrize("arguments", [(), ("--help",)], ids=["", "help"])
def test_on_a_full_disk_it_ends_in_one_sentence(
    stage: Stage, name: str, arguments: tuple[str, ...], unbuffered: str
) -> None:
    with refusing(stage), Path("/dev/full").open("w") as full:
        done = run([*stage.command(name), *arguments], stdout=full, PYTHONUNBUFFERED=unbuffered)

    assert is_clean(done.stderr), done
    (complaint,) = [line for line in done.stderr.splitlines() if not line.startswith("note: ")]
    assert complaint == "the output can't be written: No space left on device"
    codes = {"dashboards write": 2, "check-config": 2, "probe": 3}
    assert done.returncode == (1 if arguments else codes.get(name, 1))


LOADING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "waexporter.commands.console":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
from waexporter.__main__ import main
sys.exit(main())
"""


def test_ctrl_c_while_it_is_loaded_ends_it_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING], capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted: it has not begun\n")


INTERRUPTED = sorted(
    name for name, row in ROWS.items() if not row.is_quick and not row.serves and name != "bootstrap"
)


@pytest.mark.parametrize("name", INTERRUPTED)
def test_ctrl_c_while_it_waits_ends_it_in_one_sentence(stage: Stage, name: str) -> None:
    with (
        subprocess.Popen(
            stage.command(name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            start_new_session=True,
        ) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.kill)
        stage.listener.settimeout(PATIENCE)
        try:
            held, _ = stage.listener.accept()  # it waits for an answer now
        except TimeoutError:
            pytest.fail(f"`{name}` has asked nobody: give its row in ROWS here `is_quick=True`")
        with held:
            process.send_signal(signal.SIGINT)
            output, complaints = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130, complaints
    assert is_clean(output + complaints), complaints
    assert complaints.splitlines()[-1] == "interrupted: it has not come to its end"


@pytest.mark.parametrize("name", sorted(name for name, row in ROWS.items() if row.serves))
def test_ctrl_c_ends_a_server_with_success(stage: Stage, name: str) -> None:
    with (
        subprocess.Popen(
            stage.command(name),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=clean_environment(),
            start_new_session=True,
        ) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.kill)
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0, first + rest
    assert is_clean(first + rest), first + rest


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        (
            b"\x04",
            1,
            "no password of admin was given; it can be in a file, too: --admin-password-file FILE",
        ),  # Ctrl-D
        (b"\x03", 130, "interrupted: it has not come to its end"),  # Ctrl-C
    ],
    ids=["Ctrl-D", "Ctrl-C"],
)
def test_a_question_that_is_not_answered_ends_in_one_sentence(
    stage: Stage, keys: bytes, code: int, words: str
) -> None:
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the other process
        os.execve(sys.executable, stage.command("bootstrap"), clean_environment())  # noqa: S606 - our own
    seen = b""
    while b"password of admin: " not in seen:
        seen += os.read(terminal, 4096)
    os.write(terminal, keys)
    result = b"".join(iter(lambda: _read(terminal), b"")).decode()
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == code, result
    assert [line for line in result.splitlines() if words in line], result
    assert is_clean(result), result
    assert len([line for line in result.splitlines() if line.strip("^C\r\n ")]) == 1, result


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is gone
        return b""
