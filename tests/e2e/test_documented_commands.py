"""Every command of the documents, run as it stands, says what stands below it.

Where a command says something else on purpose, WAEXPORTER_REWRITE_DOCUMENTS=1 writes it into the document.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import closing
from itertools import takewhile
from sqlite3 import connect
from typing import TYPE_CHECKING

import pytest

from tests.e2e import documented
from tests.e2e.documented import Said, Step, shape
from tests.e2e.scenes import NOT_RUN, SCENES, Scene
from tests.markdown import DOCUMENTS, FENCE
from tests.real.process import Process

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.documented import Place
    from tests.real.fixtures import RealParts

REWRITES = os.environ.get("WAEXPORTER_REWRITE_DOCUMENTS") == "1"
BLOCKS = {
    (document.name, documented.steps(found[3])[0].command): (document, found[3])
    for document in DOCUMENTS
    for found in FENCE.finditer(document.read_text())
    if found[2] == "console"
}


def scene_of(block: tuple[str, str]) -> tuple[str, str] | None:
    name, command = block
    keys = (key for key in (*SCENES, *NOT_RUN) if key[0] == name and command.startswith(key[1]))
    return next(keys, None)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block[0]}: {block[1]:.40}")
def test_every_console_block_has_a_scene_or_a_reason(block: tuple[str, str]) -> None:
    name, command = block

    assert scene_of(block), (
        f"{name}: nobody runs the block that begins with `$ {command}`. Give it a row in SCENES of "
        "tests/e2e/scenes.py, which says what runs meanwhile; where that is impossible, a row in NOT_RUN."
    )


def test_every_scene_belongs_to_a_block() -> None:
    used = {scene_of(block) for block in BLOCKS}

    idle = sorted(key for key in (*SCENES, *NOT_RUN) if key not in used)

    assert not idle, f"tests/e2e/scenes.py has rows for blocks that no document has any more: {idle}"


def run_steps(block: str, place: Place) -> list[tuple[Step, Said]]:
    """Run the commands one after another; what is exported holds for those that follow."""
    exported = ""
    found = []
    for step in documented.steps(block):
        if step.command.startswith("export "):
            exported += f"{step.command}\n"
            found.append((step, Said(0, "")))
        elif re.search(r"\bwaexporter run\b", step.command):
            found.append((step, run_daemon(exported + step.command, place)))
        else:
            found.append((step, documented.run(exported + step.command, place)))
    return found


def run_daemon(command: str, place: Place) -> Said:
    """Run a daemon until it has started; on a free port."""
    environment = documented.environment(WAEXPORTER_LISTEN="127.0.0.1:0")
    process = Process(["bash", "-c", place.here(command)], env=environment, cwd=place.folder)
    process.wait_for_line("started")
    status = process.stop()
    return Said(status, "")


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if scene_of(block) in SCENES],
    ids=lambda block: f"{block[0]}: {block[1]:.40}",
)
def test_a_command_of_the_documents_says_what_stands_below_it(
    block: tuple[str, str], real_parts: RealParts, tmp_path: Path
) -> None:
    document, text = BLOCKS[block]
    scene: Scene = SCENES[scene_of(block) or block]

    with scene.prepare(tmp_path, real_parts) as place:
        ran = run_steps(text, place)
        end = time.monotonic() + scene.patience
        while time.monotonic() < end and any(shape(step.output) != shape(said.output) for step, said in ran):
            ran = run_steps(text, place)

    for number, (step, said) in enumerate(ran, start=1):
        wanted = scene.ends_with if number == len(ran) else 0
        assert said.status == wanted, f"$ {step.command}\n{said.output}"
        if step.output and shape(step.output) != shape(said.output):
            if REWRITES:
                rewrite(document, text, step, said)
            else:
                assert shape(said.output) == shape(step.output), (
                    f"{document.name}: `{step.command}` says something else by now. If that is meant, run "
                    f"WAEXPORTER_REWRITE_DOCUMENTS=1 pytest {__file__}, and read what it has written"
                )


def rewrite(document: Path, block: str, step: Step, said: Said) -> None:
    """Put what a command says below it in its document."""
    indent = "".join(takewhile(str.isspace, block))
    lines = [f"{indent}{line}".rstrip() for line in said.output.rstrip().splitlines()]
    at = block.index(step.output, block.index(step.command[:20]) + len(step.command[:20]))
    written = f"{block[:at]}{chr(10).join(lines)}\n{block[at + len(step.output) :]}"
    document.write_text(document.read_text().replace(block, written, 1))


def test_a_copy_of_the_journal_holds_its_pages(real_parts: RealParts, tmp_path: Path) -> None:
    copies = [block for block in BLOCKS if block[0] == "restart.md" and scene_of(block) in SCENES]
    assert len(copies) == 2

    found = []
    for number, block in enumerate(copies):
        (tmp_path / str(number)).mkdir()
        with SCENES[scene_of(block) or block].prepare(tmp_path / str(number), real_parts) as place:
            run_steps(BLOCKS[block][1], place)
            with closing(connect(place.here("/var/backups/pages.sqlite"))) as copy:
                found += copy.execute("SELECT state FROM pages").fetchall()

    assert found == [("accepted",), ("accepted",)]
