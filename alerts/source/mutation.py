"""Mutation tests of the rules: each small change of a rule must make a test fail.

`python -m alerts.source.mutation` prints the score and the survivors; test_mutation.py holds both.
The results for a rule's mutants are kept in mutation.json, by a digest of all inputs: only what has changed
since is tested again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.alerts.lasting import LASTING, SCRAPES
from tests.alerts.lasting import cases as cases_of_lasting
from tests.alerts.rules import (
    Document,
    Rule,
    alerts,
    cases,
    cases_of,
    evaluation_interval,
    mentions,
    needed,
    recordings,
    seconds,
)
from tests.real import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SUITE = parts.SUITES[-1]
_QUICKEST = SCRAPES[0]  # what comes a step too early or too late shows there
_AT_A_TIME = 3  # tests: a start of promtool takes as long as one
_LEAST_SHIFT = 60  # seconds by which a `for` is changed at the least

# What is not arithmetic: strings, ranges, label names in parentheses, names with digits in them.
_OPAQUE = re.compile(r'"[^"]*"|\[[^\]]*\]|\b(?:by|without|on)\s*\([^)]*\)|[A-Za-z_:][\w:]*')
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_STEPS = re.compile(r"\[\w+:\w+\]\) > $")  # before a number of steps, which is whole
_COMPARATOR = re.compile(r"==|!=|>=|<=|>|<")
_MATCHER = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
_TWICE = re.compile(r"(\w+\{[^}]*\})\s+(and|-) (present_over_time|min_over_time)\(\1\[(\w+)\]\)")
_SHORT = re.compile(r"(\w+\{[^}]*\}) (and|-) (present_over_time|min_over_time) (\w+)")
_SET_OPERATOR = re.compile(r"\b(and|or|unless)\b")
_AGGREGATOR = re.compile(r"\b(max|min) (?:without|by)\b")
_OTHER_COMPARATORS = {
    ">": (">=", "<"),
    "<": ("<=", ">"),
    ">=": (">", "<="),
    "<=": ("<", ">="),
    "==": ("!=",),
    "!=": ("==",),
}
_NEGATED = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
_OTHER_OPERATOR = {"and": "unless", "or": "unless", "unless": "and"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one small change."""

    origin: Rule
    rule: Rule
    change: str  # what was changed, such as `threshold 0.5 -> 0.45`

    @property
    def name(self) -> str:
        """The name of the mutant in the list of survivors."""
        labels = self.origin.labels
        which = "/".join(labels[key] for key in ("severity", "long", "problem") if key in labels)
        return f"{self.origin.name}{f' ({which})' if which else ''}: {self.change}"


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Yield every mutant of a rule: thresholds, comparators, matchers, operators, aggregators, `for`."""
    changes = (*_numbers(rule.expr), *_comparators(rule.expr), *_matchers(rule.expr), *_operators(rule.expr))
    for words, expr in changes:
        yield Mutant(rule, replace(rule, expr=expr), words)
    if rule.is_alert:
        yield from (Mutant(rule, replace(rule, waits=waits), words) for words, waits in _waits(rule.waits))


def _masked(expr: str) -> str:
    """Replace what is not arithmetic by spaces; positions stay the same."""
    return _OPAQUE.sub(lambda found: "\0" * len(found[0]), expr)


def _swap(expr: str, found: re.Match[str], other: str) -> str:
    return expr[: found.start()] + other + expr[found.end() :]


def _numbers(expr: str) -> Iterator[tuple[str, str]]:
    for place, found in enumerate(_NUMBER.finditer(_masked(expr)), 1):
        number = float(found[0])
        by = 1.0 if _STEPS.search(expr[: found.start()]) or not number else number * 0.1
        for other in (number - by, number + by):
            yield f"number {place}: {found[0]} -> {other:g}", _swap(expr, found, f"{other:.10g}")


def _comparators(expr: str) -> Iterator[tuple[str, str]]:
    for place, found in enumerate(_COMPARATOR.finditer(_masked(expr)), 1):
        for other in _OTHER_COMPARATORS[found[0]]:
            yield f"comparator {place}: {found[0]} -> {other}", _swap(expr, found, other)


def _matchers(expr: str) -> Iterator[tuple[str, str]]:
    # A selector and its guard, or its past, are one thing: with one changed alone, the other says the same.
    short = _TWICE.sub(r"\1 \2 \3 \4", expr)
    for place, found in enumerate(_MATCHER.finditer(short), 1):
        label, operator, value = found.groups()
        for words, other in (
            ("negated", f'{label}{_NEGATED[operator]}"{value}"'),
            ("of another value", f'{label}{operator}"mutated"'),
            ("removed", 'mutated=""'),
        ):
            changed = _swap(short, found, other)
            yield f"matcher {place}: {found[0]} {words}", _SHORT.sub(r"\1 \2 \3(\1[\4])", changed)


def _operators(expr: str) -> Iterator[tuple[str, str]]:
    for place, found in enumerate(_SET_OPERATOR.finditer(expr), 1):
        other = _OTHER_OPERATOR[found[0]]
        yield f"operator {place}: {found[0]} -> {other}", _swap(expr, found, other)
    for place, found in enumerate(_AGGREGATOR.finditer(expr), 1):
        other = found[0].replace(found[1], "min" if found[1] == "max" else "max")
        yield f"aggregator {place}: {found[1]} -> {other[:3]}", _swap(expr, found, other)


def _waits(waits: str) -> Iterator[tuple[str, str]]:
    if not waits:
        yield "for 1m", "1m"
        return
    now = seconds(waits)
    shift = max(_LEAST_SHIFT, now // 10)
    yield f"no for instead of {waits}", ""
    yield from ((f"for {waits} -> {other}s", f"{other}s") for other in (now - shift, now + shift) if other)


# --- trying one --------------------------------------------------------------------------------


def _concerned(rule: Rule) -> tuple[list[Rule], list[tuple[str, Document]]]:
    """Return the smallest set of rules and tests that can detect a mutant of this rule."""
    if rule.is_alert:
        own = [each for each in alerts() if each.name == rule.name]
        window = rule.labels.get("long", "")  # tests that are about it come first
        said = sorted(cases_of(rule.name), key=lambda test: f" {window} and" not in test[1]["name"])
        lasting = cases_of_lasting([each for each in LASTING if each.alert == rule.name], _QUICKEST)
        return [*needed([each.expr for each in own]), *own], [
            *((evaluation_interval(file), case) for file, case in said),
            *((f"{_QUICKEST}s", case) for case in lasting),
        ]
    above = [each for each in recordings() if rule in needed([each.name])]
    about = [
        (evaluation_interval(file), case)
        for file, case in cases()
        if any(
            mentions(test["expr"], each.name) for test in case.get("promql_expr_test", ()) for each in above
        )
    ]
    # Tests that are about it come first.
    parts_of_claims = [rule.name, *(json.dumps(f'problem="{slug}"')[1:-1] for slug in rule.labels.values())]
    about.sort(
        key=lambda test: not all(part in json.dumps(test[1]["promql_expr_test"]) for part in parts_of_claims)
    )
    # A test may be about more than the rule: what else it looks at has to be there.
    looked_at = [test["expr"] for _, case in about for test in case["promql_expr_test"]]
    return needed(looked_at), about


def is_killed(mutant: Mutant, folder: Path) -> bool:
    """Return whether a promtool test fails with this mutant in place of its origin."""
    folder.mkdir()
    rules, tests = _concerned(mutant.origin)
    changed = [mutant.rule if rule is mutant.origin else rule for rule in rules]
    document = {"groups": [{"name": "mutated", "rules": [rule.document() for rule in changed]}]}
    (folder / "rules.yml").write_text(json.dumps(document))
    # The first that fails is enough, and most mutants fail in the first, so few at a time are tried.
    return any(
        _fails(interval, cases[place : place + _AT_A_TIME], folder)
        for interval, some in groupby(tests, itemgetter(0))
        for cases in ([case for _, case in some],)
        for place in range(0, len(cases), _AT_A_TIME)
    )


def _fails(interval: str, cases: Sequence[Document], folder: Path) -> bool:
    test = {"rule_files": ["rules.yml"], "evaluation_interval": interval, "tests": cases}
    (folder / "test.yml").write_text(json.dumps(test))
    command: list[str | Path] = [parts.program(_SUITE, "promtool"), "test", "rules", folder / "test.yml"]
    return subprocess.run(command, capture_output=True, check=False, timeout=240).returncode != 0


@dataclass(frozen=True, slots=True)
class Score:
    """How many mutants there were of each rule's name, and which survived."""

    made: dict[str, int]
    survivors: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """The share of mutants that were killed."""
        return 1 - len(self.survivors) / sum(self.made.values())


