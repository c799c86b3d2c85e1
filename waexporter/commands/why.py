"""`waexporter why`: print why a running daemon's verdict on a client is as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from waexporter.commands.console import write
from waexporter.commands.daemon_client import DaemonClient, describe_problems
from waexporter.commands.options import add_epilog, add_running_daemon
from waexporter.commands.process import OK
from waexporter.config import load_daemon_access
from waexporter.errors import ApiError, BodyError, CommandError
from waexporter.model import Reason
from waexporter.transport.lenient_json import printable
from waexporter.web.formatting import link_to

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from waexporter.commands.daemon_client import ExplanationText

_LONGEST_LINE = 1000  # characters

_EPILOG = """\
It asks the running daemon, and nobody else: which answers of the client count and how old they are, which
rule made each problem, since when, what to do, and what would change the verdict. `waexporter probe` asks the
client itself.
Exit code: 0 it is explained, 1 not (no daemon, no such client).

  waexporter why support-line --config waexporter.yml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("target", metavar="NAME", help="a configured target's name")
    add_running_daemon(parser)
    parser.add_argument("--json", action="store_true", help="for programs, as the daemon's API answers")
    add_epilog(parser, _EPILOG)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the explanation."""
    print_explanation(f"/{link_to('api/v1/targets', options.target)}/why", options, environ)
    return OK


def print_explanation(path: str, options: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Print the explanation that a daemon has at a path; raise CommandError."""
    access = load_daemon_access(options.config, environ)
    url = (options.url or access.web.own_url).rstrip("/")
    with DaemonClient(access, url, options.ca_file) as client:
        try:
            explanation = client.explain(path)
        except BodyError as error:
            raise CommandError(f"what listens at {url} is no waexporter, or an older one: {error}") from error
        except ApiError as error:
            words = client.explain_tls(error) or _explain_error(url, error)
            raise CommandError(words + describe_problems(access)) from error
    _print(explanation, as_json=options.json)


def _explain_error(url: str, error: ApiError) -> str:
    if error.reason is not Reason.UNREACHABLE or error.may_have_arrived:
        return f"the daemon at {url} did not answer ({error}): ask again, or look at its log"
    return (
        f"no daemon answers at {url} ({error}): start it by `waexporter run`, or correct web.listen, or give "
        "its address by --url"
    )


def _print(explanation: ExplanationText, *, as_json: bool) -> None:
    if as_json:
        write(msgspec.json.format(explanation.document).decode())
        return
    for line in explanation.lines:
        write(printable(line, _LONGEST_LINE))
