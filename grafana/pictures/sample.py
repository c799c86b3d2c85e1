"""A small dashboard with a panel of each kind, and what Prometheus records for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "más & más #1+50%"  # what needs care in an address
RECORDED = [
    {"record": "state", "labels": {"target": NAME}, "expr": "vector(2)"},
    {
        "record": "whatsapp_verdict",
        "labels": {"job": "waexporter", "instance": "a:1", "target": "orders", "verdict": "down"},
        "expr": "vector(1)",
    },
]
GREEN: Mapping[str, Any] = {"mode": "absolute", "steps": [{"color": "green", "value": None}]}
WORDS = [
    {
        "type": "value",
        "options": {
            "0": {"text": "ok", "color": "green", "index": 0},
            "2": {"text": "down", "color": "red", "index": 1},
        },
    }
]
LONG = "A title that is far too long for the narrow panel that it stands above, as anybody can see"


def _panel(
    number: int,
    kind: str,
    expr: str,
    defaults: Mapping[str, Any],
    **more: Any,  # noqa: ANN401 - JSON
) -> dict[str, Any]:
    is_now = kind in {"stat", "table"}
    target = {
        "refId": "A",
        "expr": expr,
        "legendFormat": "{{target}}",
        "instant": is_now,
        "range": not is_now,
        "format": "table" if kind == "table" else "time_series",
    }
    place = {"x": 6 * (number % 4), "y": 6 * (number // 4), "w": 6, "h": 6}
    made: dict[str, Any] = {
        "id": number,
        "type": kind,
        "title": f"Panel {number}",
        "gridPos": place,
        "targets": [target],
        "fieldConfig": {"defaults": {"thresholds": GREEN, **defaults}, "overrides": []},
        "options": OPTIONS[kind],
    }
    return made | more


OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "stat": {"colorMode": "background", "textMode": "value", "reduceOptions": {"calcs": ["lastNotNull"]}},
    "state-timeline": {"mergeValues": True, "rowHeight": 0.8, "showValue": "auto"},
    "table": {"showHeader": True},
    "timeseries": {"legend": {"showLegend": True, "displayMode": "list", "placement": "bottom"}},
}
PURPLE = {"mode": "absolute", "steps": [{"color": "purple", "value": None}]}
BY_THRESHOLDS = {"mappings": WORDS, "color": {"mode": "thresholds"}}
FIXED = {"mappings": WORDS, "color": {"mode": "fixed", "fixedColor": "text"}}
LINE = {
    "thresholds": {
        "mode": "absolute",
        "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}],
    },
    "custom": {"thresholdsStyle": {"mode": "dashed"}},
}


def _override(name: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    values = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": "byName", "options": name}, "properties": values}


TABLE: Mapping[str, Any] = {
    "fieldConfig": {
        "defaults": {"thresholds": GREEN},
        "overrides": [
            _override(
                "Client",
                custom__width=90,
                links=[
                    {"title": "Open", "url": "/d/client?var-target=${__data.fields.Client:percentencode}"}
                ],
            ),
            _override(
                "Verdict", mappings=WORDS, custom__cellOptions={"type": "color-background", "mode": "basic"}
            ),
            _override("Owner", unit="string"),
        ],
    },
    "transformations": [
        {
            "id": "organize",
            "options": {
                "excludeByName": {"Time": True, "__name__": True},
                "renameByName": {"target": "Client", "Value": "Verdict"},
            },
        }
    ],
}
TEXT = {
    "id": 9,
    "type": "text",
    "title": LONG,
    "gridPos": {"x": 6, "y": 12, "w": 3, "h": 4},
    "options": {"mode": "markdown", "content": "**Read** this."},
}
ROW = {
    "id": 1001,
    "type": "row",
    "title": "More",
    "collapsed": True,
    "gridPos": {"x": 0, "y": 18, "w": 24, "h": 1},
}
BOARD: Mapping[str, Any] = {
    "title": "Small",
    "annotations": {
        "list": [
            {
                "name": "Down",
                "enable": True,
                "iconColor": "red",
                "expr": 'label_replace(vector(1), "target", "orders", "", "")',
                "titleFormat": "Client down",
                "textFormat": "{{target}}",
            }
        ]
    },
    "links": [{"title": "Runbooks", "type": "link", "url": "${runbooks}/all", "tags": []}],
    "templating": {
        "list": [
            {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"},
            {
                "name": "target",
                "type": "query",
                "label": "Client",
                "query": {"qryType": 1, "query": "label_values(state, target)", "refId": "target"},
                "refresh": 2,
            },
            {
                "name": "runbooks",
                "type": "textbox",
                "query": "https://runbooks.example",
                "label": "Runbooks at",
            },
        ]
    },
    "panels": [
        _panel(1, "stat", "absent_metric", {"noValue": "not known", "thresholds": PURPLE}),
        _panel(2, "stat", "state", {"mappings": WORDS}),
        _panel(3, "state-timeline", "state", BY_THRESHOLDS),
        _panel(4, "state-timeline", "state", FIXED),
        _panel(5, "table", "state", {}, **TABLE),
        _panel(6, "timeseries", "0 * state", LINE),
        _panel(7, "timeseries", "sum(", {}),
        TEXT,
        ROW | {"panels": [_panel(8, "stat", "state", {}, gridPos={"x": 0, "y": 19, "w": 6, "h": 6})]},
    ],
}
