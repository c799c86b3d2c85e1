"""A client's answers kept in a folder, and polled from it again: a user's report becomes a test."""

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


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """One exchange as it lies in the folder."""

    format: int
    request: str
    status: int = 0
    content_type: str = ""
    body: str = ""
    reason: str = ""  # there was no reply, and why
    code: int | None = None


_KEPT = msgspec.json.Decoder(_Kept)


class Recorder:
    """Asks a client, and keeps what it answered, redacted; answers with the same, unredacted."""

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
        """Send a request and keep the reply, or the reason why there was none."""
        try:
            reply = self._client.send(request, timeout)
        except ApiError as error:
            self._keep(request, _Kept(_FORMAT, _name(request), reason=error.reason, code=error.code))
            raise
        body = self._redactor.redact(reply.body).decode("utf-8", "replace")
        kind = reply.content_type.partition(";")[0] if "/" in reply.content_type else ""
        kept = _Kept(_FORMAT, _name(request), reply.status, kind if _is_plain(kind) else "", body)
        self._keep(request, kept)
        return reply

    def served_certificates(self, timeout: float) -> tuple[bytes, ...]:
        """Ask for the certificates of the handshake; they are not kept."""
        return self._client.served_certificates(timeout)

    def account(self) -> Account:
        """Tell what became of the logins."""
        return self._client.account()

    def _keep(self, request: Request, kept: _Kept) -> None:
        path = self._folder / _file_name(request)
        try:
            path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}") from error


class Replayer:
    """Answers from a folder as the client did that was recorded."""

    def __init__(self, target: Target, folder: Path) -> None:
        self.target = target
        self._folder = folder
        if not folder.is_dir():
            message = f"{folder} is no folder of recorded answers"
            raise CommandError(message)

    def send(self, request: Request, _timeout: float) -> Reply:
        """Give the recorded reply, or raise what was raised then."""
        path = self._folder / _file_name(request)
        try:
            kept = _KEPT.decode(path.read_bytes())
        except FileNotFoundError as error:
            raise ApiError(f"{path.name} was not recorded", reason=Reason.UNREACHABLE) from error
        except (OSError, msgspec.DecodeError) as error:
            raise CommandError(f"{path} is no recorded answer: {error}") from error
        if kept.reason:
            raise ApiError("failed when it was recorded", reason=Reason(kept.reason), code=kept.code)
        return Reply(kept.status, kept.body.encode(), kept.content_type)

    def served_certificates(self, _timeout: float) -> tuple[bytes, ...]:
        """Give none: handshakes are not recorded."""
        return ()

    def account(self) -> Account:
        """Tell of no login."""
        return Account()


def _name(request: Request) -> str:
    return f"{request.method} {_plain_path(request.path)}"


def _plain_path(path: str) -> str:
    """Give a path without the id of a group in it."""
    return re.sub(r"^(/v1/groups/)[^/]+", r"\1ID", path)


def _file_name(request: Request) -> str:
    words = re.findall(r"[a-z0-9]+", _plain_path(request.path).lower().removeprefix("/v1"))
    return "-".join([request.method.lower(), *words]) + ".json"


def _is_plain(kind: str) -> bool:
    return re.fullmatch(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", kind) is not None
