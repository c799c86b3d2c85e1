"""Where the shipped rules, routes, runbooks and dashboards are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from waexporter.config import shipped_files as shipped
from waexporter.errors import CommandError

ROOT = Path(__file__).resolve().parents[2]


def test_a_checkout_has_them_beside_the_package() -> None:
    assert shipped.find_rule_files() == ROOT / "alerts"


def test_a_wheel_has_them_inside_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "waexporter" / "alerts"
    folder.mkdir(parents=True)
    for name in (*shipped.RULES, shipped.ROUTES):
        (folder / name).touch()

    assert shipped.find_rule_files(folder.parent) == folder


def test_an_installation_without_them_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="install waexporter again"):
        shipped.find_rule_files(tmp_path / "waexporter")


def test_a_checkout_has_the_runbooks_beside_the_package() -> None:
    found = shipped.find_runbooks()

    assert found["WhatsAppDown"] == ROOT / "alerts" / "runbooks" / "WhatsAppDown.md"
    assert list(found) == sorted(found)


def test_a_wheel_has_the_runbooks_inside_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "waexporter" / "alerts" / "runbooks"
    folder.mkdir(parents=True)
    (folder / "Odd.md").touch()

    assert shipped.find_runbooks(tmp_path / "waexporter") == {"Odd": folder / "Odd.md"}


def test_an_installation_without_runbooks_has_none(tmp_path: Path) -> None:
    assert shipped.find_runbooks(tmp_path / "waexporter") == {}


def test_a_checkout_has_the_dashboards_beside_the_package() -> None:
    assert shipped.find_dashboards() == ROOT / "grafana"


def test_a_wheel_has_the_dashboards_inside_the_package(tmp_path: Path) -> None:
    folder = tmp_path / "waexporter" / "grafana"
    for name in ("dashboards/fleet.json", shipped.PROVIDER):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()

    assert shipped.find_dashboards(tmp_path / "waexporter") == folder


def test_an_installation_without_dashboards_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "grafana" / "dashboards").mkdir(parents=True)  # as somebody else's

    with pytest.raises(CommandError, match="install waexporter again"):
        shipped.find_dashboards(tmp_path / "waexporter")
