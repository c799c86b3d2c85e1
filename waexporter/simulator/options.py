"""The options of a simulated client."""

from __future__ import annotations

from dataclasses import dataclass

from waexporter.simulator.faults.scenarios import SCENARIOS, TOPOLOGIES

SHARDS = (1, 2, 4, 8, 16, 32)
ROLES = ("admin", "user")
_KEY_LENGTHS = range(12, 129)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a simulated client; raises ValueError for a combination that is not possible."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    topology: str = "single"  # single | ha | multiconnect
    shards: int = 4  # of a multiconnect cluster
    scenario: str = "healthy"
    tls: bool = False
    ca_file: str | None = None  # where the CA certificate is written
    api_key: str | None = None
    api_key_health_only: bool = False
    users: tuple[tuple[str, str, str], ...] = ()  # further (name, password, role), ready to use
    health_per_minute: int | None = 10  # per webapp; None: no limit
    seed: int = 1
    speed: float = 1.0  # of the scenario and of failovers
    traffic: float = 1.0  # so many times as much of everything that is counted
    webapps: int = 2  # of a cluster; a single client has one
    callback_queue: int = 100_000  # callbacks that may wait; then messages are refused

    def __post_init__(self) -> None:
        problems = tuple(words for wrong, words in self._checks() if wrong)
        if problems:
            raise ValueError("; ".join(problems))

    def _checks(self) -> tuple[tuple[bool, str], ...]:
        key = self.api_key
        return (
            (self.topology not in TOPOLOGIES, f"topology must be one of {', '.join(TOPOLOGIES)}"),
            (self.shards not in SHARDS, f"shards must be one of {', '.join(map(str, SHARDS))}"),
            (self.scenario not in SCENARIOS, f"scenario must be one of {', '.join(sorted(SCENARIOS))}"),
            (key is not None and len(key) not in _KEY_LENGTHS, "api_key must have 12 to 128 characters"),
            (any(role not in ROLES for _, _, role in self.users), f"roles must be one of {', '.join(ROLES)}"),
            (self.speed <= 0, "speed must be above 0"),
            (self.traffic <= 0, "traffic must be above 0"),
            (self.callback_queue < 1, "callback_queue must be at least 1"),
            (self.webapps < 1, "webapps must be at least 1"),
        )
