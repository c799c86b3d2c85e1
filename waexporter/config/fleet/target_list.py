"""A list of targets outside of the configuration: entries as in `targets`, or the groups of Prometheus.

A group is what `file_sd_configs` and `http_sd_configs` read: `{targets: [ADDRESS, …], labels: {…}}`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from waexporter.config.section import Section, kind_of
from waexporter.config.targets import read_label_map
from waexporter.config.values import scalars
from waexporter.config.yaml_document import parse_yaml
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from waexporter.config.section import Report

_NAME: Final = "target"  # the label that names the target of a group
_SCHEME: Final = "__scheme__"
_LARGEST_SHORT_FORM: Final = 64 * 1024  # letters
_MOST_NOTED: Final = 10  # labels in one note


def read_text_list(report: Report, text: str) -> Iterator[Section]:
    """Yield one section for each target of a list in JSON or YAML, as if it stood in `targets`."""
    try:
        document = _parse(text, report.place)
    except ConfigError as error:
        report.problems.extend(error.problems)
        return
    if document is None or document == []:
        report.add_note("", "has no target")
    elif isinstance(document, list):
        report.lists.append((report, document))
        yield from _read_entries(report, document)
    else:
        example = 'a list with a "- " before each entry, such as - url: https://host:9090'
        report.add_problem("", f"must be {example}; found {kind_of(document)}")


def _parse(text: str, place: str) -> object:
    """Parse a text; raise ConfigError with problems that begin with `place`."""
    if text.lstrip("\ufeff \t\r\n").startswith(("[", "{")):
        try:
            return json.loads(text, object_pairs_hook=_make_mapping, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            # YAML's short form begins like that, too; and its messages name the line and never quote it.
            # But a large text would take minutes.
            if len(text) > _LARGEST_SHORT_FORM:
                problem = _explain(error)
                raise ConfigError([f"{place}: {problem}"]) from None
    return parse_yaml(text, place)


def _explain(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: is not valid JSON here"
    return "is nested too deeply" if isinstance(error, RecursionError) else f"is not valid JSON: {error}"


def _read_entries(report: Report, document: list[object]) -> Iterator[Section]:
    ignored: dict[str, None] = {}
    for index, entry in enumerate(document):
        path = f"[{index}]"
        if isinstance(entry, dict) and "targets" in entry:
            yield from _read_group(Section(report, path, entry), ignored)
        else:
            yield Section(report, path, entry)
    if ignored:
        shown = list(ignored)[:_MOST_NOTED]
        more = f" and {len(ignored) - len(shown)} more" if len(ignored) > len(shown) else ""
        words = f"labels that begin with __ are ignored, as Prometheus does: {', '.join(shown)}{more}"
        report.add_note("", words)


def _read_group(section: Section, ignored: dict[str, None]) -> Iterator[Section]:
    with section as group:
        addresses = group.get("targets", lambda value: scalars.listed(value, "addresses"), [])
        labels, special = _read_labels(group)
    name = labels.pop(_NAME, None)
    scheme = special.pop(_SCHEME, "https")
    ignored.update(dict.fromkeys(special))
    if name is not None and len(addresses) > 1:
        words = f"names one target, and the group has {len(addresses)} addresses; make a group for each"
        group.add_problem(f"labels.{_NAME}", words)
        name = None
    for index, address in enumerate(addresses):
        path = f"{group.path}.targets[{index}]"
        group.report.names.update({f"{path}.url": path, f"{path}.name": path})
        entry = {"url": _make_url(address, scheme), "labels": labels}
        if name is not None:
            group.report.names[f"{path}.name"] = f"{group.path}.labels.{_NAME}"
            entry["name"] = name
        yield Section(group.report, path, entry)


def _read_labels(group: Section) -> tuple[dict[str, object], dict[str, str]]:
    """Return the labels of a group that are right, and those that only Prometheus uses."""
    special = {}
    labels: dict[str, object] = {}
    with group.section("labels") as section:
        for name, value in section.entries():
            if name.startswith("__"):
                special[name] = str(value)
            elif name == _NAME:
                labels[name] = value
        labels.update(read_label_map(section, skip=(*special, _NAME)))
    if special.get(_SCHEME, "https") not in {"http", "https"}:
        group.add_problem(f"labels.{_SCHEME}", "must be http or https")
        special[_SCHEME] = "https"
    return labels, special


def _make_url(address: object, scheme: str) -> object:
    """Return the url of an address, which may be without its scheme as in Prometheus."""
    if not isinstance(address, str) or "://" in address or not address.strip():
        return address
    return f"{scheme}://{address}"


def _make_mapping(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return a mapping of pairs; raise ValueError if a key is given twice."""
    listed = list(pairs)
    mapping = dict(listed)
    if len(mapping) < len(listed):
        raise ValueError("a key is given twice")
    return mapping


def _refuse_constant(_: str) -> object:
    raise ValueError("no JSON number")
