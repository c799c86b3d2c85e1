"""A collector and a page of the documentation have all of their places, and a forgotten one is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.markdown import CONFIGURATION, DOCS, SPAN, part, rows
from tests.places import hold
from waexporter.config import DEFAULT_PLANS
from waexporter.model import Credentials, Endpoint, Limits, PollPlan, Secret, Success, Target, now
from waexporter.polling.kinds import TABLES
from waexporter.polling.on_premises import COLLECTORS
from waexporter.polling.poller import Poller
from waexporter.simulator import Options, Simulator
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = ("owner", "Owner-password-1", "admin")
OFF_BY_DEFAULT = {"canary"}  # each poll is a request to WhatsApp itself


def test_a_forgotten_place_is_named_with_what_to_do() -> None:
    with pytest.raises(AssertionError, match=r"missing: b, c\. Add it to the list\.") as forgotten:
        hold("abc", "a", add="Add it to the list.", remove="Take it out.")
    with pytest.raises(AssertionError, match=r"too much: z\. Take it out\."):
        hold("a", "az", add="Add it to the list.", remove="Take it out.")

    assert "{" not in str(forgotten.value)


# --- collectors --------------------------------------------------------------------------------


def test_every_endpoint_has_a_row_of_how_it_is_polled() -> None:
    hold(
        Endpoint,
        {endpoint for tables in TABLES.values() for endpoint in tables.collectors},
        add="Add a row to COLLECTORS in waexporter/polling/on_premises/__init__.py, with a class that has "
        "`collect`, in collectors.py beside it; until then its polls fail.",
        remove="Add it to the enum Endpoint in waexporter/model/targets.py, or take it out of COLLECTORS.",
    )


def test_every_collector_has_an_interval_or_is_off_on_purpose() -> None:
    hold(
        set(COLLECTORS) - OFF_BY_DEFAULT,
        DEFAULT_PLANS,
        add="Give it an interval in _ENDPOINTS of waexporter/config/poll.py, or it is never polled; if "
        "it is to be off by default, add it to OFF_BY_DEFAULT here, with the reason.",
        remove="Take it out of OFF_BY_DEFAULT in tests/docs/test_places.py: it has an interval.",
    )


def test_every_collector_is_explained() -> None:
    documented = {SPAN.findall(row[0])[0] for row in rows(part(CONFIGURATION, "poll"))}

    hold(
        (f"poll.{endpoint}" for endpoint in COLLECTORS),
        {key for key in documented if key.removeprefix("poll.") in set(Endpoint)},
        add="Add its row to _ENDPOINTS of waexporter/config/poll.py, with a meaning, then run `make docs`.",
        remove="Add a row to COLLECTORS in waexporter/polling/on_premises/__init__.py, or take it out of "
        "_ENDPOINTS in waexporter/config/poll.py.",
    )


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    plans = {endpoint: PollPlan(interval=60.0, timeout=20.0) for endpoint in COLLECTORS}
    with Simulator(Options(users=(OWNER,), health_per_minute=None)) as simulator:
        auth = Credentials(username=OWNER[0], password=Secret(OWNER[1]))
        target = Target("wa", simulator.url, auth=auth, plans=plans, canary_number="14155550123")
        started = Client(target, Limits(), TlsContexts())
        yield started
        started.close()


@pytest.mark.parametrize("endpoint", COLLECTORS)
def test_the_simulator_answers_every_collector(client: Client, endpoint: Endpoint) -> None:
    outcome = Poller(client, endpoint, Limits(), now).poll().outcome

    assert isinstance(outcome, Success), (
        f"{endpoint}: the simulator gives {outcome}. Teach it to answer: a module with its routes in "
        "waexporter/simulator, and these among the routes of waexporter/simulator/application.py"
    )


# --- documents ---------------------------------------------------------------------------------


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = (DOCS / "README.md").read_text()

    hold(
        {path.name for path in DOCS.glob("*.md")} - {"README.md"},
        re.findall(r"\]\(([\w-]+\.md)[)#]", index),
        add="Add a row to docs/README.md: what it is read for.",
        remove="docs/README.md names a page that is not there.",
    )
