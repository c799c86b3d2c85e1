"""URLs and hosts of clients, proxies and other services."""

from __future__ import annotations

import ipaddress
import re
import socket
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import idna

from waexporter.config.values.characters import describe
from waexporter.config.values.quantities import format_listen
from waexporter.config.values.scalars import visible

_PORTS = {"https": 443, "http": 80}
_SCHEME = re.compile("https?://", re.IGNORECASE)
_LABEL = re.compile(r"\w([\w-]{0,61}\w)?")
_LONGEST_LABEL, _LONGEST_HOST = 63, 253  # letters, as a resolver is asked for them
# The first parts of the API's paths: those of its specification (55 endpoints), and sticker packs.
_API = """
account certificates contacts groups health media messages metrics settings stats stickerpacks support users
"""
_API_PARTS = frozenset(_API.split())
# What people try in a browser to see whether a webapp lives.
_TRIED_PARTS = _API_PARTS | {"healthz", "version"}
_PART = re.compile("/+([^/]+)")
_BLANK = re.compile(r"[\s\\]")
_NO_HOST = "its host must be a name or an IP address"


class ClientUrl(NamedTuple):
    """The URL of a client, without the `/v1` that the program adds, and a note about its path."""

    url: str
    note: str = ""


def target_url(value: object) -> ClientUrl:
    """Parse the URL of a client, without a path of the API at its end.

    A gateway's prefix may contain `/v1`, too, so the path is cut only before a `/v1` with a path of the API.
    """
    parts = _split(value, "must not hold user:password@; use auth instead")
    path = parts.path.rstrip("/")
    starts = [match.start() for match in _PART.finditer(path)]
    words = [unquote(match[1]).lower() for match in _PART.finditer(path)]
    prefix, note = path, ""
    if words[-1:] == ["v1"]:
        prefix = path[: starts[-1]]
    elif (at := _find_api_path(words)) is not None:
        prefix = path[: starts[at]]
        note = f"{path[starts[at] :]} at its end is a path of the API, and is left out"
    elif len(words) - (words[:1] == ["v1"]) == 1 and words[-1] in _TRIED_PARTS:
        note = f"is {path} part of the webapp's address? /v1 is added behind it"
    return ClientUrl(f"{parts.scheme}://{parts.netloc}{prefix}", note)


def _find_api_path(words: list[str]) -> int | None:
    """Return the index of the API's own `v1` in the parts of a path; None if there is none."""
    pairs = enumerate(pairwise(words))
    return next((at for at, (word, after) in pairs if word == "v1" and after in _API_PARTS), None)


def proxy_url(value: object) -> str:
    """Parse the URL of a proxy."""
    parts = _split(value, "must not hold user:password@; use proxy_auth instead")
    if parts.path not in {"", "/"}:
        raise ValueError("must end after the port")
    return f"{parts.scheme}://{parts.netloc}"


def split_query(value: object) -> tuple[str, str]:
    """Parse the URL of a document; return it without its query, and the query."""
    url, _, query = visible(value).partition("?")
    if "#" in query or _BLANK.search(query):
        raise ValueError("must not hold a fragment, spaces or backslashes in its query")
    parts = _split(url, "must not hold user:password@; use auth instead")
    return f"{parts.scheme}://{parts.netloc}{parts.path}", query


def http_url(url: str) -> str:
    """Check the URL of another service, which may hold a user, a password and a query."""
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_complete = False
    if not is_complete or re.search(r"\s", url):
        raise ValueError("must be an address such as https://host/path")
    if not _has_host(parts):
        raise ValueError(_NO_HOST)
    return url


def host(value: object) -> str:
    """Parse a host name or an IP address."""
    name = visible(value)
    if not _is_host(name):
        raise ValueError("must be a host name or an IP address")
    return name


def host_and_port(url: str) -> str:
    """Return the `host:port` of a URL from target_url."""
    parts = urlsplit(url)
    return format_listen(parts.hostname or "", parts.port or _PORTS[parts.scheme])


def _split(value: object, words_for_user: str) -> SplitResult:
    url = visible(value)
    if url[0].isspace():
        raise ValueError(f"must not begin with {describe(url[0])}")
    if _SCHEME.match(url) is None:
        raise ValueError("must begin with https:// or http://")
    authority = re.split("[/?#]", url.split("://", 1)[1], maxsplit=1)[0]
    if "@" in authority:
        raise ValueError(words_for_user)
    if "?" in url or "#" in url:
        raise ValueError('must not hold a query or a fragment ("?", "#")')
    blank = _BLANK.search(url)
    if blank:
        words = "spaces or backslashes" if blank[0].isascii() else describe(blank[0])
        raise ValueError(f"must not hold {words}")
    return _parse_parts(url)


def _parse_parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port can't be read; the form is https://host:port") from None
    if not parts.hostname:
        raise ValueError("must name a host, such as https://wa.example:9090")
    if not _has_host(parts):
        raise ValueError(_NO_HOST)
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("its port must be a number from 1 to 65535")
    return parts


def _has_host(parts: SplitResult) -> bool:
    """Return whether the host of a URL is possible; in brackets only IPv6 is."""
    host = parts.hostname or ""
    return _is_host(host) and ("[" not in parts.netloc.rpartition("@")[2] or ":" in host)


def _is_host(name: str) -> bool:
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return _is_name(name)


def _is_name(name: str) -> bool:
    labels = name.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return False
    if labels[-1].isdecimal():  # no name ends so, and a resolver takes it for an address
        return _is_short_address(name)
    try:
        asked = [_encode(label) for label in labels]
    except UnicodeError:
        return False
    return max(map(len, asked)) <= _LONGEST_LABEL and len(b".".join(asked)) <= _LONGEST_HOST


def _encode(label: str) -> bytes:
    """Encode a label for the resolver; raise UnicodeError if that is impossible."""
    # As strictly as urllib3 does: Python's own codec accepts labels that urllib3 fails on.
    return label.encode() if label.isascii() else idna.encode(label.lower(), strict=True, std3_rules=True)


def _is_short_address(name: str) -> bool:
    """Return whether a name is an IPv4 address in its old short form, such as 127.1."""
    try:
        return name.isascii() and bool(socket.inet_aton(name))
    except OSError:
        return False
