"""`waexporter check-config`: print every problem in the configuration, or the effective configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.console import warn, write
from waexporter.commands.options import add_config, add_shard
from waexporter.commands.process import OK
from waexporter.config import check_webhook_auth, choose_shard, describe_shard, dump_config, load
from waexporter.config.fleet.fleet_notes import fold_notes
from waexporter.errors import BodyError, ConfigError
from waexporter.model import now
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.timefmt import humanize_seconds
from waexporter.transport.tls import TlsContexts
from waexporter.whatsapp.documents.certificates import read_pem

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from waexporter.model import ServerTls


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    add_shard(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the configuration and print it."""
    loaded = load(options.config, environ)
    config = choose_shard(loaded.config, options.shard, environ)
    for note in fold_notes((*loaded.notes, *describe_shard(config))):
        warn(f"note: {note}")
    if loaded.config.http_sd.url:
        warn("note: http_sd_url: its targets are not checked, because nothing is requested here")
    if config.shard is not None:
        shares = f"{len(config.targets)} of {len(loaded.config.targets)} targets"
        warn(f"note: shard {config.shard} has {shares}; the others are not printed")
    if config.web.security.tls is not None:
        _warn_of_expiry(config.web.security.tls, now().wall)
    if problem := check_webhook_auth(config.pager, config.web):
        raise ConfigError([problem])
    if config.pager is not None and config.pager.fallback:
        open_fallback(config.pager, TlsContexts())
    write(dump_config(config).rstrip("\n"))
    return OK


def _warn_of_expiry(tls: ServerTls, now: float) -> None:
    try:
        left = read_pem(tls.certificate) - now
    except BodyError:  # written in a way that OpenSSL reads and we don't
        return
    if left < 0:
        ago = humanize_seconds(-left)
        warn(f"note: web.config_file: its certificate expired {ago} ago: others do not trust it any more")
