"""The blocks `auth` and `proxy_auth`: the credentials for a target and for a proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from waexporter.config.keys import Block, Key, Variable, value
from waexporter.config.secret_keys import check_pair, find_given, read_secret, read_secret_file, secret_key
from waexporter.config.values.scalars import text, visible
from waexporter.model import Credentials, ProxyAuth, Secret

if TYPE_CHECKING:
    from waexporter.config.section import Section

_VISIBLE = re.compile("[!-~]+")
_SHORTEST_KEY, _LONGEST_KEY = 12, 128
_LONGEST_TOKEN = 8192  # letters; a web server refuses longer headers
_HEADER = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# Headers that this program, HTTP itself or a proxy sets, and the beginnings of such headers.
_RESERVED = """
accept age allow alt-svc alt-used authentication-info cache-control connection cookie cookie2 date
early-data etag expect expires forwarded from host http2-settings keep-alive last-modified link location
max-forwards origin pragma priority range referer retry-after server set-cookie set-cookie2 te trailer
transfer-encoding upgrade user-agent vary via warning www-authenticate x-http-method
x-http-method-override x-method-override x-real-ip
"""
_RESERVED_HEADERS = frozenset(_RESERVED.split())
_RESERVED_PREFIXES = ("accept-", "access-control-", "content-", "if-", "proxy-", "sec-", "x-forwarded-")


def read_auth(target: Section, key: str, default: Credentials) -> Credentials:
    """Read the block `auth` of a target, which replaces the one of `defaults` as a whole.

    So the two never mix: a password is not sent with another account's name, nor with another one's key.
    """
    if not target.allow(key):
        return default
    with target.section(key) as auth:
        read = Credentials(**AUTH.read(auth))
        check_pair(auth)
        _check_alone(auth)
        return read


def read_proxy_auth(target: Section, key: str, default: ProxyAuth | None) -> ProxyAuth | None:
    """Read the block `proxy_auth` of a target; return None if there is none.

    The one of `defaults` is only for the proxy of `defaults`.
    """
    if not target.allow(key):
        return None if target.has("proxy_url") else default
    with target.section(key) as auth:
        values = PROXY_AUTH.read(auth)
        check_pair(auth)
        complete = values["username"] is not None and values["password"] is not None
        return ProxyAuth(**values) if complete else None


def check_proxy(target: Section, proxy_url: str | None, proxy_auth: ProxyAuth | None) -> None:
    """Report credentials for a proxy that there is not."""
    is_own = proxy_auth is not None and target.has("proxy_auth")
    if is_own and proxy_url is None and not target.has("proxy_url"):
        auth = target.section("proxy_auth")
        target.add_problem("proxy_url", f"is required with {_proxy_auth_as_given(auth)}")


def _read_api_key(auth: Section, key: str, _: object) -> Secret | None:
    # A key in another header may have any form: it is a gateway's, not the webapp's.
    return read_secret(auth, key, check_token if auth.has("header") else _api_key)


def reread_secret(name: str, old: Secret) -> Secret | None:
    """Read a secret of the block `auth` again from its file; return None if it was not read from a file.

    Raise ValueError if the file contains no usable secret.
    """
    if old.file is None:
        return None
    is_password = name == "password"
    check = str if is_password else check_token
    # A pipe is empty by now: do not wait for it.
    return read_secret_file(old.file, check, note=lambda _: None, may_end_blank=is_password, timeout=0.0)


def _proxy_auth_as_given(auth: Section) -> str:
    names = [
        (key, auth.shown_name(key)) for key in ("username", "password", "password_file") if auth.has(key)
    ]
    return " and ".join(name for key, name in names if name != key) or "proxy_auth"


def _check_alone(auth: Section) -> None:
    api_key, token = find_given(auth, "api_key"), find_given(auth, "bearer_token")
    if auth.has("header") and api_key is None:
        auth.add_problem("api_key", f"is required with {auth.shown_name('header')}")
    rest = (key for key in ("username", "password", "password_file", "header") if auth.has(key))
    other = api_key or next(rest, None)
    if token is not None and other is not None:
        auth.add_problem(token, f"{auth.shown_name(other)} is given too; a token needs nothing beside it")


def username(value: object) -> str:
    """Parse the name of a user."""
    name = visible(value)
    if ":" in name:
        raise ValueError('must not hold ":", which ends the name in Basic authentication')
    return name


def _api_key(key: str) -> str:
    if not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(f"must be {_SHORTEST_KEY} to {_LONGEST_KEY} characters long")
    return _visible(key)


def check_token(token: str) -> str:
    """Check a token that is sent in a header."""
    scheme, blank, _ = token.partition(" ")
    if blank and scheme.lower() in {"bearer", "apikey"}:
        raise ValueError(f"must not begin with the word {scheme}, which is sent before it")
    if len(token) > _LONGEST_TOKEN:
        raise ValueError(f"must be at most {_LONGEST_TOKEN} characters long")
    return _visible(token)


def _visible(token: str) -> str:
    if _VISIBLE.fullmatch(token) is None:
        raise ValueError("must be visible ASCII characters without spaces")
    return token


def _header(value: object) -> str:
    name = text(value)
    if _HEADER.fullmatch(name) is None:
        raise ValueError("must be the name of a header, such as D360-API-KEY")
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith(_RESERVED_PREFIXES):
        raise ValueError("must not be a header that means something to HTTP itself or to a proxy")
    return name


AUTH = Block(
    "auth",
    Credentials,
    (
        secret_key(
            "api_key",
            "`WA_API_KEY` of the webapp, 12 to 128 visible ASCII characters. Used for `/health`, "
            "`/metrics` and `/stats`",
            variables=("WAEXPORTER_API_KEY", "WA_API_KEY"),
            read=_read_api_key,
        ),
        Key(
            "username",
            value(username),
            "an account of the API, without a colon; it need not be an admin",
            variables=(Variable("WAEXPORTER_USERNAME"), Variable("WA_WEB_USERNAME")),
        ),
        secret_key(
            "password",
            "its password; `username` and a password require each other",
            may_end_blank=True,
            variables=("WAEXPORTER_PASSWORD", "WA_WEB_PASSWORD"),
        ),
        secret_key(
            "bearer_token",
            "a fixed token, as some hosted clients use. It is sent with every request; there is "
            "no login and no logout. Not together with any other key of `auth`",
            check_token,
            variables=("WAEXPORTER_BEARER_TOKEN",),
        ),
        Key(
            "header",
            value(_header),
            "the header for `api_key`, such as `D360-API-KEY`, instead of `Authorization`; not "
            "one with a meaning in HTTP or for proxies (`Cookie`, `X-Forwarded-For`, …). The key "
            "is then sent with every request, and may have any length",
            variables=(Variable("WAEXPORTER_AUTH_HEADER"),),
        ),
    ),
)
PROXY_AUTH = Block(
    "proxy_auth",
    ProxyAuth,
    (
        Key(
            "username",
            value(username),
            "the user name at the proxy, without a colon",
            variables=(Variable("WAEXPORTER_PROXY_USERNAME"),),
        ),
        secret_key(
            "password",
            "the password at the proxy; it is not sent to the target",
            may_end_blank=True,
            variables=("WAEXPORTER_PROXY_PASSWORD",),
        ),
    ),
)
