"""`waexporter reload`: a running daemon is asked to read its configuration anew, and what it says is told."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.commands.console import warn, write
from waexporter.commands.daemon_client import ask_to_reload
from waexporter.commands.options import add_config, add_epilog, server_url
from waexporter.commands.process import FAILED, OK
from waexporter.config import load_daemon_access
from waexporter.errors import ApiError, BodyError, CommandError
from waexporter.model import Reason
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from waexporter.commands.daemon_client import Renewed
    from waexporter.config import DaemonAccess

    Say = Callable[[str], None]

_LONGEST_LINE = 1000  # characters
_NAMED = 50  # of a kind, on one line
_HANG_UP = "send it the signal SIGHUP instead: kill -HUP PID, with the pid of the line `started` in its log"


_EPILOG = """\
The daemon is found at web.listen of the configuration, and shown the secret of pager.webhook. It prints what
changed, or every problem with its key path, and then the daemon goes on as before.
Exit code: 0 it has reloaded, 1 not.

  waexporter reload --config waexporter.yml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_config(parser)
    parser.add_argument(
        "--url",
        type=server_url,
        metavar="URL",
        help="where the daemon serves (default: on this machine, at the port it is configured to listen on)",
    )
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Ask the daemon to reload."""
    access = load_daemon_access(options.config, environ)
    url = (options.url or access.web.own_url).rstrip("/").removesuffix("/-/reload")
    return OK if renew(url, access, write, warn) else FAILED


def renew(url: str, access: DaemonAccess, say: Say, complain: Say) -> bool:
    """Have the daemon at a url reload, and say what came of it; gives whether it did.

    Raises CommandError, with what to do, where it can't be asked.
    """
    try:
        status, said = ask_to_reload(url, access.webhook)
    except BodyError as error:
        raise CommandError(f"what listens at {url} is no waexporter: {_CORRECT}") from error
    except ApiError as error:
        raise CommandError(_explain(url, error) + _doubt(access)) from error
    if status == HTTPStatus.OK:
        say(f"the daemon at {url} has reloaded")
        for line in _changes(said):
            say(f"  {line}")
        return True
    if status != HTTPStatus.BAD_REQUEST or not said.problems:
        raise CommandError(_refuse(url, status, said) + _doubt(access))
    for problem in said.problems:
        complain(printable(problem, _LONGEST_LINE))
    complain(f"the daemon at {url} did not reload: it goes on as before")
    return False


def _changes(said: Renewed) -> Iterator[str]:
    """Give a line for each kind of change."""
    for kind, names in (
        ("targets added", said.added),
        ("targets removed", said.removed),
        ("targets changed", said.changed),
        ("other keys that changed", said.keys),
    ):
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        if names:
            yield f"{kind}: {', '.join(printable(name) for name in names[:_NAMED])}{more}"
    if not (said.added or said.removed or said.changed or said.keys):
        yield "nothing has changed"
    yield f"targets kept: {said.kept}"


_CORRECT = "correct web.listen, or give its address by --url"


def _refuse(url: str, status: int, said: Renewed) -> str:
    words = printable(said.error) or "without a reason"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return (
            f"the daemon at {url} refuses to reload ({status}: {words}); it knows the secret of "
            f"pager.webhook that it read at its start or its last reload: if the secret is "
            f"another one now, {_HANG_UP}"
        )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return f"the daemon at {url} can't reload now (503: {words}): ask again"
    return f"what listens at {url} answers {status} ({words}): {_CORRECT}"


def _explain(url: str, error: ApiError) -> str:
    if error.reason is Reason.UNREACHABLE and not error.may_have_arrived:
        return f"no daemon is found at {url} ({error}): start it by `waexporter run`, or {_CORRECT}"
    return f"the daemon at {url} did not answer ({error}): its log says what came of it"


def _doubt(access: DaemonAccess) -> str:
    """Say what is wrong with the configuration from which the way to the daemon was read."""
    problems = "".join(f"\n  {problem}" for problem in access.problems)
    return (
        f"\nthe configuration has problems, too, so the daemon may be elsewhere:{problems}"
        if problems
        else ""
    )
