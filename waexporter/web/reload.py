"""POST /-/reload: the configuration, read anew."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from waexporter.web.alerts import admits, challenge
from waexporter.web.negotiation import prefers_json
from waexporter.web.responses import (
    JSON,
    TEXT,
    IncomingRequest,
    Response,
    error_response,
    json_response,
    text_response,
)

if TYPE_CHECKING:
    from waexporter.web.backend import Backend, ReloadResult

# What browsers add to what a page sends, be it a form or a script.
_OF_BROWSERS = ("origin", "sec-fetch-site")


def reload(request: IncomingRequest, backend: Backend) -> Response:
    """Reload: 200 with what changed, or 400 with every problem while all goes on as before."""
    refusal = _admit(request, backend)
    if refusal is not None:
        return refusal
    done = backend.reload()
    if done.is_busy:
        words = "The exporter is reloading already, or is about to stop; ask again."
        return error_response(request, 503, words, ("retry-after", "1"))
    if done.problems:
        return _complain(request, done)
    if prefers_json(request.header("accept")):
        return json_response(_document(done))
    return text_response(_sentence(done))


def _admit(request: IncomingRequest, backend: Backend) -> Response | None:
    """Refuse whoever is not known: whoever may page may reload; without a secret, this machine may."""
    if any(request.header(name) for name in _OF_BROWSERS):
        return error_response(request, 403, "A web page can't have the configuration reloaded.")
    auth = backend.pager.settings.webhook if backend.pager is not None else None
    if auth is not None and auth.is_guarded:
        if admits(auth, request.header("authorization")):
            return None
        words = "The secret of pager.webhook is missing or wrong; it is asked for here, too."
        return error_response(request, 401, words, challenge(auth))
    if request.address is not None and is_loopback(request.address[0]):
        return None
    words = (
        "Without a secret in pager.webhook, only requests to a loopback address of this machine may reload; "
        "send the process SIGHUP instead."
    )
    return error_response(request, 403, words)


def is_loopback(address: str) -> bool:
    """Tell whether an address of our own is reached from this machine alone."""
    try:
        own = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = own.ipv4_mapped if isinstance(own, ipaddress.IPv6Address) else None
    return (mapped or own).is_loopback


def _complain(request: IncomingRequest, done: ReloadResult) -> Response:
    words = "The configuration has problems; all goes on as before."
    if prefers_json(request.header("accept")):
        document = {"error": words, "problems": done.problems}
        return Response((msgspec.json.encode(document),), JSON, HTTPStatus.BAD_REQUEST)
    lines = "".join(f"{problem}\n" for problem in done.problems)
    return Response((lines.encode(errors="replace"),), TEXT, HTTPStatus.BAD_REQUEST)


def _document(done: ReloadResult) -> dict[str, object]:
    return {
        "status": "reloaded",
        "added": done.added,
        "removed": done.removed,
        "changed": done.changed,
        "kept": done.kept,
        "keys": done.keys,
    }


def _sentence(done: ReloadResult) -> str:
    counts = f"{len(done.added)} added, {len(done.removed)} removed, {len(done.changed)} changed"
    keys = f"; changed too: {', '.join(done.keys)}" if done.keys else ""
    return f"Reloaded: targets: {counts}, {done.kept} kept{keys}."
