"""The API's documents, decoded and checked at the door; inside nobody sees a dict."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.errors import BodyError
from waexporter.model import Drop, Gateway, Health, Status
from waexporter.transport.lenient_json import (
    UNREADABLE,
    Losses,
    NodeNames,
    Read,
    as_list,
    as_map,
    distinct,
    kind,
)
from waexporter.whatsapp.documents.envelope import (
    check,
    join_faults,
    list_faults,
    printable,
    read_document,
    status_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NO_LABELS",
    "Datum",
    "Metric",
    "Statistics",
    "check",
    "read_health",
    "read_labels",
    "read_login",
    "read_statistics",
    "read_time",
    "status_of",
]

_LONGEST_TOKEN = 8192  # letters; a web server refuses longer headers

# --- logins ------------------------------------------------------------------------------------


def read_login(body: bytes) -> tuple[str, float | None]:
    """Read POST /v1/users/login: the token, and when it ends in seconds since the epoch, if that is said.

    Nothing but the token is needed, so nothing else can be wrong.
    """
    for session in _sessions(read_document(body, "users")["users"]):
        token = session.get("token")
        if isinstance(token, str) and _is_header_safe(token):
            return token, _time(session.get("expires_after"))
    raise BodyError("the answer to the login has no token in it")


def _sessions(users: object) -> list[dict[Any, Any]]:
    """List what may be sessions; a map may be the only one itself."""
    listed = as_list(users) or [users]
    return [each for each in listed if isinstance(each, dict)]


def _time(said: object) -> float | None:
    """Read a time, or None where none can be read: a number may count from anywhere, in any unit."""
    with suppress(BodyError):
        return read_time(said) if isinstance(said, str) else None
    return None


def _is_header_safe(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_TOKEN and text.isascii() and text.isprintable()


def read_time(text: str) -> float:
    """Read `2018-03-01 15:29:26+00:00` or ISO's form, UTC if no zone is given; seconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        message = f"{printable(text, 40)!r} is not a time"
        raise BodyError(message) from error


# --- health ------------------------------------------------------------------------------------


_STATUSES = {status.value: status for status in Status if status not in {Status.UNREACHABLE, Status.OTHER}}
_ROLES = frozenset({"primary_master", "secondary_master", "coreapp"})
_UNREACHABLE = 1014
# What may stand beside nodes and is none.
_NO_NODES = frozenset(
    {"gateway_status", "errors", "role", "meta", "version", "api_status", "status", "count"}
)


def read_health(body: bytes) -> Read[Health]:
    """Read GET /v1/health, flat for a single client and per node for a cluster."""
    document = read_document(body, "health")
    said = as_map(document["health"]) or {}
    losses = Losses()
    clustered = _is_cluster(said)
    if clustered:
        names = NodeNames(name for name, value in said.items() if _looks_like_node(value))
        nodes = {name: value for name, value in said.items() if _is_node(name, value, names, losses)}
        shown = distinct(sorted(nodes))
        gateways = tuple(_gateway(each, nodes[name], losses) for name, each in shown.items())
    elif said.get("gateway_status") is not None or list_faults(said.get("errors")):
        gateways = (_gateway("", said, losses),)
    else:
        raise BodyError("the answer names neither a gateway_status nor a node")
    meta = as_map(document.get("meta")) or {}
    return losses.read(
        Health(gateways, clustered, text_of(meta.get("version")), text_of(meta.get("api_status")))
    )


def _is_cluster(said: Mapping[str, Any]) -> bool:
    """Tell a map of nodes from the words of one client by what most of it looks like."""
    nodes = sum(map(_looks_like_node, said.values()))
    return nodes > int(isinstance(said.get("gateway_status"), str))


