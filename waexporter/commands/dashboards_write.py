"""`waexporter dashboards write`: write the shipped dashboards, with the user's data source and runbooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from waexporter.commands.console import write
from waexporter.commands.options import add_epilog
from waexporter.commands.process import OK
from waexporter.commands.rules_render import NAME, check_base_url
from waexporter.config.shipped_files import DASHBOARDS, PROVIDER, find_dashboards
from waexporter.errors import CommandError, ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from waexporter.commands.console import Write

RUNBOOK_BASE = "http://localhost:9847/runbooks"

_RUNBOOK = re.compile(r"\$\{runbooks\}/(\$\{[^}]+\}|\w+)\.md")
_PATH = re.compile(r"(?<= path: ).*")  # of the provider

Variable = dict[str, Any]  # of a dashboard


_EPILOG = """\
The dashboards are written as files that Grafana reads: import them by hand, or have it read the folder by
copying DIR/waexporter.yml to /etc/grafana/provisioning/dashboards and restarting it. Dashboards of an older
version are replaced; other files stay as they are. Exit code: 0 they are written, 2 not.

  waexporter dashboards write /var/lib/grafana/dashboards/waexporter
  waexporter dashboards write --datasource Prometheus --runbook-base http://monitor.example:9847/runbooks DIR
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("folder", metavar="DIR", help="where to write them; it is made if it is not there")
    parser.add_argument(
        "--datasource",
        metavar="UID_OR_NAME",
        help="the data source that they open on (default: the first Prometheus that Grafana lists)",
    )
    parser.add_argument(
        "--runbook-base",
        default=RUNBOOK_BASE,
        metavar="URL",
        help="where you keep the runbooks: the name of the alert is added, or put in where {name} stands "
        f"({RUNBOOK_BASE})",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    """Write the dashboards into the folder."""
    dashboards = render(datasource=options.datasource, runbook_base=options.runbook_base)
    write_dashboards(Path(options.folder), dashboards, write)
    return OK


def render(*, datasource: str | None = None, runbook_base: str = RUNBOOK_BASE) -> Mapping[str, str]:
    """Return a map from file names to the JSON of the dashboards.

    `datasource` is the uid or the name of the data source that they open on. Raises ConfigError for an empty
    one and for a wrong address, CommandError when the dashboards are not installed.
    """
    problems = ["--datasource: must be the uid or the name of a data source"] if datasource == "" else []
    problems += check_base_url("--runbook-base", runbook_base.replace(NAME, ""))
    if problems:
        raise ConfigError(problems)
    files = sorted((find_dashboards() / DASHBOARDS).glob("*.json"))
    return {file.name: _adapt(file.read_text(encoding="utf-8"), datasource, runbook_base) for file in files}


def write_dashboards(folder: Path, dashboards: Mapping[str, str], write: Write) -> None:
    """Write dashboards and their provisioning file into a folder, which is created.

    Files are replaced atomically, after all are written. An existing provisioning file is kept, since people
    edit it. Raises CommandError, and changes nothing, if that fails or if another file has the name of a
    dashboard.
    """
    folder = folder.absolute()
    provider = folder / Path(PROVIDER).name
    try:
        older = [name for name, text in dashboards.items() if _is_older(folder / name, text)]
        files = (
            dict(dashboards) if provider.exists() else {**dashboards, provider.name: _render_provider(folder)}
        )
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".new-") as fresh:  # Grafana reads no hidden folder
            for name, text in files.items():
                Path(fresh, name).write_bytes(text.encode("utf-8", "backslashreplace"))
            for name in files:
                Path(fresh, name).replace(folder / name)
    except FileExistsError as error:
        raise CommandError(f"{folder} is a file: name a folder") from error
    except OSError as error:
        raise CommandError(f"{folder} can't be written: {error.strerror}") from error
    names = ", ".join(name.removesuffix(".json") for name in dashboards)
    write(f"{len(dashboards)} dashboards are in {folder}: {names}")
    if older:
        write(
            f"{len(older)} took the place of older ones; Grafana sees that by itself if it reads this folder"
        )
    else:
        write(
            f"next: copy {provider} to /etc/grafana/provisioning/dashboards and restart Grafana, or import "
            "the .json files by hand"
        )


def _adapt(text: str, datasource: str | None, runbook_base: str) -> str:
    changes: dict[str, Variable] = {}
    if datasource is not None:
        changes["datasource"] = {"current": _selected(datasource)}
    if runbook_base != RUNBOOK_BASE:
        pattern = runbook_base if NAME in runbook_base else f"{runbook_base.rstrip('/')}/{NAME}"
        head, _, tail = pattern.partition(NAME)
        base = head.removesuffix("/")
        changes["runbooks"] = {"current": _selected(base), "query": base}
        slash = head.removeprefix(base)
        text = _RUNBOOK.sub(
            lambda found: f"${{runbooks}}{slash}{found[1]}{tail.replace(NAME, found[1])}", text
        )
    if not changes:
        return text
    dashboard = json.loads(text)
    for variable in dashboard["templating"]["list"]:
        variable.update(changes.get(variable["name"], {}))
    return json.dumps(dashboard, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _selected(value: str) -> Variable:
    # Grafana searches a data source whose uid is `value`, then one whose name is `text`.
    return {"text": value, "value": value}


def _render_provider(folder: Path) -> str:
    """Return the shipped provisioning file, with this folder in it."""
    text = (find_dashboards() / PROVIDER).read_text(encoding="utf-8")
    # Grafana expands environment variables in the file; a doubled $ is a literal one.
    path = json.dumps(str(folder).replace("$", "$$"), ensure_ascii=False)
    return _PATH.sub(lambda _: path, text)


def _is_older(path: Path, text: str) -> bool:
    """Return whether the file contains this dashboard already; raise CommandError for another document."""
    try:
        before = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (IsADirectoryError, ValueError):
        before = None
    if isinstance(before, dict) and before.get("uid") == json.loads(text)["uid"]:
        return True
    raise CommandError(f"{path} is not a dashboard of waexporter: move it away, or name another folder")
