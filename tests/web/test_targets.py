"""The JSON list of targets."""

from __future__ import annotations

import json
import math
from dataclasses import replace

from tests.web.fakes import NOW, FakeBackend, a_target, an_application, ask
from waexporter.model import Problem, State, Verdict
from waexporter.web.backend import EndpointStatus, TargetStatus


def test_a_target_is_listed_with_verdict_problems_and_polls() -> None:
    problem = Problem("node_unreachable", "The node b doesn't answer.", node="b", since=NOW - 90)
    target = replace(a_target("a", State.DEGRADED, problem), labels=(("region", "eu"),))
    target = replace(target, verdict=replace(target.verdict, since=NOW - 120))

    got = ask(an_application(FakeBackend((target,))), "/api/v1/targets")

    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.body) == {
        "at": "2026-01-31T09:30:00.250Z",
        "targets": [
            {
                "name": "a",
                "url": "https://a.example:9090",
                "labels": {"region": "eu"},
                "verdict": {
                    "state": "degraded",
                    "since": "2026-01-31T09:28:00.250Z",
                    "problems": [
                        {
                            "slug": "node_unreachable",
                            "words": "The node b doesn't answer.",
                            "node": "b",
                            "since": "2026-01-31T09:28:30.250Z",
                            "since_seconds": 90.0,
                        }
                    ],
                },
                "topology": "ha",
                "up": True,
                "connected": 2,
                "expected": 2,
                "shards": None,
                "covered": None,
                "endpoints": [
                    {
                        "endpoint": "health",
                        "outcome": "ok",
                        "message": "",
                        "stale": False,
                        "at": "2026-01-31T09:29:48.250Z",
                        "age_seconds": 12.0,
                        "duration_seconds": 0.25,
                        "interval_seconds": 30.0,
                        "samples": 7,
                        "last_success": "2026-01-31T09:29:48.250Z",
                    }
                ],
            }
        ],
    }


def test_targets_stay_in_configured_order() -> None:
    backend = FakeBackend(tuple(a_target(name) for name in ("c", "a", "b")))

    got = ask(an_application(backend), "/api/v1/targets")

    assert [target["name"] for target in json.loads(got.body)["targets"]] == ["c", "a", "b"]


def test_what_is_not_known_or_not_finite_is_null() -> None:
    endpoints = (
        EndpointStatus("health", 30.0),
        EndpointStatus("app", math.inf, "ok", at=math.nan, age=math.nan, last_success_at=1e300),
    )
    target = TargetStatus(
        "a", "https://a", Verdict(State.UNKNOWN, (Problem("x", "X."),)), endpoints=endpoints
    )

    got = ask(an_application(FakeBackend((target,))), "/api/v1/targets")

    told = json.loads(got.body, parse_constant=lambda name: name)["targets"][0]
    assert told["verdict"]["problems"][0]["since"] is None
    assert told["endpoints"][0]["outcome"] == "pending"
    assert told["endpoints"][0]["at"] is None
    keys = ("at", "age_seconds", "interval_seconds", "last_success")
    assert [told["endpoints"][1][key] for key in keys] == [None] * 4


def test_credentials_in_a_url_are_left_out() -> None:
    target = replace(a_target("a"), url="https://me:hunter2@wa.example:9090/p?token=hunter2#hunter2")

    got = ask(an_application(FakeBackend((target,))), "/api/v1/targets")

    assert json.loads(got.body)["targets"][0]["url"] == "https://wa.example:9090/p"
    assert b"hunter2" not in got.body
