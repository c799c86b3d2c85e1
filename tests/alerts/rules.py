"""The shipped rules and their promtool tests, as tests look at them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
ALERTS = ROOT / "alerts"
RULE_FILES = (ALERTS / "recording-rules.yml", ALERTS / "alerts.yml")
TEST_FILES = sorted((ALERTS / "tests").glob("*.yml"))
RUNBOOKS = ALERTS / "runbooks"

_PAST = re.compile(r"\[\w+:(\w+)\]\) > (\d+)")  # so many steps of the past
METRIC = re.compile(r"\b(?:whatsapp|waexporter)_[a-z0-9_]+")
# What a client that is well has no series of; promtool's tests have made them.
NEVER_WHEN_WELL = {
    "target:whatsapp_api_rate_limited:ratio_rate2m",
    "target:whatsapp_api_rate_limited:ratio_rate5m",
    "target:whatsapp_problem:began_timestamp_seconds",
}

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; an alert may have several of its name."""

    name: str
    expr: str
    is_alert: bool
    waits: str = ""  # `for`; empty: not at all
    keeps: str = ""  # `keep_firing_for`
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def after(self) -> int:
        """Return for how many seconds it must be so until the alert fires."""
        past = _PAST.search(self.expr)
        return (seconds(past[1]) * int(past[2]) if past else 0) + seconds(self.waits)

    def document(self) -> Document:
        """Give it as YAML would."""
        own: Document = {"alert" if self.is_alert else "record": self.name, "expr": self.expr}
        more: Document = {"for": self.waits, "keep_firing_for": self.keeps}
        more |= {"labels": self.labels, "annotations": self.annotations}
        return own | {key: value for key, value in more.items() if value}


@cache
def groups() -> dict[str, tuple[Rule, ...]]:
    """Give the rules by group, in the order in which they are evaluated."""
    found: dict[str, tuple[Rule, ...]] = {}
    for file in RULE_FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            assert group["name"] not in found, f"two groups are called {group['name']}"
            found[group["name"]] = tuple(
                Rule(
                    name=rule.get("alert") or rule["record"],
                    expr=rule["expr"],
                    is_alert="alert" in rule,
                    waits=rule.get("for", ""),
                    keeps=rule.get("keep_firing_for", ""),
                    labels=rule.get("labels", {}),
                    annotations=rule.get("annotations", {}),
                )
                for rule in group["rules"]
            )
    return found


def alerts() -> tuple[Rule, ...]:
    return tuple(rule for rules in groups().values() for rule in rules if rule.is_alert)


@cache
def recordings() -> tuple[Rule, ...]:
    return tuple(rule for rules in groups().values() for rule in rules if not rule.is_alert)


def alert_names() -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.name for rule in alerts()))


def recorded_names() -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.name for rule in recordings()))


def mentions(expr: str, name: str) -> bool:
    return re.search(rf"(?<![\w:]){re.escape(name)}(?![\w:])", expr) is not None


@cache
def _mentioned(expr: str) -> frozenset[str]:
    """Return the recorded series that an expression reads; many ask for the same ones."""
    return frozenset(name for name in recorded_names() if mentions(expr, name))


def needed(exprs: Sequence[str]) -> list[Rule]:
    """List the recording rules that expressions rest on, in the order of evaluation."""
    names: set[str] = set()
    waiting = list(exprs)
    while waiting:
        new = _mentioned(waiting.pop()) - names
        names |= new
        waiting += [rule.expr for rule in recordings() if rule.name in new]
    return [rule for rule in recordings() if rule.name in names]


@cache
def cases() -> tuple[tuple[Path, Document], ...]:
    """Give each promtool test with its file; the name of one begins with that of its alert."""
    return tuple((file, case) for file in TEST_FILES for case in yaml.safe_load(file.read_text())["tests"])


@cache
def evaluation_interval(file: Path) -> str:
    return str(yaml.safe_load(file.read_text())["evaluation_interval"])


def cases_of(alert: str) -> list[tuple[Path, Document]]:
    return [(file, case) for file, case in cases() if case["name"].startswith(f"{alert}: ")]


def seconds(duration: str) -> int:
    """Give a duration such as 1h30m in seconds."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", duration))
