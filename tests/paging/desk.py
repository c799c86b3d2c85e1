"""A whole pager for tests: its workers are not started, and what is due goes out by `run`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.paging.fakes import WALL, Rig
from waexporter.model import PagerSettings, Verdict, Watchdog
from waexporter.paging.pager import Pager
from waexporter.timefmt import to_datetime
from waexporter.transport.exchange import Reply

if TYPE_CHECKING:
    from pathlib import Path


EU = Watchdog("eu", (("alertname", "Watchdog"),), 180.0)


class FakeHeartbeat:
    """Where the heartbeat goes: remembers, and answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"OK"
        self.error: Exception | None = None
        self.heard: list[tuple[str, str]] = []

    def post(self, body: bytes, timeout: float, suffix: str = "") -> Reply:
        assert timeout > 0
        return self._answer(suffix, body.decode())

    def get(self, timeout: float) -> Reply:
        assert timeout > 0
        return self._answer("", "")

    def _answer(self, suffix: str, body: str) -> Reply:
        self.heard.append((suffix, body))
        if self.error is not None:
            raise self.error
        return Reply(self.status, self.body)


class Desk(Rig):
    """A pager whose workers are not started: what is due goes out by `run`."""

    def __init__(self, folder: Path, settings: PagerSettings) -> None:
        super().__init__(folder, settings)
        self.verdicts: list[tuple[str, Verdict]] = []
        self.heartbeat = FakeHeartbeat()
        self._begin()

    def restart(self) -> None:
        """Begin anew, as a restarted daemon does."""
        self.pager.stop()
        self._begin()

    def _begin(self) -> None:
        self.pager = Pager(
            self.settings,
            self.outlets,
            self.context,
            lambda: self.verdicts,
            self.heartbeat,
        )
        self.delivery, self.journal = self.pager._delivery, self.pager._journal

    def receive(self, *alerts: dict[str, object], truncated: int = 0) -> None:
        said = {"version": "4", "groupLabels": {"a": "b"}, "alerts": alerts, "truncatedAlerts": truncated}
        self.pager.receive(json.dumps(said).encode())

    def receive_group(self, *alerts: dict[str, object], version: str = "4") -> None:
        """Deliver all that a group has, in Alertmanager's form of a version."""
        said = {"groupKey": "{}:{}", "receiver": "on-call", "groupLabels": {"a": "b"}, "alerts": alerts}
        self.pager.receive(json.dumps(said | {"version": version}).encode())

    def alert(self, name: str = "Down", *, ended: bool = False) -> dict[str, object]:
        start, end = to_datetime(WALL), to_datetime(self.clock.wall)
        assert start is not None
        assert end is not None
        said: dict[str, object] = {"labels": {"alertname": name}, "startsAt": start.isoformat()}
        said["fingerprint"] = name
        if ended:
            return said | {"status": "resolved", "endsAt": end.isoformat()}
        return said | {"status": "firing"}

    def texts(self) -> list[str]:
        return [message.text for message in self.way("alpha").sent]


def break_journal(desk: Desk) -> None:
    """Put a folder where the journal's file is to be."""
    desk.journal.close()
    desk.journal.path.unlink(missing_ok=True)
    desk.journal.path.mkdir(parents=True)


def mend_journal(desk: Desk) -> None:
    desk.journal.path.rmdir()
