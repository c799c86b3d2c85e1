"""The shard of the fleet that a daemon polls: of --shard, or of WAEXPORTER_SHARD."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from waexporter.errors import ConfigError
from waexporter.model.rendezvous import find_shard
from waexporter.model.shard import MAX_SHARDS, Shard, parse_shard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.model import Config

SHARD_VARIABLE: Final = "WAEXPORTER_SHARD"
_AUTO: Final = re.compile(r"auto/([1-9][0-9]{0,3})")
_ORDINAL: Final = re.compile(r"-([0-9]{1,4})")


def choose_shard(
    config: Config, option: str | None, environ: Mapping[str, str], host_name: str | None = None
) -> Config:
    """Return a configuration with the targets of this daemon's shard alone, and the names of the others.

    Raise ConfigError if the shard is wrong.
    """
    name, text = ("--shard", option) if option else (SHARD_VARIABLE, environ.get(SHARD_VARIABLE))
    if not text:
        return config
    try:
        shard = read_shard(text.strip(), socket.gethostname() if host_name is None else host_name)
    except ValueError as error:
        raise ConfigError([f"{name}: {error}"]) from error
    owners = {target.name: find_shard(target.name, shard.count) for target in config.targets}
    return replace(
        config,
        shard=shard,
        targets=tuple(target for target in config.targets if owners[target.name] == shard.index),
        elsewhere={name: index for name, index in owners.items() if index != shard.index},
    )


def describe_shard(config: Config) -> tuple[str, ...]:
    """Return notes about a configuration whose shard can do less than the whole fleet."""
    if config.shard is None:
        return ()
    own = {target.name for target in config.targets}
    via = config.pager.via if config.pager is not None else ()
    if not own:
        return (f"shard {config.shard}: none of the {len(config.elsewhere)} targets belongs to it",)
    if via and own.isdisjoint(via):
        return (f"pager.via: none of these targets is in shard {config.shard}; only pager.fallback is left",)
    return ()


def read_shard(text: str, host_name: str) -> Shard:
    """Read `I/N`, or `auto/N`: the number at the end of the host's name, as pods of a StatefulSet have it.

    Raise ValueError.
    """
    auto = _AUTO.fullmatch(text)
    if auto is None:
        return _parse(text)
    count = int(auto[1])
    host = host_name.partition(".")[0]
    ordinal = _ORDINAL.search(host, max(host.rfind("-"), 0))
    if ordinal is None or ordinal.end() != len(host):
        raise ValueError(
            f'is {text}, but the name of this host, "{host}", does not end with a number as in waexporter-3'
        )
    if int(ordinal[1]) >= count:
        raise ValueError(
            f'is {text}, but the name of this host is "{host}": shards are 0 to {count - 1}, so are there '
            "more replicas than shards?"
        )
    return _parse(f"{int(ordinal[1])}/{count}")


def _parse(text: str) -> Shard:
    try:
        return parse_shard(text)
    except ValueError:
        words = f"must be I/N with 0 <= I < N <= {MAX_SHARDS}, such as 0/4, or auto/N"
        raise ValueError(words) from None
