"""`waexporter rules render`: print the shipped alert rules, with the user's selector and addresses."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from waexporter.commands.console import write
from waexporter.commands.matchers import read_matchers
from waexporter.commands.options import add_epilog
from waexporter.commands.process import OK
from waexporter.config.shipped_files import RULES, find_rule_files
from waexporter.errors import ConfigError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping
    from pathlib import Path

RUNBOOK_BASE = "https://waexporter.example/runbooks"
DASHBOARD_BASE = "http://localhost:3000"
NAME = "{name}"  # placeholder for the name of an alert in --runbook-base

_RUNBOOK = re.compile(rf"{re.escape(RUNBOOK_BASE)}/(\w+)(?:\.md)?")
_FORBIDDEN = re.compile(r"[\s\"'\\`{}]")  # characters that end a url, or have a meaning in YAML or a template
_DNS = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_OBJECT = re.compile(rf"{_DNS}(?:\.{_DNS})*")  # the name of an object of Kubernetes
_NAMESPACE = re.compile(_DNS)
_WORD = r"[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?"
_LABEL = re.compile(rf"(?P<key>(?:{_DNS}(?:\.{_DNS})*/)?{_WORD})=(?P<value>(?:{_WORD})?)", re.ASCII)
_MAX_OBJECT_LENGTH, _MAX_WORD_LENGTH = 253, 63

# The tokens of an expression: strings, comments, and names with the braces that may follow.
# Label names in `by (...)` are not matched: none of them looks like one of our metrics.
_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'|#[^\n]*"
    r"|(?P<name>(?:whatsapp|waexporter)_\w+|\w+:whatsapp_[\w:]+|\bup\b|\bALERTS\b)(?P<braces>\s*\{\s*)?"
    r"|[A-Za-z_:][\w:]*"
)
_QUERY = re.compile(r"`[^`]*`")  # of a template; everything else in an annotation is prose
_KEY = re.compile(r"^ *(?:- )?(?P<key>\w+):(?P<rest>.*)")


_EPILOG = """\
The rules are printed for you to save and load; nothing else is changed.

  waexporter rules render --selector '{job="waexporter"}' > rules.yml
  waexporter rules render --runbook-base 'https://wiki.example/wa/{name}.html' > rules.yml
  waexporter rules render --kubernetes waexporter --label release=prometheus | kubectl apply -f -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--selector",
        default="",
        metavar="MATCHERS",
        help='labels that every metric must have, such as job="waexporter",env="prod"; braces may be around',
    )
    parser.add_argument(
        "--runbook-base",
        default=RUNBOOK_BASE,
        metavar="URL",
        help="where you keep the runbooks: the name of the alert is added, or put in where {name} stands",
    )
    parser.add_argument("--dashboard-base", default=DASHBOARD_BASE, metavar="URL", help="your Grafana")
    parser.add_argument(
        "--kubernetes",
        metavar="NAME",
        help="print them as a PrometheusRule of this name, for the Prometheus Operator",
    )
    parser.add_argument("--namespace", default="", metavar="NAME", help="the namespace of the PrometheusRule")
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a label of the PrometheusRule; the Operator may read only rules that have a certain one",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, _environ: Mapping[str, str]) -> int:
    """Print the rules."""
    if options.kubernetes is None and (options.namespace or options.label):
        raise ConfigError(["--namespace and --label go with --kubernetes NAME"])
    bases = {"runbook_base": options.runbook_base, "dashboard_base": options.dashboard_base}
    text = render(selector=options.selector, **bases)
    if options.kubernetes is not None:
        labels = read_labels(options.kubernetes, options.namespace, tuple(options.label))
        text = wrap_prometheus_rule(text, options.kubernetes, options.namespace, labels)
    write(text.rstrip("\n"))
    return OK


