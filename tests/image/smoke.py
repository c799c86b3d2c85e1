"""The built image runs as nobody in particular, with nothing to write on, and is well.

Run by `make image`, which builds the image first: `python -m pytest tests/image/smoke.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from tests.grafana.boards import FOLDER
from tests.real.network import find_free_port
from tests.real.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMAGE = os.environ.get("WAEXPORTER_IMAGE", "localhost/waexporter:latest")
HARDENED = (
    *("--network=host", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"),
    *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=256:256"),
    "--no-healthcheck",  # its timer needs systemd under podman; the command itself is tried below
)
NOBODY_LISTENS = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def engine() -> tuple[str, ...]:
    """Find what runs containers here: Docker where its engine runs, else podman."""
    if shutil.which("docker") and call("docker", "info").returncode == 0:
        return ("docker",)
    runtime = ("--runtime", "runc") if shutil.which("runc") else ()
    return ("podman", *runtime)


def call(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def running(engine: tuple[str, ...], address: str) -> Iterator[tuple[str, Process]]:
    """Run the image hardened, on an address of its own, until the block ends; gives name and process."""
    name = f"waexporter-smoke-{os.getpid()}-{address.rpartition(':')[2]}"
    environment = {
        "WAEXPORTER_LISTEN": address,
        "WAEXPORTER_TARGET_URL": NOBODY_LISTENS,
        "WAEXPORTER_API_KEY": "an-api-key-nobody-has",
    }
    settings = [word for key, value in environment.items() for word in ("--env", f"{key}={value}")]
    with Process([*engine, "run", "--rm", "--name", name, *HARDENED, *settings, IMAGE]) as process:
        yield name, process


def test_the_image_says_what_it_is_and_who_it_runs_as(engine: tuple[str, ...]) -> None:
    answer: list[dict[str, Any]] = json.loads(call(*engine, "image", "inspect", IMAGE).stdout)

    settings = answer[0]["Config"]
    assert settings["User"] == "65532:65532"
    assert settings["Entrypoint"] == ["waexporter"]
    assert settings["Cmd"] == ["run"]
    assert list(settings["ExposedPorts"]) == ["9847/tcp"]
    assert settings["Labels"]["org.opencontainers.image.title"] == "waexporter"
    assert settings["Labels"]["org.opencontainers.image.version"] != "unknown"
    assert "WAEXPORTER_LISTEN=0.0.0.0:9847" in settings["Env"]


def test_the_image_tells_its_version(engine: tuple[str, ...]) -> None:
    done = call(*engine, "run", "--rm", *HARDENED, IMAGE, "--version")

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_nothing_in_the_image_can_be_written_and_no_installer_is_left(engine: tuple[str, ...]) -> None:
    tree = "/opt/waexporter"
    looking = (
        f"id -u; find {tree} -writable ! -type l; find {tree} -name pip; find / -xdev -path '*/.cache/*'"
    )

    done = call(
        *engine, "run", "--rm", *HARDENED, "--entrypoint", "sh", IMAGE, "-c", f"{looking} 2>/dev/null"
    )

    assert done.stdout.split() == ["65532"]


def test_everything_in_the_image_is_compiled_ahead(engine: tuple[str, ...]) -> None:
    looking = "import os, waexporter; print(os.path.exists(waexporter.__cached__))"
    python = "/opt/waexporter/bin/python"

    done = call(*engine, "run", "--rm", *HARDENED, "--entrypoint", python, IMAGE, "-c", looking)

    assert done.stdout.strip() == "True", done.stderr


def test_the_image_knows_time_zones_and_holds_the_runbooks(engine: tuple[str, ...]) -> None:
    looking = (
        "import zoneinfo; from waexporter.config.shipped_files import find_runbooks; "
        "print(zoneinfo.ZoneInfo('Europe/Berlin').key, 'WhatsAppDown' in find_runbooks())"
    )
    python = "/opt/waexporter/bin/python"

    done = call(*engine, "run", "--rm", *HARDENED, "--entrypoint", python, IMAGE, "-c", looking)

    assert done.stdout.split() == ["Europe/Berlin", "True"], done.stderr


def test_the_image_writes_the_dashboards_into_a_folder_of_its_user(
    engine: tuple[str, ...], tmp_path: Path
) -> None:
    user = ("--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{tmp_path}:/out")

    done = call(*engine, "run", "--rm", *HARDENED, *user, IMAGE, "dashboards", "write", "/out")

    assert done.returncode == 0, done.stderr
    shipped = {file.name: file.read_bytes() for file in FOLDER.glob("*.json")}
    assert {file.name: file.read_bytes() for file in tmp_path.glob("*.json")} == shipped


def test_the_hardened_container_is_healthy_and_ends_cleanly(engine: tuple[str, ...]) -> None:
    address = f"127.0.0.1:{find_free_port()}"

    with running(engine, address) as (name, process):
        process.wait_for_url(f"http://{address}/-/healthy", status=HTTPStatus.OK, deadline=30)
        check = call(*engine, "exec", name, "waexporter", "healthcheck")
        page = process.wait_for_url(f"http://{address}/metrics")
        stopped = call(*engine, "stop", "--time", "10", name)
        status = process.wait()

    assert check.returncode == 0, check.stdout + check.stderr
    assert b"waexporter_build_info" in page
    assert stopped.returncode == 0, stopped.stderr
    assert status == 0, process.output
