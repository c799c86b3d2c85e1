"""HTML pages: a template in the layout of all pages, and the content security policy for them."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from waexporter import __version__
from waexporter.web.negotiation import accepts_gzip
from waexporter.web.responses import Response
from waexporter.web.site.assets import asset_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.web.responses import IncomingRequest

# The pages in the navigation, by their address below the root.
NAVIGATION: Final = (
    ("", "Fleet"),
    ("pages", "Pages"),
    ("config", "Configuration"),
    ("runbooks/", "Runbooks"),
)
# Scripts and styles are files of our own, so that no text of a page can ever become one.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (("content-security-policy", POLICY), ("vary", "Accept-Encoding"))
_TYPE: Final = "text/html; charset=utf-8"
_GZIP_LEVEL: Final = 1  # a thirtieth of a long page in a few milliseconds


def html_response(
    request: IncomingRequest, template: str, *, refresh: int | None = None, **values: object
) -> Response:
    """Return a template that extends layout.html, rendered; `refresh` is in seconds."""
    html = (
        _environment()
        .get_template(template)
        .render(
            version=__version__,
            root=request.root,
            navigation=NAVIGATION,
            here="/".join(request.segments),
            style=asset_address("site.css"),
            script=asset_address("site.js"),
            docs=find_docs(),
            refresh=refresh,
            **values,
        )
    )
    body = html.encode(errors="replace")
    if not accepts_gzip(request.header("accept-encoding")):
        return Response((body,), _TYPE, headers=_HEADERS)
    compressed = gzip.compress(body, _GZIP_LEVEL, mtime=0)
    return Response((compressed,), _TYPE, headers=(*_HEADERS, ("content-encoding", "gzip")))


@cache
def find_docs() -> str | None:
    """Return the address of the documentation, if the installed package names one."""
    try:
        links = metadata("waexporter").get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    return pick_docs(links)


def pick_docs(links: Sequence[str]) -> str | None:
    """Return the link to the documentation; links are written `Documentation, https://…`."""
    named = dict(link.partition(", ")[::2] for link in links)
    return named.get("Documentation") or named.get("Homepage")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("waexporter.web.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
