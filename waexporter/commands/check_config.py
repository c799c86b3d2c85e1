"""`waexporter check-config`: print every problem in the configuration, or the effective configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.console import warn, write
from waexporter.commands.options import add_config, add_shard
from waexporter.commands.process import OK
from waexporter.config import check_webhook_auth, choose_shard, dump_config, load
from waexporter.errors import ConfigError
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    add_shard(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the configuration and print it."""
    loaded = load(options.config, environ)
    config = choose_shard(loaded.config, options.shard, environ)
    for note in loaded.notes:
        warn(f"note: {note}")
    if loaded.config.http_sd.url:
        warn("note: http_sd_url: its targets are not checked, because nothing is requested here")
    if config.shard is not None:
        shares = f"{len(config.targets)} of {len(loaded.config.targets)} targets"
        warn(f"note: shard {config.shard} has {shares}; the others are not printed")
    if problem := check_webhook_auth(config.pager, config.web):
        raise ConfigError([problem])
    if config.pager is not None and config.pager.fallback:
        open_fallback(config.pager, TlsContexts())
    write(dump_config(config).rstrip("\n"))
    return OK
