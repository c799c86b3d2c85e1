"""A real Prometheus and Alertmanager for the demo, with shorter times in the shipped rules."""

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
    from collections.abc import Iterator, Mapping, Sequence

    from waexporter.config import DaemonAccess

# The story's incidents last 40 s, too short for a page: the shipped rules wait for minutes. So all times in
# rules and routes are divided by this: three minutes become six seconds, a month becomes a day.
TIME_DIVISOR = 30.0
MAX_SPEED = 2.0  # of the story: at a higher one, incidents end before those six seconds and a few polls
_MIN_WAIT = 0.5  # seconds
_MIN_RANGE = 4.0  # seconds: a rate needs two samples, which come every second, and some reserve
_MIN_STEP = 0.001  # seconds; a range must keep its number of steps, since rules count them

_SHIPPED_RECEIVER = "http://127.0.0.1:9847/"  # in the example, where a daemon listens by default
# In a checkout: `make real-parts` unpacks the programs there.
CACHE = Path(__file__).resolve().parents[3] / ".cache" / "real"

_WAIT = re.compile(
    r"^(\s*(?:- )?(?:for|keep_firing_for|interval|group_wait|group_interval|repeat_interval): *)([0-9a-z]+)",
    re.MULTILINE,
)
_RANGE = re.compile(r"(\[|\boffset )([0-9][0-9a-z]*)(?=[\s:)\]])")
_STEP = re.compile(r"(\[[0-9][0-9a-z]*:)([0-9][0-9a-z]*)(?=\])")

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_POLL_INTERVAL = 0.05  # seconds between two requests
_LAST_LINES = 5  # lines of a log

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_log = get_logger("stack")


class Programs(NamedTuple):
    """The programs to run."""

    prometheus: str
    alertmanager: str


class Stack(NamedTuple):
    """The running programs: their urls, and the folder with configurations, data and logs."""

    prometheus: str
    alertmanager: str
    folder: Path

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return rows of (name, address) for the user."""
        return (
            ("Prometheus", f"{self.prometheus}/alerts"),
            ("Alertmanager", f"{self.alertmanager}/#/alerts"),
            ("their logs", f"{self.folder}/*.log"),
            ("", f"The times of the shipped rules and routes are divided by {TIME_DIVISOR:g}."),
        )


def find_programs(cache: Path = CACHE) -> Programs:
    """Return both programs, from the PATH or the cache of `make real-parts`. Raises CommandError."""
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
    """Return a url of this machine with a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def _find(cache: Path, *names: str) -> str:
    """Return the first of these programs on the PATH or in the cache; '' without any."""
    kept = (str(folder) for folder in sorted(cache.glob("*/usr/bin"), reverse=True))
    places = (os.environ.get("PATH", os.defpath), *kept)
    found = (shutil.which(name, path=place) for place in places for name in names)
    return next(filter(None, found), "")


def speed_up(text: str, factor: float = TIME_DIVISOR, min_range: float = _MIN_RANGE) -> str:
    """Divide all durations in rules or routes by `factor`: waiting times, ranges and steps of queries."""
    text = _WAIT.sub(lambda match: match[1] + _divide(match[2], factor, _MIN_WAIT), text)
    text = _STEP.sub(lambda match: match[1] + _divide(match[2], factor, _MIN_STEP), text)
    return _RANGE.sub(lambda match: match[1] + _divide(match[2], factor, min_range), text)


def _divide(duration: str, factor: float, minimum: float) -> str:
    seconds = parse_duration(duration)
    return format_duration(max(seconds / factor, minimum)) if seconds else duration


def write_http_config(access: DaemonAccess) -> Mapping[str, object]:
    """Return by what both reach a daemon on this machine, as in their configurations."""
    written: dict[str, object] = {}
    if access.web.security.tls is not None:
        # It does not leave this machine, and the certificate may be for any name.
        tls = {
            "cert_file": access.login.cert_file,
            "key_file": access.login.key_file or access.login.cert_file,
        }
        written["tls_config"] = {"insecure_skip_verify": True} | (tls if access.login.cert_file else {})
    token, password = access.credentials.bearer_token, access.credentials.password
    if token is not None:
        written["authorization"] = {"credentials": token.reveal()}
    elif password is not None:
        written["basic_auth"] = {"username": access.credentials.username, "password": password.reveal()}
    return written


