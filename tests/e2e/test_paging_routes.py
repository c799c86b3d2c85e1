"""Where a page goes when the target it is about, or every target, or the fallback too is down."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.e2e.clients import USERS, SimulatedClient
from tests.e2e.exporters import Exporter
from tests.e2e.fallbacks import Fallback
from tests.e2e.paging import (
    deliver,
    firing,
    messages_about,
    pages_of,
    wait_for_end,
    wait_for_message,
    webhook,
    write_pager,
)
from tests.e2e.waiting import wait_for
from waexporter.simulator import Options, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("eu", "us")


class Fleet(NamedTuple):
    """A daemon and the two clients that it watches and pages through."""

    exporter: Exporter
    clients: dict[str, SimulatedClient]

    def break_down(self, *names: str) -> None:
        """Let clients fail, and wait until the daemon knows."""
        for name in names:
            self.clients[name].bring("web_down")
        wait_for(
            lambda: {name: self.exporter.page().verdict(name) for name in names},
            until=lambda verdicts: set(verdicts.values()) == {"down"},
        )


@pytest.fixture(scope="module")
def clients() -> Iterator[dict[str, SimulatedClient]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                SimulatedClient(
                    stack.enter_context(Simulator(Options(users=USERS, health_per_minute=None))).url
                )
            )
            for name in NAMES
        }


@pytest.fixture(autouse=True)
def calm(clients: dict[str, SimulatedClient]) -> Iterator[None]:
    yield
    for client in clients.values():
        client.lift()


@pytest.fixture
def fallback() -> Iterator[Fallback]:
    with Fallback() as fallback:
        yield fallback


@pytest.fixture
def fleet(clients: dict[str, SimulatedClient], tmp_path: Path) -> Iterator[Fleet]:
    with Exporter.run(write_pager(tmp_path, clients)) as exporter:
        exporter.wait_until_ok(*NAMES)
        yield Fleet(exporter, clients)


@pytest.fixture
def covered(clients: dict[str, SimulatedClient], tmp_path: Path, fallback: Fallback) -> Iterator[Fleet]:
    pager = {"fallback": [fallback.url], "fallback_after": "2s"}
    with Exporter.run(write_pager(tmp_path, clients, pager)) as exporter:
        exporter.wait_until_ok(*NAMES)
        yield Fleet(exporter, clients)


def test_a_page_leaves_through_the_target_that_it_is_about(fleet: Fleet) -> None:
    deliver(fleet.exporter, webhook(firing("Usual", target="us")))
    (page,) = wait_for_end(fleet.exporter, "Usual")

    assert page["destination"].startswith("us/")
    assert len(messages_about(fleet.clients["us"], "Usual")) == 1
    assert messages_about(fleet.clients["eu"], "Usual") == []


def test_a_page_about_a_target_that_is_down_leaves_through_another(fleet: Fleet) -> None:
    fleet.break_down("us")

    deliver(fleet.exporter, webhook(firing("Around", target="us")))
    (page,) = wait_for_end(fleet.exporter, "Around")

    assert page["destination"].startswith("eu/")
    assert (page["attempts"], page["repeats"]) == (1, 0)
    assert len(messages_about(fleet.clients["eu"], "Around")) == 1


def test_a_page_that_says_whatsapp_is_affected_leaves_through_another(fleet: Fleet) -> None:
    alert = firing("Distrusted", target="us", affects_channel="whatsapp")

    deliver(fleet.exporter, webhook(alert))
    (page,) = wait_for_end(fleet.exporter, "Distrusted")

    assert page["destination"].startswith("eu/")
    assert messages_about(fleet.clients["us"], "Distrusted") == []


def test_a_target_whose_messages_fail_alone_is_gone_around_at_once(fleet: Fleet) -> None:
    fleet.clients["us"].bring("message_fails")

    deliver(fleet.exporter, webhook(firing("Sidestep", target="us")))
    (page,) = wait_for_end(fleet.exporter, "Sidestep")

    assert page["destination"].startswith("eu/")
    assert (page["attempts"], page["repeats"]) == (2, 0)


def test_with_every_target_down_a_page_waits_for_the_first_that_is_back(fleet: Fleet) -> None:
    fleet.break_down(*NAMES)

    deliver(fleet.exporter, webhook(firing("Patient", target="us")))
    wait_for(lambda: pages_of(fleet.exporter, "Patient")[0]["attempts"], until=lambda count: count >= 2)
    waiting = fleet.exporter.page()
    fleet.clients["eu"].lift()
    (text,) = wait_for_message(fleet.clients["eu"], "Patient")
    (page,) = wait_for_end(fleet.exporter, "Patient")

    assert waiting.value("waexporter_pages_pending") == 1
    assert (waiting.value("waexporter_oldest_pending_page_seconds") or 0) > 0
    assert page["state"] == "accepted"
    assert "Patient" in text
    assert messages_about(fleet.clients["us"], "Patient") == []


def test_with_every_target_down_a_page_goes_to_the_fallback_at_once(
    covered: Fleet, fallback: Fallback
) -> None:
    covered.break_down(*NAMES)

    deliver(covered.exporter, webhook(firing("Diverted", target="us")))
    (page,) = wait_for_end(covered.exporter, "Diverted")

    assert (page["state"], page["channel"], page["attempts"]) == ("accepted", "webhook", 1)
    assert len(fallback.texts_about("Diverted")) == 1
    assert [alert["labels"]["alertname"] for post in fallback.posts for alert in post["alerts"]] == [
        "Diverted"
    ]


def test_a_page_that_nobody_takes_for_long_goes_to_the_fallback(covered: Fleet, fallback: Fallback) -> None:
    for client in covered.clients.values():
        client.bring("message_fails")  # while their verdicts are ok

    deliver(covered.exporter, webhook(firing("Overdue", target="us")))
    (page,) = wait_for_end(covered.exporter, "Overdue")

    assert (page["state"], page["channel"]) == ("accepted", "webhook")
    assert len(fallback.texts_about("Overdue")) == 1


@pytest.mark.parametrize("first", ["fallback", "whatsapp"])
def test_with_the_fallback_down_too_a_page_waits_for_whatever_is_back_first(
    covered: Fleet, fallback: Fallback, first: str
) -> None:
    name = f"Stranded{first}"
    covered.break_down(*NAMES)
    fallback.stop()

    deliver(covered.exporter, webhook(firing(name, target="us")))
    wait_for(lambda: pages_of(covered.exporter, name)[0]["attempts"], until=lambda count: count >= 6)
    if first == "fallback":
        fallback.start()
    else:
        covered.clients["us"].lift()
    (page,) = wait_for_end(covered.exporter, name)

    received = fallback.texts_about(name) + messages_about(covered.clients["us"], name)
    assert page["state"] == "accepted"
    assert page["channel"] == ("webhook" if first == "fallback" else "whatsapp")
    assert len(received) == 1
