"""Whatever the client answers to a page, the page goes out once the client takes it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import httpx
import pytest

from tests.e2e.clients import OWNER, USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.fallbacks import Fallback
from tests.e2e.paging import (
    GROUP,
    deliver,
    firing,
    messages_about,
    pages_of,
    wait_for_end,
    webhook,
    write_pager,
)
from tests.e2e.waiting import wait_for
from tests.receivers import receiving
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MESSAGES = "/v1/messages"


class Pair(NamedTuple):
    """A daemon, and the one client that it pages through."""

    exporter: Exporter
    client: SimulatedClient


@contextmanager
def start_pair(folder: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator(Options(users=USERS, health_per_minute=None)))
        client = stack.enter_context(SimulatedClient(simulator.url))
        file = write_pager(folder, {"support-line": client})
        yield Pair(stack.enter_context(Exporter.run(file)), client)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with start_pair(tmp_path_factory.mktemp("answers")) as pair:
        yield pair


@pytest.fixture(scope="module", autouse=True)
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Page through a client that does not answer; what comes of it takes its time: a later test asks."""
    with start_pair(tmp_path_factory.mktemp("hanging")) as pair:
        pair.client.bring("hang", endpoint=MESSAGES)
        deliver(pair.exporter, webhook(firing("Unanswered")))
        yield pair


@pytest.fixture(autouse=True)
def calm(pair: Pair) -> Iterator[None]:
    yield
    pair.client.lift()


def camel(fault: str) -> str:
    """Make a name of a fault's: in messages an underscore would be markup."""
    return fault.title().replace("_", "")


def attempts(exporter: Exporter, code: str) -> float:
    return exporter.page().value("waexporter_page_attempts_total", channel="whatsapp", code=code) or 0.0


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("message_fails", "1014"),
        ("message_unmastered", "1017"),
        ("overload", "1016"),
        ("database", "1023"),
        ("rate_limited", "1015"),
        ("errors_in_200", "1014"),
    ],
)
def test_an_error_that_passes_delays_a_page_and_repeats_none(pair: Pair, fault: str, code: str) -> None:
    exporter, client = pair
    name = "Passing" + camel(fault)
    client.bring(fault, endpoint=MESSAGES)
    before = attempts(exporter, code)

    deliver(exporter, webhook(firing(name)))
    wait_for(lambda: attempts(exporter, code), until=lambda count: count > before)
    assert messages_about(client, name) == []
    client.lift()
    (page,) = wait_for_end(exporter, name)

    assert page["state"] == "accepted"
    assert page["repeats"] == 0
    assert len(messages_about(client, name)) == 1


@pytest.mark.parametrize(
    ("fault", "code", "most"),
    [
        ("answer_lost", "unreachable", 1),  # it was taken
        ("web_down", "unreachable", 0),  # it was not, but who knows
        ("html", "body", 0),  # it is a proxy's that wants somebody to sign in
    ],
)
def test_an_answer_that_says_nothing_has_the_page_sent_again_and_counted(
    pair: Pair, fault: str, code: str, most: int
) -> None:
    exporter, client = pair
    name = "Obscure" + camel(fault)
    client.bring(fault, endpoint=MESSAGES)
    before = attempts(exporter, code)
    duplicates = exporter.page().total("waexporter_page_duplicates_total")

    deliver(exporter, webhook(firing(name)))
    wait_for(lambda: attempts(exporter, code), until=lambda count: count > before)
    client.lift()
    (page,) = wait_for_end(exporter, name)

    surplus = len(messages_about(client, name)) - 1
    counted = exporter.page().total("waexporter_page_duplicates_total") - duplicates
    assert page["state"] == "accepted"
    assert 0 <= surplus <= page["repeats"] == counted
    assert surplus >= most


@pytest.mark.parametrize("fault", ["truncated", "garbage", "empty"])
def test_a_good_status_without_errors_is_an_acceptance_whatever_else_the_answer_says(
    pair: Pair, fault: str
) -> None:
    exporter, client = pair
    name = "Accepted" + camel(fault)
    client.bring(fault, endpoint=MESSAGES)

    deliver(exporter, webhook(firing(name)))
    (page,) = wait_for_end(exporter, name)

    assert (page["state"], page["attempts"], page["repeats"]) == ("accepted", 1, 0)


def test_a_token_that_ends_amid_a_storm_costs_nothing(pair: Pair) -> None:
    exporter, client = pair
    names = [f"Storm{number}" for number in range(60)]

    for number, name in enumerate(names):
        if number % 20 == 10:
            client.control("POST", "/expire_tokens")
        deliver(exporter, webhook(firing(name)))

    for name in names:
        (page,) = wait_for_end(exporter, name)
        assert (page["state"], page["repeats"]) == ("accepted", 0)
        assert len(messages_about(client, name)) == 1


def test_no_answer_at_all_delays_a_page_by_the_time_one_waits_for_it(hanging: Pair) -> None:
    exporter, client = hanging
    wait_for(lambda: attempts(exporter, "timeout"))
    client.lift()
    (page,) = wait_for_end(exporter, "Unanswered")

    assert page["state"] == "accepted"
    assert page["repeats"] == page["attempts"] - 1
    assert len(messages_about(client, "Unanswered")) == 1


# --- a client and a daemon for one test each ---------------------------------------------------


@pytest.fixture
def client() -> Iterator[SimulatedClient]:
    options = Options(users=USERS, health_per_minute=None)
    with Simulator(options) as simulator, SimulatedClient(simulator.url) as client:
        yield client


