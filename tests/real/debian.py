"""Debian packages of any suite, unpacked into a folder: no root needed, nothing installed or started."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYRINGS = tuple(
    Path("/usr/share/keyrings") / f"debian-archive-keyring.{suffix}" for suffix in ("gpg", "pgp")
)
PATIENCE = ("-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20")


class UnavailableError(Exception):
    """A part can't be got on this machine, and why."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A suite with package lists of its own in `folder`, apart from those of the system."""

    suite: str
    mirror: str
    folder: Path

    @classmethod
    def open(cls, suite: str, folder: Path) -> Archive:
        """Make the folders and the list of sources that apt needs."""
        archive = cls(suite, find_mirror(), folder)
        for place in ("lists/partial", "cache/archives/partial", "packages"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        key = next((f"[signed-by={path}] " for path in KEYRINGS if path.exists()), "")
        (folder / "sources.list").write_text(f"deb {key}{archive.mirror} {suite} main\n")
        return archive

    @property
    def options(self) -> tuple[str, ...]:
        """Point apt at this archive alone."""
        places = {
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
        }
        return tuple(word for name, value in places.items() for word in ("-o", f"{name}={value}"))

    def update(self) -> None:
        """Read the suite's list of packages."""
        run("apt-get", *PATIENCE, *self.options, "update")

    def download(self, packages: Sequence[str]) -> tuple[Path, ...]:
        """Get the packages; what an interrupted run has got already is kept."""
        folder = self.folder / "packages"
        run("apt-get", *PATIENCE, *self.options, "download", *packages, cwd=folder)
        return tuple(sorted(folder.glob("*.deb")))


def unpack(package: Path, folder: Path) -> None:
    """Write the files of a package below a folder."""
    run("dpkg", "-x", str(package), str(folder))


def install(packages: Sequence[str]) -> None:
    """Install packages of the system's own suite; needs root."""
    run("apt-get", *PATIENCE, "update")
    run(
        *("env", "DEBIAN_FRONTEND=noninteractive"),
        *("apt-get", *PATIENCE, "install", "--yes", "--no-install-recommends", *packages),
    )


def find_mirror() -> str:
    """Find the Debian mirror that the machine itself uses."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise UnavailableError("it comes as a Debian package, and this system has no apt-get")
    codename = read_codename()
    for line in run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)").splitlines():
        release, _, address = line.partition(" ")
        if release == codename:
            return address
    raise UnavailableError(f"the system's apt sources name no mirror for its own suite {codename!r}")


def read_codename() -> str:
    """Read the name of the system's own suite."""
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "VERSION_CODENAME":
            return value.strip('"')
    return ""


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command to its end and give what it wrote; raises UnavailableError with its last words."""
    try:
        done = subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UnavailableError(f"{command[0]} can't be started: {error.strerror}") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise UnavailableError(f"{command[0]} ended with {done.returncode}: {' / '.join(words)}")
    return done.stdout