@contextmanager
def run_stack(
    programs: Programs, exporter: str, alertmanager: str, http_config: Mapping[str, object]
) -> Iterator[Stack]:
    """Run both while the block runs: Prometheus scrapes the exporter, Alertmanager sends it alerts.

    `exporter` and `alertmanager` are urls; `http_config` is by what the exporter lets them in. Raises
    CommandError when one does not start; logs an error when one ends later by itself.
    """
    shipped = find_rule_files()
    with TemporaryDirectory(prefix="waexporter-stack-") as name, ExitStack() as stack:
        folder = Path(name)
        own, other = find_free_address().partition("//")[2], alertmanager.partition("//")[2]
        rules = [_write(folder / file, speed_up((shipped / file).read_text())) for file in RULES]
        routes = speed_up((shipped / ROUTES).read_text()).replace(_SHIPPED_RECEIVER, f"{exporter}/")
        routes += f"\nglobal: {json.dumps({'http_config': http_config})}\n" if http_config else ""
        scheme, _, scraped = exporter.partition("://")
        job = {"job_name": "waexporter", "scheme": scheme, **http_config}
        job["static_configs"] = [{"targets": [scraped]}]
        config = _write(
            folder / "prometheus.yml", json.dumps(_prometheus_config(rules, job, other))
        )  # JSON is YAML
        command = [
            programs.alertmanager,
            f"--config.file={_write(folder / ROUTES, routes)}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={other}",
            "--cluster.listen-address=",  # no cluster, so no port for one
        ]
        prometheus = [
            programs.prometheus,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={own}",
            "--rules.alert.resend-delay=5s",
        ]
        # Debian's Alertmanager, if it was only unpacked, reads its templates from the working directory.
        templates = Path(programs.alertmanager).parents[1] / "share" / "prometheus" / "alertmanager"
        cwd = templates if templates.is_dir() else folder
        program = _Program("Alertmanager", command, alertmanager, folder / "alertmanager.log", cwd)
        stack.enter_context(_run(program))
        program = _Program("Prometheus", prometheus, f"http://{own}", folder / "prometheus.log", folder)
        stack.enter_context(_run(program))
        yield Stack(f"http://{own}", alertmanager, folder)


def _write(file: Path, text: str) -> str:
    file.write_text(text)
    return str(file)


def _prometheus_config(
    rules: Sequence[str], job: Mapping[str, object], alertmanager: str
) -> dict[str, object]:
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": [job],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }


class _Program(NamedTuple):
    """A program to run."""

    name: str
    command: Sequence[str]
    url: str
    log: Path
    cwd: Path


@contextmanager
def _run(program: _Program) -> Iterator[None]:
    """Run a program while the block runs."""
    is_stopping = threading.Event()
    with program.log.open("wb") as log:
        # In a new session: Ctrl-C ends only this process, which stops the program after the daemon.
        process = subprocess.Popen(  # noqa: S603 - the user's own Prometheus or Alertmanager
            program.command,
            cwd=program.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(program, process)
        threading.Thread(target=_log_early_end, args=(program, process, is_stopping), daemon=True).start()
        yield
    finally:
        is_stopping.set()
        _stop(process)


def _wait_until_ready(program: _Program, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while not _is_ready(program.url):
        status = process.poll()
        if status is not None or time.monotonic() > until:
            what = "is not ready in time" if status is None else f"ended with {status} as it started"
            raise CommandError(f"{program.name} {what}; it has written:\n{_last_lines(program.log)}")
        time.sleep(_POLL_INTERVAL)


def _is_ready(url: str) -> bool:
    try:
        with _direct.open(f"{url}/-/ready", timeout=_STOP_SECONDS):
            return True
    except (OSError, HTTPException):  # also every status but 2xx
        return False


def _log_early_end(program: _Program, process: subprocess.Popen[bytes], is_stopping: threading.Event) -> None:
    """Log when a program ends by itself."""
    status = process.wait()
    if not is_stopping.is_set():
        _log.error(f"{program.name} HAS ENDED BY ITSELF", status=status, log=_last_lines(program.log))


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
