"""Small text files, read whole."""

from __future__ import annotations

from pathlib import Path

from waexporter.config.quantities import format_bytes


def read_text(path: str, *, limit: int) -> str:
    """Read a UTF-8 text of at most `limit` bytes; ValueError says in a sentence, with the path, why not."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise ValueError(f"can't read {path}: {error.strerror}") from error
    if len(content) > limit:
        raise ValueError(f"{path} is larger than {format_bytes(limit)}")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Without its cause: a UnicodeDecodeError carries the bytes, and these may be a secret.
        raise ValueError(f"{path} is not UTF-8 text") from None
