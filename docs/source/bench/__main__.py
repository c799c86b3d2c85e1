"""`make bench`: print every figure beside its baseline."""

from __future__ import annotations

import os
import platform
import sys
from functools import partial
from typing import TYPE_CHECKING

from docs.source.bench import crowds, network, paging, shards, speed

if TYPE_CHECKING:
    from collections.abc import Callable

# The fleet that several daemons share: for a try, and for a machine that is busy with others.
_SMALL, _RARE = "--small", "--rare"

_SECTIONS: tuple[tuple[str, Callable[[], list[str]]], ...] = (
    ("A page", speed.page_figures),
    ("All in", speed.all_in_figures),
    ("Waiting for the interpreter", speed.wait_figures),
    ("A poll", network.poll_figures),
    ("A sidecar", network.sidecar_figures),
    ("A fleet", network.fleet_figures),
    (
        "Shards",
        partial(shards.shard_figures, is_small=_SMALL in sys.argv, rarity=4 if _RARE in sys.argv else 1),
    ),
    ("Crowds", crowds.crowd_figures),
    ("Webhooks", paging.webhook_figures),
    ("From a fault to a page", paging.alertmanager_figures),
    ("Around WhatsApp", paging.fallback_figures),
)


def main() -> None:
    """Print all sections, or those whose names begin with an argument."""
    wanted = [argument.lower() for argument in sys.argv[1:] if argument not in {_SMALL, _RARE}]
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}", flush=True
    )
    for name, figures in _SECTIONS:
        if not wanted or any(name.lower().startswith(word) for word in wanted):
            print(f"\n{name}", *figures(), sep="\n  ", flush=True)


if __name__ == "__main__":
    main()
