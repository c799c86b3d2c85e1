"""Get the real parts that tests run against: `python -m tests.real.fetch`; quick when they are there.

With the names of suites, only those are got: no browser, and nothing that draws dashboards.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grafana.pictures import bundle
from tests.real import axe, debian, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


# Debian's Alertmanager looks for its templates where they are once it is installed. A relative path of the
# same length in that place makes an unpacked one look in the folder in which it is started.
TEMPLATES_INSTALLED = b"/usr/share/prometheus/alertmanager"
TEMPLATES_HERE = b"./" * (len(TEMPLATES_INSTALLED) // 2)

HARMLESS = {"vmalert-tool": "--help"}  # what a program can be asked, where it is not its version


def main(*wanted: str) -> int:
    """Get every part, or these suites; give 1 when a part is missing that has to be there."""
    parts.CACHE.mkdir(parents=True, exist_ok=True)
    with hold_lock():
        failures = [failure for suite in wanted or parts.SUITES if (failure := try_suite(suite))]
        if not wanted:
            failures += [failure for failure in (try_packages(), try_axe()) if failure]
        browser_failure = None if wanted else try_programs("the browser", parts.BROWSER)
    for failure in (*failures, browser_failure):
        if failure:
            say(f"MISSING {failure}")
    if not (failures or browser_failure):
        return 0
    is_fatal = parts.are_required() and (failures or is_root())
    say("Without it CI can't go on." if is_fatal else "Its tests will be skipped.")
    return int(bool(is_fatal))


def try_suite(suite: str) -> str | None:
    """Get what is missing of a suite; give the reason when that fails."""
    missing = parts.missing_programs(suite)
    if missing:
        try:
            get_suite(suite)
        except debian.UnavailableError as error:
            return f"{', '.join(missing)} of {suite}: {error}"
    else:
        say(f"{suite}: {', '.join(parts.programs(suite))} are there")
    make_movable(parts.program(suite, "prometheus-alertmanager"))
    return None


def make_movable(alertmanager: Path) -> None:
    """Let an Alertmanager run that is not installed."""
    code = alertmanager.read_bytes()
    if TEMPLATES_INSTALLED in code:
        changed = alertmanager.with_suffix(".changed")
        changed.write_bytes(code.replace(TEMPLATES_INSTALLED, TEMPLATES_HERE))
        changed.chmod(0o755)
        changed.rename(alertmanager)


def get_suite(suite: str) -> None:
    """Download and unpack the packages of a suite; they appear all at once or not at all."""
    archive = debian.Archive.open(suite, parts.CACHE / f".{suite}.archive")
    packages = parts.PACKAGES[suite]
    say(f"{suite}: reading the list of packages (about 10 MB) ...")
    archive.update()
    say(f"{suite}: downloading {', '.join(packages)} (about 100 MB) ...")
    files = archive.download(packages)
    say(f"{suite}: unpacking ...")
    unfinished = parts.CACHE / f".{suite}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    for file in files:
        debian.unpack(file, unfinished)
    for name in parts.programs(suite):  # one that can't run here is found now
        words = debian.run(str(unfinished / "usr" / "bin" / name), HARMLESS.get(name, "--version"))
        version = "" if name in HARMLESS else words.partition(" (")[0].strip()
        say(f"{suite}: {version or name}")
    shutil.rmtree(parts.CACHE / suite, ignore_errors=True)
    unfinished.rename(parts.CACHE / suite)
    shutil.rmtree(archive.folder)


def try_programs(what: str, packages: Mapping[str, str]) -> str | None:
    """Install the packages of programs that the system lacks; give the reason when that is not possible."""
    missing = [name for name in packages if shutil.which(name) is None]
    if not missing:
        say(f"{what}: {', '.join(packages)} are there")
        return None
    if not is_root():
        return f"{', '.join(missing)}: installing what {what} needs takes root"
    wanted = [packages[name] for name in missing]
    say(f"{what}: installing {', '.join(wanted)} (about 100 MB) ...")
    try:
        debian.install(wanted)
    except debian.UnavailableError as error:
        return f"{', '.join(missing)}: {error}"
    return None


def try_packages() -> str | None:
    """Install what dashboards are drawn with; give the reason when that fails."""
    if failure := try_programs("the drawing of dashboards", parts.NODE):
        return failure
    if not bundle.missing():
        say("dashboards: Grafana's packages are there")
        return None
    say("dashboards: installing Grafana's packages (about 700 MB) ...")
    try:
        bundle.install()
    except bundle.UnavailableError as error:
        return f"Grafana's packages: {error}"
    return None


def try_axe() -> str | None:
    """Get what pages are checked with; give the reason when that fails."""
    if not axe.missing():
        say(f"pages: axe-core {axe.VERSION} is there")
        return None
    say(f"pages: installing axe-core {axe.VERSION} (3 MB) ...")
    try:
        axe.install()
    except debian.UnavailableError as error:
        return f"axe-core: {error}"
    return None


@contextmanager
def hold_lock() -> Iterator[None]:
    """Let one run at a time work on the cache."""
    with (parts.CACHE / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run to end ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_root() -> bool:
    """Tell whether the system may be changed."""
    return os.geteuid() == 0


def say(sentence: str) -> None:
    """Print one line of progress at once."""
    print(f"real parts: {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
