"""What pages people in tests: bodies as Alertmanager writes them, daemons that carry them, and what came."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from tests.e2e.exporters import Exporter, write_config
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.e2e.clients import SimulatedClient

GROUP = "14155550100-1520000000"  # the simulator's own, with two people in it
NEVER = "0001-01-01T00:00:00Z"  # Go's zero time
PATH = "/api/v1/alerts"
OFF = dict.fromkeys(("app", "web", "db", "support", "settings", "certificates", "group"), "off")
UNTHROTTLED = "1000/1s"  # what is told of one thread is one message, so that messages can be counted

Alert = dict[str, Any]


def firing(name: str, *, since: float | None = None, **labels: str) -> Alert:
    """Give an alert that fires since a time of the wall clock, by default since now."""
    alert_labels = {"alertname": name, "severity": "critical", **labels}
    fingerprint = hashlib.sha256(json.dumps(alert_labels, sort_keys=True).encode()).hexdigest()[:16]
    return {
        "status": "firing",
        "labels": alert_labels,
        "annotations": {"summary": f"{name} is what happens."},
        "startsAt": _iso(time.time() if since is None else since),
        "endsAt": NEVER,
        "generatorURL": "http://prometheus/graph",
        "fingerprint": fingerprint,
    }


def resolved(alert: Alert) -> Alert:
    """Give an alert as it ends now."""
    return alert | {"status": "resolved", "endsAt": _iso(time.time())}


def webhook(*alerts: Alert, truncated: int = 0, group: str = "") -> bytes:
    """Give the body of one delivery; alerts are grouped by name unless a group is named."""
    body = {
        "version": "4",
        "groupKey": "{}:{}",
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "receiver": "on-call",
        "groupLabels": {"group": group} if group else {"alertname": alerts[0]["labels"]["alertname"]},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "truncatedAlerts": truncated,
        "alerts": alerts,
    }
    return json.dumps(body).encode()


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


# --- daemons -----------------------------------------------------------------------------------


def write_pager(
    folder: Path, clients: Mapping[str, SimulatedClient], pager: Mapping[str, object] | None = None
) -> Path:
    """Write the configuration of a daemon that pages through clients; its journal is in `folder/state`."""
    block = {"state_dir": str(folder / "state"), "group": GROUP, "rate": UNTHROTTLED, **(pager or {})}
    targets = [client.target(name) for name, client in clients.items()]
    poll = {"health": "1s", "timeout": "10s", **OFF}  # on a busy machine a verdict must not flutter
    return write_config(folder, {"targets": targets, "poll": poll, "pager": block})


def post(exporter: Exporter, body: bytes) -> int:
    """Deliver once, as Alertmanager does; gives the status."""
    headers = {"content-type": "application/json"}
    return exporter.http.post(PATH, content=body, headers=headers).status_code


def deliver(exporter: Exporter, body: bytes) -> None:
    """Deliver what must be taken."""
    assert post(exporter, body) == HTTPStatus.OK


def try_to_deliver(exporter: Exporter, body: bytes) -> int | None:
    """Deliver to a daemon that may die of it; None when no answer comes."""
    try:
        return post(exporter, body)
    except httpx.TransportError:
        return None


# --- what came of it ---------------------------------------------------------------------------


def messages_about(client: SimulatedClient, name: str) -> list[str]:
    """Give the texts that a client took, and that name an alert."""
    texts = [message["text"]["body"] for message in client.control("GET", "/messages")["messages"]]
    return [text for text in texts if re.search(rf"\b{re.escape(name)}\b", text)]


def wait_for_message(client: SimulatedClient, name: str, *, deadline: float = 60) -> list[str]:
    """Wait until a client took a message that names an alert; gives all of them."""
    return wait_for(lambda: messages_about(client, name), deadline=deadline)


def pages_of(exporter: Exporter, name: str) -> list[dict[str, Any]]:
    """Give what the daemon says of the pages that tell of an alert, the oldest first."""
    pages: Sequence[dict[str, Any]] = exporter.get("/api/v1/pages?limit=1000").json()["pages"]
    return [page for page in reversed(pages) if any(item["alertname"] == name for item in page["shown"])]


def wait_for_end(exporter: Exporter, name: str, *, deadline: float = 60) -> list[dict[str, Any]]:
    """Wait until every page that tells of an alert has come to its end; gives them."""
    return wait_for(
        lambda: pages_of(exporter, name),
        until=lambda pages: pages and all(page["state"] != "pending" for page in pages),
        deadline=deadline,
    )


class Kept(NamedTuple):
    """One page as it is in the journal's file."""

    number: int
    state: str
    repeats: int
    attempts: int


def journal(folder: Path) -> list[Kept]:
    """Read the journal of a daemon that does not run."""
    with closing(sqlite3.connect(folder / "state" / "pages.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT number, state, repeats, attempts FROM pages ORDER BY number")
        return [Kept(*row) for row in rows]
