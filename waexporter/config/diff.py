"""The difference of two configurations, for a running daemon that reloads; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from waexporter.model import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.config.keys import Block
    from waexporter.model import Config, Target

_RESTART = "needs a restart"
_SECRET = Secret("")


@dataclass(frozen=True, slots=True)
class ConfigDiff:
    """The targets, by name, and the other keys that a new configuration changes."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # changes that need a restart, each beginning with its key
    rotated: tuple[str, ...] = ()  # nothing but secrets, or what is in files of certificates, has changed

    @property
    def to_forget(self) -> tuple[str, ...]:
        """The targets of which nothing is kept; a changed one is treated as another one of the same name."""
        return (*self.removed, *self.changed)

    @property
    def to_stop(self) -> tuple[str, ...]:
        """The targets whose polls end, and whose clients are left."""
        return (*self.to_forget, *self.rotated)

    @property
    def to_start(self) -> tuple[str, ...]:
        """The targets that get a client, and whose polls begin."""
        return (*self.added, *self.changed, *self.rotated)


def compare(old: Config, new: Config, blocks: tuple[Block, ...]) -> ConfigDiff:
    """Return the difference of two configurations.

    Secrets are compared by their text, and certificates by the content of their files: if a file was
    replaced, its target is rotated although the configuration file is the same.
    """
    before = {target.name: target for target in old.targets}
    after = {target.name: target for target in new.targets}
    # The pollers of every target are built with the limits, so a changed limit changes every target.
    same = {name for name in before if old.limits == new.limits and before[name] == after.get(name)}
    rotated = {
        name
        for name in before.keys() - same
        if old.limits == new.limits and name in after and _is_rotated(before[name], after[name])
    }
    differs = {name for name in after if name in before} - same - rotated
    changed = dict(_changed_keys(old, new, blocks))
    return ConfigDiff(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in differs),
        kept=tuple(name for name in after if name in same),
        keys=tuple(changed),
        problems=(
            *(f"{key}: {_RESTART}" for key, needs_restart in changed.items() if needs_restart),
            *((f"--shard: {_RESTART}",) if old.shard != new.shard else ()),
        ),
        rotated=tuple(name for name in after if name in rotated),
    )


def _is_rotated(old: Target, new: Target) -> bool:
    """Return whether only secrets and the contents of certificate files differ, if anything does."""
    return _without_secrets(old) == _without_secrets(new)


def _without_secrets(target: Target) -> Target:
    """Return a target with the same secret wherever there is one."""
    auth, proxy = target.auth, target.proxy_auth
    return replace(
        target,
        auth=replace(
            auth,
            api_key=auth.api_key and _SECRET,
            password=auth.password and _SECRET,
            bearer_token=auth.bearer_token and _SECRET,
        ),
        proxy_auth=proxy and replace(proxy, password=_SECRET),
        tls=replace(target.tls, authority=b"", identity=b""),
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
