"""The list of targets that a web server publishes, and how it is requested."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from waexporter.model.targets import Tls

if TYPE_CHECKING:
    from waexporter.model.secret import Secret
    from waexporter.model.targets import ProxyAuth


@dataclass(frozen=True, slots=True)
class HttpSdAuth:
    """The credentials for the list: a user's, or a token, or none."""

    username: str | None = None
    password: Secret | None = None
    bearer_token: Secret | None = None
    token_type: str | None = None  # the word before the token; None: Bearer


@dataclass(frozen=True, slots=True)
class HttpSd:
    """The settings of the list of targets that is requested again and again."""

    url: str = ""  # without its query; empty: there is no such list
    query: Secret | None = None  # it may hold a token
    interval: float = 60.0  # seconds
    timeout: float = 10.0  # seconds for the whole answer
    auth: HttpSdAuth = HttpSdAuth()
    tls: Tls = field(default_factory=Tls)
    proxy_url: str | None = None
    proxy_auth: ProxyAuth | None = None
