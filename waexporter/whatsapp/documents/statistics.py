"""GET /v1/stats/app, /v1/stats/db and /v1/metrics: the metrics that the client counts itself."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from waexporter.errors import BodyError
from waexporter.model import Drop
from waexporter.transport.lenient_json import DECODE_ERRORS, Losses, as_list, as_map, json_type, printable
from waexporter.whatsapp.documents.envelope import read_document, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_LABELS = msgspec.Raw(b"{}")


class Datum(msgspec.Struct, gc=False):
    """One sample of the client; that of a histogram has `bucket`, `sum` and `count` instead of `value`.

    Labels stay JSON: they hardly ever change, and are read (`read_labels`) only after a change.
    """

    labels: msgspec.Raw = NO_LABELS
    value: float | int | str | None = None
    bucket: dict[str, float | int | str | None] | None = None
    sum: float | int | str | None = None
    count: float | int | str | None = None


class Metric(msgspec.Struct):
    """One metric family of the client."""

    data: list[Datum]
    type: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """A document of GET /v1/stats/app, /v1/stats/db or /v1/metrics."""

    nodes: Mapping[str, Mapping[str, Metric]]  # a flat answer has one key, ""
    clustered: bool = False
    dropped: tuple[tuple[Drop, int], ...] = ()
    losses: tuple[str, ...] = ()  # descriptions of the first dropped parts


_FLAT = msgspec.json.Decoder(dict[str, Metric])
_LABELS = msgspec.json.Decoder(dict[str, str | int | float | bool | None] | None)
_RAW_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NESTED = msgspec.json.Decoder(dict[str, dict[str, Metric]])
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]\s*")


def read_statistics(body: bytes, *path: str) -> Statistics:
    """Read the statistics under `path`, flat or by node; a malformed part is left out alone."""
    inner = _find_json(body, path)
    if inner is not None:
        with suppress(*DECODE_ERRORS):
            flat = _FLAT.decode(inner)
            # A node is no family, though it may have an entry `data`.
            if all(metric.data or metric.type for metric in flat.values()):
                return Statistics({"": flat})
        with suppress(*DECODE_ERRORS):
            return Statistics(_NESTED.decode(inner), clustered=True)
    return _salvage(_find_map(body, path))


def _find_json(body: bytes, path: tuple[str, ...]) -> bytes | None:
    """Return the JSON at a path; None where the strict decoder can't reach it."""
    inner: bytes | msgspec.Raw = body
    try:
        for key in path:
            inner = _RAW_MAP.decode(bytes(inner))[key]
    except (*DECODE_ERRORS, KeyError):
        return None
    return bytes(inner)


def _find_map(body: bytes, path: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the map at a path, read leniently; raise BodyError where there is none."""
    inner: object = read_document(body, path[0])
    for key in path:
        if not isinstance(inner, dict) or key not in inner:
            message = f"the answer has no {key!r} in it"
            raise BodyError(message)
        inner = inner[key]
    found = as_map(inner)
    if found is None:
        message = f"the answer is not the agreed document: {json_type(inner)} in the place of {path[-1]!r}"
        raise BodyError(message)
    return found


def _salvage(document: Mapping[str, Any]) -> Statistics:
    """Read a partly malformed document: node by node, family by family."""
    losses = Losses()
    clustered = _is_by_node(document)
    nodes: dict[str, dict[str, Metric]] = {} if clustered else {"": _metrics("", document, losses)}
    for name, value in document.items() if clustered else ():
        node = as_map(value)
        if node is None or _is_metric(value):
            what = "a family" if node else json_type(value)
            losses.add(Drop.MALFORMED, printable(name), f"{what} in the place of a node")
        elif "errors" not in node or _has_families(node):
            nodes[name] = _metrics(name, node, losses)
    if losses.counts and not any(nodes.values()):
        raise BodyError(f"nothing in the answer can be read: {losses.words[0]}")
    return Statistics(nodes or {"": {}}, clustered, tuple(losses.counts.items()), tuple(losses.words))


def _is_by_node(document: Mapping[str, Any]) -> bool:
    """Return whether most of a map looks like nodes, not like families."""
    families = sum(map(_is_metric, document.values()))
    nodes = sum(map(_has_families, document.values()))
    silent = [name for name, value in document.items() if as_map(value) == {}]
    if nodes or families:
        # Most nodes of a cluster may have no metrics: those of the database come from one node.
        return nodes > 0 and nodes + sum(":" in name for name in silent) > families
    return bool(document) and len(silent) == len(document)


def _has_families(value: object) -> bool:
    """Return whether a value is a node's map of families; one of them may be called `data` or `type`."""
    return isinstance(value, dict) and any(
        isinstance(each, dict) and as_list(each.get("data")) is not None for each in value.values()
    )


def _is_metric(value: object) -> bool:
    if not isinstance(value, dict) or _has_families(value):
        return False
    return "data" in value or isinstance(value.get("type"), str)


def _metrics(node: str, families: Mapping[str, Any], losses: Losses) -> dict[str, Metric]:
    good: dict[str, Metric] = {}
    for name, metric in families.items():
        place = printable(f"{node} {name}".strip())
        data = as_list(metric.get("data")) if isinstance(metric, dict) else None
        if data is None:
            what = "a map without a list of data" if isinstance(metric, dict) else json_type(metric)
            losses.add(
                Drop.MALFORMED, place, f"{what} in the place of a family; of how many samples nobody knows"
            )
            continue
        usable = [datum for item in data if (datum := _datum(item, place, losses)) is not None]
        good[name] = Metric(usable, text_of(metric.get("type")), text_of(metric.get("help")))
    return good


def _datum(item: object, place: str, losses: Losses) -> Datum | None:
    """Return a sample; whether its values are numbers is checked later, as for every sample."""
    fields = as_map(item)
    if fields is None:
        losses.add(Drop.MALFORMED, place, f"{json_type(item)} in the place of a sample")
        return None
    bucket = _buckets(fields.get("bucket"))
    if bucket is None and fields.get("bucket") is not None:
        losses.add(Drop.MALFORMED, place, f"{json_type(fields['bucket'])} in the place of buckets")
    return Datum(
        labels=msgspec.Raw(msgspec.json.encode(fields.get("labels"))),
        value=_scalar(fields.get("value")),
        bucket=None if bucket is None else {edge: _scalar(count) for edge, count in bucket.items()},
        sum=_scalar(fields.get("sum")),
        count=_scalar(fields.get("count")),
    )


def _buckets(value: object) -> dict[str, Any] | None:
    """Return the buckets of a histogram; PHP writes buckets with the bounds 0, 1, 2 ... as a list."""
    if isinstance(value, list):
        return {str(place): count for place, count in enumerate(value)}
    return as_map(value)


def _scalar(value: object) -> float | int | str | None:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def read_labels(labels: msgspec.Raw) -> dict[str, str] | None:
    """Read the labels of a sample as texts; None when they are no map of single values.

    PHP writes an empty map as an empty list.
    """
    try:
        document = _LABELS.decode(labels)
    except DECODE_ERRORS:
        return {} if _EMPTY_LIST.fullmatch(labels) else None
    return {
        key: value if isinstance(value, str) else _as_text(value) for key, value in (document or {}).items()
    }


def _as_text(value: float | None) -> str:
    """Return a label's value as in JSON; empty for null."""
    return "" if value is None else str(value).lower()
