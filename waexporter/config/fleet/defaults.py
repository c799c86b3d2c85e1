"""The block `defaults`: what holds for every target that does not say otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from waexporter.config import poll
from waexporter.config.keys import Block, Key
from waexporter.config.targets import TARGET, TargetDefaults, check_common
from waexporter.model import Target

if TYPE_CHECKING:
    from waexporter.config.section import Section

_OWN: Final = frozenset({"name", "url"})  # keys that each target has for itself
_PLAIN: Final = "for targets without this key"
_MEANINGS: Final = {
    "auth": "for targets without `auth`; a target's own block replaces this one as a whole, so that two "
    "accounts never mix (`auth: {}`: no credentials)",
    "tls": "merged with a target's own block key by key; `cert_file` and `key_file` together",
    "proxy_url": "for targets without this key",
    "proxy_auth": "only for `defaults.proxy_url`: a target with its own `proxy_url` has its own "
    "`proxy_auth` or none",
    "labels": "merged with a target's own labels, which have priority",
    "poll": "merged key by key: a target's own block, then this one, then the block `poll`",
}


def read_defaults(root: Section, common: poll.PollSettings) -> TargetDefaults:
    """Read the block; `common` is the block `poll`."""
    with root.section(DEFAULTS.name) as block:
        with block.section("poll") as polls:
            merged = poll.merge_polls(poll.read_poll(polls), common)
        known = {"plans": {}, "stale_after": poll.DEFAULT_STALE_AFTER}
        values = DEFAULTS.read(block, None, **known)
        check_common(block, Target(name="", url="", **values))
        keys = frozenset(key.name for key in DEFAULTS.keys if block.has(key.name))
        given = {name for key in DEFAULTS.keys if key.name in keys for name in key.field_names}
    return TargetDefaults(merged, {name: values[name] for name in given - {"plans", "stale_after"}}, keys)


DEFAULTS = Block(
    "defaults",
    Target,
    tuple(
        Key(key.name, key.read, _MEANINGS.get(key.name, _PLAIN), fields=key.fields, default="none")
        for key in TARGET.keys
        if key.name not in _OWN
    ),
    meaning="what holds for every target that does not say otherwise: all keys of a target but `name` and "
    "`url`. A key without a value (`proxy_url: null`) in a target takes a default back",
)
