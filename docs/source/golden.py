"""Write the golden files of the tests, by hand only: `python -m docs.source.golden`; then read the diff."""

from __future__ import annotations

from tests.metrics import documents
from tests.paging import shapes


def main() -> None:
    """Write every page of metrics and every message."""
    for folder, texts in (
        (documents.GOLDEN, documents.pages()),
        (shapes.GOLDEN, shapes.messages()),
    ):
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
