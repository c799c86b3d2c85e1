"""GET /sd: service discovery for `http_sd_configs` of Prometheus, with one scrape per target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waexporter.config.values.quantities import format_listen
from waexporter.model.rendezvous import is_in_shard
from waexporter.model.shard import Shard, parse_shard
from waexporter.web.formatting import public_url
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response

if TYPE_CHECKING:
    from waexporter.web.backend import Backend, TargetStatus

# A valid Host header; any other value is not repeated in a response.
_HOST = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ILLEGAL_IN_LABEL = re.compile(r"[^A-Za-z0-9_]")


def discover_targets(request: IncomingRequest, backend: Backend) -> Response:
    """Return one entry per target, or per target of `?shard=i/n`."""
    try:
        shard = read_shard(request.values("shard"))
    except ValueError as error:
        return error_response(request, 400, f"The parameter shard {error}.")
    address = read_address(request)
    return json_response(
        [_target_entry(each, address) for each in backend.targets() if is_in_shard(shard, each.name)]
    )


def read_shard(values: tuple[str, ...]) -> Shard:
    """Return the shard `i/n`, the only one without a value; raise ValueError."""
    if len(values) > 1:
        raise ValueError("must be given once")
    return parse_shard(values[0]) if values else Shard()


def read_address(request: IncomingRequest) -> str:
    """Return this exporter's address from the Host header, or else that of the socket."""
    host = request.header("host")
    if _HOST.fullmatch(host):
        return host
    return "localhost" if request.address is None else format_listen(*request.address)


def _target_entry(target: TargetStatus, address: str) -> dict[str, object]:
    """Return the entry of one target.

    All entries have the same address, so the same `instance`: the label `target_name` distinguishes their
    `up` series (not `target`, which the samples have already).
    """
    labels = {
        "__metrics_path__": "/metrics",
        "__param_target": target.name,
        "__meta_waexporter_target": target.name,
        "__meta_waexporter_url": public_url(target.url),
        "target_name": target.name,
    }
    for name, value in target.labels:
        labels[f"__meta_waexporter_label_{_ILLEGAL_IN_LABEL.sub('_', name)}"] = value
    return {"targets": [address], "labels": labels}
