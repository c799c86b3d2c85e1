"""For the phone of the person on call: what is wrong, since when, and what to do, in one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import VariableHide

from grafana.source import pager, problems, states
from grafana.source.frame import TO_CLIENT, Cover, Row, framed, of_exporters_and_clients
from grafana.source.panels import Column, Head, Query, grid, number
from waexporter.health import PROBLEMS, Grade

if TYPE_CHECKING:
    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.models.dashboard import Dashboard, DashboardLink

    from grafana.source.panels import Panel

_WIDTH = 24  # of every panel: a phone shows one below the other
_TILE = 3
_LISTED = 7  # problems, the worst
_ADVISED = 5  # kinds of problems
_CLIENTS = 10
_LEFT_OUT = {"job", "instance", "runbooks"}  # choices that would fill half of the screen


def build() -> Dashboard:
    """Build the dashboard."""
    board = framed(
        Cover(
            "waexporter-oncall",
            "WhatsApp on call",
            "For a phone: what is wrong, since when, and what to do.",
        ),
        of_exporters_and_clients(),
        [],
        [
            Row("", _WRONG),
            Row("Do pages reach anybody?", _PAGING),
        ],
    )
    for choice in (board.templating and board.templating.list_val) or ():
        if choice.name in _LEFT_OUT:
            choice.hide = VariableHide.HIDE_VARIABLE
    return board


def _to(uid: str, title: str) -> list[Builder[DashboardLink]]:
    variables = "${datasource:queryparam}&${job:queryparam}&${target:queryparam}"
    return [dashboard.DashboardLink(title).url(f"/d/{uid}?{variables}&${{__url_time_range}}")]


def _problems() -> Panel:
    shown = f"topk({_LISTED}, {problems.weight()})"
    return grid(
        Head(
            3,
            "What is wrong",
            f"The {_LISTED} worst problems present now, coloured by how bad they are, and for how long each "
            "has been there. A name leads to the client's own dashboard.",
            "none",
            _WIDTH,
            16,
        ),
        [
            f"sort_desc({shown} or on () {problems.none()})",
            f"{problems.age()} and on (target, problem) {shown}",
        ],
        [
            Column("target", "Client", least=120, link=TO_CLIENT, absent="all clients"),
            Column("problem", "Problem", texts=problems.SENTENCES, width=100, wraps=True),
            Column("Value #B", "For", unit="s", width=85, absent="-"),
        ],
        nothing=problems.NOTHING,
    )


def _advice() -> Panel:
    worst = f"topk({_ADVISED}, max by (problem) ({problems.weight()}))"
    told = problems.told(f"sort_desc({worst} or on () {problems.none()})")
    return grid(
        Head(
            4,
            "What to do",
            f"About the {_ADVISED} worst kinds of problems, of whichever client.",
            "none",
            _WIDTH,
            18,
        ),
        [f'label_replace({told}, "room", "{_LONGEST}", "", "")'],
        [
            Column(
                "advice",
                "What to do",
                texts={f"{slug}{problems.AS_LONG}": (said, None) for slug, said in _ADVICE.items()},
                least=180,
                wraps=True,
            ),
            *problems.TO_RUNBOOK,
            Column("room", "Room", wraps=True, hidden=True),
        ],
    )


_ADVICE = {"none": "Nothing is wrong: nothing to do."}
_ADVICE |= {slug: f"{kind.words.capitalize()}: {kind.advice}." for slug, kind in PROBLEMS.items()}
# Grafana gives a row the room that a text needs before it is mapped, in the last column that is wrapped: so
# every row has that of the longest.
_LONGEST = max(_ADVICE.values(), key=len) + " ·" * 40  # lines are not filled up to their ends

_WRONG = (
    number(
        Head(
            1,
            "How bad it is",
            "The worst problem of all clients: critical where no message leaves or arrives, unknown where it "
            "could be that.",
            "none",
            _WIDTH,
            _TILE,
        ),
        Query(f"max({problems.rank_of_worst()})", ""),
        states=problems.RANKS | {int(Grade.NONE): ("nothing is wrong", states.GREEN)},
    ).data_links(_to("waexporter-fleet", "All clients")),
    number(
        Head(
            2,
            "Clients in trouble",
            "Clients that lose or delay messages, work in part or not at all, would not survive the next "
            "failure, or of which nothing is known.",
            "short",
            _WIDTH,
            _TILE,
        ),
        Query(
            f"sum({problems.severity_of_worst()} >= bool {Grade.LATENT:d}) "
            f"and on () min({problems.severity_of_worst()}) < {Grade.UNKNOWN:d}",
            "",
        ),
        steps=((1, states.RED),),
    ).data_links(_to("waexporter-fleet", "All clients")),
    _problems(),
    _advice(),
    grid(
        Head(
            5,
            "Messages",
            f"What becomes of the messages of the {_CLIENTS} clients that are worst off.",
            "none",
            _WIDTH,
            10,
        ),
        [f"topk({_CLIENTS}, {states.messages_ranked()})"],
        [
            Column("target", "Client", least=130, link=TO_CLIENT),
            Column("Value", "Messages", states=states.MESSAGES_RANKED, least=110),
        ],
        worst=("Messages",),
    ),
)

_PAGING = tuple(
    build_panel(place, _WIDTH, _TILE).data_links(_to("waexporter-pager", "Pager"))
    for place, build_panel in ((6, pager.oldest), (7, pager.silence), (8, pager.nobody))
)
