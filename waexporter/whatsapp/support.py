"""GET /v1/support: the build, the disk and the shards of a node; the environment in it is never kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.errors import BodyError
from waexporter.model import Drop, Support, SupportNode
from waexporter.whatsapp.envelope import decode, text_of
from waexporter.whatsapp.payloads import read_time
from waexporter.whatsapp.scalars import read_number

if TYPE_CHECKING:
    from collections.abc import Mapping

VOLUMES = ("data", "logs", "media_incoming", "media_outgoing")
MOST_SHARDS = 32
_UNLIMITED = 2**62  # bytes; the client says about 2**63 for a volume without a limit
# Keys by which a node's own words are known; a cluster has nodes in their place.
_OF_A_NODE = frozenset(
    {"version", "expire_timestamp", "db_engine", "role", "shards", "socket_conn", "env"}
) | {f"free_space_{volume}" for volume in VOLUMES}
_SOCKETS = {"up": True, "up receiving offline": True, "sc": False, "dn": False}


class _Document(msgspec.Struct):
    support: dict[str, Any]


_DOCUMENT = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True)
class SupportRead:
    """What was understood, and what was not."""

    support: Support
    dropped: tuple[tuple[Drop, int], ...]


def read_support(body: bytes) -> SupportRead:
    """Read the document, flat for a single client and per node for a cluster."""
    said = decode(body, _DOCUMENT).support
    clustered = not _OF_A_NODE & said.keys()
    dropped: Counter[Drop] = Counter()
    nodes = said if clustered else {"": said}
    # A dead node's value is an error, and says nothing; health tells that it is dead.
    alive = {
        node: value for node, value in nodes.items() if isinstance(value, dict) and "errors" not in value
    }
    if not any(alive.values()):
        message = "the answer says nothing about any node"
        raise BodyError(message)
    read = tuple(_node(node, value, dropped) for node, value in sorted(alive.items()))
    return SupportRead(Support(read, clustered), tuple(dropped.items()))


def _node(node: str, said: Mapping[str, Any], dropped: Counter[Drop]) -> SupportNode:
    return SupportNode(
        node=node,
        role=text_of(said.get("role")),
        version=text_of(said.get("version")),
        db_engine=text_of(said.get("db_engine")),
        expires=_time(said.get("expire_timestamp"), dropped),
        free_bytes=tuple(
            (volume, free)
            for volume in VOLUMES
            if (free := _free(said.get(f"free_space_{volume}"), dropped)) is not None
        ),
        shards=_shards(said.get("shards")),
        socket_connected=_SOCKETS.get(text_of(said.get("socket_conn")).lower()),
    )


def _time(said: object, dropped: Counter[Drop]) -> float | None:
    if said is None:
        return None
    try:
        return read_time(said if isinstance(said, str) else "")
    except BodyError:
        dropped[Drop.MALFORMED] += 1
        return None


def _free(said: object, dropped: Counter[Drop]) -> float | None:
    if said is None:
        return None
    number = read_number(said)
    if number is None:
        dropped[Drop.NOT_A_NUMBER] += 1
        return None
    if number < 0:
        dropped[Drop.OUT_OF_RANGE] += 1
        return None
    return number if number < _UNLIMITED else None


def _shards(said: object) -> tuple[int, ...] | None:
    """Read [[first, last], ...]; [[-1, -1]] is the primary master's, which owns none."""
    if not isinstance(said, list):
        return None
    owned: set[int] = set()
    for pair in said:
        if isinstance(pair, list) and len(pair) == 2 and all(type(end) is int for end in pair):  # noqa: PLR2004
            first, last = pair
            if 0 <= first <= last < MOST_SHARDS:
                owned.update(range(first, last + 1))
    return tuple(sorted(owned))
