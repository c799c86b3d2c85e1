"""The lines of our own events and of other libraries' records."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from tests.web.fakes import FakeBackend, an_application
from tests.web.test_odd_requests import converse
from waexporter.log import configure, get_logger
from waexporter.model import LogSettings, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANSI = re.compile("\x1b\\[")
THIRD_PARTIES = ("apscheduler", "urllib3", "uvicorn.error", "uvicorn.access", "waexporter")


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = (
        root.handlers[:],
        {name: logging.getLogger(name).level for name in (*THIRD_PARTIES, "")},
    )
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()


def configured(level: str = "info", shape: str = "json", stream: io.StringIO | None = None) -> io.StringIO:
    stream = stream if stream is not None else io.StringIO()
    configure(LogSettings(level, shape), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_that_begins_with_time_level_and_words() -> None:
    stream = configured()

    get_logger("waexporter.poller").info("poll failed", target="a", code=1014)

    (line,) = lines(stream)
    assert list(line)[:3] == ["ts", "level", "msg"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("ts"))
    assert line == {
        "level": "info",
        "msg": "poll failed",
        "logger": "waexporter.poller",
        "target": "a",
        "code": 1014,
    }


def test_a_short_name_is_put_below_ours() -> None:
    stream = configured()

    get_logger("poller").info("hello")

    assert lines(stream)[0]["logger"] == "waexporter.poller"


@pytest.mark.parametrize(
    ("level", "heard"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_an_event_below_the_level_is_not_logged(level: str, heard: list[str]) -> None:
    stream = configured(level)
    log = get_logger("waexporter.app")

    for method in (log.debug, log.info, log.warning, log.error):
        method("event")

    assert [line["level"] for line in lines(stream)] == heard


def test_a_later_set_up_holds_for_a_logger_made_before() -> None:
    log = get_logger("waexporter.app")
    first = configured("error")
    log.info("not heard")

    second = configured("debug")
    log.info("heard")

    assert first.getvalue() == ""
    assert [line["msg"] for line in lines(second)] == ["heard"]


@pytest.mark.parametrize(
    ("name", "level", "is_heard"),
    [
        ("apscheduler.scheduler", logging.WARNING, False),
        ("apscheduler.executors.default", logging.ERROR, True),
        ("urllib3.connectionpool", logging.WARNING, False),
        ("urllib3.connectionpool", logging.ERROR, True),
        ("uvicorn.error", logging.WARNING, False),
        ("uvicorn.error", logging.ERROR, True),
        ("uvicorn.access", logging.CRITICAL, False),
        ("a.stranger", logging.INFO, False),
        ("a.stranger", logging.WARNING, True),
    ],
)
def test_other_libraries_share_the_renderer_and_have_a_least_level(
    name: str, level: int, *, is_heard: bool
) -> None:
    stream = configured("debug")

    logging.getLogger(name).log(level, "job %s", "is late")

    told = [(line["logger"], line["msg"], line["level"]) for line in lines(stream)]
    assert told == [(name, "job is late", logging.getLevelName(level).lower())] * is_heard


def test_a_malformed_request_is_answered_and_not_logged() -> None:
    stream = configured("debug")

    [(status, _)] = converse(an_application(FakeBackend()), b"GET /metrics\r\n\r\n")

    assert (status, stream.getvalue()) == (400, "")


def test_a_level_above_the_least_one_holds_for_other_libraries_too() -> None:
    stream = configured("error")

    logging.getLogger("a.stranger").warning("not heard")

    assert stream.getvalue() == ""


def test_secrets_are_masked_by_type_and_by_the_name_of_their_field() -> None:
    secret = Secret("hunter2")

    for shape in ("json", "console"):
        stream = configured(shape=shape)
        get_logger("waexporter.auth").warning(
            "login refused",
            key=secret,
            nested={"deep": [secret, {"Authorization": "hunter2"}], "pair": (secret,)},
            password="hunter2",
            API_KEY="hunter2",
            words=f"with {secret}",
        )
        logging.getLogger("a.stranger").warning("%s", secret)

        assert "hunter2" not in stream.getvalue()
        assert stream.getvalue().count("<secret>") == 8


def fail_with(_held_locally: str) -> None:
    raise RuntimeError("broken")


def test_an_exception_is_one_line_with_its_traceback_in_a_field() -> None:
    stream = configured()

    try:
        fail_with("nothing")
    except RuntimeError:
        get_logger("waexporter.app").exception("crashed", target="a")
        logging.getLogger("apscheduler.executors").exception("crashed too")

    ours, theirs = lines(stream)
    for line in (ours, theirs):
        assert line["exception"].startswith("Traceback (most recent call last)")
        assert line["exception"].endswith("RuntimeError: broken")
        assert "exc_info" not in line


def test_a_traceback_shows_no_local_values() -> None:
    for shape in ("json", "console"):
        stream = configured(shape=shape)
        try:
            fail_with("hunter" + "2")
        except RuntimeError:
            get_logger("waexporter.app").exception("crashed")

        assert "RuntimeError: broken" in stream.getvalue()
        assert "hunter2" not in stream.getvalue()


def test_a_value_that_json_does_not_know_is_shown_and_breaks_nothing() -> None:
    stream = configured()

    get_logger("waexporter.app").info(
        "odd",
        value={1},
        lone="\ud800",
        number=float("nan"),
    )

    assert lines(stream)[0]["value"] == "{1}"


def test_a_field_cannot_forge_another_line() -> None:
    stream = configured()

    get_logger("waexporter.app").info("asked", path='/\n{"level": "error"}')

    assert len(lines(stream)) == 1


def test_the_console_is_readable_and_plain_unless_it_is_a_terminal() -> None:
    plain, terminal = configured(shape="console"), Terminal()
    get_logger("waexporter.app").warning("port taken", port=9847)
    configured(shape="console", stream=terminal)
    get_logger("waexporter.app").warning("port taken", port=9847)

    assert re.search(r"^\S+Z \[warning +\] port taken +\[waexporter.app\] port=9847\n$", plain.getvalue())
    assert ANSI.search(terminal.getvalue())


def test_json_stays_plain_on_a_terminal() -> None:
    stream = configured(stream=Terminal())

    get_logger("waexporter.app").warning("port taken")

    assert lines(stream)[0]["msg"] == "port taken"


def test_a_new_process_logs_without_rich_and_never_to_stdout(tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("")  # stands for the real one, which need not be installed
    program = """
