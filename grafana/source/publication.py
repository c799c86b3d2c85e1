"""The dashboards as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.source import client, exporter, fleet, oncall, pager

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"

_BUILDERS = (fleet.build, client.build, oncall.build, pager.build, exporter.build)


def publish() -> Mapping[str, str]:
    """Return the JSON of each dashboard by its file name."""
    boards = (build() for build in _BUILDERS)
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return {
        f"{str(board.uid).removeprefix('waexporter-')}.json": f"{encoder.encode(board)}\n" for board in boards
    }