def test_logins_that_are_refused_cost_no_page(client: SimulatedClient, tmp_path: Path) -> None:
    file = write_pager(tmp_path, {"support-line": client})
    client.bring("refuse_logins")
    with Exporter.run(file) as exporter:
        deliver(exporter, webhook(firing("LockedOut")))
        (page,) = wait_for(lambda: pages_of(exporter, "LockedOut"), until=lambda pages: pages[0]["attempts"])
        wait_for(lambda: pages_of(exporter, "LockedOut")[0]["why"])
        assert page["state"] == "pending"

    client.lift()
    with Exporter.run(file) as exporter:
        (page,) = wait_for_end(exporter, "LockedOut")

    assert (page["state"], page["repeats"]) == ("accepted", 0)
    assert len(messages_about(client, "LockedOut")) == 1


def test_a_group_that_is_not_there_fails_at_once_and_aloud(client: SimulatedClient, tmp_path: Path) -> None:
    client.bring("group_gone")
    with Exporter.run(write_pager(tmp_path, {"support-line": client})) as exporter:
        deliver(exporter, webhook(firing("Nowhere")))
        (page,) = wait_for_end(exporter, "Nowhere")

        assert page["state"] == "failed"
        assert "1012" in page["why"]
        assert exporter.log(msg="A PAGE COULD NOT BE DELIVERED")
        assert exporter.page().value("waexporter_pages_total", channel="whatsapp", result="failed") == 1


def test_a_group_that_was_left_sends_the_page_to_the_fallback_at_once(
    client: SimulatedClient, tmp_path: Path
) -> None:
    leave(client)
    with Fallback() as fallback:
        file = write_pager(tmp_path, {"support-line": client}, {"fallback": [fallback.url]})
        with Exporter.run(file) as exporter:
            deliver(exporter, webhook(firing("Outside")))
            (page,) = wait_for_end(exporter, "Outside")
            refused = exporter.page().value("waexporter_page_attempts_total", channel="whatsapp", code="1003")

    assert (page["state"], page["channel"]) == ("accepted", "webhook")
    assert refused == 1
    assert len(fallback.texts_about("Outside")) == 1


def test_a_fallback_that_says_no_in_a_good_answer_keeps_the_next_from_nothing(
    client: SimulatedClient, tmp_path: Path
) -> None:
    leave(client)
    with receiving() as chat, receiving() as portal, Fallback() as good:
        chat.answer = b'{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}'
        portal.answer = b"<!DOCTYPE html><title>Sign in</title>"
        addresses = [f"http://{each.place}/T0K3N" for each in (chat, portal)]
        file = write_pager(tmp_path, {"support-line": client}, {"fallback": [*addresses, good.url]})
        with Exporter.run(file) as exporter:
            deliver(exporter, webhook(firing("SaidNo")))
            (page,) = wait_for_end(exporter, "SaidNo")

            log = exporter.log()

    assert (page["state"], page["channel"]) == ("accepted", "webhook")
    assert [(each["way"], each["code"]) for each in page["tried"]] == [
        ("support-line", "1003"),
        ("fallback 0", "refused"),
        ("fallback 1", "body"),
        ("fallback 2", "ok"),
    ]
    assert "19001" in page["tried"][1]["why"]
    assert len(good.texts_about("SaidNo")) == 1
    assert "T0K3N" not in f"{page} {log}"


NOES: dict[str, tuple[str | None, bytes]] = {
    "another encoding": ("dingtalk", '{"errcode":310000,"errmsg":"\u5173\u952e\u8bcd"}'.encode("gbk")),
    "a code alone": ("feishu", b'{"code":19001}'),
    "a byte order mark": (None, b'\xef\xbb\xbf{"ok":false,"error":"no"}'),
    "an answer cut off": (None, b'{"ok":false,"description":"chat not'),
    "a page without its beginning": (None, b"<script>location='/login'</script>"),
}


def test_no_page_is_lost_to_a_fallback_that_says_no_in_an_odd_way(
    client: SimulatedClient, tmp_path: Path
) -> None:
    leave(client)
    with ExitStack() as stack:
        chats = {what: stack.enter_context(receiving()) for what in NOES}
        good = stack.enter_context(Fallback())
        entries: list[object] = []
        for what, (form, body) in NOES.items():
            chats[what].answer = body
            url = f"http://{chats[what].place}/T0K3N"
            entries.append({"url": url, "format": form} if form else url)
        file = write_pager(tmp_path, {"support-line": client}, {"fallback": [*entries, good.url]})
        with Exporter.run(file) as exporter:
            deliver(exporter, webhook(firing("OddNo")))
            (page,) = wait_for_end(exporter, "OddNo")

    assert page["state"] == "accepted"
    codes = [each["code"] for each in page["tried"][1:]]
    assert codes == ["refused"] * 4 + ["body", "ok"]
    assert len(good.texts_about("OddNo")) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":"ok","code":1000,"message":"accepted"}',
        b'{"code":1,"message":"queued"}',
        b'{"error":"none"}',
    ],
    ids=["a code of its own", "a code and a good word", "no error"],
)
def test_a_fallback_that_says_yes_in_its_own_words_is_told_once(
    client: SimulatedClient, tmp_path: Path, body: bytes
) -> None:
    leave(client)
    with receiving() as chat:
        chat.answer = body
        file = write_pager(tmp_path, {"support-line": client}, {"fallback": [f"http://{chat.place}/T0K3N"]})
        with Exporter.run(file) as exporter:
            deliver(exporter, webhook(firing("OwnYes")))
            (page,) = wait_for_end(exporter, "OwnYes")

    assert (page["state"], page["channel"], page["repeats"]) == ("accepted", "webhook", 0)
    assert len(chat.heard) == 1


def leave(client: SimulatedClient) -> None:
    """Let the business leave its on-call group."""
    headers = {"Authorization": f"Bearer {client.log_in(*OWNER)}"}
    answer = httpx.post(f"{client.url}/v1/groups/{GROUP}/leave", headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
