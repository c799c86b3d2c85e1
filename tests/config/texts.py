"""Configurations that tests write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.config import LoadedConfig, load

if TYPE_CHECKING:
    from pathlib import Path


def load_text(folder: Path, text: str) -> LoadedConfig:
    """Write a configuration to waexporter.yml in a folder, and load it without any variable."""
    path = folder / "waexporter.yml"
    path.write_text(text, encoding="utf-8")
    return load(str(path), {})
