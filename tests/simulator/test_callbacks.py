"""What becomes of a message is called back to the webhook, and counted."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from tests.simulator.webhooks import Webhook
from tests.transport.servers import server_context
from waexporter.simulator import Simulator
from waexporter.simulator.state.webhook import is_loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulator.conftest import Caller

_TEXT = {"to": "14155550101", "type": "text", "text": {"body": "x"}}


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as listening:
        yield listening


def _configure(caller: Caller, url: str, **settings: object) -> None:
    changes = {"webhooks": {"url": url}, "callback_backoff_delay_ms": 1, **settings}
    answer = caller.become("boss").call("PATCH", "/v1/settings/application", changes)
    assert answer.status_code == 200, answer.text


def _send(caller: Caller, **more: object) -> str:
    answer = caller.call("POST", "/v1/messages", {**_TEXT, **more})
    assert answer.status_code == 201, answer.text
    identifier: str = answer.json()["messages"][0]["id"]
    return identifier


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "waited in vain"


def _count(caller: Caller, family: str, **labels: str) -> float:
    samples: list[dict[str, Any]] = caller.stats()[family]["data"]
    return float(sum(sample["value"] for sample in samples if sample.get("labels", {}) == labels))


@pytest.mark.parametrize(
    ("sent_status", "statuses"), [(False, ["delivered", "read"]), (True, ["sent", "delivered", "read"])]
)
def test_the_webhook_learns_what_becomes_of_a_message(
    simulate: Callable[..., Caller],
    webhook: Webhook,
    sent_status: bool,  # noqa: FBT001 - a column of the table
    statuses: list[str],
) -> None:
    caller = simulate()
    _configure(caller, webhook.url, sent_status=sent_status)

    message = _send(caller)
    got = [webhook.next() for _ in statuses]

    assert [each["path"] for each in got] == ["/callbacks?from=client"] * len(statuses)
    assert [each["statuses"] for each in got] == [
        [
            {
                "id": message,
                "recipient_id": "14155550101",
                "status": status,
                "timestamp": "1700000000",
                "type": "message",
            }
        ]
        for status in statuses
    ]


def test_callbacks_are_counted_among_the_statistics(
    simulate: Callable[..., Caller], webhook: Webhook
) -> None:
    caller = simulate()
    labels = {"result": "success", "type": "status_change"}
    before = {
        family: _count(caller.become("boss"), family, **labels)
        for family in ("callback_requests", "callback_requests_duration_ms_count")
    }
    _configure(caller, webhook.url)

    for _ in range(10):
        _send(caller)
    _until(lambda: caller.get("/_control").json()["callbacks"] == 0)
    after = {family: _count(caller, family, **labels) for family in before}

    assert {family: after[family] - before[family] for family in before} == dict.fromkeys(before, 20)


def test_a_failing_webhook_is_called_again_while_the_queue_grows(
    simulate: Callable[..., Caller], webhook: Webhook
) -> None:
    caller = simulate()
    webhook.status = 503
    _configure(caller, webhook.url)
    empty = {name: _count(caller, name) for name in ("callback_queue_size", "pending_callbacks")}

    for _ in range(5):
        _send(caller)
    first, again = webhook.next(), webhook.next()
    grown = {name: _count(caller, name) - size for name, size in empty.items()}
    failures = _count(caller, "callback_requests", result="503", type="status_change")
    webhook.status = 200
    _until(lambda: caller.get("/_control").json()["callbacks"] == 0)

    assert first == again
    assert grown == dict.fromkeys(empty, 10)
    assert failures >= 1
    assert {name: _count(caller, name) for name in empty} == empty


def test_a_restarted_coreapp_has_counted_nothing_yet(
    simulate: Callable[..., Caller], webhook: Webhook
) -> None:
    caller = simulate()
    webhook.status = 418
    _configure(caller, webhook.url)
    _send(caller)
    _until(lambda: _count(caller, "callback_requests", result="418", type="status_change") > 0)
    webhook.status = 200
    _until(lambda: caller.get("/_control").json()["callbacks"] == 0)

    caller.bring("counter_reset")

    assert _count(caller, "callback_requests", result="418", type="status_change") == 0


def test_a_full_queue_is_an_overload(simulate: Callable[..., Caller], webhook: Webhook) -> None:
    caller = simulate(callback_queue=2)
    webhook.status = 500
    _configure(caller, webhook.url)
    _send(caller)

    refused = caller.call("POST", "/v1/messages", _TEXT)

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (503, 1016)


def test_a_stranger_is_not_called(simulate: Callable[..., Caller]) -> None:
    caller = simulate(callback_queue=1)
    _configure(caller, "https://hooks.example.com/wa")

    for _ in range(3):
        _send(caller)

    assert caller.get("/_control").json()["callbacks"] == 0


def test_a_message_waits_for_the_gateway_and_is_reported_when_it_is_back(
    simulate: Callable[..., Caller], webhook: Webhook
) -> None:
    caller = simulate()
    _configure(caller, webhook.url)
    calm = _count(caller, "pending_messages")
    caller.bring("gateway_down")

    waiting = _send(caller)
    during, silent = _count(caller, "pending_messages"), webhook.got.empty()
    caller.call("DELETE", "/_control/faults")
    caller.clock.move(5)
    caller.get("/v1/health")
    got = webhook.next()["statuses"][0]

    assert (during - calm, silent) == (1, True)
    assert (got["id"], got["status"], got["timestamp"]) == (waiting, "delivered", "1700000005")


def test_a_message_that_waits_for_more_than_a_day_fails(
    simulate: Callable[..., Caller], webhook: Webhook
) -> None:
    caller = simulate()
    _configure(caller, webhook.url)
    caller.bring("gateway_down")

    late = _send(caller)
    caller.clock.move(86_401)
    recent = _send(caller)
    caller.call("DELETE", "/_control/faults")
    caller.get("/v1/health")
    got = [webhook.next()["statuses"][0] for _ in range(2)]

    assert [(each["id"], each["status"]) for each in got] == [(late, "failed"), (recent, "delivered")]
    assert got[0]["errors"][0]["code"] == 408


def test_a_webhook_over_tls_must_prove_itself_by_the_uploaded_authority(
    simulate: Callable[..., Caller],
) -> None:
    caller = simulate()
    authority = trustme.CA()

    with Webhook(server_context(authority.issue_cert("127.0.0.1"))) as webhook:
        _configure(caller, webhook.url)
        message = _send(caller)
        _until(lambda: _count(caller, "callback_requests", result="1", type="status_change") > 0)
        before = webhook.got.empty()
        caller.http.post(
            "/v1/certificates/webhooks/ca",
            headers={"Authorization": caller.authorization},
            content=authority.cert_pem.bytes(),
        )
        got = webhook.next()

    assert before
    assert got["statuses"][0]["id"] == message


def test_a_webhook_that_never_answers_does_not_hold_the_end_up(
    simulate: Callable[..., Caller], webhook: Webhook
) -> None:
    caller = simulate()
    webhook.status = None
    _configure(caller, webhook.url)
    _send(caller)
    webhook.next()
    before = {thread.name for thread in threading.enumerate()}

    begun = time.monotonic()
    caller.simulator.stop()
    taken = time.monotonic() - begun

    assert taken < 15
    assert "simulator-callbacks" in before


def test_after_the_end_no_thread_is_left() -> None:
    threads = set(threading.enumerate())

    with Simulator():
        during = set(threading.enumerate()) - threads

    assert {thread.name for thread in during} == {"simulator", "simulator-callbacks"}
    assert not any(thread.is_alive() for thread in during)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:80/x", True),
        ("https://localhost", True),
        ("https://[::1]:9/", True),
        ("https://hooks.example.com/wa", False),
        ("https://192.0.2.1/", False),
        ("ftp://127.0.0.1/", False),
        ("http://[", False),
        ("http://127.0.0.1:port/", False),
        ("", False),
    ],
)
def test_only_this_machine_is_called(url: str, local: bool) -> None:  # noqa: FBT001 - a column of the table
    called = is_loopback(url)

    assert called is local
