"""The shipped alert rules and routes: in a wheel inside the package, in a checkout beside it."""

from __future__ import annotations

from pathlib import Path

from waexporter.errors import StartError

RULES = ("recording-rules.yml", "alerts.yml")
ROUTES = "alertmanager.yml"

_PACKAGE = Path(__file__).resolve().parent


def find_shipped() -> Path:
    """Find the folder with the shipped rules and routes; raises StartError where there is none."""
    for folder in (_PACKAGE / "alerts", _PACKAGE.parent / "alerts"):
        if all((folder / name).is_file() for name in (*RULES, ROUTES)):
            return folder
    raise StartError(
        "the alert rules are missing from this installation: install waexporter again, or run it from its "
        "checkout"
    )
