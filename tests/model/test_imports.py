"""The model imports the standard library only, so that it costs little and everybody may import it."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

import pytest

from tests.markdown import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    return names | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "waexporter" / "model").glob("*.py")), ids=lambda path: path.name
)
def test_a_module_of_the_model_imports_the_standard_library_only(path: Path) -> None:
    others = {
        name
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("waexporter.model")
    }

    assert others == set()
