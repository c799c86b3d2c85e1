"""Record the replies of a client in a folder, and replay them; so a user's report becomes a test."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from waexporter.commands.recordings.redaction import Redactor
from waexporter.errors import ApiError, CommandError
from waexporter.model import Account, Reason
from waexporter.transport.exchange import Reply, Request

if TYPE_CHECKING:
    from pathlib import Path

    from waexporter.model import Target
    from waexporter.polling.tables import Sender

_FORMAT = 1


class _Exchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and its reply, as a file of the folder."""

    format: int
    request: str
    status: int = 0
    content_type: str = ""
    body: str = ""
    reason: str = ""  # why there was no reply
    code: int | None = None


_EXCHANGE = msgspec.json.Decoder(_Exchange)


class Recorder:
    """A Sender that records the replies of a client, redacted, and returns them as they are."""

    def __init__(self, client: Sender, folder: Path) -> None:
        self.target = client.target
        self._client = client
        self._folder = folder
        self._redactor = Redactor()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{folder} can't be written: {error.strerror}") from error

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request and record the reply, or the reason why there was none."""
        try:
            reply = self._client.send(request, timeout)
        except ApiError as error:
            self._save(
                request, _Exchange(_FORMAT, _request_name(request), reason=error.reason, code=error.code)
            )
            raise
        body = self._redactor.redact(reply.body).decode("utf-8", "replace")
        kind = reply.content_type.partition(";")[0]
        exchange = _Exchange(
            _FORMAT, _request_name(request), reply.status, kind if _is_plain(kind) else "", body
        )
        self._save(request, exchange)
        return reply

    def fetch_certificates(self, timeout: float) -> tuple[bytes, ...]:
        """Return the certificates of the handshake; they are not recorded."""
        return self._client.fetch_certificates(timeout)

    def account(self) -> Account:
        """Return the state of the logins."""
        return self._client.account()

    def _save(self, request: Request, exchange: _Exchange) -> None:
        path = self._folder / _file_name(request)
        try:
            path.write_bytes(msgspec.json.format(msgspec.json.encode(exchange), indent=2) + b"\n")
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}") from error


class Replayer:
    """A Sender that replays the replies recorded in a folder."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self._folder = folder
        if not folder.is_dir():
            message = f"{folder} is no folder of recorded answers"
            raise CommandError(message)

    def send(self, request: Request, _timeout: float) -> Reply:
        """Return the recorded reply, or raise the recorded error."""
        path = self._folder / _file_name(request)
        try:
            exchange = _EXCHANGE.decode(path.read_bytes())
        except FileNotFoundError as error:
            raise ApiError(f"{path.name} was not recorded", reason=Reason.UNREACHABLE) from error
        except (OSError, msgspec.DecodeError) as error:
            raise CommandError(f"{path} is no recorded answer: {error}") from error
        if exchange.reason:
            raise ApiError("failed when it was recorded", reason=Reason(exchange.reason), code=exchange.code)
        return Reply(exchange.status, exchange.body.encode(), exchange.content_type)

    def fetch_certificates(self, _timeout: float) -> tuple[bytes, ...]:
        """Return none: handshakes are not recorded."""
        return ()

    def account(self) -> Account:
        """Return the state without a login."""
        return Account()


def _request_name(request: Request) -> str:
    return f"{request.method} {_without_group_id(request.path)}"


def _without_group_id(path: str) -> str:
    """Return the path without the id of a group."""
    return re.sub(r"^(/v1/groups/)[^/]+", r"\1ID", path)


def _file_name(request: Request) -> str:
    words = re.findall(r"[a-z0-9]+", _without_group_id(request.path).lower().removeprefix("/v1"))
    return "-".join([request.method.lower(), *words]) + ".json"


def _is_plain(kind: str) -> bool:
    return re.fullmatch(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", kind) is not None
