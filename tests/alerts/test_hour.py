"""In an hour of clients that are well no alert fires, nor does its condition hold for a moment.

What the exporter's pages say becomes the input of tests of the rules: the engines of Prometheus and of
VictoriaMetrics evaluate the shipped files, `for` included, and the series `ALERTS` which they make tells what
came of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.alerts.engines import ENGINES, NEWEST, name_engine
from tests.alerts.hour import CLIENTS, HOUR, SCRAPE, WARM_UP, Incident, record
from tests.alerts.rules import METRIC, NEVER_WHEN_WELL, RULE_FILES, alerts, groups, recordings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.engines import Engine
    from tests.alerts.hour import Recording
    from tests.real.fixtures import Finding, RealParts

pytestmark = pytest.mark.timeout(600)  # seconds; fifteen are enough on an idle machine

# What the rules ask for and clients that are well have no series of.
ABSENT = {
    "waexporter_config_watch_timestamp_seconds",  # there is no file
    "waexporter_http_sd_success",  # nor a list from elsewhere
    "whatsapp_settings_last_change_timestamp_seconds",  # nobody changes a setting
}

RECORDED = re.compile(r"target:[\w:]+")

END = WARM_UP + HOUR
# No range begins at an evaluation: some versions of Prometheus count it in, others do not.
FIRING = f'ALERTS{{alertstate="firing"}}[{END + 1}s]'
ANY_IN_THE_HOUR = f"ALERTS[{HOUR - 1}s]"


class Claim(NamedTuple):
    """What an expression gives at the end of the recording, by labels."""

    expr: str
    gives: dict[str, float]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return record(tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    half = WARM_UP + HOUR // 2
    incidents = (
        Incident("single", "gateway_down", begins=half, ends=half + 360),
        Incident("ha", "failover", begins=half, ends=half + 60),
    )
    return record(tmp_path_factory.mktemp("troubled"), incidents)


def evaluate(
    real_parts: RealParts, engine: Engine, recording: Recording, folder: Path, claims: tuple[Claim, ...]
) -> Finding:
    """Run the shipped rules over a recording, as often as it has pages, and hold the end to some claims."""
    expected = [
        {
            "expr": claim.expr,
            "eval_time": f"{END}s",
            "exp_samples": [{"labels": labels, "value": value} for labels, value in claim.gives.items()],
        }
        for claim in claims
    ]
    document = {
        "rule_files": [str(file) for file in RULE_FILES],
        "evaluation_interval": f"{SCRAPE}s",
        "group_eval_order": list(groups()),
        "tests": [
            {
                "interval": f"{SCRAPE}s",
                "input_series": list(recording.input_series()),
                "promql_expr_test": expected,
            }
        ],
    }
    return engine.test_rules(real_parts, folder, document)


@pytest.mark.parametrize("engine", ENGINES, ids=name_engine)
def test_in_a_healthy_hour_no_alert_fires_or_is_pending_but_the_watchdog(
    real_parts: RealParts, engine: Engine, healthy: Recording, tmp_path: Path
) -> None:
    watchdog = '{alertname="Watchdog", alertstate="firing"}'
    claims = (
        # Not in the ten minutes of the start either, when nothing is known at first.
        Claim(
            f"sum by (alertname, target, alertstate) (count_over_time({FIRING}))",
            {watchdog: END // SCRAPE + 1},
        ),
        Claim(
            f"sum by (alertname, target, alertstate) (count_over_time({ANY_IN_THE_HOUR}))",
            {watchdog: HOUR // SCRAPE},
        ),
        Claim(
            'count by (__name__) ({__name__=~"target:.+"})',
            {
                f'{{__name__="{rule.name}"}}': len(CLIENTS)
                for rule in recordings()
                if rule.name not in NEVER_WHEN_WELL
            },
        ),
        # Nor is anything wrong for a moment, or messages are told to be anything but flowing.
        Claim(
            f"max by (problem) (max_over_time(target:whatsapp_problem:severity[{HOUR - 1}s]))",
            {'{problem="none"}': 0},
        ),
        Claim(f"max(max_over_time(target:whatsapp_messages:state[{HOUR - 1}s]))", {"{}": 0}),
    )

    finding = evaluate(real_parts, engine, healthy, tmp_path, claims)

    assert finding.status == 0, finding.output


def test_the_healthy_hour_has_every_metric_that_the_rules_ask_for(healthy: Recording) -> None:
    recorded = {name for rule in recordings() for name in METRIC.findall(rule.name)}
    asked = {name for rule in (*recordings(), *alerts()) for name in METRIC.findall(rule.expr)}

    assert asked - recorded - healthy.names() == ABSENT


def test_our_own_counters_begin_at_0_so_that_every_engine_sees_their_first_event(healthy: Recording) -> None:
    counters = {
        name: values for name, values in healthy.series.items() if re.match(r"waexporter_\w+_total\b", name)
    }

    assert len(counters) > 100
    assert [name for name, values in counters.items() if float(values.get(0, "NaN")) != 0] == []


def test_times_are_told_by_their_names_so_that_they_can_be_moved_to_where_promtool_begins() -> None:
    about_time = [rule.expr for rule in (*recordings(), *alerts()) if "time()" in rule.expr]

    names = {name for expr in about_time for name in METRIC.findall(RECORDED.sub("", expr))}

    assert names
    assert [name for name in names if not name.endswith("_timestamp_seconds")] == []


@pytest.mark.parametrize("engine", NEWEST, ids=name_engine)
def test_in_the_same_hour_an_outage_raises_its_alert_and_a_failover_none(
    real_parts: RealParts, engine: Engine, troubled: Recording, tmp_path: Path
) -> None:
    claims = (
        Claim(
            f"group by (alertname, target) (count_over_time({FIRING}))",
            {'{alertname="Watchdog"}': 1, '{alertname="WhatsAppDown", target="single"}': 1},
        ),
    )

    finding = evaluate(real_parts, engine, troubled, tmp_path, claims)

    assert finding.status == 0, finding.output
