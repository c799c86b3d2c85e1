"""GET /assets/site.css and /assets/site.js: the style sheet and the script of all pages."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from waexporter.web.responses import Response

if TYPE_CHECKING:
    from waexporter.web.backend import Backend
    from waexporter.web.responses import IncomingRequest

_TYPES: Final = {"site.css": "text/css; charset=utf-8", "site.js": "text/javascript; charset=utf-8"}
_FOREVER: Final = ("cache-control", "max-age=31536000, immutable")


def show_asset(request: IncomingRequest, backend: Backend) -> Response:
    """Return one asset; by the address that pages have, a browser keeps it."""
    del backend  # assets ship with the program
    name = request.segments[-1]
    # Another version would be another content below the same address.
    headers = (_FOREVER,) if request.values("v") == (_hash(name),) else ()
    return Response((_read(name),), _TYPES[name], headers=headers)


def asset_address(name: str) -> str:
    """Return the address of an asset below the root; it changes with the content."""
    return f"assets/{name}?v={_hash(name)}"


@cache
def _read(name: str) -> bytes:
    """Return the content; the style sheet is that of the layout, then those of the pages by name."""
    folder = files(__package__).joinpath("templates")
    content = folder.joinpath(name).read_bytes()
    if name == "site.css":
        others = sorted(each.name for each in folder.iterdir() if each.name.endswith(".css"))
        content += b"".join(folder.joinpath(each).read_bytes() for each in others if each != name)
    return content


@cache
def _hash(name: str) -> str:
    return hashlib.sha256(_read(name)).hexdigest()[:16]
