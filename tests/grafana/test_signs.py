"""The dashboards name what is wrong: each sign shows when it should, and not a little before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from grafana.source import states
from grafana.source.signs import SIGNS
from tests.alerts.rules import alert_names
from tests.grafana.boards import BOARDS, Sight, panels

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.fixtures import RunTool

Series = dict[str, str]  # values by series, in promtool's notation

_SENDS = 'whatsapp_api_requests_duration_seconds_count{method="POST_v1_messages",result="200"}'
_REFUSED = _SENDS.replace("200", "503")
_LIMITED = _SENDS.replace("200", "429")
_QUEUE = "whatsapp_callback_queue_size"
_TAKEN = 'whatsapp_callback_requests_duration_seconds_count{result="success"}'
_REJECTED = _TAKEN.replace("success", "500")
_COMMITS = 'whatsapp_db_request_duration_seconds_count{operation="commit"}'
_LOST_COMMITS = _COMMITS.replace("request_", "request_error_")
_READS = _COMMITS.replace("commit", "select")
_LOST_READS = _LOST_COMMITS.replace("commit", "select")
_SUPPORT_FAILS = {
    'waexporter_poll_success{collector="support"}': "0x40",
    'waexporter_poll_failures_total{collector="support",reason="status"}': "0+1x40",
}
_SUPPORT_IS_REFUSED = {name.replace("status", "refused"): values for name, values in _SUPPORT_FAILS.items()}
_STATISTICS_COME = {'waexporter_poll_success{collector="app"}': "1x40"}

# A client's series for twenty minutes, a value every 30 s, and what is its worst problem after ten.
CASES: tuple[tuple[Series, str], ...] = (
    ({}, "none"),
    ({_SENDS: "0+30x40", _REFUSED: "0+2x40"}, "messages_fail"),
    ({_SENDS: "0+30x40", _REFUSED: "0+1x40"}, "none"),
    (
        {
            _QUEUE: "0x40",
            "whatsapp_in_message_from_server_total": "0+30x40",
            "whatsapp_in_message_persisted_total": "0+28x40",
        },
        "messages_fail",
    ),
    (
        {
            _QUEUE: "0x40",
            "whatsapp_in_message_from_server_total": "0+30x40",
            "whatsapp_in_message_persisted_total": "0+29x40",
        },
        "none",
    ),
    (
        {_QUEUE: "0x40", _SENDS: "0+30x40", 'whatsapp_out_message_status_total{status="failed"}': "0+2x40"},
        "messages_fail",
    ),
    ({_QUEUE: "75001x40"}, "callback_queue_nearly_full"),
    ({_QUEUE: "75000x40"}, "callbacks_pile_up"),
    ({_QUEUE: "1001x40"}, "callbacks_pile_up"),
    ({_QUEUE: "1000x40"}, "none"),
    ({_TAKEN: "0+8x40", _REJECTED: "0+1x40"}, "callbacks_fail"),
    ({_TAKEN: "0+10x40", _REJECTED: "0+1x40"}, "none"),
    ({_TAKEN: "0x40", _REJECTED: "0x10 1x30"}, "none"),  # one alone is chance
    ({_TAKEN: "0+10x40", _TAKEN.replace("count", "sum"): "0+31x40"}, "webhook_slow"),
    ({_TAKEN: "0+10x40", _TAKEN.replace("count", "sum"): "0+29x40"}, "none"),
    ({"whatsapp_pending_messages": "1001x40"}, "messages_pile_up"),
    ({"whatsapp_pending_messages": "1000x40"}, "none"),
    ({_SENDS: "0+30x40", _LIMITED: "0+2x40"}, "sends_limited"),
    ({_SENDS: "0+30x40", _LIMITED: "0+1x40"}, "none"),
    ({"whatsapp_concurrent_rate_limit_triggered": "1x40"}, "sends_limited"),
    ({"whatsapp_canary_success": "0x40"}, "canary_fails"),
    ({"whatsapp_canary_success": "1x40"}, "none"),
    ({_COMMITS: "0+30x40", _LOST_COMMITS: "0+2x40", _READS: "0+3000x40"}, "database_fails"),
    ({_COMMITS: "0+30x40", _LOST_COMMITS: "0+1x40", _READS: "0+3000x40"}, "none"),
    ({_READS: "0+30x40", _LOST_READS: "0+2x40"}, "database_fails"),
    ({_READS: "0+10x40", _READS.replace("count", "sum"): "0+1.1x40"}, "database_slow"),
    ({_READS: "0+10x40", _READS.replace("count", "sum"): "0+0.9x40"}, "none"),
    (
        {
            'whatsapp_web_idle_processes{node="web1"}': "8x40",
            'whatsapp_web_idle_processes{node="web2"}': "0x40",
        },
        "webapp_processes_used_up",
    ),
    ({"whatsapp_web_idle_processes": "1x40"}, "none"),
    (_STATISTICS_COME, "statistics_missing"),
    (_STATISTICS_COME | {_QUEUE: "0x40"}, "none"),
    (_SUPPORT_FAILS, "polls_fail"),
    (_SUPPORT_FAILS | {"whatsapp_up": "0x40"}, "none"),  # its problem says more
    (_SUPPORT_IS_REFUSED, "none"),
    ({"whatsapp_on_call_pager_configured": "0x40"}, "nobody_to_page"),
    ({"whatsapp_on_call_pager_configured": "1x40"}, "none"),
    ({"whatsapp_on_call_pager_configured": "0x40", "whatsapp_on_call_group_reachable": "1x40"}, "none"),
    ({"whatsapp_settings_last_change_timestamp_seconds": "-2990x40"}, "settings_changed"),
    ({"whatsapp_settings_last_change_timestamp_seconds": "-3010x40"}, "none"),
    # of several, the one to read first
    (
        {
            'whatsapp_problem{problem="node_unreachable"}': "1x40",
            'whatsapp_problem{problem="shard_uncovered"}': "1x40",
        },
        "shard_uncovered",
    ),
    (
        {
            'whatsapp_problem{problem="no_secondary_master"}': "1x40",
            'whatsapp_problem{problem="two_primary_masters"}': "1x40",
        },
        "two_primary_masters",
    ),
    (
        {
            'whatsapp_problem{problem="rate_limited"}': "1x40",
            'whatsapp_verdict{verdict="unknown"}': "1x40",
            _QUEUE: "75001x40",
        },
        "rate_limited",
    ),
    ({'whatsapp_problem{problem="rate_limited"}': "1x40", _QUEUE: "75001x40"}, "callback_queue_nearly_full"),
    ({'whatsapp_problem{problem="unreachable"}': "1x40", _QUEUE: "75001x40"}, "unreachable"),
)
# What is then said of its messages.
MESSAGES: tuple[tuple[Series, str], ...] = (
    (_STATISTICS_COME | {_QUEUE: "1000x40"}, "flowing"),
    ({_QUEUE: "1001x40"}, "delayed"),
    ({"whatsapp_pending_messages": "1001x40"}, "delayed"),
    ({_TAKEN: "0+8x40", _REJECTED: "0+1x40"}, "delayed"),
    ({"whatsapp_canary_success": "0x40", _QUEUE: "1001x40"}, "in doubt"),
    ({_COMMITS: "0+30x40", _LOST_COMMITS: "0+2x40"}, "in doubt"),
    (_STATISTICS_COME, "in doubt"),
    ({_SENDS: "0+30x40", _REFUSED: "0+1x40"}, "flowing"),
    ({_SENDS: "0+30x40", _REFUSED: "0+2x40"}, "some fail"),
    (
        {_QUEUE: "0x40", _SENDS: "0+30x40", 'whatsapp_out_message_status_total{status="failed"}': "0+2x40"},
        "some fail",
    ),
    ({"whatsapp_shards": "4x40", "whatsapp_shards_covered": "3x40"}, "some fail"),
    ({'whatsapp_problem{problem="overloaded"}': "1x40"}, "some fail"),
    ({"whatsapp_coreapps_connected": "0x40"}, "standing still"),  # it may be connecting
    ({'whatsapp_verdict{verdict="down"}': "1x40"}, "standing still"),
    ({'whatsapp_verdict{verdict="unknown"}': "1x40"}, "not known"),
)
# Alerts whose clients the table does not name, and why.
UNNAMED = {"WhatsAppTargetMissing": "a target that is gone has no series"}


def test_a_client_is_said_to_have_its_worst_problem(promtool: RunTool, suite: str, tmp_path: Path) -> None:
    (worst,) = (expr for expr in queries("fleet", "Clients, the worst first") if "topk" in expr)
    cases = [case(f"0 * ({worst})", series, 0, f', problem="{problem}"') for series, problem in CASES]

    assert_all(cases, promtool, suite, tmp_path)


def test_a_client_is_said_to_lose_messages_when_it_does(
    promtool: RunTool, suite: str, tmp_path: Path
) -> None:
    (said,) = queries("client", "Messages")
    numbers = {word: number for number, (word, _) in states.MESSAGES.items()}
    cases = [case(said, series, numbers[word]) for series, word in MESSAGES]

    assert {word for _, word in MESSAGES} == numbers.keys()
    assert_all(cases, promtool, suite, tmp_path)


def queries(name: str, title: str) -> list[str]:
    board = BOARDS[name]
    (panel,) = (panel for panel in panels(board) if panel["title"] == title)
    return [Sight(end=0).resolve(target["expr"], board) for target in panel["targets"]]


def case(expr: str, series: Series, value: int, labels: str = "") -> dict[str, object]:
    told = {"labels": f'{{target="orders"{labels}}}', "value": value}
    return {
        "interval": "30s",
        "input_series": [
            {"series": of_the_client(name), "values": values}
            for name, values in ({"whatsapp_up": "1x40"} | series).items()
        ],
        "promql_expr_test": [{"expr": expr, "eval_time": "10m", "exp_samples": [told]}],
    }


def assert_all(cases: list[dict[str, object]], promtool: RunTool, suite: str, folder: Path) -> None:
    file = folder / "cases.yml"
    file.write_text(json.dumps({"tests": cases}))

    finding = promtool(suite, "test", "rules", file)

    assert finding.status == 0, finding.output


def of_the_client(series: str) -> str:
    name, _, labels = series.partition("{")
    return f'{name}{{job="waexporter",instance="a:9847",target="orders"{"," if labels else ""}{labels or "}"}'


def test_every_sign_is_tried() -> None:
    assert {worst for _, worst in CASES} >= {sign.slug for sign in SIGNS}


@pytest.mark.parametrize("name", ["fleet", "client"])
def test_every_alert_about_a_client_has_its_runbook_beside_a_problem(name: str) -> None:
    told = str(queries(name, "What is wrong, and what to do"))

    missing = {alert for alert in alert_names() if alert.startswith("WhatsApp") and f'"{alert}"' not in told}

    assert missing == UNNAMED.keys()
