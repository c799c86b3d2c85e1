"""What causes a reload of the configuration."""

from __future__ import annotations

from enum import StrEnum


class ReloadCause(StrEnum):
    """Why the configuration is read again; the values are those of the label `cause`."""

    SIGNAL = "signal"  # SIGHUP
    REQUEST = "request"  # POST /-/reload
    FILE = "file"  # a file has changed
    HTTP_SD = "http_sd"  # the list of targets at an address has changed
