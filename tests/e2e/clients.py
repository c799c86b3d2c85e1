"""A simulated client as a test sees it: its control routes, and its API as its owner uses it."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from pathlib import Path

MONITOR = ("monitor", "monitor-password")
OWNER = ("owner", "owner-password")
USERS = ((*MONITOR, "user"), (*OWNER, "admin"))


class SimulatedClient:
    """Talks to a simulator that runs elsewhere; `with` ends the talk."""

    def __init__(self, url: str, ca_file: Path | None = None) -> None:
        self.url = url
        self.ca_file = ca_file
        trust: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca_file) if ca_file else False
        self._http = httpx.Client(base_url=url, verify=trust, trust_env=False, timeout=60)
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def bring(self, fault: str, **parameters: object) -> None:
        """Let a fault hold from now on."""
        self.control("POST", "/faults", {"fault": fault, **parameters})

    def lift(self, fault: str | None = None) -> None:
        """End a fault, or all of them."""
        self.control("DELETE", f"/faults/{fault}" if fault else "/faults")

    def control(self, method: str, path: str = "", document: object = None) -> dict[str, Any]:
        """Use a control route; gives what it answers."""
        answer = self._http.request(method, f"/_control{path}", json=document)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    def tokens(self) -> int:
        """Count the tokens that are valid."""
        count: int = self.control("GET")["tokens"]
        return count

    def log_in(self, name: str, password: str, new_password: str | None = None) -> str:
        """Log in as a person would, changing the password if a new one is given; gives the token."""
        body = {"new_password": new_password} if new_password else None
        answer = self._http.post("/v1/users/login", auth=(name, password), json=body)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["users"][0]["token"]
        return token

    def ask(self, path: str) -> dict[str, Any]:
        """GET a path of the API as its owner; gives the document."""
        self._token = self._token or self.log_in(*OWNER)
        answer = self._http.get(path, headers={"Authorization": f"Bearer {self._token}"})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def target(self, name: str, **more: object) -> dict[str, object]:
        """Give the entry of `targets:` that polls it."""
        user, password = MONITOR
        entry: dict[str, object] = {
            "name": name,
            "url": self.url,
            "auth": {"username": user, "password": password},
        }
        if self.ca_file is not None:
            entry["tls"] = {"ca_file": str(self.ca_file)}
        return entry | more
