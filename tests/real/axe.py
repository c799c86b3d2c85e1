"""axe-core, which checks pages for people who read them with a keyboard, a screen reader or another lens."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real import debian, parts

if TYPE_CHECKING:
    from tests.e2e.browsers import Browser

VERSION = "4.14.1"
FOLDER = parts.CACHE / f"axe-core-{VERSION}"
SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
INSTALL = (
    "npm",
    "install",
    "--ignore-scripts",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--save-exact",
    f"axe-core@{VERSION}",
)
# Every rule, also those that are no part of WCAG but good practice.
RUN = """
return axe.run(document, {resultTypes: ["violations"]}).then(result => result.violations.map(each =>
  `${each.id} (${each.impact}): ${each.help}: ` + each.nodes.map(node => node.html.slice(0, 160)).join(" ")));
"""


def missing() -> tuple[str, ...]:
    """Name what has to be got before pages can be checked."""
    return () if SCRIPT.is_file() else ("axe-core",)


def install() -> None:
    """Get it from npm, once; it appears as a whole or not at all."""
    parts.CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parts.CACHE, prefix=".unfinished-") as unfinished:
        folder = Path(unfinished) / FOLDER.name
        folder.mkdir()
        debian.run(*INSTALL, cwd=folder)
        folder.rename(FOLDER)


def violations(browser: Browser) -> list[str]:
    """Return what is wrong with the page that a browser shows."""
    browser.run(SCRIPT.read_text(encoding="utf-8"))
    found: list[str] = browser.run(RUN)
    return found
