"""The block `web`."""

from __future__ import annotations

import os.path

from waexporter.config.keys import Block, Key, Variable, value
from waexporter.config.values import scalars
from waexporter.config.values.quantities import format_listen
from waexporter.config.web_config.web_config_file import read_web_config
from waexporter.model import WebSettings

WEB = Block(
    "web",
    WebSettings,
    (
        Key(
            "listen",
            value(scalars.listen),
            "where pages and metrics are served; `:9847` is every interface, `[::1]:9847` is IPv6, port 0 "
            "is any free one. In the image `0.0.0.0:9847`",
            write=lambda address: format_listen(*address),
            fields=("host", "port"),
            variables=(Variable("WAEXPORTER_LISTEN"),),
            needs_restart=True,
        ),
        Key(
            "config_file",
            read_web_config,
            "TLS, users, tokens, headers and the rate limit of this server, in the "
            "[format of Prometheus' exporters](web-security.md)",
            write=lambda read: read[0],
            fields=("config_file", "security"),
            variables=(Variable("WAEXPORTER_WEB_CONFIG_FILE", os.path.abspath),),
        ),
        Key(
            "max_connections",
            value(scalars.count),
            "connections that are open at a time. For a further one, a connection of the client that has "
            "most of them is closed: the one that has waited longest for a request, or for a response to be "
            "read. If that client itself wants one more while all of its connections are being answered, it "
            "gets 503 with `Retry-After`. Half as many requests may wait for `/probe`",
            needs_restart=True,
        ),
    ),
)
