"""The block `http_sd`, and the key `http_sd_url`, which is short for `http_sd.url`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from waexporter.config.credentials import PROXY_AUTH, check_proxy, check_token, read_proxy_auth, username
from waexporter.config.keys import Block, Key, value
from waexporter.config.secret_keys import check_pair, find_given, secret_key
from waexporter.config.target_tls import TLS, read_tls
from waexporter.config.values import scalars, urls
from waexporter.config.values.quantities import format_duration
from waexporter.model import HttpSd, HttpSdAuth, Secret

if TYPE_CHECKING:
    from waexporter.config.section import Section

SHORT_KEY = "http_sd_url"
_TOKEN_TYPE = re.compile("[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,39}")
_WARNING = "lets anyone on the way choose the targets, which are sent the credentials"
_SHORTEST_INTERVAL = 1.0  # seconds


def read_http_sd(root: Section) -> HttpSd:
    """Read the block and the short key."""
    short = root.get(SHORT_KEY, _url, None)
    with root.section(HTTP_SD.name) as section:
        values = HTTP_SD.read(section)
        if short is not None:
            if section.has("url"):
                section.add_problem("url", f"{SHORT_KEY} is given too; give one of them")
            values["url"], values["query"] = short
        if root.has(HTTP_SD.name) and not section.has("url") and not root.has(SHORT_KEY):
            section.add_problem("url", f"is required, here or as {SHORT_KEY}")
        check_proxy(section, values["proxy_url"], values["proxy_auth"])
        if values["url"].startswith("http://"):
            place, key = (root, SHORT_KEY) if root.has(SHORT_KEY) else (section, "url")
            place.add_note(key, f"http:// {_WARNING}")
        elif values["tls"].insecure_skip_verify:
            section.add_note("tls.insecure_skip_verify", _WARNING)
        return HttpSd(**values)


def _url(found: object) -> tuple[str, Secret | None]:
    """Parse the URL of a list; return it without its query, and the query."""
    url, query = urls.split_query(found)
    return url, Secret(query) if query else None


def _write_url(read: tuple[str, Secret | None]) -> str | None:
    url, query = read
    return f"{url}?<secret>" if query else url or None


def _interval(found: object) -> float:
    seconds = scalars.duration(found)
    if seconds < _SHORTEST_INTERVAL:
        raise ValueError("must be at least 1s")
    return seconds


def _token_type(found: object) -> str:
    word = scalars.text(found)
    if _TOKEN_TYPE.fullmatch(word) is None:
        raise ValueError("must be one word, such as Bearer or Token")
    return word


def _read_auth(section: Section, key: str, _: object) -> HttpSdAuth:
    with section.section(key) as auth:
        read = HttpSdAuth(**HTTP_SD_AUTH.read(auth))
        check_pair(auth)
        token = find_given(auth, "bearer_token")
        if token is None and auth.has("token_type"):
            auth.add_problem("bearer_token", "is required with token_type")
        if token is not None and auth.has("username"):
            auth.add_problem(token, "username is given too; give one of them")
        return read


def _without_variables(block: Block) -> Block:
    """Return a block of a target without the variables, which are about the target."""
    return replace(block, keys=tuple(replace(key, variables=()) for key in block.keys))


HTTP_SD_AUTH = Block(
    "auth",
    HttpSdAuth,
    (
        Key("username", value(username), "a user of that server, without a colon"),
        secret_key("password", "the user's password", may_end_blank=True),
        secret_key("bearer_token", "a token, instead of a user", check_token),
        Key(
            "token_type",
            value(_token_type),
            "the word that is sent before the token, such as `Token` for NetBox",
            default="`Bearer`",
        ),
    ),
)
HTTP_SD = Block(
    "http_sd",
    HttpSd,
    (
        Key(
            "url",
            lambda section, key, default: section.get(key, _url, default),
            "address of a list of targets, of the same two forms as in `targets_files`. It may have a query, "
            "which is not printed. Redirects are not followed",
            write=_write_url,
            fields=("url", "query"),
            default="none",
        ),
        Key(
            "interval",
            value(_interval),
            "how often the list is requested, a tenth more or less by chance; at least `1s`",
            write=format_duration,
        ),
        Key(
            "timeout",
            value(scalars.timeout),
            "how long a request of the list may take",
            write=format_duration,
        ),
        Key("auth", _read_auth, "the credentials for the list", block=HTTP_SD_AUTH),
        Key(
            "tls",
            read_tls,
            "as in `targets[].tls`, for the server that has the list",
            block=_without_variables(TLS),
        ),
        Key("proxy_url", value(urls.proxy_url), "HTTP proxy, such as `http://proxy:3128`"),
        Key(
            "proxy_auth",
            read_proxy_auth,
            "the credentials for the proxy; only with `proxy_url`",
            block=_without_variables(PROXY_AUTH),
        ),
    ),
    "a list of targets that a web server publishes; `http_sd_url: URL` is short for `http_sd: {url: URL}`. "
    "The last good answer counts",
)
