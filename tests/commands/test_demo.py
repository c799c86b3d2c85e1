"""`waexporter demo`: the commands that it prints work in another terminal."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.exporters import clean_environment
from waexporter.commands.demo import own_command

PROGRAM = Path(sys.executable).parent / "waexporter"


@pytest.mark.parametrize(
    ("path", "is_short"),
    [(str(PROGRAM.parent), True), ("/usr/bin:/bin", False), ("", False)],
)
def test_the_command_is_a_path_if_the_program_is_not_on_the_path(path: str, *, is_short: bool) -> None:
    words = own_command(str(PROGRAM), path)

    assert words == ("waexporter" if is_short else shlex.quote(str(PROGRAM)))


def test_another_program_of_the_same_name_is_not_used(tmp_path: Path) -> None:
    other = tmp_path / "waexporter"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)

    assert own_command(str(PROGRAM), str(tmp_path)) == shlex.quote(str(PROGRAM))


@pytest.mark.parametrize("started_as", [str(PROGRAM), "-m", str(Path(__file__)), "/nowhere/__main__.py"])
def test_the_printed_command_works_in_any_folder(tmp_path: Path, started_as: str) -> None:
    words = own_command(started_as, "/usr/bin:/bin")

    done = subprocess.run(
        ["/bin/sh", "-c", f"{words} --version"],
        cwd=tmp_path,
        env=clean_environment(PATH="/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.startswith("waexporter "), done
