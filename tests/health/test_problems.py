"""Every problem there is comes up at a simulated client, in words that a person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.places import hold
from waexporter.config import DEFAULT_PLANS
from waexporter.health.on_premises.problems import PROBLEM_STATES
from waexporter.model import Credentials, Endpoint, Instant, Limits, PollPlan, Secret, Target, Tls, now
from waexporter.polling.poller import Poller
from waexporter.polling.store import Store
from waexporter.simulator import Options, Simulator
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from pathlib import Path

OWNER = ("owner", "Owner-password-1", "admin")
HEALTH = (Endpoint.HEALTH,)
ALL = (Endpoint.HEALTH, Endpoint.SUPPORT, Endpoint.SETTINGS, Endpoint.CERTIFICATES, Endpoint.GROUP)


class Row(NamedTuple):
    """How a problem is brought about, and words that have to be among those said of it."""

    scenario: str
    words: str
    topology: str = "ha"
    polled: tuple[Endpoint, ...] = ALL
    later: float = 0.0  # seconds that pass then
    again: tuple[Endpoint, ...] = ()  # polled after that
    timeout: float = 30.0  # seconds
    insecure: bool = False


ROWS = {
    "not_polled": Row("healthy", "no health poll has ended yet", polled=()),
    "stale": Row("healthy", "no health answer for too long", polled=HEALTH, later=100.0),
    "auth_refused": Row("refuse_logins", "does not accept the credentials"),
    "timeout": Row("hang", "does not answer in time", polled=HEALTH, timeout=0.3),
    "tls": Row("certificate_expired", "certificate has expired", polled=HEALTH),
    "unexpected_answer": Row("garbage", "not JSON", polled=HEALTH),
    "status_unclear": Row("odd_status", "hibernating"),
    "no_coreapp_connected": Row("gateway_down", "no messages leave or arrive"),
    "unreachable": Row("web_down", "can't be reached", polled=HEALTH),
    "build_expired": Row("build_expired", "has expired on"),
    "uninitialized": Row("uninitialized", "upgrading, or creating its database schema"),
    "unregistered": Row("unregistered", "not registered", "single"),
    "database": Row("database", "does not reach its database", polled=HEALTH),
    "overloaded": Row("overload", "overloaded", polled=HEALTH),
    "duplicate_client": Row("duplicate_client", "risk a ban"),
    "shard_uncovered": Row("shard_uncovered", "3 of 4 shards", "multiconnect"),
    "node_unreachable": Row("dead_node", "core2:1d7a is unreachable"),
    "primary_master_disconnected": Row("master_disconnected", "should be connected", "multiconnect"),
    "no_primary_master": Row("no_primary_master", "no failover, no settings"),
    "two_primary_masters": Row("two_primary_masters", "more than one primary master"),
    "no_secondary_master": Row("two_primary_masters", "no replacement"),
    "no_spare_coreapp": Row("dead_node", "the next failure is an outage"),
    "token_refused": Row("token_refused", "do all webapps share one database?", polled=HEALTH * 16),
    "disk_low": Row("disk_low", "50 MiB are left for data", "single"),
    "certificate_expired": Row("certificate_expired", "webapp's certificate has expired on", insecure=True),
    "on_call_group_unreachable": Row("group_empty", "nobody reads a page"),
    "build_expiring": Row("build_expiring", "expires on"),
    "certificate_expiring": Row("certificate_expiring", "webapp's certificate expires on"),
    "version_skew": Row("version_skew", "run different versions"),
    "connecting": Row("connecting", "core1:8f2c is connecting"),
    "connecting_too_long": Row("connecting", "has been connecting for 120 s", later=121.0, again=HEALTH),
    "rate_limited": Row("rate_limited", "10 requests a minute", polled=HEALTH),
}


class Clock:
    """The real one, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> Instant:
        real = now()
        return Instant(real.wall + self.ahead, real.steady + self.ahead)


def words_of(slug: str, target: Target, row: Row) -> list[str]:
    """Poll as the row says; give what is said of the problem then."""
    clock = Clock()
    store, client = Store([target], clock), Client(target, Limits(), TlsContexts())
    pollers = {
        endpoint: Poller(client, endpoint, Limits(), clock, lambda: store.on_call_group(target.name))
        for endpoint in ALL
    }
    for endpoint in row.polled:
        store.put(pollers[endpoint].poll())
    clock.ahead += row.later
    for endpoint in row.again:
        store.put(pollers[endpoint].poll())
    client.close()
    return [problem.words for problem in store.snapshot().states[0].verdict.problems if problem.slug == slug]


def test_every_problem_has_its_row() -> None:
    known = PROBLEM_STATES.keys()

    rows = ROWS.keys()

    hold(
        known,
        rows,
        add="Add a row to ROWS in tests/health/test_problems.py: the scenario of the simulator that causes "
        "it, and words that are said of it.",
        remove="ROWS has a problem that PROBLEM_STATES in waexporter/health/on_premises/problems.py has not.",
    )


@pytest.mark.parametrize("slug", ROWS)
def test_a_problem_comes_up_at_a_client_that_has_it_and_is_said_in_words(slug: str, tmp_path: Path) -> None:
    row, ca_file = ROWS[slug], tmp_path / "ca.pem"
    options = Options(
        topology=row.topology, scenario=row.scenario, tls=True, ca_file=str(ca_file), users=(OWNER,),
        health_per_minute=None,
    )  # fmt: skip
    with Simulator(options) as simulator:
        target = Target(
            "wa",
            simulator.url,
            auth=Credentials(username=OWNER[0], password=Secret(OWNER[1])),
            tls=Tls(str(ca_file), insecure_skip_verify=row.insecure),
            plans={
                endpoint: PollPlan(plan.interval, row.timeout) for endpoint, plan in DEFAULT_PLANS.items()
            },
        )

        said = words_of(slug, target, row)

    assert said
    assert row.words in said[0]
