"""Which dashboards are looked at in each recording, of whom, and how wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grafana.pictures.fleets import HOSTILE
from tests.e2e.scenarios import CLIENTS
from tests.grafana.boards import BOARDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WIDTHS = (1600, 800)  # pixels: a screen, and half of one
WIDTHS_OF: Mapping[str, tuple[int, ...]] = {"oncall": (360,)}  # by dashboard, where they are others: a phone
OF_ONE_CLIENT = ("client",)  # the dashboards that show one at a time
LOOKED_AT: Mapping[str, tuple[str, ...]] = {  # by moment: which clients
    "story": ("orders", "billing"),
    "dead": ("orders",),
    "healthy": ("campaigns",),
    "unreachable": ("orders",),
    "exporter gone": ("orders",),
    "long gone": ("orders",),
    "hostile names": HOSTILE,
    "hundred": ("client-013",),
    "scenarios": tuple(client.name for client in CLIENTS),
}
UNWATCHED = frozenset(
    {"dead", "exporter gone", "long gone"}
)  # moments at which nothing is known of any client
# By dashboard: for how many seconds a refresh may occupy Prometheus, with a hundred clients.
BUDGETS: Mapping[str, float] = {"fleet": 2.0, "client": 1.0}


class Look(NamedTuple):
    """A dashboard on a screen so wide; of one client, if it shows one at a time."""

    board: str
    width: int
    client: str = ""
    number: int = 0  # among those that are looked at, for names that no file can have

    @property
    def file(self) -> str:
        """Name its picture."""
        whom = f"-{self.number}" if self.client else ""
        return f"{self.board}{whom}-{self.width}.png"


# What the documents show: the first screen of each.
DOCUMENTED: Mapping[str, Look] = {
    "fleet": Look("fleet", 1600),
    "client-down": Look("client", 1600, "orders", 1),
    "client-losing": Look("client", 1600, "billing", 2),
    "pager": Look("pager", 1600),
    "exporter": Look("exporter", 1600),
    "oncall": Look("oncall", 360),
}


def looks(moment: str) -> Iterator[Look]:
    """Give every look at a moment; of several clients, all but the first are looked at in one width."""
    for board in BOARDS:
        widths = WIDTHS_OF.get(board, WIDTHS)
        if board not in OF_ONE_CLIENT:
            yield from (Look(board, width) for width in widths)
            continue
        for number, client in enumerate(LOOKED_AT[moment], start=1):
            for width in widths if number == 1 else widths[:1]:
                yield Look(board, width, client, number)
