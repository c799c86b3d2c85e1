"""A backend with fixed answers, observers that remember, and a way to send a request without a network."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from waexporter.model import Instant, OnPremisesDetails, Problem, Shard, State, Target, Topology, Verdict
from waexporter.polling.on_demand import Probe
from waexporter.polling.on_premises import ON_PREMISES
from waexporter.polling.state import TargetState
from waexporter.polling.tables import NodeTable
from waexporter.polling.verdict_explanation import explain
from waexporter.web.asgi import DEFAULT_LIMITS, Application, Observers, RequestLimits
from waexporter.web.backend import (
    ConfigStatus,
    EndpointStatus,
    PageRequest,
    RefusedConfig,
    ReloadResult,
    TargetDetails,
    TargetStatus,
)
from waexporter.web.routes import ROUTES

if TYPE_CHECKING:
    from concurrent.futures import Future

    from waexporter.model import ReloadCause
    from waexporter.model.explanation import Explanation
    from waexporter.paging.pager import Pager
    from waexporter.web.bounds.connection_limit import ConnectionRefusal
    from waexporter.web.routes import Route
    from waexporter.web.security.current_security import CurrentSecurity

NOW = 1_769_851_800.25  # 2026-01-31T09:30:00.250Z
A_CONFIG = ConfigStatus("targets: []\n", "/etc/wa.yml", NOW - 90)


def a_target(name: str = "support-line", state: State = State.OK, *problems: Problem) -> TargetStatus:
    """Return a target with one successful poll."""
    details = OnPremisesDetails(topology=Topology.HA, connected=2, expected=2)
    verdict = Verdict(state, problems, up=True, details=details)
    return TargetStatus(
        name=name,
        url=f"https://{name}.example:9090",
        verdict=verdict,
        endpoints=(
            EndpointStatus("health", 30.0, "ok", "", NOW - 12, 12.0, 0.25, 7, last_success_at=NOW - 12),
        ),
        json_fields=ON_PREMISES.description.json_fields(verdict),
        facts=tuple(ON_PREMISES.description.facts(verdict)),
        problem_kinds=ON_PREMISES.rules.problems,
    )


@dataclass
class FakeBackend:
    """Returns what its fields hold, and records the requests."""

    shown: tuple[TargetStatus, ...] = ()
    page: tuple[bytes, ...] = (b"a 1\n", b"b 2\n")
    illness: str | None = None
    waiting: str | None = None
    outdated: str | None = None
    pager: Pager | None = None
    config: ConfigStatus | None = A_CONFIG
    details: dict[str, TargetDetails] = field(default_factory=dict)
    page_requests: list[PageRequest] = field(default_factory=list)
    polls: tuple[Future[None], ...] | None = ()  # of a probe; None: there are too many
    probes: list[str] = field(default_factory=list)
    reloaded: ReloadResult = field(default_factory=ReloadResult)
    reloads: list[ReloadCause] = field(default_factory=list)
    refused: tuple[RefusedConfig, ...] = ()
    shard: Shard = field(default_factory=Shard)
    others: dict[str, int] = field(default_factory=dict)  # the shards of targets that are not shown

    def metrics(self, page_request: PageRequest) -> tuple[bytes, ...]:
        """Record the request."""
        self.page_requests.append(page_request)
        return self.page

    def probe(self, target: str) -> Probe | None:
        """Record the target."""
        self.probes.append(target)
        before = TargetState(Target(target, "http://127.0.0.1"), ON_PREMISES)
        return None if self.polls is None else Probe(before, Instant(NOW, 0.0), self.polls)

    def probe_page(self, probe: Probe, page_request: PageRequest) -> tuple[bytes, ...]:
        """Return how many of its polls have ended."""
        self.page_requests.append(page_request)
        return (f"ended {sum(poll.done() for poll in probe.polls)}\n".encode(),)

    def target_names(self) -> frozenset[str]:
        """Return the names of the targets."""
        return frozenset(target.name for target in self.shown)

    def targets(self) -> tuple[TargetStatus, ...]:
        """Return the targets."""
        return self.shown

    def elsewhere(self, name: str) -> int | None:
        """Return the shard of one of the other targets."""
        return self.others.get(name)

    def target(self, name: str) -> TargetDetails | None:
        """Return the details of one of the targets."""
        details = {each.name: TargetDetails(each, NodeTable()) for each in self.shown} | self.details
        return details.get(name)

    def explain(self, target: str) -> Explanation | None:
        """Return why a target is as it is."""
        shown = next((each for each in self.shown if each.name == target), None)
        if shown is None:
            return None
        state = TargetState(Target(target, shown.url), ON_PREMISES, verdict=shown.verdict)
        return explain(state, Instant(NOW, 0.0))

    def configuration(self) -> ConfigStatus | None:
        """Return the configuration."""
        return self.config

    def reload(self, cause: ReloadCause) -> ReloadResult:
        """Record the cause, and return the result."""
        self.reloads.append(cause)
        return self.reloaded

    def failed_reloads(self) -> tuple[RefusedConfig, ...]:
        """Return what is refused."""
        return self.refused

    def unhealthy(self) -> str | None:
        """Return why it is not healthy."""
        return self.illness

    def unready(self) -> str | None:
        """Return why it is not ready."""
        return self.waiting

    def outdated_list(self) -> str | None:
        """Return why a list may be an old one."""
        return self.outdated


def an_example(path: str) -> str:
    """Return a path of a route with a name in it that there is."""
    return path.replace("{number}", "1").replace(
        "{name}", "WhatsAppDown" if path.startswith("/runbooks") else "support-line"
    )


class BrokenBackend(FakeBackend):
    """Raises an error with a secret in it for every page."""

    def metrics(self, page_request: PageRequest) -> tuple[bytes, ...]:
        """Raise an error."""
        message = f"password hunter2 was in {page_request}"
        raise RuntimeError(message)


@dataclass
class Diary:
    """What the observers were called with."""

    requests: list[tuple[str, int]] = field(default_factory=list)
    crashes: int = 0
    logged: list[tuple[str, Exception]] = field(default_factory=list)
    refusals: list[tuple[ConnectionRefusal, str, str]] = field(default_factory=list)

    def observers(self) -> Observers:
        """Return observers that write here."""
        return Observers(
            on_request=lambda path, code: self.requests.append((path, code)),
            on_crash=self.note_crash,
            log_crash=lambda what, crash: self.logged.append((what, crash)),
            on_refusal=lambda *what: self.refusals.append(what),
        )

    def note_crash(self) -> None:
        """Count a crash."""
        self.crashes += 1


@dataclass(frozen=True)
class Got:
    """A response as a client gets it."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def an_application(
    backend: FakeBackend,
    diary: Diary | None = None,
    *,
    routes: tuple[Route, ...] = ROUTES,
    limits: RequestLimits = DEFAULT_LIMITS,
    security: CurrentSecurity | None = None,
) -> Application:
    """Return an application on a clock that stands still."""
    observers = (diary or Diary()).observers()
    return Application(
        backend,
        observers,
        routes=routes,
        clock=lambda: NOW,
        limits=limits,
        security=security,
    )


def ask(application: Application, target: str, method: str = "GET", **headers: str) -> Got:
    """Send a request over plain ASGI; header names are written with underscores."""
    return asyncio.run(ask_in_loop(application, target, method, **headers))


async def ask_in_loop(application: Application, target: str, method: str = "GET", **headers: str) -> Got:
    """Send a request like `ask` in the loop that runs already; an application serves one loop only."""
    path, _, query = target.partition("?")
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": named,
        "server": ("192.0.2.7", 9847),
    }
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    await application(scope, receive, send)
    start, *rest = sent
    pieces = tuple(message["body"] for message in rest)
    decoded = {name.decode(): value.decode() for name, value in start["headers"]}
    return Got(start["status"], decoded, b"".join(pieces), pieces)
