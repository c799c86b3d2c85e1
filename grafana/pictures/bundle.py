"""The page that draws dashboards: Grafana's published packages, got by npm, and our code around them."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.real import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SOURCE = Path(__file__).with_name("grafana")
CACHE = parts.ROOT / ".cache" / "grafana"
PROGRAMS = tuple(parts.NODE)
ASSETS = {  # what the components ask a Grafana for: where the packages have it
    "/public/img/": "@grafana/ui/dist/public/img/",
    "/public/fonts/inter/Inter-Regular.woff2": "@fontsource/inter/files/inter-latin-400-normal.woff2",
    "/public/fonts/inter/Inter-Medium.woff2": "@fontsource/inter/files/inter-latin-500-normal.woff2",
}
PATIENCE = 600  # seconds: more than half a gigabyte is got

# Some packages ask for a React that is older than the one that others of them ask for. Their scripts are not
# run: nothing here needs them, and nobody has read them.
INSTALL = (
    "npm",
    "install",
    "--ignore-scripts",
    "--legacy-peer-deps",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",  # what npm's own cache has is not asked for again
)


class UnavailableError(Exception):
    """The packages can't be had here; the text says why."""


def missing(cache: Path = CACHE) -> tuple[str, ...]:
    """Name what has to be got before anything can be drawn."""
    absent = tuple(name for name in PROGRAMS if shutil.which(name) is None)
    return absent or (() if modules(cache).is_dir() else ("Grafana's packages",))


def modules(cache: Path = CACHE, source: Path = SOURCE) -> Path:
    """Return where the packages lie, or would lie: a change of package.json asks for others."""
    return cache / f"packages-{_digest(source, [source / 'package.json'])}" / "node_modules"


def install(cache: Path = CACHE) -> None:
    """Get the packages; they appear all at once or not at all."""
    if absent := [name for name in PROGRAMS if shutil.which(name) is None]:
        raise UnavailableError(f"there is no {' and no '.join(absent)}")
    wanted = modules(cache).parent
    _make(wanted, _install)
    for old in cache.glob("packages-*"):
        if old != wanted:
            shutil.rmtree(old)


def _install(folder: Path) -> None:
    shutil.copy(SOURCE / "package.json", folder)
    _run(INSTALL, folder)


@cache
def page() -> Path:
    """Return the folder of the page, bundled once for each content of its sources."""
    sources = [path for path in SOURCE.rglob("*") if path.is_file()]
    folder = CACHE / f"page-{_digest(SOURCE, sources)}"
    _make(folder, _bundle)
    return folder


def _bundle(folder: Path) -> None:
    _run(("node", str(SOURCE / "build.mjs"), str(modules()), str(folder)), folder)
    shutil.copy(SOURCE / "index.html", folder)


def _digest(folder: Path, files: Iterable[Path]) -> str:
    contents = hashlib.sha256()
    for file in sorted(files):
        contents.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return contents.hexdigest()[:16]


def _make(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a folder unless it is there; of several processes that do so at once, the first one wins."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unfinished-") as unfinished:
        made = Path(unfinished) / folder.name
        made.mkdir()
        fill(made)
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


def _run(command: tuple[str, ...], folder: Path) -> None:
    try:
        ended = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{command[0]} was not ready after {PATIENCE} s") from error
    if ended.returncode != 0:
        raise UnavailableError(f"{' '.join(command[:2])}: {ended.stderr.strip()[-2000:]}")
