"""What a malformed answer loses is said: by a probe what and why, in the log once per change."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from tests.receivers import Receiver, receiving
from waexporter.commands.probe import probe
from waexporter.config import DEFAULT_PLANS
from waexporter.daemon.transitions import DroppedSamplesLog, VerdictLog, log_transition
from waexporter.model import Account, Endpoint, Instant, Limits, Target
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.transport.exchange import Reply
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.transport.exchange import Request

GROUP = "14155550100-1520000000"
FAMILY = b'{"type":"gauge","help":"h","data":[{"value":1}]}'
CORE = b'"core:1":{"gateway_status":"connected","role":"coreapp"}'

# The endpoint, its answer, and what a probe has to say of it.
ROWS: dict[str, tuple[Endpoint, bytes, str]] = {
    "a node with an entry that is a number": (
        Endpoint.APP,
        b'{"stats":{"app":{"core:1":{"pending_messages":%s,"not_even":17},"core:2":{"pending_messages":%s}}}}'
        % (FAMILY, FAMILY),
        "2 samples; left out: 1 malformed (core:1 not_even: a number in the place of a family",
    ),
    "a family that is empty": (
        Endpoint.APP,
        b'{"stats":{"app":{"pending_messages":%s,"future":{}}}}' % FAMILY,
        "1 sample; left out: 1 malformed (future: a map without a list of data",
    ),
    "a number without end": (
        Endpoint.DB,
        b'{"stats":{"db":{"db_contacts":{"type":"gauge","data":[{"value":1e400},{"labels":{},"value":2}]}}}}',
        "1 sample; left out: 1 out of range (db_contacts: a value that is out of range)",
    ),
    "no number": (
        Endpoint.WEB,
        b'{"metrics":{"web_uptime":{"type":"gauge","data":[{"value":"long"},{"labels":{"node":"a"},"value":2}]}}}',
        "1 sample; left out: 1 not a number (web_uptime: a value that is no number)",
    ),
    "labels that are none": (
        Endpoint.DB,
        b'{"stats":{"db":{"db_contacts":{"type":"gauge","data":[{"value":1,"labels":7},{"value":2}]}}}}',
        "1 sample; left out: 1 malformed (db_contacts: labels that are no map of single values)",
    ),
    "the same twice, and another type at one node": (
        Endpoint.APP,
        (
            b'{"stats":{"app":{"core:1":{"pending_messages":%s},"core:2":{"pending_messages":%s},'
            b'"core:3":{"pending_messages":{"type":"counter","data":[{"value":1}]},'
            b'"media_uploads":{"type":"counter","data":[{"value":1},{"value":2}]}}}}}'
        )
        % (FAMILY, FAMILY),
        (
            "3 samples; left out: 1 clash, 1 duplicate (core:3 pending_messages: a counter, where most nodes "
            "say gauge; core:3 whatsapp_media_uploads: the same labels twice)"
        ),
    ),
    "something beside the nodes": (
        Endpoint.HEALTH,
        b'{"health":{%s,"errors":[]}}' % CORE,
        "1 node (connected), version not said; left out: 1 malformed (errors: a list beside the nodes)",
    ),
    "a node without a role": (
        Endpoint.HEALTH,
        b'{"health":{%s,"core:2":{"gateway_status":"disconnected"}}}' % CORE,
        "1 disconnected), version not said; left out: 1 malformed (core:2.role: nothing instead of a text)",
    ),
    "a time that is none": (
        Endpoint.SUPPORT,
        b'{"support":{"version":"2.45.1","expire_timestamp":"soon","free_space_data":-1}}',
        "left out: 1 malformed, 1 out of range (expire_timestamp: no time; free_space_data: below zero)",
    ),
    "settings of other types": (
        Endpoint.SETTINGS,
        b'{"settings":{"application":{"heartbeat_interval":"often","on_call_pager":null}}}',
        "no webhook, an on-call group that can't be read; left out: 1 not a number, 1 malformed",
    ),
    "people who can't be read": (
        Endpoint.GROUP,
        b'{"groups":[{"creator":"14155550100","participants":null}]}',
        "its members can't be read; left out: 1 malformed (participants: nothing in the place of a list)",
    ),
}


@pytest.fixture
def client() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def target_of(client: Receiver, endpoint: Endpoint) -> Target:
    plans = {endpoint: DEFAULT_PLANS[endpoint]}
    return Target("wa", f"http://{client.place}", on_call_group=GROUP, plans=plans)


@pytest.mark.parametrize("case", ROWS)
def test_a_probe_says_what_was_left_out_and_why(client: Receiver, case: str) -> None:
    endpoint, client.answer, words = ROWS[case]
    lines: list[str] = []

    with closing(Client(target_of(client, endpoint), Limits(), TlsContexts())) as sender:
        probe(sender, Limits(), lines.append)

    assert words in " ".join(" ".join(lines).split())


class Answers:
    """A client that always says the same."""

    def __init__(self, target: Target, body: bytes) -> None:
        self.target = target
        self._body = body

    def send(self, request: Request, _timeout: float) -> Reply:
        return Reply(404, b"") if "account" in request.path else Reply(200, self._body)

    def fetch_certificates(self, _timeout: float) -> tuple[bytes, ...]:
        return ()

    def account(self) -> Account:
        return Account()


@pytest.mark.parametrize("case", ROWS)
def test_a_hundred_such_answers_are_one_line_in_the_log(case: str) -> None:
    endpoint, body, _ = ROWS[case]
    target = Target("wa", "http://wa.example", on_call_group=GROUP, plans={endpoint: DEFAULT_PLANS[endpoint]})
    store = Store([target], lambda: Instant(1.7e9, 0.0))
    poller = Poller(Answers(target, body), endpoint, Limits(), lambda: Instant(1.7e9, 0.0), lambda: GROUP)
    verdicts, left_out = VerdictLog(store.verdict), DroppedSamplesLog()

    with capture_logs() as logs:
        for _ in range(100):
            before, after = store.put(poller.poll(), target) or pytest.fail("the target is gone")
            log_transition(before, after.readings[endpoint])
            left_out.log(after.readings[endpoint])
            verdicts.log("wa")

    assert sum(line["event"] == "samples were left out" for line in logs) == 1
    assert {line["event"] for line in logs} <= {"samples were left out", "verdict"}
    assert len(logs) <= 2
