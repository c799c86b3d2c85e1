"""What a new configuration changes in a running daemon: decided before anything is touched; pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waexporter.model import Config, Limits, LogSettings, PagerSettings, WebSettings

    _Block = Limits | LogSettings | PagerSettings | WebSettings

_RESTART = "needs a restart"
# Fields that are called otherwise in the file.
_KEYS = {"web.host": "web.listen", "web.port": "web.listen"}
# What is opened once, at the start.
_OPENED = ("web.", "pager.state_dir")


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of each target, by name, and which other keys have another value."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()  # what a running daemon can't follow, each beginning with its key

    @property
    def gone(self) -> tuple[str, ...]:
        """The targets whose polls end: one that changed is another target of the same name."""
        return (*self.removed, *self.changed)

    @property
    def new(self) -> tuple[str, ...]:
        """The targets whose polls begin."""
        return (*self.added, *self.changed)


def compare(old: Config, new: Config) -> Difference:
    """Tell what to do to get from one configuration to another.

    Secrets count by their text and certificate authorities by what their files hold: where these are
    replaced, a target is another one although the configuration reads the same.
    """
    before = {target.name: target for target in old.targets}
    after = {target.name: target for target in new.targets}
    # What an answer may cost is built into whatever reads one.
    same = {name for name in before if old.limits == new.limits and before[name] == after.get(name)}
    keys = tuple(dict.fromkeys(_keys(old, new)))
    return Difference(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and name not in same),
        kept=tuple(name for name in after if name in same),
        keys=keys,
        problems=tuple(f"{key}: {_RESTART}" for key in keys if key == "pager" or key.startswith(_OPENED)),
    )


def _keys(old: Config, new: Config) -> Iterator[str]:
    """List the keys, beside those of targets, whose values differ."""
    yield from _keys_of("limits", old.limits, new.limits)
    if old.workers != new.workers:
        yield "poll.workers"
    yield from _keys_of("web", old.web, new.web)
    if (old.pager is None) != (new.pager is None):
        yield "pager"
    elif old.pager is not None and new.pager is not None:
        yield from _keys_of("pager", old.pager, new.pager)
    yield from _keys_of("log", old.log, new.log)


def _keys_of(block: str, old: _Block, new: _Block) -> Iterator[str]:
    for field in fields(old):
        if getattr(old, field.name) != getattr(new, field.name):
            key = f"{block}.{field.name}"
            yield _KEYS.get(key, key)
