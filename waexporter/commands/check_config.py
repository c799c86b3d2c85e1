"""`waexporter check-config`: print every problem in the configuration, or the effective configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.commands.console import warn, write
from waexporter.commands.options import add_config
from waexporter.commands.process import OK
from waexporter.config import check_webhook_auth, dump_config, load
from waexporter.errors import ConfigError
from waexporter.paging.channels.fallback_channels import open_fallback
from waexporter.transport.tls import TlsContexts

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check the configuration and print it."""
    loaded = load(options.config, environ)
    for note in loaded.notes:
        warn(f"note: {note}")
    if loaded.config.http_sd.url:
        warn("note: http_sd_url: its targets are not checked, because nothing is requested here")
    if problem := check_webhook_auth(loaded.config.pager, loaded.config.web):
        raise ConfigError([problem])
    if loaded.config.pager is not None and loaded.config.pager.fallback:
        open_fallback(loaded.config.pager, TlsContexts())
    write(dump_config(loaded.config).rstrip("\n"))
    return OK
