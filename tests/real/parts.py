"""The real programs that tests run against, and where they lie once they were got."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "real"

PACKAGES = {  # Debian suite, oldest first: the packages that hold the programs there
    "bookworm": ("prometheus", "prometheus-alertmanager"),
    "trixie": ("prometheus", "promtool", "prometheus-alertmanager", "victoria-metrics"),
    "sid": ("prometheus", "promtool", "prometheus-alertmanager", "victoria-metrics"),
}
SUITES = tuple(PACKAGES)
# The second engine that runs the rules. That of bookworm has no `keep_firing_for` and no tool for tests.
VICTORIA_SUITES = tuple(suite for suite, packages in PACKAGES.items() if "victoria-metrics" in packages)

_PROMETHEUS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
_VICTORIA = ("victoria-metrics", "vmalert", "vmalert-tool")

NODE = {"node": "nodejs", "npm": "npm"}  # what draws dashboards: program: its package
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}  # program: its package


def programs(suite: str) -> tuple[str, ...]:
    """Name the programs of a suite."""
    return _PROMETHEUS + (_VICTORIA if suite in VICTORIA_SUITES else ())


def program(suite: str, name: str) -> Path:
    """Say where a program of a suite lies, or would lie."""
    return CACHE / suite / "usr" / "bin" / name


def missing_programs(suite: str) -> tuple[str, ...]:
    """Name the programs of a suite that are not there."""
    return tuple(name for name in programs(suite) if not os.access(program(suite, name), os.X_OK))


def missing_browser() -> tuple[str, ...]:
    """Name what a test in a browser needs and the system lacks."""
    return tuple(name for name in BROWSER if shutil.which(name) is None)


def are_required() -> bool:
    """Tell whether a missing part is a failure instead of a reason to skip."""
    return os.environ.get("WAEXPORTER_REQUIRE_REAL") == "1"
