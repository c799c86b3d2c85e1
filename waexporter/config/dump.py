"""The effective configuration as YAML, in the order and the format of the configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from waexporter.config.blocks import BLOCKS
from waexporter.config.fleet.http_sd import HTTP_SD
from waexporter.config.poll import Off
from waexporter.config.targets import TARGET
from waexporter.config.web_config.security_dump import dump_security

if TYPE_CHECKING:
    from waexporter.model import Config


# Written in C, if PyYAML has it: a thousand targets take a second without.
_SafeDumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SafeDumper):  # type: ignore[misc,valid-type]
    pass


_Dumper.add_representer(Off, lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:bool", "off"))


def dump_config(config: Config) -> str:
    """Return the effective configuration with its defaults, and `<secret>` for every secret."""
    document: dict[str, object] = {"targets": [TARGET.dump(each) for each in config.targets], "poll": {}}
    for block in BLOCKS:
        settings = block.of(config)
        if settings is not None:
            document[block.name] = block.dump(settings)
    if not config.http_sd.url:
        del document[HTTP_SD.name]
    text = _write(document)
    if config.web.config_file is not None:
        in_force = dump_security(config.web.security)
        text += f"---  # what is in force of {config.web.config_file}\n{_write(in_force)}"
    return text


def _write(document: dict[str, object]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
