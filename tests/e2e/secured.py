"""A daemon with the web configuration of docs/web-security.md, and the files that the document names."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import bcrypt
import yaml

from tests.e2e import documented
from tests.e2e.clients import OWNER
from tests.e2e.documented import configuration
from tests.e2e.exporters import Exporter
from tests.markdown import WEB_SECURITY, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.documented import Clients

PASSWORD, TOKEN = "sesame-open", "a-token-of-many-letters"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
TARGETS = """\
targets:
  - name: support-line
    url: https://wa-1.example:9090
    auth: {username: monitor, password_file: /run/secrets/wa-1}
    tls: {ca_file: /etc/waexporter/ca-1.pem}
poll: {health: 1s, settings: 1s}
pager: {state_dir: /var/lib/waexporter}
"""


@contextmanager
def secured(folder: Path, *, with_token: bool) -> Iterator[tuple[Clients, Exporter]]:
    """Run the daemon with TLS and the user of the document, and also with its token."""
    (make_certificate,) = (block for block in blocks(WEB_SECURITY, "console") if "openssl req" in block)
    made = documented.run(documented.steps(make_certificate)[0].command, documented.Place(folder, {}))
    assert made.status == 0, made.output
    (folder / "waexporter-ca.pem").write_bytes((folder / "server.pem").read_bytes())
    for name, secret in {
        "prometheus.password": PASSWORD,
        "waexporter-password": PASSWORD,
        "waexporter-token": TOKEN,
    }.items():
        (folder / name).write_text(f"{secret}\n")
    first, second, *_ = (yaml.safe_load(text) for text in configurations("tls_server_config"))
    web_config = {**first, "basic_auth_users": dict.fromkeys(first["basic_auth_users"], HASH)}
    if with_token:
        web_config["bearer_token_files"] = second["bearer_token_files"]
    with documented.clients(folder, "wa-1", account=OWNER) as clients:
        listen = clients.place.here("127.0.0.1:9847")
        local = listen.replace("127.0.0.1", "localhost")
        table = {
            "localhost:9847": local,
            "waexporter.example:9847": local,
            "/run/secrets/waexporter-token": str(folder / "waexporter-token"),
            "/etc/prometheus/waexporter-": f"{folder}/waexporter-",
            "/etc/alertmanager/waexporter-": f"{folder}/waexporter-",
            **clients.place.table,
        }
        place = clients.place._replace(table=table)
        place.write("web.yml", yaml.safe_dump(web_config))
        web = f"web: {{listen: '{listen}', config_file: web.yml}}\n"
        file = place.write("waexporter.yml", TARGETS + web)
        with Exporter.run(file, f"--listen={listen}") as exporter:
            yield documented.Clients(clients.simulated, place, clients.chat, clients.heartbeat), exporter


def configurations(key: str) -> list[str]:
    """Return the YAML blocks of the document that have a key at their top."""
    assert configuration(WEB_SECURITY, key)
    return [text for text in blocks(WEB_SECURITY, "yaml") if text.startswith(f"{key}:")]
