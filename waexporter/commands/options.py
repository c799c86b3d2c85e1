"""What may be said on the command line, and its help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn

from waexporter import __version__
from waexporter.commands.console import write_out
from waexporter.commands.dashboards_write import RUNBOOK_BASE as RUNBOOKS
from waexporter.commands.rules_render import DASHBOARD_BASE, RUNBOOK_BASE
from waexporter.config import parse_listen
from waexporter.config.addresses import http_url

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

Command = Callable[[argparse.Namespace, Mapping[str, str]], int]

_DESCRIPTION = """\
Prometheus exporter and health agent for the WhatsApp Business On-Premises API.

Try it in a minute:   waexporter demo
One client, no file:  WAEXPORTER_TARGET_URL=https://wa.example:9090 WAEXPORTER_API_KEY=... waexporter run
Why is it unwell?     waexporter probe https://wa.example:9090
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose exit code for a wrong command line may be another than 2."""

    wrong = 2

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Write the help where it was asked for; argparse keeps it to itself if that can't be."""
        if file is None:
            write_out(self.format_help())
        else:
            super().print_help(file)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(self.wrong, f"{self.prog}: error: {message}\n")


def _address(text: str) -> tuple[str, int]:
    try:
        return parse_listen(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _account(text: str) -> tuple[str, str, str]:
    name, _, rest = text.partition(":")
    password, _, role = rest.partition(":")
    if not name or not password or role not in {"", "user", "admin"}:
        message = f"{text!r} is not NAME:PASSWORD or NAME:PASSWORD:admin"
        raise argparse.ArgumentTypeError(message)
    return name, password, role or "user"


def _origin(text: str) -> str:
    try:
        return http_url(text)
    except ValueError as error:
        message = (
            "must be an address such as http://alertmanager:9093"  # not repeated: it may hold a password
        )
        raise argparse.ArgumentTypeError(message) from error


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text[:9]) <= 20_000:  # noqa: PLR2004 - the journal keeps no more
        message = f"{text!r} is not a number from 1 to 20000"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _factor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1000:  # noqa: PLR2004 - beyond that a story is over within a poll
        message = f"{text!r} is not a number above 0, up to 1000"
        raise argparse.ArgumentTypeError(message)
    return number


def build(commands: Mapping[str, Command], unknown: int) -> argparse.ArgumentParser:
    """Build the parser; `command` of what it reads is the function to run.

    A wrong command line ends the process with 2, that of `probe` with `unknown`: to Nagios, 2 would mean that
    the client is down.
    """
    parser = _Parser(
        prog="waexporter", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"waexporter {__version__}")
    places = {"": parser.add_subparsers(title="commands", required=True, metavar="COMMAND")}
    for name, (words, takes) in _COMMANDS.items():
        group_name, _, last = name.rpartition(" ")
        if group_name not in places:
            said = _GROUPS[group_name]
            group = places[""].add_parser(group_name, help=said, description=said[0].upper() + said[1:] + ".")
            places[group_name] = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
        command = places[group_name].add_parser(
            last,
            help=words,
            description=words[0].upper() + words[1:] + ".",
            epilog=_LESSONS.get(name),
            formatter_class=argparse.RawDescriptionHelpFormatter
            if name in _LESSONS
            else argparse.HelpFormatter,
        )
        command.set_defaults(command=commands[name])
        for take in takes:
            take(command)
        if name == "probe":
            command.wrong = unknown
    return parser


def _takes_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="YAML file (default: WAEXPORTER_CONFIG, or a single target from WAEXPORTER_* variables)",
    )


def _takes_daemon_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--listen",
        type=_address,
        metavar="ADDR",
        help="host:port to serve on (127.0.0.1:9847); :9847 is every interface",
    )
    parser.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), help="the least that is logged (info)"
    )
    parser.add_argument(
        "--log-format", choices=("json", "console"), help="for programs or for people; the log goes to stderr"
    )


def _takes_speed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--speed", type=_factor, default=1.0, metavar="N", help="how many times faster incidents go by (1)"
    )


def _takes_stack(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stack",
        action="store_true",
        help="page through a real Prometheus and Alertmanager, if they are installed (with --speed up to 2)",
    )


