"""The block `log`; not called log.py, which is the name of the module that logs."""

from __future__ import annotations

from waexporter.config.keys import Block, Key, Variable, value
from waexporter.config.values import scalars
from waexporter.model import LogSettings

LOG = Block(
    "log",
    LogSettings,
    (
        Key(
            "level",
            value(scalars.choice("debug", "info", "warning", "error")),
            "`debug`, `info`, `warning` or `error`; `debug` logs each poll with its phases",
            variables=(Variable("WAEXPORTER_LOG_LEVEL", str.lower),),
        ),
        Key(
            "format",
            value(scalars.choice("json", "console")),
            "`json`, one object per line, or `console`, for people. The log is written to stderr",
            variables=(Variable("WAEXPORTER_LOG_FORMAT", str.lower),),
        ),
    ),
)