Record = dict[str, list[str]]  # by the digest of a rule: the names of its mutants that survived
RECORD = Path(__file__).with_name("mutation.json")


def read_record() -> Record:
    """Return the recorded results."""
    record: Record = json.loads(RECORD.read_text())
    return record


def write_record(record: Record) -> None:
    """Write the results."""
    RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def digest(rule: Rule) -> str:
    """Return a digest of everything that the results of the rule's mutants depend on."""
    rules, tests = _concerned(rule)
    depends = [
        [each.document() for each in rules],
        tests,
        [(mutant.name, mutant.rule.document()) for mutant in mutants(rule)],
    ]
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()[:16]


def measure(rules: Sequence[Rule], record: Record) -> Record:
    """Return the results for every mutant of these rules; tests those that are not recorded."""
    digests = [digest(rule) for rule in rules]
    new = [(key, mutant) for key, rule in zip(digests, rules, strict=True) for mutant in mutants(rule)]
    new = [(key, mutant) for key, mutant in new if key not in record]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = (Path(folder) / str(number) for number in range(len(new)))
        killed = list(pool.map(is_killed, [mutant for _, mutant in new], folders))
    known = {key: record.get(key, []) for key in digests}
    for (key, mutant), is_dead in zip(new, killed, strict=True):
        if not is_dead:
            known[key].append(mutant.name)
    return known


def sum_up(rules: Sequence[Rule], record: Record) -> Score:
    """Return the score of rules whose mutants were all tested."""
    made = {rule.name: 0 for rule in rules}
    for rule in rules:
        made[rule.name] += len(list(mutants(rule)))
    return Score(made, tuple(name for rule in rules for name in record[digest(rule)]))


if __name__ == "__main__":
    only = sys.argv[1:]
    chosen = [rule for rule in (*recordings(), *alerts()) if not only or rule.name in only]
    score = sum_up(chosen, measure(chosen, {}))
    print(*score.survivors, sep="\n")
    print(f"{sum(score.made.values())} mutants, {score.ratio:.1%} killed")
