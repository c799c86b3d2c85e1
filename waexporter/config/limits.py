"""The block `limits`."""

from __future__ import annotations

from waexporter.config.keys import Block, Key, value
from waexporter.config.values import scalars
from waexporter.config.values.quantities import format_bytes
from waexporter.model import Limits

LIMITS = Block(
    "limits",
    Limits,
    (
        Key(
            "body_bytes",
            value(scalars.size),
            "size of one answer after decompression; a larger one is a failed poll",
            write=format_bytes,
        ),
        Key("samples_per_endpoint", value(scalars.count), "samples of one answer"),
        Key("label_sets_per_family", value(scalars.count), "label sets of one family at one node"),
    ),
)