def _looks_like_node(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return "gateway_status" in value or bool(list_faults(value.get("errors"))) or _role(value) in _ROLES


def _is_node(name: str, value: object, names: NodeNames, losses: Losses) -> bool:
    """Tell a node, be it one that can't be read, from what else stands beside nodes."""
    if _looks_like_node(value) or (names.may_hold(name) and name not in _NO_NODES):
        return True
    losses.add(Drop.MALFORMED, printable(name), f"{kind(value)} beside the nodes")
    return False


def _gateway(node: str, value: object, losses: Losses) -> Gateway:
    said = as_map(value)
    if said is None:
        losses.add(Drop.MALFORMED, node, f"{kind(value)} in the place of a node")
        return Gateway(node, "", Status.OTHER, f"{kind(value)} in the place of a node")
    faults = list_faults(said.get("errors"))
    status, role = said.get("gateway_status"), _role(said)
    if faults and not isinstance(status, str):
        # Of other errors nobody knows whether the node is dead, or too busy to answer.
        is_dead = any(fault.code == _UNREACHABLE for fault in faults)
        return Gateway(node, role, Status.UNREACHABLE if is_dead else Status.OTHER, join_faults(faults))
    if node and not isinstance(said.get("role"), str):
        losses.add(Drop.MALFORMED, f"{node}.role", _instead(said.get("role")))
    if not isinstance(status, str):
        losses.add(Drop.MALFORMED, f"{node}.gateway_status".lstrip("."), _instead(status))
        return Gateway(node, role, Status.OTHER, "no gateway_status given")
    if faults:
        losses.add(Drop.MALFORMED, f"{node}.errors".lstrip("."), f"beside a status: {join_faults(faults)}")
    known = _STATUSES.get(status.strip().lower())
    if known is None:
        return Gateway(node, role, Status.OTHER, text_of(status) or "no gateway_status given")
    return Gateway(node, role, known)


def _role(said: Mapping[str, Any]) -> str:
    role = text_of(said.get("role"))
    return role.strip().lower() if role.strip().lower() in _ROLES else role


def _instead(said: object) -> str:
    return f"{kind(said)} instead of a text"


# --- statistics --------------------------------------------------------------------------------


NO_LABELS = msgspec.Raw(b"{}")


class Datum(msgspec.Struct, gc=False):
    """One sample as the client says it; a histogram's has `bucket`, `sum` and `count` instead of `value`.

    Labels stay JSON: they hardly ever change, and are only read (`read_labels`) when they did.
    """

    labels: msgspec.Raw = NO_LABELS
    value: float | int | str | None = None
    bucket: dict[str, float | int | str | None] | None = None
    sum: float | int | str | None = None
    count: float | int | str | None = None


class Metric(msgspec.Struct):
    """One upstream family."""

    data: list[Datum]
    type: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """GET /v1/stats/app, /v1/stats/db or /v1/metrics, understood."""

    nodes: Mapping[str, Mapping[str, Metric]]  # the only key of a flat answer is ""
    clustered: bool = False
    dropped: tuple[tuple[Drop, int], ...] = ()
    losses: tuple[str, ...] = ()  # the first few of what was dropped, in words


_FLAT = msgspec.json.Decoder(dict[str, Metric])
_LABELS = msgspec.json.Decoder(dict[str, str | int | float | bool | None] | None)
_RAW_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NESTED = msgspec.json.Decoder(dict[str, dict[str, Metric]])
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]\s*")


def read_statistics(body: bytes, *path: str) -> Statistics:
    """Read the statistics under `path`, flat or deeper by node; what is misshapen costs only itself."""
    inner = _descend(body, path)
    if inner is not None:
        with suppress(*UNREADABLE):
            flat = _FLAT.decode(inner)
            # A node is no family, though it may have an entry `data`.
            if all(metric.data or metric.type for metric in flat.values()):
                return Statistics({"": flat})
        with suppress(*UNREADABLE):
            return Statistics(_NESTED.decode(inner), clustered=True)
    return _salvage(_dig(body, path))


def _descend(body: bytes, path: tuple[str, ...]) -> bytes | None:
    """Return the JSON below a path; None where the strict decoder does not come there."""
    inner: bytes | msgspec.Raw = body
    try:
        for key in path:
            inner = _RAW_MAP.decode(bytes(inner))[key]
    except (*UNREADABLE, KeyError):
        return None
    return bytes(inner)


