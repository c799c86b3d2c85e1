"""A Prometheus with a past that was computed: samples are written, then its rules are evaluated over them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from grafana.pictures.remote_write import send
from tests.alerts.rules import groups, mentions, seconds
from tests.real.network import ask
from tests.real.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from grafana.pictures.remote_write import Series
    from tests.alerts.rules import Rule

_HEAD = "6h"  # samples are accepted that are younger than half of it


class Writable(Prometheus):
    """A Prometheus that accepts samples of the last hours."""

    def _flags(self, config: Path, data: Path, address: str) -> tuple[str, ...]:
        return (
            *super()._flags(config, data, address),
            "--web.enable-remote-write-receiver",
            f"--storage.tsdb.min-block-duration={_HEAD}",
        )


def write_past(url: str, scraped: Iterable[Series], times: Sequence[float]) -> None:
    """Write what was scraped at these times, evenly spaced, and all that the shipped rules make of it."""
    send(url, scraped, times)
    for rules in groups().values():
        for rule in rules:
            if rule.is_alert:
                send(url, _firing(rule, _over(url, rule.expr, times), times), times)
            elif mentions(rule.expr, rule.name):
                _record_step_by_step(url, rule, times)
            else:
                send(url, _recorded(rule, _over(url, rule.expr, times)), times)


def _record_step_by_step(url: str, rule: Rule, times: Sequence[float]) -> None:
    """Evaluate a rule that reads what it has recorded before."""
    for when in times:
        send(url, _recorded(rule, _over(url, rule.expr, [when])), [when])


def _recorded(rule: Rule, found: Iterable[Series]) -> Iterator[Series]:
    return ((_named(rule.name, labels, rule.labels), values) for labels, values in found)


def _firing(rule: Rule, found: Iterable[Series], times: Sequence[float]) -> Iterator[Series]:
    """Give the series that Prometheus makes of an alert while it fires; `keep_firing_for` is left out."""
    step = times[1] - times[0]
    wait = round(seconds(rule.waits) / step)
    for labels, values in found:
        lasting, held = [], 0
        for value in values:
            held = held + 1 if value is not None else 0
            lasting.append(1.0 if held > wait else None)
        more = {"alertname": rule.name, "alertstate": "firing"}
        yield _named("ALERTS", labels, rule.labels | more), lasting


def _named(name: str, labels: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    return {**labels, **more, "__name__": name}


def _over(url: str, expr: str, times: Sequence[float]) -> Iterator[Series]:
    """Give the values of an expression at these times."""
    step = min((after - before for before, after in pairwise(times)), default=1.0)
    asked = {"query": expr, "start": times[0], "end": times[-1], "step": step}
    answer = ask(f"{url}/api/v1/query_range?{urlencode(asked)}", patience=60)
    assert answer is not None, expr
    document: dict[str, Any] = json.loads(answer.body)
    assert document["status"] == "success", document
    places = {round(when * 1000): place for place, when in enumerate(times)}
    for series in document["data"]["result"]:
        values: list[float | None] = [None] * len(times)
        for when, value in series["values"]:
            values[places[round(when * 1000)]] = float(value)
        yield series["metric"], values
