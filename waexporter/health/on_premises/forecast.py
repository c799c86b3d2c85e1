"""Problems that are known before they do harm: from support, certificates and the on-call group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Problem
from waexporter.timefmt import format_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.health.on_premises.facts import Facts
    from waexporter.model import Support

EXPIRING = 7 * 86400.0  # seconds before an expiry from which on it is a problem
DISK_LOW = 1 << 30  # bytes; below it a client's database soon stops


def upcoming_problems(facts: Facts, now: float) -> Iterator[Problem]:
    """Yield the problems with expiry times, free space, versions and the on-call group."""
    if facts.support is not None:
        yield from _of_support(facts.support, now)
    for name, end in facts.certificates.not_after if facts.certificates else ():
        yield from _ending("certificate", f"the {_CERTIFICATES.get(name, name)} certificate", end, now)
    if facts.group is not None and facts.group.is_reachable is False:
        words = "has nobody in it but the business" if facts.group.exists else "does not exist"
        yield Problem("on_call_group_unreachable", f"the on-call group {words}: nobody reads a page")


_CERTIFICATES = {"served": "webapp's", "external_ca": "external CA's", "webhook_ca": "webhook CA's"}


def _of_support(support: Support, now: float) -> Iterator[Problem]:
    for node in support.nodes:
        who = f"the build of {node.node}" if node.node else "the client's build"
        if node.expires is not None:
            yield from _ending("build", who, node.expires, now, node.node)
        for volume, free in node.free_bytes:
            if free < DISK_LOW:
                where = f" on {node.node}" if node.node else ""
                words = f"{free / (1 << 20):.0f} MiB are left for {volume.replace('_', ' ')}{where}"
                yield Problem("disk_low", words, node.node)
    versions = sorted({node.version for node in support.nodes if node.version})
    if len(versions) > 1:
        yield Problem("version_skew", f"the nodes run different versions: {', '.join(versions[:4])}")


def _ending(kind: str, what: str, end: float, now: float, node: str = "") -> Iterator[Problem]:
    if now >= end:
        yield Problem(f"{kind}_expired", f"{what} has expired on {format_day(end)}", node)
    elif end - now <= EXPIRING:
        yield Problem(f"{kind}_expiring", f"{what} expires on {format_day(end)}", node)


def expiry_times(facts: Facts) -> Iterator[float]:
    """Yield the times (wall clock) at which the upcoming problems change."""
    ends = [node.expires for node in facts.support.nodes if node.expires is not None] if facts.support else []
    ends += [end for _, end in facts.certificates.not_after] if facts.certificates else []
    for end in ends:
        yield from (end - EXPIRING, end)
