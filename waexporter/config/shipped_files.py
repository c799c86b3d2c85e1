"""The shipped rules, runbooks and dashboards: inside the package in a wheel, next to it in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from waexporter.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES = ("recording-rules.yml", "alerts.yml")
ROUTES = "alertmanager.yml"
RUNBOOKS = "runbooks"
DASHBOARDS = "dashboards"
PROVIDER = "provisioning/dashboards/waexporter.yml"

PACKAGE = Path(__file__).resolve().parents[1]


def find_rule_files(package: Path = PACKAGE) -> Path:
    """Return the folder of the shipped rules and routes; raise CommandError if there is none."""
    for folder in (package / "alerts", package.parent / "alerts"):
        if all((folder / name).is_file() for name in (*RULES, ROUTES)):
            return folder
    raise CommandError(
        "the alert rules are missing from this installation: install waexporter again, or run it from its "
        "checkout"
    )


def find_runbooks(package: Path = PACKAGE) -> Mapping[str, Path]:
    """Return the shipped runbooks by the names of their alerts, sorted; empty if there are none."""
    folders = (package / "alerts" / RUNBOOKS, package.parent / "alerts" / RUNBOOKS)
    return next(
        filter(None, ({file.stem: file for file in sorted(each.glob("*.md"))} for each in folders)), {}
    )


def find_dashboards(package: Path = PACKAGE) -> Path:
    """Return the folder of the shipped dashboards; raise CommandError if there is none."""
    for folder in (package / "grafana", package.parent / "grafana"):
        if (folder / PROVIDER).is_file() and any((folder / DASHBOARDS).glob("*.json")):
            return folder
    raise CommandError(
        "the dashboards are missing from this installation: install waexporter again, or run it from its "
        "checkout"
    )
