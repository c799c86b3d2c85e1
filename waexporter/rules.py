"""The shipped alert rules, with the selector and the addresses of whoever loads them."""

from __future__ import annotations

import re

from waexporter.errors import ConfigError
from waexporter.shipped import RULES, find_shipped

RUNBOOK_BASE = "https://waexporter.example/runbooks"
DASHBOARD_BASE = "http://localhost:3000"

_VALUE = r'"(?:[^"\\\n]|\\.)*"'
_MATCHER = rf"[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)\s*{_VALUE}"
_SELECTOR = re.compile(rf"{_MATCHER}(?:\s*,\s*{_MATCHER})*")

# What has to be told apart in an expression: strings, comments, and names with the braces that may follow.
# Label names in `by (...)` are no metrics, and none of them looks like one of ours.
_TOKEN = re.compile(
    rf"{_VALUE}|'(?:[^'\\\n]|\\.)*'|#[^\n]*"
    r"|(?P<name>(?:whatsapp|waexporter)_\w+|\w+:whatsapp_[\w:]+|\bup\b|\bALERTS\b)(?P<braces>\s*\{\s*)?"
    r"|[A-Za-z_:][\w:]*"
)
_QUERY = re.compile(r"`[^`]*`")  # of a template; everything else in an annotation is prose
_KEY = re.compile(r"^ *(?:- )?(?P<key>\w+):(?P<rest>.*)")


def render(
    *, selector: str = "", runbook_base: str = RUNBOOK_BASE, dashboard_base: str = DASHBOARD_BASE
) -> str:
    """Give both rule files as one YAML text, comments included.

    `selector` (label matchers, such as job="x") is added to every selector of a metric that the rules read.
    Raises ConfigError when it is none, StartError when the rule files are not installed.
    """
    if selector and not _SELECTOR.fullmatch(selector.strip()):
        message = (
            f'--selector: {selector!r} is not a list of label matchers such as job="waexporter",env=~"prod.*"'
        )
        raise ConfigError([message])
    folder = find_shipped()
    texts = [_select((folder / name).read_text(encoding="utf-8"), selector.strip()) for name in RULES]
    head, tail = texts[0], texts[1]
    words, groups = tail.split("groups:\n", 1)
    return f"{words}#\n{head.rstrip()}\n\n{groups}".replace(
        RUNBOOK_BASE + "/", runbook_base.rstrip("/") + "/"
    ).replace(DASHBOARD_BASE + "/", dashboard_base.rstrip("/") + "/")


def _select(text: str, selector: str) -> str:
    """Add the matchers to the expressions of a rule file, and to the queries in its annotations."""
    if not selector:
        return text
    lines, key, block = [], "", -1  # block: the column of a key whose text is in the lines below it
    for line in text.splitlines(keepends=True):
        column = len(line) - len(line.lstrip())
        if block < 0 or (line.strip() and column <= block):
            found = _KEY.match(line)
            key = found["key"] if found else ""
            block = found.start("key") if found and found["rest"].strip() in {">-", "|"} else -1
        lines.append(_change(line, key, selector))
    return "".join(lines)


def _change(line: str, key: str, selector: str) -> str:
    if key == "expr":
        return _add(line, selector)
    if key == "description":
        return _QUERY.sub(lambda query: _add(query[0], selector), line)
    return line


def _add(expr: str, selector: str) -> str:
    """Add matchers to every selector of a metric in PromQL."""

    def extended(token: re.Match[str]) -> str:
        if not token["name"]:
            return token[0]
        if token["braces"] is None:
            return f"{token['name']}{{{selector}}}"
        return f"{token['name']}{{{selector},"

    return _TOKEN.sub(extended, expr)