def _takes_simulation(parser: argparse.ArgumentParser) -> None:
    listen = ("127.0.0.1", 9090)
    parser.add_argument(
        "--listen",
        type=_address,
        default=listen,
        metavar="ADDR",
        help="host:port to answer at (127.0.0.1:9090)",
    )
    parser.add_argument(
        "--topology",
        choices=("single", "ha", "multiconnect"),
        default="single",
        help="how its nodes are arranged (single)",
    )
    parser.add_argument(
        "--shards", type=int, choices=(1, 2, 4, 8, 16, 32), default=4, help="how many, in multiconnect (4)"
    )
    parser.add_argument(
        "--scenario",
        default="healthy",
        metavar="NAME",
        help="what happens to it; `list` prints what can (healthy)",
    )
    _takes_speed(parser)
    parser.add_argument("--tls", action="store_true", help="HTTPS, with a certificate authority of its own")
    parser.add_argument("--ca-file", metavar="FILE", help="where to write that authority's certificate")
    parser.add_argument("--api-key", metavar="KEY", help="also accept this API key")
    parser.add_argument(
        "--user",
        type=_account,
        action="append",
        default=[],
        metavar="NAME:PASSWORD[:admin]",
        help="an account that is ready to use, beside admin/secret, which must change its password",
    )
    parser.add_argument(
        "--health-limit",
        type=int,
        default=10,
        metavar="N",
        help="requests of /health a minute (10; 0: no limit)",
    )


def _takes_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="TARGET_OR_URL",
        help="a configured target's name, or any https:// url, asked with the environment's credentials",
    )


def _takes_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        help="where it serves, or its /-/healthy (default: on this machine, at the port it is configured to "
        "listen on)",
    )


def _takes_daemon(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        type=_origin,
        metavar="URL",
        help="where the daemon serves (default: on this machine, at the port it is configured to listen on)",
    )


def _takes_recording(parser: argparse.ArgumentParser) -> None:
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--record", metavar="DIR", help="keep the answers there, without names, texts and secrets"
    )
    either.add_argument("--replay", metavar="DIR", help="take the answers from there instead of asking")


def _takes_admin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", required=True, help="https:// url of the client")
    parser.add_argument("--admin-user", required=True, metavar="NAME", help="an admin's account, often admin")
    parser.add_argument(
        "--admin-password-file", metavar="FILE", help="its password (default: asked for, and not shown)"
    )
    parser.add_argument(
        "--new-admin-password-file",
        metavar="FILE",
        help="if the admin must change its password at its first login: change it to this one",
    )
    parser.add_argument("--user", default="monitor", metavar="NAME", help="the account to make (monitor)")
    parser.add_argument(
        "--password-file",
        default="wa-password",
        metavar="FILE",
        help="where to write its password, for you alone to read (wa-password)",
    )
    parser.add_argument("--ca-file", metavar="FILE", help="the authority, or the webapp's own certificate")
    parser.add_argument(
        "--insecure-skip-verify", action="store_true", help="don't verify the certificate: anyone may listen"
    )


def _takes_rendering(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--selector",
        default="",
        metavar="MATCHERS",
        help='labels that every metric must have, such as job="waexporter",env="prod"; braces may be around',
    )
    parser.add_argument(
        "--runbook-base",
        default=RUNBOOK_BASE,
        metavar="URL",
        help="where you keep the runbooks: the name of the alert is added, or put in where {name} stands",
    )
    parser.add_argument("--dashboard-base", default=DASHBOARD_BASE, metavar="URL", help="your Grafana")
    parser.add_argument(
        "--kubernetes",
        metavar="NAME",
        help="print them as a PrometheusRule of this name, for the Prometheus Operator",
    )
    parser.add_argument("--namespace", default="", metavar="NAME", help="the namespace of the PrometheusRule")
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a label of the PrometheusRule; the Operator may read only rules that have a certain one",
    )


def _takes_boards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="where to write them; it is made if it is not there")
    parser.add_argument(
        "--datasource",
        metavar="UID_OR_NAME",
        help="the data source that they open on (default: the first Prometheus that Grafana lists)",
    )
    parser.add_argument(
        "--runbook-base",
        default=RUNBOOKS,
        metavar="URL",
        help="where you keep the runbooks: the name of the alert is added, or put in where {name} stands "
        f"({RUNBOOKS})",
    )


def _takes_carrier(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="a configured target (default: the first that may carry pages)",
    )


def _takes_fallback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fallback",
        action="store_true",
        help="send the test through each address of pager.fallback instead, from here",
    )


def _takes_alertmanager(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--alertmanager",
        type=_origin,
        metavar="URL",
        help="also read its configuration there, such as http://alertmanager:9093",
    )


def _takes_subject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--subject", default="On call", metavar="TEXT", help="the group's name (On call)")
    parser.add_argument("--yes", action="store_true", help="write on_call_pager without asking")


def _takes_listing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=_count, default=20, metavar="N", help="how many pages (20)")
    parser.add_argument("--json", action="store_true", help="for programs, as GET /api/v1/pages")


# Commands that have commands of their own.
_GROUPS: Mapping[str, str] = {
    "pager": "see that people are paged: test, check, setup",
    "rules": "the alert rules for your Prometheus: render",
    "dashboards": "the dashboards for your Grafana: write",
}

