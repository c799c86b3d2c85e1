"""GET /sd: service discovery for `http_sd_configs` of Prometheus, with one scrape per target."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waexporter.config.values.quantities import format_listen
from waexporter.web.formatting import public_url
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response

if TYPE_CHECKING:
    from waexporter.web.backend import Backend, TargetStatus

# A valid Host header; any other value is not repeated in a response.
_HOST = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SHARD = re.compile(r"([0-9]{1,4})/([0-9]{1,4})")
_ILLEGAL_IN_LABEL = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` equal parts of the targets."""

    index: int = 0
    count: int = 1

    def contains(self, name: str) -> bool:
        """Return whether a target belongs to this part; equal in all processes."""
        return zlib.crc32(name.encode(errors="replace")) % self.count == self.index


def discover_targets(request: IncomingRequest, backend: Backend) -> Response:
    """Return one entry per target, or per target of `?shard=i/n`."""
    shard = read_shard(request.values("shard"))
    if shard is None:
        return error_response(
            request, 400, "The parameter shard must be given once as i/n with 0 <= i < n, like 0/3."
        )
    address = read_address(request)
    return json_response(
        [_target_entry(each, address) for each in backend.targets() if shard.contains(each.name)]
    )


def read_shard(values: tuple[str, ...]) -> Shard | None:
    """Return the shard `i/n`: the only one without a value, None for an invalid value."""
    if not values:
        return Shard()
    match = _SHARD.fullmatch(values[0])
    if match is None or len(values) > 1:
        return None
    shard = Shard(int(match[1]), int(match[2]))
    return shard if shard.index < shard.count else None


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
