"""The requests of each collector, and the outcome of its answers and failures; without a network."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.metrics.documents import lines
from waexporter.config import DEFAULT_PLANS
from waexporter.errors import ApiError, StatusError, UnreachableError
from waexporter.model import (
    Account,
    Canary,
    Certificates,
    ClientSettings,
    Endpoint,
    Failure,
    Instant,
    Limits,
    OnCallGroup,
    PollPlan,
    Reading,
    Reason,
    Success,
    Target,
)
from waexporter.polling.poller import RETRY_REFUSED, Poller
from waexporter.transport.exchange import Reply, Request

NUMBER = "+14155550101"
GROUP = "14155550100-1520000000"
TARGET = Target(
    "t",
    "https://wa.example",
    canary_number=NUMBER,
    plans={**DEFAULT_PLANS, Endpoint.CANARY: PollPlan(300, 10)},
)
SETTINGS, SHARDS = "GET /v1/settings/application", "GET /v1/account/shards"
EXTERNAL, WEBHOOK = "GET /v1/certificates/external/ca", "GET /v1/certificates/webhooks/ca"
HEALTH, METRICS = "GET /v1/health", "GET /v1/metrics"
GROUPS, CONTACTS = "GET /v1/groups", "POST /v1/contacts"
END = datetime(2030, 1, 1, tzinfo=UTC)

Answer = Reply | ApiError


def fault(status: int, code: int) -> Reply:
    return Reply(
        status, json.dumps({"errors": [{"code": code, "title": "words"}]}).encode(), "application/json"
    )


def document(said: object) -> Reply:
    return Reply(200, json.dumps(said).encode(), "application/json")


def pem(end: datetime = END) -> bytes:
    issued = trustme.CA().issue_cert("wa.example", not_before=datetime(1990, 1, 1, tzinfo=UTC), not_after=end)
    return issued.cert_chain_pems[0].bytes()


def der(end: datetime = END) -> bytes:
    return x509.load_pem_x509_certificate(pem(end)).public_bytes(serialization.Encoding.DER)


ABSENT, DENIED, OVERLOADED, LIMITED = fault(404, 1006), fault(403, 1005), fault(503, 1016), fault(429, 1015)
APPLICATION = {"heartbeat_interval": 5, "webhooks": {"url": "https://hooks.example.com/hidden"}}
HANGS = UnreachableError("no complete answer in time", reason=Reason.TIMEOUT)


@dataclass
class World:
    """A client of fixed answers, what it was asked, and a clock that a test moves."""

    answers: dict[str, Answer]
    served: tuple[bytes, ...] | ApiError = ()
    target: Target = TARGET
    group: str | None = GROUP
    asked: list[str] = field(default_factory=list)
    wanted_new: list[bool] = field(default_factory=list)
    bodies: list[bytes | None] = field(default_factory=list)
    time: float = 0.0
    secrets_read: int = 0

    def send(self, request: Request, _timeout: float) -> Reply:
        name = f"{request.method} {request.path}"
        self.asked.append(name)
        self.wanted_new.append(request.needs_new_connection)
        self.bodies.append(request.body)
        answer = self.answers[name]
        if isinstance(answer, ApiError):
            raise answer
        return answer

    def fetch_certificates(self, _timeout: float) -> tuple[bytes, ...]:
        if isinstance(self.served, ApiError):
            raise self.served
        return self.served

    def account(self) -> Account:
        return Account(secrets_read=self.secrets_read)

    def now(self) -> Instant:
        return Instant(1_700_000_000.0 + self.time, self.time)

    def poller(self, endpoint: Endpoint) -> Poller:
        return Poller(self, endpoint, Limits(), self.now, lambda: self.group)

    def poll(self, endpoint: Endpoint) -> Success | Failure:
        return self.poller(endpoint).poll().outcome


def settings_of(reading: Reading) -> ClientSettings:
    assert isinstance(reading.outcome, Success)
    assert isinstance(reading.outcome.document, ClientSettings)
    return reading.outcome.document


# --- settings ----------------------------------------------------------------------------------


def test_settings_come_with_the_shards_of_the_account() -> None:
    world = World(
        {SETTINGS: document({"settings": {"application": APPLICATION}}), SHARDS: document({"shards": 4})}
    )

    settings = settings_of(world.poller(Endpoint.SETTINGS).poll())

    assert settings.shards == 4
    assert settings.has_webhook


@pytest.mark.parametrize(
    "answer", [ABSENT, DENIED, OVERLOADED, HANGS, document({"shards": "some"}), document([])]
)
def test_settings_are_there_without_the_shards(answer: Answer) -> None:
    world = World({SETTINGS: document(APPLICATION), SHARDS: answer})

    settings = settings_of(world.poller(Endpoint.SETTINGS).poll())

    assert settings.shards is None
    assert dict(settings.numbers) == {"heartbeat_interval_seconds": 5}


def test_a_change_is_told_by_its_keys_once_and_its_time_is_kept() -> None:
    world = World({SETTINGS: document(APPLICATION), SHARDS: ABSENT})
    poller = world.poller(Endpoint.SETTINGS)
    changed = {
        "heartbeat_interval": 6,
        "on_call_pager": GROUP,
        "webhooks": {"url": "https://elsewhere.invalid"},
    }

    before = poller.poll()
    world.answers[SETTINGS] = document(changed)
    after, later = poller.poll(), poller.poll()

    assert settings_of(before).changed_keys == ()
    assert settings_of(after).changed_keys == ("heartbeat_interval", "on_call_pager", "webhooks.url")
    assert settings_of(later).changed_keys == ()
    assert settings_of(before).changed_at is None
    assert settings_of(later).changed_at == settings_of(after).changed_at
    assert any(
        line.startswith("whatsapp_settings_last_change_timestamp_seconds") for line in lines(later.outcome)
    )
    assert not any("hidden" in line or "elsewhere" in line for line in lines(later.outcome))


def test_a_failure_in_between_does_not_hide_a_change() -> None:
    world = World({SETTINGS: document(APPLICATION), SHARDS: ABSENT})
    poller = world.poller(Endpoint.SETTINGS)

    poller.poll()
    world.answers[SETTINGS] = fault(500, 1017)
    poller.poll()
    world.answers[SETTINGS] = document({**APPLICATION, "heartbeat_interval": 7})
    after = poller.poll()

    assert settings_of(after).changed_keys == ("heartbeat_interval",)


def test_what_may_not_be_read_is_not_asked_for_again_for_an_hour() -> None:
    world = World({SETTINGS: DENIED})
    poller = world.poller(Endpoint.SETTINGS)

    outcomes = []
    for pause in (0.0, 300.0, RETRY_REFUSED):
        world.time += pause
        outcomes.append(poller.poll().outcome)

    assert len(world.asked) == 2
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, Failure)] == [Reason.REFUSED] * 3


def test_with_another_secret_what_might_not_be_read_is_asked_for_again() -> None:
    world = World({SETTINGS: DENIED})
    poller = world.poller(Endpoint.SETTINGS)

    asked = []
    for world.secrets_read in (0, 0, 1, 1, 2):
        before = len(world.asked)
        poller.poll()
        asked.append(len(world.asked) > before)

    assert asked == [True, False, True, False, True]


def test_another_secret_does_not_end_a_pause_that_was_asked_for() -> None:
    world = World({HEALTH: replace(LIMITED, retry_after=100.0)})
    poller = world.poller(Endpoint.HEALTH)
    poller.poll()
    world.secrets_read = 1

    poller.poll()

    assert len(world.asked) == 1


def test_what_has_answered_before_is_asked_for_again_after_a_refusal() -> None:
    world = World({SETTINGS: document(APPLICATION), SHARDS: ABSENT})
    poller = world.poller(Endpoint.SETTINGS)
    outcomes = []

    for answer in (document(APPLICATION), DENIED, document(APPLICATION)):
        world.answers[SETTINGS] = answer
        outcomes.append(type(poller.poll().outcome))

    assert outcomes == [Success, Failure, Success]


def test_a_poll_that_asked_nothing_says_nothing_of_what_may_be_read() -> None:
    world = World({f"{GROUPS}/{GROUP}": DENIED}, group=None)
    poller = world.poller(Endpoint.GROUP)
    poller.poll()
    world.group = GROUP

    outcomes = [type(poller.poll().outcome) for _ in range(3)]

    assert outcomes == [Failure] * 3
    assert len(world.asked) == 1


@pytest.mark.parametrize(("stale_after", "second"), [(1.0, 60.0), (1.5, 60.0), (3.0, 60.0), (5.0, 120.0)])
def test_an_answer_that_asks_for_patience_is_replaced_before_it_is_stale(
    stale_after: float, second: float
) -> None:
    target = replace(TARGET, stale_after=stale_after)
    world = World({HEALTH: replace(OVERLOADED, retry_after=3600.0)}, target=target)

    asked = _asked_at(world, Endpoint.HEALTH, *(30.0 * number for number in range(11)))

    assert asked[1] == second


@pytest.mark.parametrize("is_foreign", [True, False])
def test_a_failure_tells_whose_answer_it_is(
    is_foreign: bool,  # noqa: FBT001 - a column of the table
) -> None:
    error = UnreachableError("words")
    error.is_foreign = is_foreign
    world = World({HEALTH: error})

    outcome = world.poll(Endpoint.HEALTH)

    assert isinstance(outcome, Failure)
    assert outcome.is_foreign is is_foreign


# --- sparing a client --------------------------------------------------------------------------


def _asked_at(world: World, endpoint: Endpoint, *times: float) -> list[float]:
    """Return those of the times at which a poll sends a request to the client."""
    poller = world.poller(endpoint)
    asked = []
    for world.time in times:
        before = len(world.asked)
        reading = poller.poll()
        assert reading.asked is (len(world.asked) > before)
        assert isinstance(reading.outcome, Failure)
        asked += [world.time] if reading.asked else []
    return asked


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (replace(LIMITED, retry_after=45.0), [0.0, 60.0, 120.0, 180.0, 240.0, 300.0]),
        (replace(LIMITED, retry_after=100.0), [0.0, 120.0, 240.0]),
        (replace(LIMITED, retry_after=3600.0), [0.0, 300.0]),
        (LIMITED, [0.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 210.0, 240.0, 270.0, 300.0]),
        (replace(OVERLOADED, retry_after=60.0), [0.0, 60.0, 120.0, 180.0, 240.0, 300.0]),
        # What is asked next is to be known before this answer is stale.
        (replace(OVERLOADED, retry_after=3600.0), [0.0, 60.0, 120.0, 180.0, 240.0, 300.0]),
    ],
)
def test_an_endpoint_that_asks_for_patience_is_not_asked_before(answer: Reply, times: list[float]) -> None:
    world = World({HEALTH: answer})

    assert _asked_at(world, Endpoint.HEALTH, *(30.0 * number for number in range(11))) == times


def test_a_login_that_asks_for_patience_is_left_to_the_logins() -> None:
    world = World({HEALTH: StatusError("x", reason=Reason.RATE_LIMITED, status=429, retry_after=100.0)})

    assert _asked_at(world, Endpoint.HEALTH, 0.0, 30.0, 60.0) == [0.0, 30.0, 60.0]


def test_what_is_told_while_a_client_is_spared_is_the_failure_of_the_time_when_it_was_asked() -> None:
    world = World({CONTACTS: replace(LIMITED, retry_after=100.0)})
    poller = world.poller(Endpoint.CANARY)
    first = poller.poll()
    world.time = 30.0

    again, reply = poller.poll_with_reply()

    assert reply is None
    assert (again.at.steady, again.asked_at, again.duration) == (30.0, first.at, first.duration)
    assert isinstance(first.outcome, Failure)
    assert again.outcome == replace(first.outcome, parts=())
    assert (len(lines(first.outcome)), lines(again.outcome)) == (1, [])


def test_a_client_that_is_asked_in_time_and_is_well_is_spared_no_more() -> None:
    world = World({HEALTH: replace(LIMITED, retry_after=45.0)})
    poller = world.poller(Endpoint.HEALTH)
    poller.poll()
    world.answers[HEALTH] = document({"health": {"gateway_status": "connected"}})

    outcomes = []
    for world.time in (30.0, 45.0, 50.0):
        outcomes.append(type(poller.poll().outcome))

    assert outcomes == [Failure, Success, Success]


# --- webapps behind a balancer -----------------------------------------------------------------


def test_each_poll_has_a_connection_of_its_own_while_several_webapps_answer() -> None:
    world = World({})
    poller = world.poller(Endpoint.WEB)

    for node in "aabaaaaaaaaaaaaaaaaaaaaaaaaa":
        labels = {"node": node}
        world.answers[METRICS] = document({"metrics": {"x": {"data": [{"labels": labels, "value": 1}]}}})
        poller.poll()

    assert world.wanted_new == [True] * 23 + [False] * 5


@pytest.mark.parametrize(
    ("endpoint", "wanted"), [(Endpoint.WEB, [True] * 3 + [False] * 3), (Endpoint.APP, [False] * 6)]
)
def test_after_a_start_it_is_looked_whether_there_are_several_webapps(
    endpoint: Endpoint, wanted: list[bool]
) -> None:
    world = World({METRICS: document({"metrics": {}}), "GET /v1/stats/app": document({"stats": {"app": {}}})})
    poller = world.poller(endpoint)

    for _ in range(6):
        poller.poll()

    assert world.wanted_new == wanted


# --- certificates ------------------------------------------------------------------------------


def test_the_ends_of_all_certificates_are_told() -> None:
    world = World({EXTERNAL: Reply(200, pem()), WEBHOOK: Reply(200, pem())}, served=(der(), der()))

    outcome = world.poll(Endpoint.CERTIFICATES)

    end = END.timestamp()
    assert isinstance(outcome, Success)
    assert outcome.document == Certificates((("served", end), ("external_ca", end), ("webhook_ca", end)))
    assert len(lines(outcome)) == 3


def test_of_a_served_chain_the_first_to_end_counts() -> None:
    first = datetime(2027, 1, 1, tzinfo=UTC)
    world = World({EXTERNAL: ABSENT, WEBHOOK: ABSENT}, served=(der(), der(first)))

    outcome = world.poll(Endpoint.CERTIFICATES)

    assert isinstance(outcome, Success)
    assert outcome.document == Certificates((("served", first.timestamp()),))
    assert outcome.flaws == ()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Reply(200, b"garbage"), Reason.BODY),
        (Reply(200, b""), Reason.BODY),
        (OVERLOADED, Reason.STATUS),
        (fault(500, 1014), Reason.STATUS),
        (HANGS, Reason.TIMEOUT),
        (DENIED, Reason.REFUSED),
    ],
)
def test_one_that_can_not_be_read_is_a_flaw_and_takes_no_other_with_it(
    answer: Answer, reason: Reason
) -> None:
    world = World({EXTERNAL: answer, WEBHOOK: ABSENT}, served=(der(),))

    outcome = world.poll(Endpoint.CERTIFICATES)

    assert isinstance(outcome, Success)
    assert outcome.document == Certificates((("served", END.timestamp()),))
    assert [flaw.reason for flaw in outcome.flaws] == [reason]


def test_that_only_an_admin_reads_the_webhooks_authority_is_no_flaw() -> None:
    world = World({EXTERNAL: Reply(200, pem()), WEBHOOK: DENIED})

    outcome = world.poll(Endpoint.CERTIFICATES)

    assert isinstance(outcome, Success)
    assert outcome.flaws == ()


def test_where_nothing_can_be_read_the_first_reason_is_told() -> None:
    world = World({EXTERNAL: OVERLOADED, WEBHOOK: OVERLOADED}, served=HANGS)

    outcome = world.poll(Endpoint.CERTIFICATES)

    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.TIMEOUT
    assert lines(outcome) == []


# --- the on-call group -------------------------------------------------------------------------


def test_who_reads_a_page_is_told() -> None:
    world = World({f"{GROUPS}/{GROUP}": document({"groups": [{"participants": ["1", "2"], "creator": "3"}]})})

    outcome = world.poll(Endpoint.GROUP)

    assert isinstance(outcome, Success)
    assert outcome.document == OnCallGroup(2)
    assert lines(outcome) == [
        'whatsapp_on_call_group_reachable{target="t"} 1',
        'whatsapp_on_call_group_participants{target="t"} 2',
    ]


def test_a_group_of_nobody_reaches_nobody() -> None:
    world = World(
        {f"{GROUPS}/{GROUP}": document({"groups": [{"participants": [], "admins": ["3"], "creator": "3"}]})}
    )

    assert lines(world.poll(Endpoint.GROUP)) == [
        'whatsapp_on_call_group_reachable{target="t"} 0',
        'whatsapp_on_call_group_participants{target="t"} 0',
    ]


@pytest.mark.parametrize(
    "answers",
    [
        {f"{GROUPS}/{GROUP}": fault(404, 1012)},
        {f"{GROUPS}/{GROUP}": ABSENT, GROUPS: document({"groups": []})},
    ],
    ids=["an unknown group", "no such resource"],
)
def test_a_group_that_is_gone_is_said_to_be_out_of_reach(answers: dict[str, Answer]) -> None:
    outcome = World(answers).poll(Endpoint.GROUP)

    assert isinstance(outcome, Success)
    assert outcome.document == OnCallGroup(None, exists=False)
    assert lines(outcome) == ['whatsapp_on_call_group_reachable{target="t"} 0']


@pytest.mark.parametrize(
    "listed",
    [
        document({"groups": [{"id": "1-2"}, {"id": GROUP}]}),
        Reply(200, b"<html>Sign in</html>", "text/html"),
        document({"groups": "none"}),
        document({"other": []}),
        OVERLOADED,
    ],
)
def test_a_group_that_may_exist_is_not_said_to_be_gone(listed: Answer) -> None:
    world = World({f"{GROUPS}/{GROUP}": Reply(404, b"<html>", "text/html"), GROUPS: listed})

    outcome = world.poll(Endpoint.GROUP)

    assert isinstance(outcome, Failure)
    assert lines(outcome) == []


@pytest.mark.parametrize(
    "answer", [OVERLOADED, fault(500, 1014), HANGS, document({"groups": [7]}), Reply(200, b"")]
)
def test_a_group_that_can_not_be_read_is_not_said_to_be_gone(answer: Answer) -> None:
    outcome = World({f"{GROUPS}/{GROUP}": answer}).poll(Endpoint.GROUP)

    assert isinstance(outcome, Failure)
    assert lines(outcome) == []


def test_where_there_are_no_groups_at_all_that_is_a_failure_and_no_missing_group() -> None:
    outcome = World({f"{GROUPS}/{GROUP}": ABSENT, GROUPS: ABSENT}).poll(Endpoint.GROUP)

    assert isinstance(outcome, Failure)
    assert lines(outcome) == []


def test_without_an_on_call_group_nothing_is_asked() -> None:
    world = World({}, group=None)

    outcome = world.poll(Endpoint.GROUP)

    assert isinstance(outcome, Success)
    assert (world.asked, lines(outcome)) == ([], [])


def test_where_a_person_is_on_call_there_is_no_group_to_ask_about() -> None:
    world = World({}, group="+49 151 12345678")

    outcome = world.poll(Endpoint.GROUP)

    assert isinstance(outcome, Success)
    assert (world.asked, lines(outcome)) == ([], [])


def test_the_name_of_a_group_can_not_lead_elsewhere() -> None:
    world = World({f"{GROUPS}/..%2Fusers": fault(404, 1012)}, group="../users")

    world.poll(Endpoint.GROUP)

    assert world.asked == [f"{GROUPS}/..%2Fusers"]


# --- the canary --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["valid", "invalid"])
def test_a_contact_that_was_looked_up_is_a_success_whoever_it_is(status: str) -> None:
    world = World({CONTACTS: document({"contacts": [{"input": NUMBER, "status": status}]})})

    outcome = world.poll(Endpoint.CANARY)

    assert isinstance(outcome, Success)
    assert isinstance(outcome.document, Canary)
    assert lines(outcome)[0] == 'whatsapp_canary_success{target="t"} 1'
    assert json.loads(world.bodies[0] or b"") == {"blocking": "wait", "contacts": [NUMBER]}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (HANGS, Reason.TIMEOUT),
        (OVERLOADED, Reason.STATUS),
        (fault(500, 1014), Reason.STATUS),
        (fault(429, 1015), Reason.RATE_LIMITED),
        (document({"contacts": [{"status": "processing"}]}), Reason.BODY),
        (document({"contacts": []}), Reason.BODY),
        (Reply(200, b"<html>"), Reason.BODY),
    ],
)
def test_a_check_that_does_not_go_through_is_a_fact_and_a_failure(answer: Answer, reason: Reason) -> None:
    outcome = World({CONTACTS: answer}).poll(Endpoint.CANARY)

    assert isinstance(outcome, Failure)
    assert outcome.reason is reason
    assert lines(outcome) == ['whatsapp_canary_success{target="t"} 0']


def test_a_version_without_contacts_has_no_canary() -> None:
    outcome = World({CONTACTS: ABSENT}).poll(Endpoint.CANARY)

    assert isinstance(outcome, Success)
    assert lines(outcome) == []


# --- support -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ABSENT, Reason.STATUS),
        (fault(500, 1014), Reason.STATUS),
        (fault(500, 1017), Reason.STATUS),
        (DENIED, Reason.REFUSED),
        (HANGS, Reason.TIMEOUT),
        (document({"support": {}}), Reason.BODY),
        (document({"support": {"a": {"errors": []}}}), Reason.BODY),
    ],
)
def test_support_that_can_not_be_read_leaves_its_facts_out(answer: Answer, reason: Reason) -> None:
    outcome = World({"GET /v1/support": answer}).poll(Endpoint.SUPPORT)

    assert isinstance(outcome, Failure)
    assert (outcome.reason, lines(outcome)) == (reason, [])


def test_support_says_what_every_node_says_and_nothing_of_its_environment() -> None:
    node = {
        "version": "2.45.1", "db_engine": "MYSQL", "expire_timestamp": "2030-01-01T00:00:00",
        "free_space_data": 7,
        "shards": [[0, 1]], "socket_conn": "UP", "env": ["WA_DB_PASSWORD=hidden"],
    }  # fmt: skip

    outcome = World({"GET /v1/support": document({"support": {"core1:a": node}})}).poll(Endpoint.SUPPORT)

    assert lines(outcome) == [
        'whatsapp_build_info{target="t",node="core1:a",version="2.45.1",db_engine="MYSQL"} 1',
        f'whatsapp_build_expiry_timestamp_seconds{{target="t",node="core1:a"}} {END.timestamp()}',
        'whatsapp_free_space_bytes{target="t",node="core1:a",volume="data"} 7',
        'whatsapp_shard_owner{target="t",node="core1:a",shard="0"} 1',
        'whatsapp_shard_owner{target="t",node="core1:a",shard="1"} 1',
        'whatsapp_socket_connected{target="t",node="core1:a"} 1',
    ]
    assert "hidden" not in repr(outcome)
