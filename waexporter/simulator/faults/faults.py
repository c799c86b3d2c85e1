"""The table of faults with an immediate effect, and one fault as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.simulator.faults.conditions import CONDITIONS
from waexporter.simulator.faults.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

_USERS = ("/v1/users",)  # the webapp answers these by itself, so a login still works

FAULTS: Mapping[str, Kind] = {
    # the nodes
    "no_primary_master": Kind("Both masters are secondary: no failover, no settings, no database statistics"),
    "dead_node": Kind("A node is dead (by default a spare); an owner's shard moves after unhealthy_interval"),
    "shard_uncovered": Kind("A coreapp is dead and no spare takes its shard"),
    "failover": Kind("The first coreapp dies; zero, then two primary masters show; a spare takes over"),
    "duplicate_client": Kind("The spare is connected too: two clients for one number (clusters only)"),
    "connecting": Kind("A node stays connecting (by default the first coreapp)"),
    "gateway_down": Kind("The coreapps have lost the connection to WhatsApp"),
    "unregistered": Kind("The coreapps are not registered"),
    "uninitialized": Kind("The coreapps are upgrading or creating the schema"),
    "odd_status": Kind("The coreapps say a status that no version so far has had"),
    "slow_node": Kind("A node takes `seconds` to answer, and every answer waits for it", seconds=12.0),
    # the numbers
    "growing_queues": Kind("Queues grow by 500 a second"),
    "messages_pile_up": Kind("Messages hardly leave: 300 more are pending every second"),
    "webhook_fails": Kind("The webhook answers 500 to most callbacks, which are tried again"),
    "webhook_slow": Kind("The webhook takes seconds for a callback"),
    "sends_fail": Kind("By the counters about half of the requests to send a message fail: 500, 1014"),
    "queries_fail": Kind("A large part of the SQL queries fails, commits the most"),
    "queries_slow": Kind("SQL queries take 400 ms longer"),
    "processes_exhausted": Kind("No web process is idle, and the limit of processes is hit every second"),
    "stats_lost": Kind("The coreapps have no statistics: an answer without families", "/v1/stats/app"),
    "counter_reset": Kind("The coreapps restart now, and again every `seconds`", seconds=60.0),
    "drift": Kind("Statistics hold families and values that no version so far has had"),
    # who may come in
    "expired_token": Kind("Every token has expired, and new ones live for `seconds`", seconds=3600.0),
    "refuse_logins": Kind("Right credentials are refused as well", prefix="/v1/users/login"),
    # another answer than the right one
    "rate_limited": Kind("429 with code 1015", spares=_USERS),
    "overload": Kind("503 with code 1016", spares=_USERS),
    "app_expired": Kind('403 with code 1005 "App Expired"', spares=_USERS),
    "database": Kind("500 with code 1023"),
    "errors_in_200": Kind("200 with errors in it", spares=_USERS),
    "garbage": Kind("200 with bytes that are not JSON"),
    "html": Kind("200 with an HTML page, as a proxy would"),
    "empty": Kind("200 with an empty body"),
    "redirect": Kind("302 to another address"),
    # a broken stream
    "huge": Kind("A body above 16 MiB"),
    "truncated": Kind("Less of the body than Content-Length promised, then the end of the connection"),
    "drip": Kind("One byte every `seconds`, the headers first", seconds=1.0),
    "hang": Kind("Requests are read and never answered", prefix="/"),
    "web_down": Kind("Connections are cut off without an answer", prefix="/"),
    # messages alone, while all else is well
    "message_fails": Kind("500 with code 1014 for messages", prefix="/v1/messages"),
    "message_unmastered": Kind("500 with code 1017 for messages", prefix="/v1/messages"),
    "answer_lost": Kind("Messages are taken, then the connection is cut off", prefix="/v1/messages"),
    # contact checks alone, while all else is well
    "contacts_fail": Kind("500 with code 1014 for contacts: WhatsApp's servers don't answer", "/v1/contacts"),
}

# Everything that may be asked for: what breaks answers, and what merely is not as it should be.
KINDS: Mapping[str, Kind] = {**FAULTS, **CONDITIONS}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is active, or that a scenario will start."""

    name: str
    since: float = 0.0  # seconds since the epoch
    node: str | None = None  # a node key or its host; None: the kind's own choice
    endpoint: str | None = None  # a path prefix; None: the kind's own choice
    seconds: float | None = None  # None: the kind's own choice

    @property
    def duration(self) -> float:
        """The seconds that apply to this fault."""
        return KINDS[self.name].seconds if self.seconds is None else self.seconds

    def affects(self, path: str) -> bool:
        """Return whether the fault affects requests for this path."""
        if self.endpoint is not None:
            return path.startswith(self.endpoint)
        kind = KINDS[self.name]
        return path.startswith(kind.prefix) and not path.startswith(kind.spares)


def find(faults: tuple[Fault, ...], name: str) -> Fault | None:
    """Return the first fault of this name."""
    return next((fault for fault in faults if fault.name == name), None)