def _dig(body: bytes, path: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the map below a path, however it is written; raises BodyError where there is none."""
    inner: object = read_document(body, path[0])
    for key in path:
        if not isinstance(inner, dict) or key not in inner:
            message = f"the answer has no {key!r} in it"
            raise BodyError(message)
        inner = inner[key]
    found = as_map(inner)
    if found is None:
        message = f"the answer is not the agreed document: {kind(inner)} in the place of {path[-1]!r}"
        raise BodyError(message)
    return found


def _salvage(document: Mapping[str, Any]) -> Statistics:
    """Take what is usable of a document that is partly misshapen: node by node, family by family."""
    losses = Losses()
    clustered = _is_by_node(document)
    nodes: dict[str, dict[str, Metric]] = {} if clustered else {"": _metrics("", document, losses)}
    for name, value in document.items() if clustered else ():
        node = as_map(value)
        if node is None or _is_metric(value):
            what = "a family" if node else kind(value)
            losses.add(Drop.MALFORMED, printable(name), f"{what} in the place of a node")
        elif "errors" not in node or _has_families(node):
            nodes[name] = _metrics(name, node, losses)
    if losses.counts and not any(nodes.values()):
        raise BodyError(f"nothing in the answer can be read: {losses.words[0]}")
    return Statistics(nodes or {"": {}}, clustered, tuple(losses.counts.items()), tuple(losses.words))


def _is_by_node(document: Mapping[str, Any]) -> bool:
    """Tell a map of nodes from a map of families by what most of it looks like."""
    families = sum(map(_is_metric, document.values()))
    nodes = sum(map(_has_families, document.values()))
    silent = [name for name, value in document.items() if as_map(value) == {}]
    if nodes or families:
        # In a cluster most nodes may have nothing to say: of the database only one tells.
        return nodes > 0 and nodes + sum(":" in name for name in silent) > families
    return bool(document) and len(silent) == len(document)


def _has_families(value: object) -> bool:
    """Tell a node's map of families, one of which may be called `data` or `type`, from a family."""
    return isinstance(value, dict) and any(
        isinstance(each, dict) and as_list(each.get("data")) is not None for each in value.values()
    )


def _is_metric(value: object) -> bool:
    if not isinstance(value, dict) or _has_families(value):
        return False
    return "data" in value or isinstance(value.get("type"), str)


def _metrics(node: str, said: Mapping[str, Any], losses: Losses) -> dict[str, Metric]:
    good: dict[str, Metric] = {}
    for name, metric in said.items():
        place = printable(f"{node} {name}".strip())
        data = as_list(metric.get("data")) if isinstance(metric, dict) else None
        if data is None:
            what = "a map without a list of data" if isinstance(metric, dict) else kind(metric)
            losses.add(
                Drop.MALFORMED, place, f"{what} in the place of a family; of how many samples nobody knows"
            )
            continue
        usable = [datum for item in data if (datum := _datum(item, place, losses)) is not None]
        good[name] = Metric(usable, text_of(metric.get("type")), text_of(metric.get("help")))
    return good


def _datum(item: object, place: str, losses: Losses) -> Datum | None:
    """Return a sample with what it says; whether its values are numbers is judged with all the others."""
    said = as_map(item)
    if said is None:
        losses.add(Drop.MALFORMED, place, f"{kind(item)} in the place of a sample")
        return None
    bucket = _buckets(said.get("bucket"))
    if bucket is None and said.get("bucket") is not None:
        losses.add(Drop.MALFORMED, place, f"{kind(said['bucket'])} in the place of buckets")
    return Datum(
        labels=msgspec.Raw(msgspec.json.encode(said.get("labels"))),
        value=_scalar(said.get("value")),
        bucket=None if bucket is None else {edge: _scalar(count) for edge, count in bucket.items()},
        sum=_scalar(said.get("sum")),
        count=_scalar(said.get("count")),
    )


def _buckets(said: object) -> dict[str, Any] | None:
    """Return the buckets of a histogram; PHP writes those up to 0, 1, 2 ... as a list."""
    if isinstance(said, list):
        return {str(place): count for place, count in enumerate(said)}
    return as_map(said)


def _scalar(said: object) -> float | int | str | None:
    return said if isinstance(said, int | float | str) and not isinstance(said, bool) else None


def read_labels(labels: msgspec.Raw) -> dict[str, str] | None:
    """Read the labels of a sample; None when they are no map of single values; each becomes a text.

    An empty map may be written as an empty list, as PHP does.
    """
    try:
        document = _LABELS.decode(labels)
    except UNREADABLE:
        return {} if _EMPTY_LIST.fullmatch(labels) else None
    return {
        key: value if isinstance(value, str) else _as_text(value) for key, value in (document or {}).items()
    }


def _as_text(value: float | None) -> str:
    """Write a label's value as JSON would; an absent one is empty."""
    return "" if value is None else str(value).lower()
