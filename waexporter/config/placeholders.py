"""Placeholders such as `${NAME}`, which other programs replace and this one does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waexporter.config.section import is_plain_word

if TYPE_CHECKING:
    from collections.abc import Iterator

# ${NAME}, ${NAME:-default} and Kubernetes' $(NAME) anywhere in a text; $NAME only in capitals, and only as
# the whole text or a whole part of an address: a password may contain a dollar sign.
_PLACEHOLDER = re.compile(
    r"\$\{[A-Za-z_]\w*(?:[:?+-][^{}]*)?\}|\$\([A-Za-z_]\w*\)|(?<![^/:@,])\$[A-Z_][A-Z0-9_]+(?![^/:@,])"
)


def find_placeholders(document: object) -> Iterator[str]:
    """Yield the key path of each text that contains a placeholder; only once if aliases repeat it."""
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [("", document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            if _PLACEHOLDER.search(value):
                yield path
        elif id(value) not in seen:
            seen.add(id(value))
            waiting.extend(reversed(list(_below(path, value))))


def _below(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield f"{path}[{index}]", each
    elif isinstance(value, dict):
        for key, each in value.items():
            if isinstance(key, str) and is_plain_word(key):  # any other key is refused, and may be a secret
                yield f"{path}.{key}" if path else key, each
