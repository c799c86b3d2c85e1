"""The API's documents, decoded and checked at the door; inside nobody sees a dict."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.errors import BodyError
from waexporter.model import Drop, Gateway, Health, Status
from waexporter.whatsapp.envelope import check, decode, join_faults, list_faults, printable, text_of
from waexporter.whatsapp.liberal import UNREADABLE

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
]

_LONGEST_TOKEN = 8192  # letters; a web server refuses longer headers

# --- logins ------------------------------------------------------------------------------------


class _Session(msgspec.Struct):
    token: str
    expires_after: str


class _Login(msgspec.Struct):
    users: list[_Session]


_LOGIN = msgspec.json.Decoder(_Login)


def read_login(body: bytes) -> tuple[str, float]:
    """Read POST /v1/users/login: the token, and when it ends in seconds since the epoch."""
    document = decode(body, _LOGIN)
    if not document.users or not _is_header_safe(document.users[0].token):
        message = "the answer to the login has no token in it"
        raise BodyError(message)
    session = document.users[0]
    return session.token, read_time(session.expires_after)


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


class _HealthDocument(msgspec.Struct):
    health: dict[str, Any]
    meta: object = None


_HEALTH_DOCUMENT = msgspec.json.Decoder(_HealthDocument)


_STATUSES = {status.value: status for status in Status if status is not Status.UNREACHABLE}


def read_health(body: bytes) -> Health:
    """Read GET /v1/health, flat for a single client and per node for a cluster."""
    document = decode(body, _HEALTH_DOCUMENT)
    nodes = document.health
    meta = document.meta if isinstance(document.meta, dict) else {}
    clustered = not isinstance(nodes.get("gateway_status"), str) and "errors" not in nodes
    if not nodes or (clustered and not any(isinstance(value, dict) for value in nodes.values())):
        message = "the answer names neither a gateway_status nor a node"
        raise BodyError(message)
    if clustered:
        # By the name that is shown, so that no two nodes share one.
        named = {printable(name): value for name, value in nodes.items()}
        gateways = tuple(_gateway(name, value) for name, value in sorted(named.items(), key=itemgetter(0)))
    else:
        gateways = (_gateway("", {key: nodes.get(key) for key in ("gateway_status", "errors")}),)
    return Health(gateways, clustered, text_of(meta.get("version")), text_of(meta.get("api_status")))


def _gateway(node: str, value: object) -> Gateway:
    said = value if isinstance(value, dict) else {}
    role = text_of(said.get("role"))
    status = said.get("gateway_status")
    faults = list_faults(said.get("errors"))
    if faults and not isinstance(status, str):
        return Gateway(node, role, Status.UNREACHABLE, join_faults(faults))
    known = _STATUSES.get(status) if isinstance(status, str) else None
    if known is None:
        return Gateway(node, role, Status.OTHER, text_of(status) or "no gateway_status given")
    return Gateway(node, role, known)


# --- statistics --------------------------------------------------------------------------------


NO_LABELS = msgspec.Raw(b"{}")


class Datum(msgspec.Struct, gc=False):
    """One sample as the client says it; a histogram's has `bucket`, `sum` and `count` instead of `value`.

    Labels stay JSON: they hardly ever change, and are only read (`read_labels`) when they did.
    """

    labels: msgspec.Raw = NO_LABELS
    value: float | int | str | None = None
    bucket: dict[str, float | int | str] | None = None
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


_DATUM = msgspec.json.Decoder(Datum)
_FLAT = msgspec.json.Decoder(dict[str, Metric])
_LABELS = msgspec.json.Decoder(dict[str, str | int | float | bool | None] | None)
_MAP: msgspec.json.Decoder[Mapping[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_RAW_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NESTED = msgspec.json.Decoder(dict[str, dict[str, Metric]])


def read_statistics(body: bytes, *path: str) -> Statistics:
    """Read the statistics under `path`, flat or deeper by node; what is misshapen is only counted."""
    inner = _descend(body, path)
    with suppress(*UNREADABLE):
        return Statistics({"": _FLAT.decode(inner)})
    with suppress(*UNREADABLE):
        return Statistics(_NESTED.decode(inner), clustered=True)
    return _salvage(decode(inner, _MAP))


def _descend(body: bytes, path: tuple[str, ...]) -> bytes:
    inner: bytes | msgspec.Raw = body
    for key in path:
        document = decode(bytes(inner), _RAW_MAP)
        if key not in document:
            message = f"the answer has no {key!r} in it"
            raise BodyError(message)
        inner = document[key]
    return bytes(inner)


def _salvage(document: Mapping[str, Any]) -> Statistics:
    """Take what is usable of a document that is partly misshapen, family by family and sample by sample."""
    dropped: Counter[Drop] = Counter()
    nodes: dict[str, dict[str, Metric]] = {}
    clustered = any(_is_node(value) for value in document.values())
    for key, value in document.items():
        if _is_node(value):
            nodes[key] = _salvage_metrics(value, dropped)
        elif not clustered:
            nodes.setdefault("", {}).update(_salvage_metrics({key: value}, dropped))
        elif not (isinstance(value, dict) and "errors" in value):
            dropped[Drop.MALFORMED] += 1
    return Statistics(nodes or {"": {}}, clustered, tuple(dropped.items()))


def _is_node(value: object) -> bool:
    """Tell a node's map of metrics from a metric, which has a list of data."""
    if not isinstance(value, dict) or "data" in value or "errors" in value:
        return False
    return all(isinstance(item, dict) for item in value.values())


def _salvage_metrics(metrics: Mapping[str, Any], dropped: Counter[Drop]) -> dict[str, Metric]:
    good: dict[str, Metric] = {}
    for name, said in metrics.items():
        data = said.get("data") if isinstance(said, dict) else None
        if not isinstance(data, list):
            dropped[Drop.MALFORMED] += 1
            continue
        usable = [datum for item in data if (datum := _salvage_datum(item, dropped)) is not None]
        good[name] = Metric(usable, text_of(said.get("type")), text_of(said.get("help")))
    return good


def _salvage_datum(item: object, dropped: Counter[Drop]) -> Datum | None:
    if not isinstance(item, dict):
        dropped[Drop.MALFORMED] += 1
        return None
    try:
        return _DATUM.decode(msgspec.json.encode(item))
    except msgspec.ValidationError:
        dropped[Drop.NOT_A_NUMBER] += 1
        return None


def read_labels(labels: msgspec.Raw) -> dict[str, str] | None:
    """Read the labels of a sample; None when they are no map of single values; each becomes a text."""
    try:
        document = _LABELS.decode(labels)
    except UNREADABLE:
        return None
    return {
        key: value if isinstance(value, str) else _as_text(value) for key, value in (document or {}).items()
    }


def _as_text(value: float | None) -> str:
    """Write a label's value as JSON would; an absent one is empty."""
    return "" if value is None else str(value).lower()