import sys
from waexporter.log import configure, get_logger
from waexporter.model import LogSettings
for shape in ("json", "console"):
    configure(LogSettings(format=shape), sys.stderr)
    try:
        1 / 0
    except ZeroDivisionError:
        get_logger("waexporter.app").exception("crashed")
assert "rich" not in sys.modules
import rich
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, "-W", "error", "-c", program]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environ)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("ZeroDivisionError") == 2


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["a", "b c"], "a, b c"),
        (("a",), "a"),
        (frozenset({"a"}), "a"),
        ([], "none"),
        ((), "none"),
        (None, "none"),
        ({"malformed": 2, "clash": None}, "malformed 2, clash none"),
        ({}, "none"),
        (True, "yes"),
        ([False, ["a"], 1.5], "no, a, 1.5"),
        (["pages", Secret("hunter2")], "pages, <secret>"),
        (17, "17"),
        ("no_coreapp", "no_coreapp"),
    ],
)
def test_a_line_for_people_holds_words_and_nothing_of_python(value: object, words: str) -> None:
    stream = configured(shape="console")

    get_logger("app").info("event", value=value)

    said = re.search(r"value=(.*?)\s*$", stream.getvalue())
    assert said is not None
    assert said[1].strip("'") == words


def test_a_line_for_programs_keeps_lists_and_truth_values() -> None:
    stream = configured()

    get_logger("app").info("event", names=("a", "b"), none=None, yes=True)

    (line,) = lines(stream)
    assert (line["names"], line["none"], line["yes"]) == (["a", "b"], None, True)
