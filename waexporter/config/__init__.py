"""The configuration: a YAML file and the environment become one `Config`, or every problem at once."""

from __future__ import annotations

from waexporter.config.diff import Difference, compare
from waexporter.config.dump import effective
from waexporter.config.loading import DaemonAccess, Loaded, load, load_daemon_access
from waexporter.config.pager import check_webhook_auth
from waexporter.config.polls import DEFAULT_PLANS
from waexporter.config.quantities import parse_duration, parse_listen
from waexporter.config.yaml_document import parse_document

__all__ = [
    "DEFAULT_PLANS",
    "DaemonAccess",
    "Difference",
    "Loaded",
    "check_webhook_auth",
    "compare",
    "effective",
    "load",
    "load_daemon_access",
    "parse_document",
    "parse_duration",
    "parse_listen",
]
