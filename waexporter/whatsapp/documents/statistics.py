"""GET /v1/stats/app, /v1/stats/db and /v1/metrics: the client's own metrics."""

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
    """One sample of the client; in a histogram it has `bucket`, `sum` and `count` instead of `value`.

    Labels are kept as JSON, since they seldom change: `read_labels` parses them after a change only.
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
    """The metric families in one document, by node."""

    nodes: Mapping[str, Mapping[str, Metric]]  # node -> name -> metric; a flat answer has one node, ""
    clustered: bool = False
    dropped: tuple[tuple[Drop, int], ...] = ()
    losses: tuple[str, ...] = ()  # descriptions of the first dropped parts


_FLAT = msgspec.json.Decoder(dict[str, Metric])
_LABELS = msgspec.json.Decoder(dict[str, str | int | float | bool | None] | None)
_RAW_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NESTED = msgspec.json.Decoder(dict[str, dict[str, Metric]])
_EMPTY_LIST = re.compile(rb"\s*\[\s*\]\s*")


def read_statistics(body: bytes, *path: str) -> Statistics:
    """Read the statistics under the keys `path`, flat or by node; leave out only the malformed parts."""
    inner = _find_json(body, path)
    if inner is not None:
        with suppress(*DECODE_ERRORS):
            flat = _FLAT.decode(inner)
            # The values may be nodes, which are no families even if they have an entry `data`.
            if all(metric.data or metric.type for metric in flat.values()):
                return Statistics({"": flat})
        with suppress(*DECODE_ERRORS):
            return Statistics(_NESTED.decode(inner), clustered=True)
    return _salvage(_find_map(body, path))


def _find_json(body: bytes, path: tuple[str, ...]) -> bytes | None:
    """Return the JSON at a path; None if the strict decoder can't find it."""
    inner: bytes | msgspec.Raw = body
    try:
        for key in path:
            inner = _RAW_MAP.decode(bytes(inner))[key]
    except (*DECODE_ERRORS, KeyError):
        return None
    return bytes(inner)


def _find_map(body: bytes, path: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the map at a path, parsed leniently; raise BodyError if there is none."""
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
    """Return whether most values look like nodes, and not like families."""
    families = sum(map(_is_metric, document.values()))
    nodes = sum(map(_has_families, document.values()))
    silent = [name for name, value in document.items() if as_map(value) == {}]
    if nodes or families:
        # Most nodes of a cluster may have no metrics, since only one node has those of the database.
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
    """Return a sample; its values are checked later, like those of every sample."""
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
    """Return the buckets of a histogram; PHP writes a list if their bounds are 0, 1, 2 ..."""
    if isinstance(value, list):
        return {str(place): count for place, count in enumerate(value)}
    return as_map(value)


def _scalar(value: object) -> float | int | str | None:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else None


def read_labels(labels: msgspec.Raw) -> dict[str, str] | None:
    """Read the labels of a sample as strings; None if they are not a map of scalars.

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
    """Return a label's value as JSON writes it; empty for null."""
    return "" if value is None else str(value).lower()
