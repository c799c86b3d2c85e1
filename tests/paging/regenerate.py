"""Writes `golden/` anew, by hand only: `python -m tests.paging.regenerate`, then read the difference."""

from __future__ import annotations

from pathlib import Path

from tests.paging.shapes import messages

FOLDER = Path(__file__).parent / "golden"

if __name__ == "__main__":
    for name, text in messages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
