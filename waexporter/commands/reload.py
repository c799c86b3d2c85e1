"""`waexporter reload`: make a running daemon reload its configuration."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.commands.console import warn, write
from waexporter.commands.daemon_client import DaemonClient, describe_problems
from waexporter.commands.options import add_epilog, add_running_daemon
from waexporter.commands.process import FAILED, OK
from waexporter.config import load_daemon_access
from waexporter.errors import ApiError, BodyError, CommandError
from waexporter.model import Reason
from waexporter.timefmt import first_names
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from waexporter.commands.daemon_client import ReloadDocument
    from waexporter.config import DaemonAccess

_LINE_LENGTH = 1000  # characters of a problem
_MAX_NAMES = 50  # of one kind of change
_CORRECT = "correct web.listen, or give its address by --url"

_EPILOG = """\
The daemon is found at web.listen of the configuration. It is shown the first token of web.config_file, or the
user in WAEXPORTER_WEB_USERNAME with WAEXPORTER_WEB_PASSWORD or WAEXPORTER_WEB_PASSWORD_FILE, or the secret of
pager.webhook. It prints what changed, or every problem with its key path, and then goes on as before.
Exit code: 0 it has reloaded, 1 not.

  waexporter reload --config waexporter.yml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_running_daemon(parser)
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Ask the daemon to reload, and print what changed or what is wrong."""
    access = load_daemon_access(options.config, environ)
    url = (options.url or access.web.own_url).rstrip("/").removesuffix("/-/reload")
    document = _reload(url, access, options.ca_file)
    if not document.problems:
        write(f"the daemon at {url} has reloaded")
        for line in _describe_changes(document):
            write(f"  {line}")
        return OK
    for problem in document.problems:
        warn(printable(problem, _LINE_LENGTH))
    warn(f"the daemon at {url} did not reload: it goes on as before")
    return FAILED


def _reload(url: str, access: DaemonAccess, ca_file: str | None) -> ReloadDocument:
    """Return what a reload has changed, or the problems that it found; raise CommandError without either."""
    with DaemonClient(access, url, ca_file) as client:
        try:
            status, document = client.reload()
        except BodyError as error:
            raise CommandError(f"what listens at {url} is no waexporter: {_CORRECT}") from error
        except ApiError as error:
            words = client.explain_tls(error) or _explain_error(url, error)
            raise CommandError(words + describe_problems(access)) from error
        if status == HTTPStatus.OK or (status == HTTPStatus.BAD_REQUEST and document.problems):
            return document
        words = _explain_refusal(client, status, printable(document.error) or "without a reason")
        raise CommandError(words + describe_problems(access))


def _describe_changes(document: ReloadDocument) -> Iterator[str]:
    """Yield a line for each kind of change."""
    changes = (
        ("targets added", document.added),
        ("targets removed", document.removed),
        ("targets changed", document.changed),
        ("targets with new secrets or certificates", document.rotated),
        ("other keys that changed", document.keys),
    )
    for kind, names in changes:
        if names:
            yield f"{kind}: {first_names([printable(name) for name in names], _MAX_NAMES)}"
    if not any(names for _, names in changes):
        yield "nothing has changed"
    yield f"targets kept: {document.kept}"


def _explain_refusal(client: DaemonClient, status: int, words: str) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return (
            f"the daemon at {client.url} refuses to reload ({status}: {words}); {client.credentials_advice}"
        )
    if status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        return f"the daemon at {client.url} can't reload now ({status}: {words}): ask again"
    return f"what listens at {client.url} answers {status} ({words}): {_CORRECT}"


def _explain_error(url: str, error: ApiError) -> str:
    if error.reason is Reason.UNREACHABLE and not error.may_have_arrived:
        return f"no daemon is found at {url} ({error}): start it by `waexporter run`, or {_CORRECT}"
    return f"the daemon at {url} did not answer ({error}): its log says what came of it"
