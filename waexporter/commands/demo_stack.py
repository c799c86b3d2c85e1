"""A real Prometheus and Alertmanager beside the demonstration, with the shipped rules, made faster."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from waexporter.config.shipped_files import ROUTES, RULES, find_rule_files
from waexporter.config.values.quantities import format_duration, parse_duration
from waexporter.errors import CommandError
from waexporter.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The story's incidents last 40 s. By the shipped rules that is not worth a page, and should not be: people
# are woken when a client has been down for minutes. So every time in rules and routes is divided by this: a
# month of an error budget is a day here, and three minutes of patience are six seconds.
PACE = 30.0
FASTEST = 2.0  # times the speed of the story: shorter incidents end before those six seconds and a few polls
_SHORTEST_WAIT = 0.5  # seconds
_SHORTEST_RANGE = 4.0  # seconds: with a scrape every second, a rate needs two samples and some to spare
_SHORTEST_STEP = 0.001  # seconds; how many steps a range has must stay, since rules count them

_SHIPPED_RECEIVER = "http://127.0.0.1:9847/"  # in the example, where a daemon listens by default
CACHE = (
    Path(__file__).resolve().parents[2] / ".cache" / "real"
)  # of a checkout: `make real-parts` puts them there

_WAIT = re.compile(
    r"^(\s*(?:- )?(?:for|keep_firing_for|interval|group_wait|group_interval|repeat_interval): *)([0-9a-z]+)",
    re.MULTILINE,
)
_RANGE = re.compile(r"(\[|\boffset )([0-9][0-9a-z]*)(?=[\s:)\]])")
_STEP = re.compile(r"(\[[0-9][0-9a-z]*:)([0-9][0-9a-z]*)(?=\])")

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_GLANCE = 0.05  # seconds between two looks
_LAST_WORDS = 5  # lines of a log

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_log = get_logger("stack")


class Programs(NamedTuple):
    """The programs to run."""

    prometheus: str
    alertmanager: str


class Stack(NamedTuple):
    """What runs: addresses, and the folder with configurations, data and logs."""

    prometheus: str
    alertmanager: str
    folder: Path

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Give what to open, each with its name."""
        return (
            ("Prometheus", f"{self.prometheus}/alerts"),
            ("Alertmanager", f"{self.alertmanager}/#/alerts"),
            ("their logs", f"{self.folder}/*.log"),
            ("", f"The times of the shipped rules and routes are divided by {PACE:g}."),
        )


def find_programs(cache: Path = CACHE) -> Programs:
    """Find both on the PATH or where `make real-parts` puts them; raises CommandError with what to do."""
    found = {
        "Prometheus": _find(cache, "prometheus"),
        "Alertmanager": _find(cache, "prometheus-alertmanager", "alertmanager"),
    }
    missing = [name for name, program in found.items() if not program]
    if missing:
        raise CommandError(
            f"--stack needs {' and '.join(missing)} on the PATH; on Debian: "
            "apt-get install prometheus prometheus-alertmanager; or, in a checkout: make demo STACK=1"
        )
    return Programs(*found.values())


