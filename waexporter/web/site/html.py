"""HTML pages: a template, its style sheets, and the content security policy that allows only these."""

from __future__ import annotations

import binascii
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from waexporter import __version__
from waexporter.web.responses import Response


def html_response(template: str, *styles: str, **values: object) -> Response:
    """Return a rendered template with the style sheets of these files."""
    style, policy = _load_styles(styles)
    html = _environment().get_template(template).render(version=__version__, style=style, **values)
    headers = (("content-security-policy", policy),)
    return Response((html.encode(errors="replace"),), "text/html; charset=utf-8", headers=headers)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("waexporter.web.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _load_styles(styles: tuple[str, ...]) -> tuple[Markup, str]:
    """Return the style sheets as one, and the policy that allows it."""
    style = "".join(_environment().get_template(name).render() for name in styles)
    digest = binascii.b2a_base64(hashlib.sha256(style.encode()).digest(), newline=False).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return Markup(style), policy  # noqa: S704 - our own file
