"""Bodies of answers: those in the folder `data`, and those that tests write."""

from __future__ import annotations

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"


def stored(name: str) -> bytes:
    """Return a body from the folder `data`."""
    return (DATA / f"{name}.json").read_bytes()


def body_of(document: object) -> bytes:
    """Return a body with a document."""
    return json.dumps(document).encode()