def find_free_address() -> str:
    """Return an address of this machine that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def _find(cache: Path, *names: str) -> str:
    """Find the first of these on the PATH, else among what was got for the tests; any suite will do."""
    kept = (str(folder) for folder in sorted(cache.glob("*/usr/bin"), reverse=True))
    places = (os.environ.get("PATH", os.defpath), *kept)
    found = (shutil.which(name, path=place) for place in places for name in names)
    return next(filter(None, found), "")


def hasten(text: str, pace: float = PACE, shortest_range: float = _SHORTEST_RANGE) -> str:
    """Divide every time to wait, and every range and step of a query, in rules or routes by a pace."""
    text = _WAIT.sub(lambda match: match[1] + _shorter(match[2], pace, _SHORTEST_WAIT), text)
    text = _STEP.sub(lambda match: match[1] + _shorter(match[2], pace, _SHORTEST_STEP), text)
    return _RANGE.sub(lambda match: match[1] + _shorter(match[2], pace, shortest_range), text)


def _shorter(duration: str, pace: float, least: float) -> str:
    seconds = parse_duration(duration)
    return format_duration(max(seconds / pace, least)) if seconds else duration


@contextmanager
def run_stack(programs: Programs, exporter: str, alertmanager: str) -> Iterator[Stack]:
    """Run both, scraping and paging the exporter at its address, until the end of the block.

    `alertmanager` is the address at which Alertmanager is to answer, since the exporter asks it.

    Raises CommandError when one does not start. One that ends later by itself is said in the log.
    """
    shipped = find_rule_files()
    with TemporaryDirectory(prefix="waexporter-stack-") as name, ExitStack() as stack:
        folder = Path(name)
        own, other = find_free_address().partition("//")[2], alertmanager.partition("//")[2]
        rules = [_keep(folder / file, hasten((shipped / file).read_text())) for file in RULES]
        routes = hasten((shipped / ROUTES).read_text()).replace(_SHIPPED_RECEIVER, f"{exporter}/")
        scraped = exporter.partition("//")[2]
        config = _keep(
            folder / "prometheus.yml", json.dumps(_configure(rules, scraped, other))
        )  # JSON is YAML
        command = [
            programs.alertmanager,
            f"--config.file={_keep(folder / ROUTES, routes)}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={other}",
            "--cluster.listen-address=",  # alone: it needs no port for others of its kind
        ]
        prometheus = [
            programs.prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={own}",
            "--rules.alert.resend-delay=5s",
        ]
        # Debian's, when it was only unpacked, looks for its templates where it is started.
        templates = Path(programs.alertmanager).parents[1] / "share" / "prometheus" / "alertmanager"
        place = templates if templates.is_dir() else folder
        started = _Program("Alertmanager", command, alertmanager, folder / "alertmanager.log", place)
        stack.enter_context(_run(started))
        started = _Program("Prometheus", prometheus, f"http://{own}", folder / "prometheus.log", folder)
        stack.enter_context(_run(started))
        yield Stack(f"http://{own}", alertmanager, folder)


def _keep(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def _configure(rules: Sequence[str], exporter: str, alertmanager: str) -> dict[str, object]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": [{"job_name": "waexporter", "static_configs": [{"targets": [exporter]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }


class _Program(NamedTuple):
    """A program to run."""

    name: str
    command: Sequence[str]
    url: str
    log: Path
    place: Path  # where it is started


@contextmanager
def _run(program: _Program) -> Iterator[None]:
    """Run a program until the end of the block."""
    is_over = threading.Event()
    with program.log.open("wb") as log:
        # In a session of its own: Ctrl-C is for us, and we end it when the daemon has ended.
        process = subprocess.Popen(  # noqa: S603 - the user's own Prometheus or Alertmanager
            program.command,
            cwd=program.place,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(program, process)
        threading.Thread(target=_watch, args=(program, process, is_over), daemon=True).start()
        yield
    finally:
        is_over.set()
        _end(process)


def _wait_until_ready(program: _Program, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while not _is_ready(program.url):
        status = process.poll()
        if status is not None or time.monotonic() > until:
            what = "is not ready in time" if status is None else f"ended with {status} as it started"
            raise CommandError(f"{program.name} {what}; it has written:\n{_last_words(program.log)}")
        time.sleep(_GLANCE)


def _is_ready(url: str) -> bool:
    try:
        with _direct.open(f"{url}/-/ready", timeout=_STOP_SECONDS):
            return True
    except (OSError, HTTPException):  # also every status but 2xx
        return False


def _watch(program: _Program, process: subprocess.Popen[bytes], is_over: threading.Event) -> None:
    """Say when a program ends that should not."""
    status = process.wait()
    if not is_over.is_set():
        _log.error(f"{program.name} HAS ENDED BY ITSELF", status=status, log=_last_words(program.log))


def _last_words(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_WORDS:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
