"""`waexporter healthcheck`: ask a running daemon whether it is healthy."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from waexporter.commands.console import warn
from waexporter.commands.options import add_config, read_listen
from waexporter.commands.process import FAILED, OK
from waexporter.config import load
from waexporter.model import WebSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_PATH = "/-/healthy"
_TIMEOUT = 5.0  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    parser.add_argument(
        "--url",
        help="where it serves, or its /-/healthy (default: on this machine, at the port it is configured to "
        "listen on)",
    )


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send GET /-/healthy; return 0 for a status 2xx."""
    base = (options.url or _own_url(options, environ)).rstrip("/")
    url = base.removesuffix(_PATH) + _PATH
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_TIMEOUT) as response:
            response.read(1000)
            return OK
    except urllib.error.HTTPError as error:
        with error:
            words = error.read(500).decode(errors="replace").strip()
        warn(f"{url} answers {error.code}" + (f": {words}" if words else ""))
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        why = getattr(why, "strerror", None) or why  # without "[Errno 111]"
        warn(f"{url} does not answer: {why or type(error).__name__}")
    return FAILED


def _own_url(options: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Return the url of the daemon on this machine, from the configuration with which it was started."""
    if options.config or environ.get("WAEXPORTER_CONFIG"):
        return load(options.config, environ).config.web.own_url
    return WebSettings(*read_listen(environ)).own_url
