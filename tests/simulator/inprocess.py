"""A simulated client without a server: the application itself is called, as a server would."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulator.conftest import USERS, Clock
from waexporter.simulator import Options
from waexporter.simulator.application import build
from waexporter.simulator.certificates import Authority
from waexporter.simulator.state.world import World

if TYPE_CHECKING:
    from starlette.types import Message

# More than enough for every bucket to be full again.
_BETWEEN_CALLS = 10.0

PEM = Authority("127.0.0.1").pem


def basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    content_type: str
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def outcome(self) -> tuple[int, int]:
        """Give the status and the code of the first error, 0 without one."""
        errors = self.document.get("errors")
        return self.status, errors[0]["code"] if errors else 0


class Client:
    """A client whose clock moves on with every call."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the fields of Options
        self.clock = Clock()
        wanted = Options(**{"users": USERS, "health_per_minute": None, **options})
        self.world = World(wanted, self.clock, PEM)
        self._application = build(self.world, None)
        self._tokens: dict[str, str] = {}

    def authorization(self, name: str) -> str:
        """Give what a user proves itself with; the first time it logs in."""
        if name not in self._tokens:
            proof = basic(name, f"{name}-password")
            login = self.send("POST", "/v1/users/login", authorization=proof)
            self._tokens[name] = login.document["users"][0]["token"]
        return f"Bearer {self._tokens[name]}"

    def call(self, method: str, path: str, document: object = None, name: str = "boss") -> Reply:
        """Call as a user, with a JSON document."""
        body = b"" if document is None else json.dumps(document).encode()
        return self.send(method, path, body=body, authorization=self.authorization(name))

    def upload(self, path: str, content: bytes, content_type: str = "image/png") -> Reply:
        authorization = self.authorization("boss")
        return self.send("POST", path, body=content, authorization=authorization, content_type=content_type)

    def bring(self, fault: str, **parameters: object) -> None:
        answer = self.send(
            "POST", "/_control/faults", body=json.dumps({"fault": fault, **parameters}).encode()
        )
        assert answer.status == 200, answer.body

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        authorization: str = "",
        content_type: str = "application/json",
    ) -> Reply:
        """Call with whatever a caller may think of; a `?` in the path begins the query."""
        self.clock.move(_BETWEEN_CALLS)
        before, _, query = path.partition("?")
        headers = [(b"authorization", authorization.encode("latin-1"))] if authorization else []
        headers += [(b"content-type", content_type.encode("latin-1"))] if content_type else []
        scope = {
            "type": "http",
            "method": method,
            "path": before,
            "query_string": query.encode(),
            "headers": headers,
            "client": ("192.0.2.1", 1),
            "state": {},
        }
        return self._run(scope, body)

    def _run(self, scope: dict[str, Any], body: bytes) -> Reply:
        received = iter([{"type": "http.request", "body": body, "more_body": False}])
        sent: list[Message] = []

        async def receive() -> Message:
            return next(received, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            sent.append(message)

        # Nothing in it waits, so it needs no event loop: one step, and it is over.
        coroutine = self._application(scope, receive, send)
        try:
            coroutine.send(None)  # type: ignore[attr-defined]
        except StopIteration:
            pass
        else:
            raise AssertionError("the application waits for something")
        headers = dict(sent[0]["headers"])
        content = b"".join(message["body"] for message in sent[1:])
        return Reply(sent[0]["status"], headers[b"content-type"].decode("latin-1"), content)
