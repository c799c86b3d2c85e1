"""A client's replies are recorded without unknown texts, and replayed."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.json_values import json_values
from waexporter.commands.probe import probe
from waexporter.commands.recordings.recording import Recorder, Replayer
from waexporter.commands.recordings.redaction import Redactor
from waexporter.config import DEFAULT_PLANS
from waexporter.errors import CommandError
from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.model import Credentials, Limits, PollPlan, Secret, Target
from waexporter.simulator import SCENARIOS, Options, Simulator
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from pathlib import Path

PLANTED = "S3cret-Planted-Here"
OWNER = ("owner", PLANTED, "admin")
SHORT = {endpoint: PollPlan(plan.interval, 1.0) for endpoint, plan in DEFAULT_PLANS.items()}
# These take a second a request, or say nothing: there is no reply to keep.
SLOW = {"hang", "drip", "slow_node", "canary_slow"}


def planted(document: object) -> object:
    """Replace every text of a document by the secret, and add it to every key."""
    if isinstance(document, dict):
        more = {f"{key} {PLANTED}": PLANTED for key in document}
        return {key: planted(value) for key, value in document.items()} | more
    if isinstance(document, list):
        return [*(planted(each) for each in document), PLANTED]
    return PLANTED if isinstance(document, str) else document


DOCUMENTS: tuple[dict[str, Any], ...] = (
    {
        "health": {"core1:8f2c": {"gateway_status": "connected", "role": "coreapp"}},
        "meta": {"version": "v2.45.1"},
    },
    {"errors": [{"code": 1014, "title": "Internal error", "details": "core1:6252", "href": "https://x"}]},
    {"support": {"a": {"env": ["TOKEN=x"], "version": "2.45.1", "debug_info": "1631", "shards": [[0, 0]]}}},
    {"settings": {"application": {"webhooks": {"url": "https://x"}, "on_call_pager": "1415-1520"}}},
    {
        "stats": {
            "app": {"x": {"type": "gauge", "help": "Help", "data": [{"labels": {"a": "b"}, "value": "1"}]}}
        }
    },
    {"groups": [{"participants": ["14155550101"], "subject": "On call", "creator": "14155550100"}]},
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=[next(iter(each)) for each in DOCUMENTS])
def test_a_secret_in_any_field_is_not_kept(document: dict[str, Any]) -> None:
    kept = Redactor().redact(json.dumps(planted(document)).encode())

    assert PLANTED.encode() not in kept
    assert json.loads(kept)


@pytest.mark.parametrize(
    "body",
    [
        PLANTED.encode(),
        f"<html>{PLANTED}</html>".encode(),
        f"-----BEGIN {PLANTED}-----".encode(),
        b"\xff\x00",
        b"",
    ],
)
def test_of_a_body_that_is_not_json_only_the_kind_is_kept(body: bytes) -> None:
    kept = Redactor().redact(body)

    assert PLANTED.encode() not in kept
    assert bool(kept) is bool(body)
    assert kept.startswith(b"<") is body.startswith(b"<")


def test_the_words_of_the_api_and_the_relations_of_texts_are_kept() -> None:
    redactor = Redactor()
    health = {"health": {"core1:8f2c": {"gateway_status": "connected", "role": "coreapp"}}}
    stats = {
        "stats": {"app": {"core1:8f2c": {"callback_queue_size": {"type": "gauge", "data": [{"value": "7"}]}}}}
    }

    first, second = (json.loads(redactor.redact(json.dumps(each).encode())) for each in (health, stats))

    (node,) = first["health"]
    assert first["health"][node] == {"gateway_status": "connected", "role": "coreapp"}
    assert second["stats"]["app"][node]["callback_queue_size"]["data"] == [{"value": "7"}]


_JSON = json_values(
    st.text(max_size=12), st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_leaves=20
)


@given(_JSON)
def test_any_document_can_be_redacted_twice(document: object) -> None:
    once = Redactor().redact(json.dumps(document).encode())

    assert json.loads(Redactor().redact(once)) is not NotImplemented


@pytest.mark.parametrize("scenario", sorted(SCENARIOS.keys() - SLOW))
def test_a_replay_prints_the_same_as_the_client(scenario: str, tmp_path: Path) -> None:
    topology = (
        "ha" if scenario in {"two_primary_masters", "no_primary_master", "duplicate_client"} else "single"
    )
    options = Options(topology=topology, scenario=scenario, users=(OWNER,), health_per_minute=None)
    told: list[str] = []
    again: list[str] = []
    with Simulator(options) as simulator:
        auth = Credentials(username=OWNER[0], password=Secret(OWNER[1]))
        target = Target("wa", simulator.url, auth=auth, plans=SHORT)

        with closing(Client(target, Limits(), TlsContexts())) as client:
            state = probe(Recorder(client, tmp_path), Limits(), told.append)

    replayed = probe(Replayer(target, tmp_path), Limits(), again.append)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert replayed is state
    assert problems(again) == problems(told)
    assert PLANTED.encode() not in kept
    assert b"hooks.example.com" not in kept


def problems(lines: list[str]) -> list[str]:
    """Return the slugs of the problems in a probe's output."""
    return [slug for line in lines if (slug := line.strip().partition(":")[0]) in PROBLEM_STATES]


def test_a_replay_without_a_folder_is_an_error(tmp_path: Path) -> None:
    target = Target("wa", "http://127.0.0.1:9", plans=SHORT)

    with pytest.raises(CommandError, match="is no folder of recorded answers"):
        Replayer(target, tmp_path / "none")


def test_a_damaged_recording_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "get-health.json").write_text("{half")
    target = Target("wa", "http://127.0.0.1:9", plans=SHORT)

    with pytest.raises(CommandError, match="is no recorded answer"):
        probe(Replayer(target, tmp_path), Limits(), lambda _: None)
