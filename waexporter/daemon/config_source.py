"""Where the configuration of a daemon comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from waexporter.config import LoadedConfig, Stamps


class ConfigSource(NamedTuple):
    """How the configuration is read, and which files were read at the start."""

    # Adds the stamp of each file that it reads to the first argument, also if it raises ConfigError.
    # The second one is the list of http_sd_url, None if there is none yet.
    read: Callable[[Stamps, str | None], LoadedConfig]
    stamps: Stamps
    notes: tuple[str, ...] = ()  # of the first reading, which are logged
    file: str | None = None  # None: it comes from the environment alone
    is_watched: bool = True  # a change of such a file is a reload
