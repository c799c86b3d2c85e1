"""All blocks of the configuration except `targets`, whose entries are handled one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.config import diff
from waexporter.config.fleet.http_sd import HTTP_SD
from waexporter.config.limits import LIMITS
from waexporter.config.log_block import LOG
from waexporter.config.pager import PAGER
from waexporter.config.poll import COMMON_POLL
from waexporter.config.web import WEB

if TYPE_CHECKING:
    from waexporter.config.diff import ConfigDiff
    from waexporter.model import Config

BLOCKS = (HTTP_SD, LIMITS, COMMON_POLL, WEB, PAGER, LOG)


def compare(old: Config, new: Config) -> ConfigDiff:
    """Return the difference of two configurations."""
    return diff.compare(old, new, BLOCKS)
