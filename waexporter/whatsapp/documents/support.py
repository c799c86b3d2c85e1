"""GET /v1/support: the build, the disks and the shards of each node; environment variables are not read."""

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
MAX_SHARDS = 32
_UNLIMITED = 2**62  # bytes; the client reports about 2**63 for a volume without a limit
# The fields of a node. A single client has them in the place where a cluster has the names of its nodes.
_NODE_KEYS = frozenset(
    {"version", "expire_timestamp", "db_engine", "role", "shards", "socket_conn", "env"}
) | {f"free_space_{volume}" for volume in VOLUMES}
_NO_NODE_KEYS = frozenset({"meta"})
_SOCKETS = {"up": True, "up receiving offline": True, "sc": False, "dn": False}
_UNKNOWN_SOCKET = "unk"  # the client itself does not know


def read_support(body: bytes) -> Parsed[Support]:
    """Read the document: flat for a single client, by node for a cluster."""
    support = as_map(read_document(body, "support")["support"]) or {}
    losses = Losses()
    clustered = _is_cluster(support)
    nodes = _reporting_nodes(support, losses) if clustered else {"": support}
    if not any(map(_has_fields, nodes.values())):
        raise BodyError("the answer says nothing about any node")
    shown = display_names(sorted(nodes))
    read = tuple(_Node(each, nodes[name], losses).read() for name, each in shown.items())
    return losses.attach_to(Support(read, clustered))


def _reporting_nodes(support: Mapping[str, Any], losses: Losses) -> dict[str, Mapping[str, Any]]:
    """Return the nodes that report about themselves."""
    # Entries next to nodes may have a version, too.
    reporting = [name for name, value in support.items() if name not in _NO_NODE_KEYS and _has_fields(value)]
    names = NodeNamePattern(reporting)
    nodes: dict[str, Mapping[str, Any]] = {}
    for name, value in support.items():
        node = as_map(value)
        if node is not None and name in reporting and names.matches(name):
            nodes[name] = node
        # A dead node's value is an error; /v1/health reports that it is dead.
        elif node != {} and "errors" not in (node or {}):
            losses.add(Drop.MALFORMED, printable(name), f"{json_type(value)} in the place of a node")
    return nodes


def _has_fields(value: object) -> bool:
    return isinstance(value, dict) and not _NODE_KEYS.isdisjoint(value)


def _is_cluster(support: Mapping[str, Any]) -> bool:
    """Return whether most entries look like nodes, and not like the fields of one node."""
    own = len(_NODE_KEYS & support.keys())
    nodes = sum(len(_NODE_KEYS & value.keys()) for value in support.values() if isinstance(value, dict))
    return nodes > own or (not own and bool(support))


class _Node(NamedTuple):
    """The reader of one node's fields; it records those that can't be read."""

    name: str
    fields: Mapping[str, Any]
    losses: Losses

    def read(self) -> SupportNode:
        """Return what the node reports; a field that is missing or can't be read is absent."""
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
        value = self.fields.get(key)
        if value is not None and not isinstance(value, str):
            self._lose(Drop.MALFORMED, key, f"{json_type(value)} in the place of a text")
        return text_of(value)

    def _time(self, key: str) -> float | None:
        value = self.fields.get(key)
        if value is None:
            return None
        try:
            return read_time(value if isinstance(value, str) else "")
        except BodyError:
            self._lose(Drop.MALFORMED, key, "no time")
            return None

    def _free(self, key: str) -> float | None:
        value = self.fields.get(key)
        if value is None:
            return None
        number = read_number(value)
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
        """Return the shards in [[first, last], ...], and whether all pairs could be read.

        A master has no shards: [[-1, -1]].
        """
        value = self.fields.get("shards")
        if value is None:
            return None, True
        pairs = as_list(value)
        if pairs is None:
            self._lose(Drop.MALFORMED, "shards", f"{json_type(value)} in the place of a list")
            return None, False
        read = [_pair(pair) for pair in pairs]
        unreadable = read.count(None)
        if unreadable:
            self._lose(Drop.MALFORMED, "shards", "not every one is a pair of numbers", unreadable)
        owned = {shard for pair in read if pair is not None for shard in pair}
        return (tuple(sorted(owned)) if owned or not unreadable else None), not unreadable


def _pair(value: object) -> range | None:
    """Read a pair of the first and the last shard, or [-1, -1] for none; return None for anything else."""
    ends = [read_number(end) for end in as_list(value) or ()]
    if len(ends) != 2 or not all(end is not None and end == int(end) for end in ends):  # noqa: PLR2004 - a pair
        return None
    first, last = (int(end) for end in ends if end is not None)
    if first == last == -1:
        return range(0)
    return range(first, last + 1) if 0 <= first <= last < MAX_SHARDS else None
