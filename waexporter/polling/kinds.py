"""The tables of each kind of client; nothing else asks which kind a target is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.model import ClientKind
from waexporter.polling.on_premises import ON_PREMISES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.polling.tables import KindTables

TABLES: Final[Mapping[ClientKind, KindTables]] = {ClientKind.ON_PREMISES: ON_PREMISES}
