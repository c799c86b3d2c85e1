"""Load the configuration together with the list of targets of http_sd_url, requested once."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from waexporter.commands.console import show_progress, warn
from waexporter.config import choose_shard, describe_shard, load
from waexporter.errors import ApiError
from waexporter.transport.published_list import PublishedList
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from waexporter.config import LoadedConfig
    from waexporter.model import Config


UNKNOWN: Final = "http_sd_url: its targets are not known here"


def load_with_list(path: str | None, environ: Mapping[str, str]) -> LoadedConfig:
    """Load the configuration with the list of http_sd_url, if it has one; raise ConfigError.

    Without an answer the list is left out, and a note says why.
    """
    loaded = load(path, environ)
    http_sd = loaded.config.http_sd
    if not http_sd.url:
        return loaded
    show_progress(f"GET {http_sd.url}")
    try:
        with closing(PublishedList(http_sd, loaded.config.limits, TlsContexts())) as published:
            text = published.fetch()
    except (ApiError, OSError) as error:
        note = f"{UNKNOWN}: {error}"
        return loaded._replace(notes=(*loaded.notes, note))
    return load(path, environ, discovered=text)


def load_fleet(path: str | None, environ: Mapping[str, str]) -> Config:
    """Load the configuration with its list, for a command that works without it, too; say if it has none."""
    loaded = load_with_list(path, environ)
    for note in loaded.notes:
        if note.startswith(UNKNOWN):
            warn(f"note: {note}")
    return loaded.config


def load_shard(path: str | None, shard: str | None, environ: Mapping[str, str]) -> Config:
    """Load what the daemon of a shard works with: `load_fleet` without the targets of other shards."""
    config = choose_shard(load_fleet(path, environ), shard, environ)
    for note in describe_shard(config):
        warn(f"note: {note}")
    return config
