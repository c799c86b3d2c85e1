"""A daemon's door with TLS and users in this process, and the files that commands find it by."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import bcrypt
import trustme

from tests.real.network import find_free_port
from tests.web.fakes import FakeBackend, an_application
from waexporter.config import load_daemon_access
from waexporter.web.security.current_security import CurrentSecurity, prepare_security
from waexporter.web.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USER, PASSWORD = "prometheus", "sesame-open"
TOKEN = "a-token-of-many-letters"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
EXPIRED = datetime(2021, 1, 1, tzinfo=UTC)
TLS = {"cert_file": "server.pem", "key_file": "server.key"}


class SecuredPlace:
    """A folder with a configuration, a web configuration and certificates."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        self.host, self.port = host, find_free_port()
        self.file = folder / "waexporter.yml"
        shown = f"[{host}]" if ":" in host else host
        self.address = f"{shown}:{self.port}"
        web = {"listen": self.address, "config_file": "web.yml"}
        self.file.write_text(json.dumps({"targets": [{"url": "https://wa.example"}], "web": web}))
        (folder / "token").write_text(TOKEN)
        self.issue("server")
        self.secure(tls_server_config=TLS)

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    def secure(self, **web_config: object) -> None:
        """Write the web configuration."""
        (self.folder / "web.yml").write_text(json.dumps(web_config))

    def issue(
        self,
        name: str,
        *,
        host: str = "wa.example",
        authority: trustme.CA | None = None,
        until: datetime | None = None,
    ) -> None:
        """Write NAME.pem and NAME.key."""
        begin = until - timedelta(days=365) if until else None
        issued = (authority or self.authority).issue_cert(host, not_before=begin, not_after=until)
        issued.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
        chain = b"".join(each.bytes() for each in issued.cert_chain_pems)
        (self.folder / f"{name}.pem").write_bytes(chain)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    @contextmanager
    def serving(self, backend: FakeBackend | None = None) -> Iterator[FakeBackend]:
        """Serve with the files as they are now."""
        backend = backend or FakeBackend()
        access = load_daemon_access(str(self.file), {})
        assert access.problems == ()
        security = CurrentSecurity(prepare_security(access.web.security))
        application = an_application(backend, security=security)
        with Server(application, self.host, self.port).background():
            yield backend
