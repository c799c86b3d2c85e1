"""An error with all errors that it wraps."""

from __future__ import annotations

from typing import Final

_MAX_CHAIN: Final = 20  # errors; wrappings may be circular


def list_chain(error: BaseException) -> list[BaseException]:
    """Return an error and all errors that it wraps, outermost first."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < _MAX_CHAIN:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            waiting += [*item.args, getattr(item, "reason", None), item.__cause__, item.__context__]
    return found
