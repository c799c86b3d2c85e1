"""The tables and the class of each kind of client; no other module depends on a target's kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.model import ClientKind
from waexporter.polling.on_premises import ON_PREMISES
from waexporter.whatsapp.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.polling.tables import KindTables

TABLES: Final[Mapping[ClientKind, KindTables]] = {ClientKind.ON_PREMISES: ON_PREMISES}
CLIENTS: Final[Mapping[ClientKind, Callable[..., Client]]] = {ClientKind.ON_PREMISES: Client}
