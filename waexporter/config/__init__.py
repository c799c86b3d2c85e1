"""The configuration: read a YAML file and the environment into one `Config`, or report every problem."""

from __future__ import annotations

from waexporter.config.blocks import compare
from waexporter.config.diff import ConfigDiff
from waexporter.config.dump import dump_config
from waexporter.config.environment import WATCH_VARIABLE
from waexporter.config.file_stamp import Stamps, stamp_file
from waexporter.config.fleet.shard_choice import SHARD_VARIABLE, choose_shard, describe_shard
from waexporter.config.loading import LoadedConfig, choose_file, load, load_daemon_access, load_web
from waexporter.config.poll import DEFAULT_PLANS
from waexporter.config.values.quantities import parse_duration, parse_listen
from waexporter.config.web_config.daemon_access import DaemonAccess, make_access, require_access
from waexporter.config.webhook_auth import check_webhook_auth
from waexporter.config.yaml_document import parse_document

__all__ = [
    "DEFAULT_PLANS",
    "SHARD_VARIABLE",
    "WATCH_VARIABLE",
    "ConfigDiff",
    "DaemonAccess",
    "LoadedConfig",
    "Stamps",
    "check_webhook_auth",
    "choose_file",
    "choose_shard",
    "compare",
    "describe_shard",
    "dump_config",
    "load",
    "load_daemon_access",
    "load_web",
    "make_access",
    "parse_document",
    "parse_duration",
    "parse_listen",
    "require_access",
    "stamp_file",
]
