"""An account that is no admin is a fact; a login that is not tried again yet makes no poll."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec
import pytest

from tests.polling.on_premises.test_collectors import (
    APPLICATION,
    DENIED,
    SETTINGS,
    SHARDS,
    TARGET,
    World,
    document,
    fault,
)
from waexporter.errors import ApiError, RefusedError, UnreachableError
from waexporter.model import (
    Account,
    Credentials,
    Endpoint,
    Failure,
    Instant,
    PollPlan,
    Reason,
    Secret,
    Target,
)
from waexporter.polling.store import Store
from waexporter.transport.exchange import Reply

LOGIN = replace(TARGET, auth=Credentials(username="monitor", password=Secret("planted")))
KEY = replace(TARGET, auth=Credentials(api_key=Secret("planted")))
HEALTH = "GET /v1/health"


@dataclass
class Known(World):
    """A client that has taken our credentials for something, or not."""

    is_accepted: bool = True

    def account(self) -> Account:
        return Account(is_accepted=self.is_accepted)


def expired() -> Reply:
    body = msgspec.json.encode(
        {"errors": [{"code": 1005, "title": "Access denied", "details": "App Expired"}]}
    )
    return Reply(403, body, "application/json")


@pytest.mark.parametrize(
    ("answer", "target", "is_accepted", "is_fact"),
    [
        (DENIED, LOGIN, True, True),
        (fault(401, 1005), LOGIN, True, True),
        (DENIED, KEY, True, True),
        # It is not known that the credentials are good.
        (DENIED, LOGIN, False, False),
        (DENIED, TARGET, False, False),
        # Nobody may do anything with a build that has expired.
        (expired(), LOGIN, True, False),
        # A proxy refuses, or the client fails.
        (Reply(403, b"<html>Forbidden</html>", "text/html"), LOGIN, True, False),
        (fault(500, 1014), LOGIN, True, False),
        (fault(429, 1015), LOGIN, True, False),
        (UnreachableError("no connection"), LOGIN, True, False),
        (RefusedError("the login of 'monitor' was refused", code=1005, status=401), LOGIN, True, False),
    ],
)
def test_settings_that_are_for_admins_only_are_told_from_a_failure(
    answer: Reply | UnreachableError, target: Target, *, is_accepted: bool, is_fact: bool
) -> None:
    world = Known({SETTINGS: answer}, target=target, is_accepted=is_accepted)

    outcome = world.poll(Endpoint.SETTINGS)

    assert isinstance(outcome, Failure)
    assert outcome.is_for_admins is is_fact
    assert outcome.message.startswith("for admins only: ") is is_fact


def test_what_was_read_before_is_missed_when_it_is_refused() -> None:
    world = Known({SETTINGS: document(APPLICATION), SHARDS: fault(404, 1006)}, target=LOGIN)
    poller = world.poller(Endpoint.SETTINGS)
    poller.poll()
    world.answers[SETTINGS] = DENIED

    outcome = poller.poll().outcome

    assert isinstance(outcome, Failure)
    assert not outcome.is_for_admins


def test_what_any_account_may_read_is_a_failure_when_it_is_refused() -> None:
    outcome = Known({HEALTH: DENIED}, target=LOGIN).poll(Endpoint.HEALTH)

    assert isinstance(outcome, Failure)
    assert not outcome.is_for_admins


# --- what is counted ---------------------------------------------------------------------------


class Counts:
    """The metrics of an endpoint's polls."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.target = replace(LOGIN, plans={endpoint: PollPlan(30.0, 5.0)})
        self.store = Store([self.target], lambda: Instant(1.7e9, 0.0))

    def after(self, world: World, *polls: Reply | ApiError) -> dict[str, float]:
        """Return the counters after these answers."""
        poller = world.poller(self.endpoint)
        for answer in polls:
            world.answers = dict.fromkeys((SETTINGS, HEALTH), answer)
            self.store.put(replace(poller.poll(), target=self.target.name))
        text = b"".join(
            fragment.lines
            for fragments in self.store.state(self.target.name).tally_fragments.values()
            for fragment in fragments.values()
        ).decode()
        values = (line.rpartition(" ")[::2] for line in text.splitlines())
        return {name: float(value) for name, value in values if float(value)}


def name(family: str, endpoint: str, **more: str) -> str:
    labels = {"target": LOGIN.name, "collector": endpoint, **more}
    return family + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def test_a_fact_is_a_poll_and_neither_a_success_nor_a_lasting_failure() -> None:
    world = Known({}, target=LOGIN)
    counts = Counts(Endpoint.SETTINGS)

    first = counts.after(world, UnreachableError("no connection"))
    text = str(counts.store.state(LOGIN.name).tally_fragments)
    after = counts.after(world, DENIED, DENIED, DENIED)

    polls = name("waexporter_polls_total", "settings")
    refused = name("waexporter_poll_failures_total", "settings", reason="refused")
    assert (first[polls], "waexporter_poll_success" in text) == (1, True)
    assert (after[polls], after[refused]) == (2, 1)  # the client was not asked again
    assert "waexporter_poll_success" not in str(counts.store.state(LOGIN.name).tally_fragments)


def test_what_a_paused_login_repeats_is_no_poll_and_says_when_it_was_asked() -> None:
    then = Instant(1.7e9 - 40, -40.0)
    refused = RefusedError("the login of 'monitor' was refused", status=401)
    repeated = RefusedError("the login of 'monitor' was refused", status=401)
    repeated.asked_at = then
    world = Known({HEALTH: repeated}, target=LOGIN, is_accepted=False)
    counts = Counts(Endpoint.HEALTH)

    reading = world.poller(Endpoint.HEALTH).poll()
    counted = counts.after(world, refused, repeated, repeated)

    assert (reading.asked_at, reading.asked) == (then, False)
    assert isinstance(reading.outcome, Failure)
    assert reading.outcome.reason is Reason.REFUSED
    assert counted[name("waexporter_polls_total", "health")] == 1
    assert counted[name("waexporter_poll_failures_total", "health", reason="refused")] == 1
