"""GET /v1/support: the build, the disk and the shards of a node; the environment in it is never kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from waexporter.errors import BodyError
from waexporter.model import Drop, Support, SupportNode
from waexporter.transport.lenient_json import Losses, Parsed, as_list, as_map, json_type, printable
from waexporter.whatsapp.documents.envelope import read_document, text_of
from waexporter.whatsapp.documents.nodes import NodeNamePattern, display_names
from waexporter.whatsapp.documents.values import read_number, read_time

if TYPE_CHECKING:
    from collections.abc import Mapping

VOLUMES = ("data", "logs", "media_incoming", "media_outgoing")
MOST_SHARDS = 32
_UNLIMITED = 2**62  # bytes; the client says about 2**63 for a volume without a limit
# Keys by which a node's own words are known; a cluster has nodes in their place.
_OF_A_NODE = frozenset(
    {"version", "expire_timestamp", "db_engine", "role", "shards", "socket_conn", "env"}
) | {f"free_space_{volume}" for volume in VOLUMES}
_NO_NODES = frozenset({"meta"})
_SOCKETS = {"up": True, "up receiving offline": True, "sc": False, "dn": False}
_UNKNOWN_SOCKET = "unk"  # the client's own word for not knowing


def read_support(body: bytes) -> Parsed[Support]:
    """Read the document, flat for a single client and per node for a cluster."""
    said = as_map(read_document(body, "support")["support"]) or {}
    losses = Losses()
    clustered = _is_cluster(said)
    alive = _alive(said, losses) if clustered else {"": said}
    if not any(map(_says_something, alive.values())):
        raise BodyError("the answer says nothing about any node")
    shown = display_names(sorted(alive))
    read = tuple(_Node(each, alive[name], losses).read() for name, each in shown.items())
    return losses.attach_to(Support(read, clustered))


def _alive(said: Mapping[str, Any], losses: Losses) -> dict[str, Mapping[str, Any]]:
    """Return the nodes that say something of themselves."""
    # What stands beside nodes may have a version, too.
    telling = [name for name, value in said.items() if name not in _NO_NODES and _says_something(value)]
    names = NodeNamePattern(telling)
    alive: dict[str, Mapping[str, Any]] = {}
    for name, value in said.items():
        node = as_map(value)
        if node is not None and name in telling and names.matches(name):
            alive[name] = node
        # A dead node's value is an error, and says nothing; health tells that it is dead.
        elif node != {} and "errors" not in (node or {}):
            losses.add(Drop.MALFORMED, printable(name), f"{json_type(value)} in the place of a node")
    return alive


def _says_something(value: object) -> bool:
    return isinstance(value, dict) and not _OF_A_NODE.isdisjoint(value)


def _is_cluster(said: Mapping[str, Any]) -> bool:
    """Tell a map of nodes from the words of one by what most of it looks like."""
    own = len(_OF_A_NODE & said.keys())
    nodes = sum(len(_OF_A_NODE & value.keys()) for value in said.values() if isinstance(value, dict))
    return nodes > own or (not own and bool(said))


class _Node(NamedTuple):
    """One node's words, and where to note those that can't be understood."""

    name: str
    said: Mapping[str, Any]
    losses: Losses

    def read(self) -> SupportNode:
        """Return what the node says; what it does not say, or says badly, is absent."""
        shards, are_all = self._shards()
        return SupportNode(
            node=self.name,
            role=self._text("role"),
            version=self._text("version"),
            db_engine=self._text("db_engine"),
            expires=self._time("expire_timestamp"),
            free_bytes=tuple(
                (volume, free)
                for volume in VOLUMES
                if (free := self._free(f"free_space_{volume}")) is not None
            ),
            shards=shards,
            are_shards_all=are_all,
            socket_connected=self._socket("socket_conn"),
        )

    def _lose(self, drop: Drop, key: str, what: str, count: int = 1) -> None:
        self.losses.add(drop, printable(f"{self.name} {key}".strip()), what, count)

    def _text(self, key: str) -> str:
        said = self.said.get(key)
        if said is not None and not isinstance(said, str):
            self._lose(Drop.MALFORMED, key, f"{json_type(said)} in the place of a text")
        return text_of(said)

    def _time(self, key: str) -> float | None:
        said = self.said.get(key)
        if said is None:
            return None
        try:
            return read_time(said if isinstance(said, str) else "")
        except BodyError:
            self._lose(Drop.MALFORMED, key, "no time")
            return None

    def _free(self, key: str) -> float | None:
        said = self.said.get(key)
        if said is None:
            return None
        number = read_number(said)
        if number is None:
            self._lose(Drop.NOT_A_NUMBER, key, "no number")
            return None
        if number < 0:
            self._lose(Drop.OUT_OF_RANGE, key, "below zero")
            return None
        return number if number < _UNLIMITED else None

    def _socket(self, key: str) -> bool | None:
        word = self._text(key).strip().lower()
        if word and word not in _SOCKETS and word != _UNKNOWN_SOCKET:
            self._lose(Drop.MALFORMED, key, "a word that is not known")
        return _SOCKETS.get(word)

    def _shards(self) -> tuple[tuple[int, ...] | None, bool]:
        """Read [[first, last], ...], and whether that is all; [[-1, -1]] is of a master, who owns none."""
        said = self.said.get("shards")
        if said is None:
            return None, True
        pairs = as_list(said)
        if pairs is None:
            self._lose(Drop.MALFORMED, "shards", f"{json_type(said)} in the place of a list")
            return None, False
        read = [_pair(pair) for pair in pairs]
        unreadable = read.count(None)
        if unreadable:
            self._lose(Drop.MALFORMED, "shards", "not every one is a pair of numbers", unreadable)
        owned = {shard for pair in read if pair is not None for shard in pair}
        return (tuple(sorted(owned)) if owned or not unreadable else None), not unreadable


def _pair(said: object) -> range | None:
    """Read the first and the last shard of a row; None when it is neither that nor the sign for none."""
    ends = [read_number(end) for end in as_list(said) or ()]
    if len(ends) != 2 or not all(end is not None and end == int(end) for end in ends):  # noqa: PLR2004 - a pair
        return None
    first, last = (int(end) for end in ends if end is not None)
    if first == last == -1:
        return range(0)
    return range(first, last + 1) if 0 <= first <= last < MOST_SHARDS else None
