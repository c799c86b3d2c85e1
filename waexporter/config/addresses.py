"""Addresses of clients and proxies."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from waexporter.config.quantities import format_listen
from waexporter.config.scalars import text

_PORTS = {"https": 443, "http": 80}
_SCHEME = re.compile("https?://", re.IGNORECASE)
_HOST = re.compile(r"\w[\w.-]*")
# The first parts of the API's paths (its specification, 55 endpoints).
_API_PATH = re.compile(
    "/v1/(account|certificates|contacts|groups|health|media|messages|metrics|settings|stats|support|users)"
    "(/.*)?$"
)
_BLANK = re.compile(r"[\s\\]")


def target_url(value: object) -> tuple[str, str]:
    """Take the address of a client; gives it without the `/v1` that the program adds, and what else was cut.

    A path of the API is no prefix of a client; a gateway's own prefix may well hold `/v1`, so it is cut only
    before what the API itself has there.
    """
    parts = _split(value, "must not hold user:password@; use auth instead")
    path = parts.path.rstrip("/")
    cut = "" if path.endswith("/v1") else _find_api_path(path)
    prefix = path.removesuffix(cut).removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{prefix}", cut


def _find_api_path(path: str) -> str:
    match = _API_PATH.search(path)
    return match[0] if match else ""


def proxy_url(value: object) -> str:
    """Take the address of a proxy."""
    parts = _split(value, "must not hold user:password@; use proxy_auth instead")
    if parts.path not in {"", "/"}:
        raise ValueError("must end after the port")
    return f"{parts.scheme}://{parts.netloc}"


def host(value: object) -> str:
    """Take a host name or an IP address."""
    if not _is_host(text(value)):
        raise ValueError("must be a host name or an IP address")
    return text(value)


def host_and_port(url: str) -> str:
    """Give the `host:port` of an address that target_url has taken."""
    parts = urlsplit(url)
    return format_listen(parts.hostname or "", parts.port or _PORTS[parts.scheme])


def _split(value: object, words_for_user: str) -> SplitResult:
    url = text(value)
    if _SCHEME.match(url) is None:
        raise ValueError("must begin with https:// or http://")
    authority = re.split("[/?#]", url.split("://", 1)[1], maxsplit=1)[0]
    if "@" in authority:
        raise ValueError(words_for_user)
    if "?" in url or "#" in url:
        raise ValueError('must not hold a query or a fragment ("?", "#")')
    if _BLANK.search(url):
        raise ValueError("must not hold blanks or backslashes")
    return _checked(url)


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port can't be read; the form is https://host:port") from None
    if not parts.hostname:
        raise ValueError("must name a host, such as https://wa.example:9090")
    if not _is_host(parts.hostname):
        raise ValueError("its host must be a name or an IP address")
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("its port must be a number from 1 to 65535")
    return parts


def _is_host(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return _HOST.fullmatch(name) is not None
