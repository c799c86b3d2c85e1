"""The subcommands: `group command` is the module group_command.py, imported when it is run.

Each module has `add_arguments(parser)` and `run(options, environ) -> exit code`.
"""

from __future__ import annotations

from typing import NamedTuple

from waexporter.commands.process import FAILED, NAGIOS_UNKNOWN, USAGE_ERROR


class Entry(NamedTuple):
    """A command: its module, its line in --help, and its exit codes for errors."""

    module: str
    summary: str
    usage_error: int = USAGE_ERROR  # a wrong command line or configuration
    command_error: int = FAILED  # the command can't do its work


COMMANDS = {
    "run": Entry("run", "poll the configured clients and serve their metrics, until SIGTERM"),
    "demo": Entry("demo", "poll three simulated clients with a story of incidents, until Ctrl-C"),
    "check-config": Entry(
        "check_config",
        "print every problem in the configuration, or else the effective configuration",
        command_error=USAGE_ERROR,  # every error of this command is one of the configuration
    ),
    "probe": Entry(
        "probe",
        "poll one client once and explain what it says (exit code: 0 ok, 1 degraded, 2 down, 3 unknown)",
        # To Nagios, 1 and 2 are about the client.
        usage_error=NAGIOS_UNKNOWN,
        command_error=NAGIOS_UNKNOWN,
    ),
    "why": Entry("why", "explain a verdict of a running waexporter: which answers, which rule, what to do"),
    "bootstrap": Entry(
        "bootstrap",
        "create an account for monitoring, check what it may read, and print the configuration to paste",
    ),
    "simulate": Entry("simulate", "run a simulated client, to try things on"),
    "rules render": Entry(
        "rules_render", "print the alert rules as one file, with your labels and addresses"
    ),
    "dashboards write": Entry(
        "dashboards_write",
        "write the dashboards as files, with your data source and addresses",
        command_error=USAGE_ERROR,  # a folder that can't be written is a wrong argument
    ),
    "pager test": Entry(
        "pager_test", "send a test page along the real path, and say what happens at each step"
    ),
    "pager check": Entry(
        "pager_check", "check everything between an alert and a person, without paging anybody"
    ),
    "pager setup": Entry("pager_setup", "create a group for the people on call, and page it"),
    "pages": Entry("pages", "list what was paged, the newest first"),
    "pages why": Entry("pages_why", "explain what became of a page: what came, each attempt, its outcome"),
    "reload": Entry("reload", "reload the configuration of a running waexporter"),
    "healthcheck": Entry("healthcheck", "ask a running waexporter whether it is healthy"),
}

GROUPS = {
    "pager": "see that people are paged: test, check, setup",
    "rules": "the alert rules for your Prometheus: render",
    "dashboards": "the dashboards for your Grafana: write",
}
