"""Answers of clients for tests: what a single client, an HA and a multiconnect cluster say of themselves."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waexporter.metrics.layout import LayoutContext
from waexporter.metrics.on_premises.upstream_catalogue import CATALOGUE
from waexporter.metrics.page import compose
from waexporter.metrics.translation import Translator
from waexporter.model import Endpoint, Limits
from waexporter.polling.on_premises import COLLECTORS
from waexporter.polling.on_premises.collectors import STATISTICS_KEYS
from waexporter.whatsapp.documents.statistics import read_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Failure, Success

Document = dict[str, Any]

TARGET = (("target", "support-line"),)


def gauge(*data: object, words: str = "Something") -> Document:
    """Return a gauge of these samples."""
    return {"type": "gauge", "help": words, "data": [*data]}


def counter(*data: object, words: str = "Total of something") -> Document:
    """Return a counter of these samples."""
    return {"type": "counter", "help": words, "data": [*data]}


def histogram(bucket: Mapping[str, object], total: object, count: object, **labels: str) -> Document:
    """Return a histogram of one label set."""
    data = [{"labels": labels, "bucket": bucket, "sum": total, "count": count}]
    return {"type": "histogram", "help": "Spread of something", "data": data}


def sample(value: object, **labels: object) -> Document:
    """Return one sample; without labels it has no `labels` at all, as upstream."""
    return {"value": value, "labels": labels} if labels else {"value": value}


def pair(stem: str, *rows: tuple[int, float, dict[str, str]]) -> Document:
    """Return the counters that form a summary; each row is count, sum, labels."""
    return {
        f"{stem}_count": counter(*[sample(count, **labels) for count, _, labels in rows]),
        f"{stem}_sum": counter(*[sample(total, **labels) for _, total, labels in rows]),
    }


def app(scale: int = 1) -> Document:
    """Return the application statistics of one coreapp."""
    return {
        "callback_queue_size": gauge(sample(450 * scale), words="Current callback queue size"),
        **pair(
            "callback_requests_duration_ms",
            (4353 * scale, 261180, {"result": "success", "type": "inbound_message"}),
            (5 * scale, 940, {"result": "301", "type": "inbound_message"}),
        ),
        **pair("db_request_duration_us", (81234, 9140201, {"db": "messageStore", "operation": "select"})),
        "endpoint_requests": counter(
            sample(10412 * scale, method="messages", result="ok"),
            sample(7, method="messages", result="1016"),
            words="Total number of endpoint requests made for a given endpoint and result",
        ),
        "pending_messages": gauge(sample("12")),
        "new_in_a_later_version": {"type": "mystery", "help": "", "data": [sample(1.5, app="core1")]},
        "out_message_latency_ms": histogram({"100": 3, "2500": 7, "+Inf": 8}, 9900, 8, type="text"),
    }


def db() -> Document:
    """Return the database statistics of the node that has them."""
    return {
        "db_contacts": gauge(sample(2, type="non_whatsapp_user"), sample(5, type="whatsapp_user")),
        "db_message_receipts": gauge(sample(6)),
        "db_messages": gauge(sample(2, type="undefined"), sample(1)),
    }


def web(node: str = "06475793be9d", scale: int = 1) -> Document:
    """Return the statistics of one webapp."""
    return {
        "web_uptime": gauge(
            sample(348842, node=node), words="Number of seconds since web server has started"
        ),
        "web_connections": counter(sample(23781 * scale, node=node)),
        "web_out_kbytes": counter(sample(20 * scale, node=node), words="Total outgoing traffic in kbytes"),
        "web_requests": gauge(sample(3, node=node, state="waiting"), sample(1, node=node, state="writing")),
        **pair(
            "api_requests_coreapp_duration_ms",
            (40, 2000, {"node": node, "app": "core1:6252", "result": "ok", "method": "GET_v1_health"}),
        ),
    }


HA_APP = {"core1:8f2c": app(), "core2:1d7a": app(2)}
MULTICONNECT_APP = {"core1:8f2c": app(), "core2:1d7a": app(2), "core3:aa10": app(3)}
HA_DB: Document = {"core1:8f2c": {}, "core2:1d7a": {}, "master1:77aa": db(), "master2:0b3e": {}}
MULTICONNECT_DB: Document = {"core1:8f2c": {}, "core2:1d7a": {}, "core3:aa10": {}, "master1:77aa": db()}

# What `golden/` holds the pages of; /v1/metrics is flat in every topology.
GOLDEN = Path(__file__).with_name("golden")
SHAPES: dict[str, tuple[Endpoint, Document]] = {
    "app-single": (Endpoint.APP, app()),
    "app-ha": (Endpoint.APP, HA_APP),
    "app-multiconnect": (Endpoint.APP, MULTICONNECT_APP),
    "db-single": (Endpoint.DB, db()),
    "db-ha": (Endpoint.DB, HA_DB),
    "db-multiconnect": (Endpoint.DB, MULTICONNECT_DB),
    "web-single": (Endpoint.WEB, web()),
    "web-ha": (Endpoint.WEB, web("0a11")),
    "web-multiconnect": (Endpoint.WEB, web("0b22", 2)),
}


def body(endpoint: Endpoint, metrics: object) -> bytes:
    """Return the body of an answer."""
    document = metrics
    for key in reversed(STATISTICS_KEYS[endpoint]):
        document = {key: document}
    return json.dumps(document).encode()


def translator(
    endpoint: Endpoint = Endpoint.APP,
    limits: Limits | None = None,
    common: tuple[tuple[str, str], ...] = TARGET,
) -> Translator:
    """Return a translator of one endpoint of one target."""
    row = COLLECTORS[endpoint]
    documented = CATALOGUE[endpoint]
    return Translator(LayoutContext(row.path, common, documented, limits or Limits(), row.has_replicas))


_kept = cache(translator)


def translate(
    metrics: object,
    endpoint: Endpoint = Endpoint.APP,
    limits: Limits | None = None,
    common: tuple[tuple[str, str], ...] = TARGET,
) -> Success:
    """Translate an answer as a poll does; a client keeps its translator from poll to poll."""
    statistics = read_statistics(body(endpoint, metrics), *STATISTICS_KEYS[endpoint])
    return _kept(endpoint, limits, common).translate(statistics)


def lines(outcome: Success | Failure) -> list[str]:
    """Return the sample lines that a poll adds to the page."""
    return [
        line
        for part in outcome.parts
        for fragment in part.fragments
        for line in fragment.lines.decode().splitlines()
    ]


def text(success: Success, *, openmetrics: bool = False) -> str:
    """Return an answer as a page of its own."""
    fragments = [fragment for part in success.parts for fragment in part.fragments]
    page = b"".join(compose(fragments, openmetrics=openmetrics).chunks)
    return page.decode() + ("# EOF\n" if openmetrics else "")


def pages() -> dict[str, str]:
    """Return the page of every shape in both formats, by the name of its file in GOLDEN."""
    rendered = {}
    for name, (endpoint, document) in SHAPES.items():
        success = translate(document, endpoint)
        rendered[f"{name}.prom"] = text(success)
        rendered[f"{name}.openmetrics"] = text(success, openmetrics=True)
    return rendered
