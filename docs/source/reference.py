"""The parts of the documents that list what is in the code; `make docs` writes them."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import TYPE_CHECKING

from docs.source.commands import write_commands
from tests.markdown import COMMANDS, CONFIGURATION, HTTP, METRICS, PAGING, PAGING_REFERENCE, ROOT
from waexporter.config import DEFAULT_PLANS
from waexporter.config.environment import CONFIG_VARIABLE, SETTING_VARIABLES, TARGET_VARIABLES, WATCH_VARIABLE
from waexporter.config.fleet.defaults import DEFAULTS
from waexporter.config.fleet.http_sd import HTTP_SD
from waexporter.config.fleet.shard_choice import SHARD_VARIABLE
from waexporter.config.fleet.targets_files import TARGETS_FILES
from waexporter.config.limits import LIMITS
from waexporter.config.log_block import LOG
from waexporter.config.pager import PAGER
from waexporter.config.poll import COMMON_POLL, POLL
from waexporter.config.targets import TARGET
from waexporter.config.web import WEB
from waexporter.config.web_config.web_login import LOGIN
from waexporter.metrics.known_families import HEADS
from waexporter.metrics.telemetry import Telemetry
from waexporter.model import Endpoint
from waexporter.paging.telemetry import PagerTelemetry
from waexporter.web.openapi import describe_api
from waexporter.web.routes import ROUTES as PATHS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from waexporter.config.keys import Block

END = "<!-- end of what `make docs` writes -->"
OPENAPI = ROOT / "docs" / "openapi.json"
ROUTES = ROOT / "alerts" / "alertmanager.yml"
MESSAGE = ROOT / "tests" / "paging" / "golden" / "three-of-two-rules.txt"


def own_families() -> dict[str, str]:
    """Return every family of the exporter by its name on the page, with its type."""
    about_targets = {
        f"{head.name}_total" if head.type == "counter" else head.name: head.type for head in HEADS
    }
    return about_targets | _of_the_process(with_pager=True)


def _of_the_process(*, with_pager: bool) -> dict[str, str]:
    telemetry = Telemetry()
    if with_pager:
        PagerTelemetry(telemetry.registry)
    page = telemetry.render(as_openmetrics=False).decode()
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE))


def off_by_default() -> dict[str, str]:
    """Return the families that are off by default, with the key or option that switches them on."""
    endpoints = [endpoint for endpoint in Endpoint if endpoint not in DEFAULT_PLANS]
    always = _of_the_process(with_pager=False)
    of_the_pager = {name: "pager" for name in _of_the_process(with_pager=True) if name not in always}
    of_lists = {name: "http_sd_url" for name in own_families() if name.startswith("waexporter_http_sd_")}
    of_shards = {"waexporter_shard_info": "--shard"}
    return (
        of_the_pager
        | of_lists
        | of_shards
        | {
            name: f"poll.{endpoint}"
            for name in own_families()
            for endpoint in endpoints
            if name.startswith(f"whatsapp_{endpoint}_")
        }
    )


def write_list() -> str:
    """Return the list of families."""
    off = off_by_default()
    lines = [
        f"| `{name}` | {kind} | {f'no: `{off[name]}`' if name in off else 'yes'} |"
        for name, kind in sorted(own_families().items())
    ]
    return "\n".join(["| metric | type | on by default |", "|---|---|---|", *lines])


def write_routes() -> str:
    """Return the shipped configuration of Alertmanager."""
    return f"```yaml\n{ROUTES.read_text()}```"


def write_message() -> str:
    """Return a page as people read it."""
    return f"```text\n{MESSAGE.read_text(encoding='utf-8')}\n```"


def write_paths() -> str:
    """Return the table of HTTP paths; neighbours with the same sentence share a row."""
    rows = groupby(PATHS, key=lambda route: route.summary)
    lines = [f"| {', '.join(f'`{each.path}`' for each in routes)} | {summary} |" for summary, routes in rows]
    return "\n".join(["| path | answer |", "|---|---|", *lines])


def write_keys(*blocks: Block) -> str:
    """Return the table of the keys of blocks."""
    rows = {row.path: row for block in blocks for row in block.document()}
    lines = [f"| `{row.path}` | {row.default} | {row.meaning} |" for row in rows.values()]
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *lines])


def write_variables() -> str:
    """Return the table of environment variables."""
    rows = (
        *SETTING_VARIABLES,
        *(variable._replace(path=f"targets[].{variable.path}") for variable in TARGET_VARIABLES),
    )
    lines = [f"| `{row.name}` | `{row.path}`{row.form} |" for row in rows]
    logins = [
        f"| `{row.name}` | {f'a file with {key.meaning}' if row.path else key.meaning} |"
        for key in LOGIN.keys
        for row in key.variables
    ]
    options = (
        f"| `{CONFIG_VARIABLE}` | path of the file, as `--config` |",
        f"| `{SHARD_VARIABLE}` | [part of the targets](#shards), as `--shard` of `waexporter run` |",
        f"| `{WATCH_VARIABLE}` | `false` is `--no-watch` of `waexporter run` |",
    )
    return "\n".join(["| variable | key it stands for |", "|---|---|", *options, *lines, *logins])


# Each part that is written, by the comment that begins it in its document.
WRITTEN: Mapping[tuple[Path, str], Callable[[], str]] = {
    (HTTP, "<!-- written by `make docs`: paths -->"): write_paths,
    (COMMANDS, "<!-- written by `make docs`: commands -->"): write_commands,
    (METRICS, "<!-- written by `make docs` -->"): write_list,
    (CONFIGURATION, "<!-- written by `make docs`: targets -->"): lambda: write_keys(TARGET),
    (CONFIGURATION, "<!-- written by `make docs`: http_sd -->"): lambda: write_keys(HTTP_SD),
    (CONFIGURATION, "<!-- written by `make docs`: lists -->"): lambda: write_keys(TARGETS_FILES, DEFAULTS),
    (CONFIGURATION, "<!-- written by `make docs`: poll -->"): lambda: write_keys(POLL, COMMON_POLL),
    (CONFIGURATION, "<!-- written by `make docs`: limits -->"): lambda: write_keys(LIMITS),
    (CONFIGURATION, "<!-- written by `make docs`: pager -->"): lambda: write_keys(PAGER),
    (CONFIGURATION, "<!-- written by `make docs`: web and log -->"): lambda: write_keys(WEB, LOG),
    (CONFIGURATION, "<!-- written by `make docs`: variables -->"): write_variables,
    (PAGING, "<!-- written by `make docs`: alertmanager -->"): write_routes,
    (PAGING_REFERENCE, "<!-- written by `make docs`: page -->"): write_message,
}


def main() -> None:
    """Write each part into its document, and the description of the API."""
    for (document, begin), write in WRITTEN.items():
        before, _, rest = document.read_text().partition(begin)
        _, _, after = rest.partition(END)
        document.write_text(f"{before}{begin}\n\n{write()}\n\n{END}{after}")
    OPENAPI.write_text(f"{json.dumps(describe_api(), indent=2)}\n")


if __name__ == "__main__":
    main()
