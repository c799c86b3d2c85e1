"""Writes `golden/` anew, by hand only: `python -m tests.metrics.regenerate`, then read the difference."""

from __future__ import annotations

from pathlib import Path

from tests.metrics.documents import SHAPES, text, translate

FOLDER = Path(__file__).parent / "golden"


def pages() -> dict[str, str]:
    """Return the page of every shape in both formats, by the name of its file."""
    rendered = {}
    for name, (endpoint, document) in SHAPES.items():
        success = translate(document, endpoint)
        rendered[f"{name}.prom"] = text(success)
        rendered[f"{name}.openmetrics"] = text(success, openmetrics=True)
    return rendered


if __name__ == "__main__":
    for name, page in pages().items():
        (FOLDER / name).write_text(page, encoding="utf-8")