_LESSONS: Mapping[str, str] = {
    "run": """\
SIGTERM and Ctrl-C end it well. `waexporter reload`, as SIGHUP and POST /-/reload do, has it read its
configuration anew, with every file that this names; if there is a problem, everything goes on as before, and
the log and the status page say what is wrong. The line `started` of the log has the number of the process as
pid; in a container it is 1.

  kill -HUP PID
""",
    "pager test": """\
With the daemon running, an alert WaExporterTest is delivered to it as Alertmanager would, and followed until
WhatsApp or a fallback has accepted it, or the page has failed. Without a daemon, this process sends by
itself, once, and says what each way answers. Accepted is not delivered: look at the group.
Exit code: 0 accepted, 1 not.

  waexporter pager test --config waexporter.yml
  waexporter pager test --config waexporter.yml --target support-line

With --fallback, the test goes through each address of pager.fallback and no client, from this process,
whether the daemon runs or not; a line for each says what came back. Exit code: 0 all accepted it, 1 not.

  waexporter pager test --config waexporter.yml --fallback
""",
    "pager check": """\
A line for each check: ok, note (worth knowing), or NOT OK with what to do behind the arrow. Nobody is paged.
Run it as the daemon's user, where the daemon runs. Exit code: 0 nothing is NOT OK, 1 something is.

  waexporter pager check --config waexporter.yml
  waexporter pager check --config waexporter.yml --alertmanager http://alertmanager:9093
""",
    "pager setup": """\
The business makes the group and people join by its invite link: nobody can be put into it. The setting
on_call_pager is written after you said yes (it needs an admin's account); otherwise the line to put into the
configuration is printed.

  waexporter pager setup --config waexporter.yml --subject "On call EU"
""",
    "rules render": """\
The rules are printed for you to save and load; nothing else is changed.

  waexporter rules render --selector '{job="waexporter"}' > rules.yml
  waexporter rules render --runbook-base 'https://wiki.example/wa/{name}.html' > rules.yml
  waexporter rules render --kubernetes waexporter --label release=prometheus | kubectl apply -f -
""",
    "dashboards write": """\
The dashboards are written as files that Grafana reads: import them by hand, or have it read the folder by
copying DIR/waexporter.yml to /etc/grafana/provisioning/dashboards and restarting it. Dashboards of an older
version are replaced; other files stay as they are. Exit code: 0 they are written, 2 not.

  waexporter dashboards write /var/lib/grafana/dashboards/waexporter
  waexporter dashboards write --datasource Prometheus --runbook-base http://monitor.example:9847/runbooks DIR
""",
    "reload": """\
The daemon is found at web.listen of the configuration, and shown the secret of pager.webhook. It prints what
changed, or every problem with its key path, and then the daemon goes on as before.
Exit code: 0 it has reloaded, 1 not.

  waexporter reload --config waexporter.yml
""",
    "pages": """\
Pages are pending (they are tried again by themselves), accepted (WhatsApp or a fallback took them) or failed
(given up; the reason and what to do stand below). The daemon may run meanwhile.

  waexporter pages --config waexporter.yml --limit 5
""",
}

_COMMANDS: Mapping[str, tuple[str, tuple[Callable[[_Parser], None], ...]]] = {
    "run": (
        "poll the configured clients and serve their metrics, until SIGTERM",
        (_takes_config, _takes_daemon_options),
    ),
    "demo": (
        "poll three simulated clients with a story of incidents, until Ctrl-C",
        (_takes_daemon_options, _takes_speed, _takes_stack),
    ),
    "check-config": (
        "say everything that is wrong with the configuration, or else print it with its defaults",
        (_takes_config,),
    ),
    "probe": (
        "poll one client once and explain what it says (exit code: 0 ok, 1 degraded, 2 down, 3 unknown)",
        (_takes_target, _takes_config, _takes_recording),
    ),
    "bootstrap": (
        "make an account for monitoring, prove what it may read, and print the configuration to paste",
        (_takes_admin,),
    ),
    "simulate": ("a simulated client, to try things on", (_takes_simulation,)),
    "rules render": (
        "print the alert rules as one file, with your labels and addresses",
        (_takes_rendering,),
    ),
    "dashboards write": (
        "write the dashboards as files, with your data source and addresses",
        (_takes_boards,),
    ),
    "pager test": (
        "send a test page along the real path, and say what happens at each step",
        (_takes_config, _takes_carrier, _takes_fallback),
    ),
    "pager check": (
        "check everything between an alert and a person, without paging anybody",
        (_takes_config, _takes_alertmanager),
    ),
    "pager setup": (
        "make a group for the people on call, and page it",
        (_takes_config, _takes_carrier, _takes_subject),
    ),
    "pages": ("list what was paged, the newest first", (_takes_config, _takes_listing)),
    "reload": ("have a running waexporter read its configuration anew", (_takes_config, _takes_daemon)),
    "healthcheck": ("ask a running waexporter whether it is healthy", (_takes_config, _takes_address)),
}
