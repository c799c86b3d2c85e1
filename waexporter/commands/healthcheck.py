"""`waexporter healthcheck`: ask a running daemon whether it is healthy."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

from waexporter.commands.console import warn
from waexporter.commands.options import add_ca_file, add_config, add_epilog
from waexporter.commands.process import FAILED, OK
from waexporter.config import load_daemon_access
from waexporter.config.web_config.web_login import SET_LOGIN
from waexporter.model import Tls
from waexporter.transport.exchange import authorize
from waexporter.transport.pinned_tls import (
    TlsFailure,
    build_pinned_context,
    build_unverified_context,
    build_verified_context,
    explain_end,
    find_distrust,
    find_tls_failure,
    has_ended,
)

if TYPE_CHECKING:
    import argparse
    import ssl
    from collections.abc import Mapping

    from waexporter.config import DaemonAccess

_PATH = "/-/healthy"
_TIMEOUT = 5.0  # seconds
_MAX_WORDS = 500  # bytes of an answer
_EPILOG = """\
The daemon is found at web.listen of the configuration, over TLS with whatever certificate web.config_file
has. If that demands a certificate of its clients, name one in WAEXPORTER_WEB_CLIENT_CERT_FILE and
WAEXPORTER_WEB_CLIENT_KEY_FILE. Where /-/healthy needs credentials, they are the first token of
web.config_file, or WAEXPORTER_WEB_USERNAME with WAEXPORTER_WEB_PASSWORD (or WAEXPORTER_WEB_PASSWORD_FILE).
Exit code: 0 healthy, 1 not.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    parser.add_argument(
        "--url",
        help="where it serves, or its /-/healthy (default: on this machine, at the port it is configured to "
        "listen on)",
    )
    add_ca_file(parser)
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Send GET /-/healthy; return 0 for a status 2xx."""
    access = load_daemon_access(options.config, environ)
    base = (options.url or access.web.own_url).rstrip("/").removesuffix(_PATH)
    door = _find_door(base, access, options.ca_file)
    answer = _ask(door)
    if answer.is_healthy:
        return OK
    other = _find_other_door(door, access, answer) if access.is_own(base) and not options.ca_file else None
    if other is not None and _ask(other).is_healthy:
        warn(f"note: {base} is healthy, but {other.note}")
        return OK
    warn(answer.words + _explain_drop(door, access, answer))
    for problem in access.problems:
        warn(f"  the configuration has a problem: {problem}")
    return FAILED


class _Door(NamedTuple):
    """A way to the daemon."""

    base: str
    context: ssl.SSLContext | None = None  # None: plain HTTP
    authorization: str = ""
    is_own: bool = True  # on this machine
    note: str = ""  # why it is not the configured one


class _Answer(NamedTuple):
    """The answer of the daemon, or what came in its place."""

    words: str = ""
    is_healthy: bool = False
    failure: TlsFailure | None = None
    was_dropped: bool = False  # the connection ended without an answer, or with one to who does not speak TLS


def _find_door(base: str, access: DaemonAccess, ca_file: str | None) -> _Door:
    """Return the configured way; raise CommandError for a certificate that can't be read."""
    security, login = access.web.security, access.login
    needs_login = security.needs_credentials and _PATH not in security.excluded_paths
    authorization = authorize(access.credentials) if needs_login and access.is_own(base) else ""
    tls = Tls(ca_file=ca_file, cert_file=login.cert_file, key_file=login.key_file)
    if not base.startswith("https:"):
        return _Door(base, None, authorization if security.tls is None else "")
    if ca_file is None and access.is_own(base):
        if security.tls is None:
            return _Door(base, build_unverified_context(tls))
        return _Door(base, build_pinned_context(security.tls.certificate, tls), authorization)
    return _Door(base, build_verified_context(tls), is_own=False)


def _find_other_door(door: _Door, access: DaemonAccess, answer: _Answer) -> _Door | None:
    """Return the way to a daemon on this machine that started, or goes on, with other files than these.

    Nothing secret is sent there.
    """
    scheme, _, place = door.base.partition(":")
    context = build_unverified_context(
        Tls(None, cert_file=access.login.cert_file, key_file=access.login.key_file)
    )
    if scheme == "http" and answer.was_dropped:
        return _Door(f"https:{place}", context, note="speaks TLS, so its address begins with https://")
    if answer.failure is TlsFailure.PLAIN_HTTP:
        return _Door(f"http:{place}", note="speaks plain HTTP, while web.config_file has TLS by now")
    if answer.failure is TlsFailure.OTHER_CERTIFICATE:
        return _Door(door.base, context, note="serves another certificate than web.config_file names by now")
    return None


def _explain_drop(door: _Door, access: DaemonAccess, answer: _Answer) -> str:
    tls = access.web.security.tls
    if not answer.was_dropped or tls is None or not door.is_own:
        return ""
    failure = explain_end(tls, has_certificate=access.login.cert_file is not None)
    return f": {failure}" if failure is not None else ""


def _ask(door: _Door) -> _Answer:
    url = door.base + _PATH
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=door.context)]
    opener = urllib.request.build_opener(*handlers)
    if door.authorization:
        opener.addheaders.append(("Authorization", door.authorization))
    try:
        with opener.open(url, timeout=_TIMEOUT) as response:
            response.read(_MAX_WORDS)
            return _Answer(is_healthy=True)
    except urllib.error.HTTPError as error:
        with error:
            words = error.read(_MAX_WORDS).decode(errors="replace").strip()
        advice = f"; {SET_LOGIN}" if error.code == http.HTTPStatus.UNAUTHORIZED else ""
        return _Answer(
            f"{url} answers {error.code}" + (f": {words}" if words else "") + advice,
            was_dropped=error.code == http.HTTPStatus.BAD_REQUEST,
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        why = getattr(why, "strerror", None) or why  # without "[Errno 111]"
        failure = find_tls_failure(error) if door.is_own else None
        if not door.is_own and (distrust := find_distrust(error)):
            why = f"its certificate is not trusted: {distrust}; name its authority by --ca-file"
        return _Answer(
            f"{url} does not answer: {failure or why or type(error).__name__}",
            failure=failure,
            was_dropped=has_ended(error),
        )
