"""A daemon whose configuration changes under it, and what must stay as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.e2e.exporters import WITHOUT_COLLECTORS, Exporter, write_config

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

# Nothing is polled twice while a test looks.
SELDOM = dict.fromkeys(("health", "app", "web", "db"), "5m") | WITHOUT_COLLECTORS
SUCCESSFUL = "waexporter_config_last_reload_successful"
SUCCESS_TIME = "waexporter_config_last_reload_success_timestamp_seconds"


@dataclass
class World:
    """A daemon, and the folder of the file that it follows."""

    folder: Path
    exporter: Exporter

    def write(self, *targets: dict[str, object], **blocks: object) -> None:
        """Replace the file in one step, as an editor or a ConfigMap does."""
        configure(self.folder, *targets, **blocks)

    def reload(self, status: int = 200, **headers: str) -> httpx.Response:
        answer = self.exporter.http.post("/-/reload", headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    def document(self, status: int = 200) -> dict[str, Any]:
        said: dict[str, Any] = self.reload(status, accept="application/json").json()
        return said

    def value(self, name: str, **labels: str) -> float | None:
        return self.exporter.page().value(name, **labels)


def configure(folder: Path, *targets: dict[str, object], **blocks: object) -> Path:
    (folder / "new").mkdir(exist_ok=True)
    written = write_config(folder / "new", {"targets": targets, "poll": SELDOM, **blocks})
    return written.replace(folder / "waexporter.yml")


class Reloadable(Protocol):
    """`reloadable(client.target("one"), log={"level": "debug"})` gives a daemon that has polled all."""

    def __call__(self, *targets: dict[str, object], **blocks: object) -> World: ...


def readings(exporter: Exporter, name: str) -> dict[str, object]:
    """Give when each endpoint of a target was polled, and how often."""
    page = exporter.page()
    return {
        endpoint["endpoint"]: (
            endpoint["at"],
            page.value("waexporter_polls_total", target=name, collector=endpoint["endpoint"]),
        )
        for endpoint in exporter.targets()[name]["endpoints"]
    }


def account(exporter: Exporter, name: str) -> tuple[float | None, float]:
    """Give how often waexporter logged in at a target, and when its token ends."""
    page = exporter.page()
    expires = page.value("whatsapp_token_expiry_timestamp_seconds", target=name)
    assert expires is not None
    return page.value("waexporter_logins_total", target=name, result="ok"), expires