def render(
    folder: Path | None = None,
    /,
    *,
    selector: str = "",
    runbook_base: str = RUNBOOK_BASE,
    dashboard_base: str = DASHBOARD_BASE,
) -> str:
    """Return both rule files as one YAML text, comments included.

    The rule files are those in `folder`, by default the shipped ones.
    `selector` (label matchers, such as job="x") is added to every selector of a metric that the rules read.
    Raises ConfigError for a wrong selector or address, CommandError when the rule files are not installed.
    """
    matchers, problem = read_matchers(selector)
    problems = [f"--selector: {problem}"] if problem else []
    problems += check_base_url("--runbook-base", runbook_base.replace(NAME, ""))
    problems += check_base_url("--dashboard-base", dashboard_base)
    if problems:
        raise ConfigError(problems)
    folder = folder or find_rule_files()
    head, tail = (_add_selector((folder / name).read_text(encoding="utf-8"), matchers) for name in RULES)
    words, groups = tail.split("groups:\n", 1)
    text = f"{words}#\n{head.rstrip()}\n\n{groups}"
    if runbook_base != RUNBOOK_BASE:
        text = _RUNBOOK.sub(lambda found: _runbook_url(runbook_base, found[1]), text)
    return text.replace(DASHBOARD_BASE + "/", dashboard_base.rstrip("/") + "/")


def wrap_prometheus_rule(
    rules: str, name: str, namespace: str = "", labels: Mapping[str, str] | None = None
) -> str:
    """Return rendered rules as a PrometheusRule, a resource of the Prometheus Operator."""
    words, groups = rules.split("groups:\n", 1)
    lines = [
        "apiVersion: monitoring.coreos.com/v1",
        "kind: PrometheusRule",
        "metadata:",
        f"  name: {json.dumps(name)}",
        *([f"  namespace: {json.dumps(namespace)}"] if namespace else []),
        *(["  labels:"] if labels else []),
        *(f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in (labels or {}).items()),
        "spec:",
        "  groups:",
        *(f"  {line}".rstrip() for line in groups.splitlines()),
    ]
    return words + "\n".join(lines) + "\n"


def read_labels(name: str, namespace: str, labels: tuple[str, ...]) -> dict[str, str]:
    """Return the labels, given as KEY=VALUE; raise ConfigError for what Kubernetes would reject."""
    found = [(text, _LABEL.fullmatch(text)) for text in labels]
    problems = list(_check_names(name, namespace))
    problems += [
        f"--label: {text!r} is not KEY=VALUE as Kubernetes has it, such as release=prometheus"
        for text, label in found
        if not label or max(len(label["key"].rpartition("/")[2]), len(label["value"])) > _MAX_WORD_LENGTH
    ]
    if problems:
        raise ConfigError(problems)
    return {label["key"]: label["value"] for _, label in found if label}


def _check_names(name: str, namespace: str) -> Iterator[str]:
    form = "is no name in Kubernetes: small letters, digits and hyphens, such as waexporter-rules"
    if len(name) > _MAX_OBJECT_LENGTH or not _OBJECT.fullmatch(name):
        yield f"--kubernetes: {name!r} {form}"
    if namespace and (len(namespace) > _MAX_WORD_LENGTH or not _NAMESPACE.fullmatch(namespace)):
        yield f"--namespace: {namespace!r} {form}"


def check_base_url(option: str, base: str) -> list[str]:
    """Return the problems of a url to which names or paths are added."""
    try:
        parts = urlsplit(base)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if is_address and not _FORBIDDEN.search(base):
        return []
    # The url is not repeated: it may contain a password.
    return [f"{option}: must be an address such as https://wiki.example/whatsapp, with https:// or http://"]


def _runbook_url(base: str, alert: str) -> str:
    return base.replace(NAME, alert) if NAME in base else f"{base.rstrip('/')}/{alert}"


def _add_selector(text: str, selector: str) -> str:
    """Add matchers to the expressions of a rule file, and to the queries in its annotations."""
    if not selector:
        return text
    lines, key, block = [], "", -1  # block: the column of the key of a YAML block; -1 outside of one
    for line in text.splitlines(keepends=True):
        column = len(line) - len(line.lstrip())
        if block < 0 or (line.strip() and column <= block):
            found = _KEY.match(line)
            key = found["key"] if found else ""
            block = found.start("key") if found and found["rest"].strip() in {">-", "|"} else -1
        lines.append(_rewrite_line(line, key, selector))
    return "".join(lines)


def _rewrite_line(line: str, key: str, selector: str) -> str:
    if key == "expr":
        return _add_matchers(line, selector)
    if key == "description":
        return _QUERY.sub(lambda query: _add_matchers(query[0], selector), line)
    return line


def _add_matchers(expr: str, selector: str) -> str:
    """Add matchers to every selector of a metric in PromQL."""

    def extended(token: re.Match[str]) -> str:
        if not token["name"]:
            return token[0]
        if token["braces"] is None:
            return f"{token['name']}{{{selector}}}"
        return f"{token['name']}{{{selector},"

    return _TOKEN.sub(extended, expr)
