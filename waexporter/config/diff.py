"""The difference of two configurations, for a running daemon that reloads; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.config.keys import Block
    from waexporter.model import Config

_RESTART = "needs a restart"


@dataclass(frozen=True, slots=True)
class ConfigDiff:
    """The targets, by name, and the other keys that a new configuration changes."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # changes that need a restart, each beginning with its key

    @property
    def to_stop(self) -> tuple[str, ...]:
        """The targets whose polls end; a changed target is treated as another one of the same name."""
        return (*self.removed, *self.changed)

    @property
    def to_start(self) -> tuple[str, ...]:
        """The targets whose polls begin."""
        return (*self.added, *self.changed)


def compare(old: Config, new: Config, blocks: tuple[Block, ...]) -> ConfigDiff:
    """Return the difference of two configurations.

    Secrets are compared by their text, and certificates by the content of their files: if a file was
    replaced, its target has changed although the configuration file is the same.
    """
    before = {target.name: target for target in old.targets}
    after = {target.name: target for target in new.targets}
    # The pollers of every target are built with the limits, so a changed limit changes every target.
    same = {name for name in before if old.limits == new.limits and before[name] == after.get(name)}
    changed = dict(_changed_keys(old, new, blocks))
    return ConfigDiff(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and name not in same),
        kept=tuple(name for name in after if name in same),
        keys=tuple(changed),
        problems=tuple(f"{key}: {_RESTART}" for key, needs_restart in changed.items() if needs_restart),
    )


def _changed_keys(old: Config, new: Config, blocks: tuple[Block, ...]) -> Iterator[tuple[str, bool]]:
    """Yield each key outside of `targets` whose value differs, and whether it needs a restart."""
    for block in blocks:
        before, after = block.of(old), block.of(new)
        if before is not None and after is not None:
            yield from (
                (f"{block.name}.{key.name}", key.needs_restart) for key in block.changed(before, after)
            )
        elif before != after:
            yield block.name, True  # a block that appears or disappears needs a restart
