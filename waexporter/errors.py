"""Every error this program raises on purpose.

WaexporterError
├── ConfigError       the configuration is wrong: exit code 2, every problem with its key path
├── CommandError      a command can't do its work (port taken, no pager, ...): exit code 1
├── WebhookError      the request is no webhook of Alertmanager: 400
├── JournalError      the journal of pages can't be read or written: 503
│   └── JournalFileError   SQLite can't use its file
└── ApiError          the client gave no usable answer; `.reason` is a metric label
    ├── UnreachableError   no connection, no answer in time, no TLS
    ├── RefusedError       401 or 403 after one fresh login, or a login that was refused
    ├── StatusError        another 4xx or 5xx, with the API's own codes
    └── BodyError          a 2xx that is not the agreed document, or `errors` in a 2xx
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.model import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from waexporter.model import Instant


class WaexporterError(Exception):
    """The base of all errors of this program."""


class ConfigError(WaexporterError):
    """The configuration is wrong; `problems` holds lines like `targets[0].url: must begin with …`."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class CommandError(WaexporterError):
    """A command can't do its work; the message says why and what to do."""


class WebhookError(WaexporterError):
    """The request is no webhook of Alertmanager."""


class JournalError(WaexporterError):
    """The journal of pages can't be read or written; the message names the file and says why."""


class JournalFileError(JournalError):
    """SQLite can't use the journal's file: it is damaged, locked, or its disk fails."""


class ApiError(WaexporterError):
    """The client gave no usable answer."""

    reason: Reason = Reason.STATUS
    may_have_arrived = False  # the request may have reached the client, although no answer did
    retry_after: float | None = None  # seconds, if the answer asks to wait
    is_foreign = False  # the answer comes from a gateway, not from the client
    phases: tuple[tuple[str, float], ...] = ()  # (phase as in a Reply, seconds) until the request failed
    # When the client gave this answer, if the error is raised again without a new request.
    asked_at: Instant | None = None

    def __init__(
        self,
        message: str,
        *,
        reason: Reason | None = None,
        code: int | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        if reason is not None:
            self.reason = reason
        self.code = code
        self.status = status
        self.retry_after = retry_after


class UnreachableError(ApiError):
    """No connection, no answer in time, or no TLS."""

    reason = Reason.UNREACHABLE


class RefusedError(ApiError):
    """The credentials were not accepted."""

    reason = Reason.REFUSED


class StatusError(ApiError):
    """Any other 4xx or 5xx."""

    reason = Reason.STATUS


class BodyError(ApiError):
    """A 2xx that is not the agreed document."""

    reason = Reason.BODY
