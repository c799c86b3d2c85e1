"""Load a file and the environment into one `Config`."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any, NamedTuple

from waexporter.config.environment import CONFIG_VARIABLE, SOURCES, find_misspelled, merge_environment
from waexporter.config.file_stamp import stamp_file
from waexporter.config.fleet.defaults import read_defaults
from waexporter.config.fleet.http_sd import HTTP_SD, SHORT_KEY, read_http_sd
from waexporter.config.fleet.target_list import read_text_list
from waexporter.config.fleet.targets_files import read_targets_files
from waexporter.config.limits import LIMITS
from waexporter.config.log_block import LOG
from waexporter.config.pager import PAGER, read_pager
from waexporter.config.placeholders import find_placeholders
from waexporter.config.poll import COMMON_POLL, read_poll
from waexporter.config.section import Report, Section
from waexporter.config.targets import read_targets
from waexporter.config.values.files import read_text
from waexporter.config.web import WEB
from waexporter.config.web_config.daemon_access import make_access
from waexporter.config.webhook_auth import WEBHOOK, read_webhook_auth
from waexporter.config.yaml_document import parse_document
from waexporter.errors import ConfigError
from waexporter.model import Config, Limits, LogSettings, WebSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from waexporter.config.environment import MergedConfig
    from waexporter.config.file_stamp import Stamp
    from waexporter.config.keys import Block
    from waexporter.config.web_config.daemon_access import DaemonAccess

_LARGEST_FILE = 4 * 1024 * 1024  # bytes
_NO_TARGET = (
    'no target: name a file with "targets: [{url: https://host:9090}]" by --config or WAEXPORTER_CONFIG,',
    "or set WAEXPORTER_TARGET_URL and WAEXPORTER_API_KEY (or WAEXPORTER_USERNAME and WAEXPORTER_PASSWORD)",
)
_PLACEHOLDER = (
    "holds what looks like an environment variable, which is taken literally; write the value itself, "
)
_ADVICE_FOR_KEY = "let a key with _file name the file of a secret, or set a WAEXPORTER_ variable in its place"
_ADVICE_FOR_VARIABLE = "or let a variable with _FILE name the file of a secret"
_NO_TARGET_IN_FILE = ("targets: is required, with at least one entry such as - url: https://host:9090",)


class LoadedConfig(NamedTuple):
    """A usable configuration, and notes for its user."""

    config: Config
    notes: tuple[str, ...]


def load(
    path: str | None,
    environ: Mapping[str, str],
    files: dict[str, Stamp] | None = None,
    *,
    discovered: str | None = None,
) -> LoadedConfig:
    """Read the file (or the one that WAEXPORTER_CONFIG names, or none) and the environment.

    Add each file that is read to `files`, also in case of an error, with its stamp from before; add each
    pattern of files with its matches. `discovered` is the list of targets that another host has sent. The
    configuration has all targets, whatever the shard.
    Raise ConfigError with every problem, each beginning with its key path, variable or file.
    """
    path = choose_file(path, environ)
    files = {} if files is None else files
    if path is not None:
        files[path] = stamp_file(path)
    merged = merge_environment(_read_file(path), environ)
    misspelled = find_misspelled(environ)
    config, report = _read_config(merged, path, files, discovered)
    _report_placeholders(report, merged.document)
    if merged.document.keys().isdisjoint(SOURCES):
        report.problems.extend([*(_NO_TARGET if path is None else _NO_TARGET_IN_FILE), *misspelled])
    if report.problems:
        raise ConfigError(report.problems)
    return LoadedConfig(config, (*misspelled, *merged.notes, *report.notes))


def load_daemon_access(path: str | None, environ: Mapping[str, str]) -> DaemonAccess:
    """Read how to reach a daemon, even from a configuration with problems.

    Targets are not read: a health check every few seconds must not take the time for thousands of them.
    """
    path = choose_file(path, environ)
    problems: tuple[str, ...] = ()
    try:
        document = _read_file(path)
    except ConfigError as error:
        document, problems = {}, error.problems
    root, report = _open_root(merge_environment(document, environ), path)
    web = WebSettings(**_read_block(root, WEB))
    webhook = read_webhook_auth(root.section(PAGER.name), WEBHOOK.name, None)
    return make_access(web, webhook, environ, (*problems, *report.problems))


def load_web(environ: Mapping[str, str]) -> WebSettings:
    """Read the block `web` from the environment alone; raise ConfigError."""
    root, report = _open_root(merge_environment({}, environ), None)
    web = WebSettings(**_read_block(root, WEB))
    if report.problems:
        raise ConfigError(report.problems)
    return web


def _report_placeholders(report: Report, document: object) -> None:
    """Report texts with a variable that nobody replaces; beside a problem they may well be its cause."""
    is_problem = bool(report.problems)
    for of_list, parsed in [(report, document), *report.lists]:
        add = of_list.add_problem if is_problem else of_list.add_note
        for key_path in find_placeholders(parsed):
            advice = _ADVICE_FOR_VARIABLE if key_path in of_list.names else _ADVICE_FOR_KEY
            add(key_path, _PLACEHOLDER + advice)


def choose_file(path: str | None, environ: Mapping[str, str]) -> str | None:
    """Return the file of the configuration; None without one."""
    return path if path is not None else environ.get(CONFIG_VARIABLE) or None


def _read_file(path: str | None) -> dict[object, object]:
    if path is None:
        return {}
    try:
        text = read_text(path, limit=_LARGEST_FILE)
    except ValueError as error:
        raise ConfigError([str(error)]) from error
    document = parse_document(text, path)
    # As in Compose files, keys that begin with x- are ignored: they have anchors, or are for other programs.
    return {key: value for key, value in document.items() if not str(key).startswith("x-")}


def _read_config(
    merged: MergedConfig, path: str | None, files: dict[str, Stamp], discovered: str | None = None
) -> tuple[Config, Report]:
    root, report = _open_root(merged, path, files)
    return _read_document(root, discovered), report


def _open_root(
    merged: MergedConfig, path: str | None, files: dict[str, Stamp] | None = None
) -> tuple[Section, Report]:
    folder = os.path.dirname(path or "")  # noqa: PTH120 - see Section.resolve
    report = Report(folder, merged.names, files={} if files is None else files)
    return Section(report, "", merged.document), report


def _read_document(root: Section, discovered: str | None) -> Config:
    with root:
        with root.section("poll") as poll:
            common, workers = read_poll(poll), COMMON_POLL.read(poll)["workers"]
        defaults = read_defaults(root, common)
        root.report.has_lists = any(map(root.has, SOURCES[1:]))
        published: list[Section] = []
        return Config(
            targets=read_targets(_target_sections(root, discovered, published), defaults),
            http_sd=read_http_sd(root),
            discovered=len(published),
            limits=Limits(**_read_block(root, LIMITS)),
            web=WebSettings(**_read_block(root, WEB)),
            pager=read_pager(root),
            log=LogSettings(**_read_block(root, LOG)),
            workers=workers,
        )


def _target_sections(root: Section, discovered: str | None, published: list[Section]) -> Iterator[Section]:
    """Yield one section for each target, wherever it is listed; add those of http_sd to `published`."""
    yield from root.sections("targets")
    yield from read_targets_files(root)
    if discovered is not None and (root.has(SHORT_KEY) or root.has(HTTP_SD.name)):
        report = root.report.within(SHORT_KEY, "", may_name_files=False)
        for section in read_text_list(report, discovered):
            published.append(section)
            yield section


def _read_block(root: Section, block: Block) -> dict[str, Any]:
    with root.section(block.name) as section:
        return block.read(section)
