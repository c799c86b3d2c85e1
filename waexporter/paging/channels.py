"""The ways a message can leave: WhatsApp through one of the targets, a webhook, or Apprise."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from waexporter.errors import ApiError, BodyError
from waexporter.metrics.pager import APPRISE, OK, WEBHOOK, WHATSAPP
from waexporter.model import Reason
from waexporter.paging.markup import neutralise
from waexporter.whatsapp.envelope import check, decode, printable
from waexporter.whatsapp.exchange import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.model import Secret
    from waexporter.paging.alerts import Alert

TIMEOUT = 10.0  # seconds for one message

# A message that was refused with one of these is refused again, however often it is sent (API
# documentation, error codes).
_PERMANENT = frozenset(
    {1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1012, 1013, 1019, 1020, 1021, 1025, 1026, 1031}
)
_NUMBERS = frozenset((*range(100, 600), *range(1000, 1032)))  # HTTP statuses, error codes of the API
_TRY_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt."""

    code: str  # ok, an error code of the API, an HTTP status, or a reason
    why: str = ""  # a sentence for a person, free of secrets; empty when accepted
    is_permanent: bool = False  # it would be refused again
    may_have_arrived: bool = False  # nobody knows: a repetition may be read twice
    retry_after: float | None = None  # seconds for which this way asks not to be used

    @property
    def is_accepted(self) -> bool:
        """Whether the message was taken."""
        return self.code == OK


ACCEPTED = Outcome(OK)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a text, and for programs the alerts it tells of."""

    text: str
    alerts: tuple[Alert, ...] = ()


class Channel(Protocol):
    """One way out."""

    kind: str  # the label `channel`

    def send(self, message: Message) -> Outcome:
        """Send once; a failure is an outcome, not an exception."""
        ...


class Sender(Protocol):
    """What sends to a client of WhatsApp."""

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request; gives a reply of any status, or raises an ApiError."""
        ...


# --- WhatsApp ----------------------------------------------------------------------------------


class _Sent(msgspec.Struct):
    id: str


class _Document(msgspec.Struct):
    messages: list[_Sent]


_DOCUMENT = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A group, or one person."""

    to: str
    kind: str = "group"  # group | individual


class WhatsAppChannel:
    """POST /v1/messages of one target to one recipient. Accepted is not delivered."""

    kind = WHATSAPP

    def __init__(self, client: Sender, recipient: Recipient) -> None:
        self._client = client
        self._recipient = recipient

    def send(self, message: Message) -> Outcome:
        """Send the text."""
        body = msgspec.json.encode(
            {
                "to": self._recipient.to,
                "recipient_type": self._recipient.kind,
                "type": "text",
                "text": {"body": neutralise(message.text)},
            }
        )
        try:
            reply = self._client.send(Request("POST", "/v1/messages", body=body), TIMEOUT)
            check(reply)
            if not decode(reply.body, _DOCUMENT).messages:
                raise BodyError("the answer has no message in it", status=reply.status)
        except ApiError as error:
            return judge(error)
        return ACCEPTED


def judge(error: ApiError) -> Outcome:
    """Give the outcome that an error of the API amounts to."""
    # A 2xx that is no answer of the API, or a gateway's own 5xx, says nothing about the message.
    is_obscure = error.code is None and (
        isinstance(error, BodyError) or (error.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
    return Outcome(
        code=_name(error),
        why=str(error),
        is_permanent=_is_permanent(error),
        may_have_arrived=error.may_have_arrived or is_obscure,
        retry_after=error.retry_after,
    )


def _name(error: ApiError) -> str:
    """Name an error by its number; those that nobody knows are `other`: a label must not grow without end."""
    number = error.code if error.code is not None else error.status
    if number is None:
        return error.reason.value
    return str(number) if number in _NUMBERS else "other"


def _is_permanent(error: ApiError) -> bool:
    if error.status == HTTPStatus.UNAUTHORIZED:
        # Nobody has looked at the message: tokens are revoked and passwords mended, also while pages wait.
        return False
    if error.code is not None:
        return error.code in _PERMANENT
    if error.reason in {Reason.REFUSED, Reason.RATE_LIMITED}:
        return error.reason is Reason.REFUSED
    return is_final(error.status)


def is_final(status: int | None) -> bool:
    """Tell whether an HTTP status alone says that a repetition is of no use."""
    is_client_error = HTTPStatus.BAD_REQUEST <= (status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_client_error and status not in _TRY_AGAIN


# --- around WhatsApp ---------------------------------------------------------------------------


class Poster(Protocol):
    """An address elsewhere."""

    def deliver(self, body: bytes, timeout: float) -> Reply:
        """POST a JSON document; gives the answer of any status, or raises an ApiError."""
        ...


class WebhookChannel:
    """POST of `{"text": …, "alerts": […]}` to an address; 2xx is taken for accepted."""

    kind = WEBHOOK

    def __init__(self, poster: Poster, where: str) -> None:
        self._poster = poster
        self._where = where

    def send(self, message: Message) -> Outcome:
        """Send the text and the alerts."""
        alerts = [
            {
                "status": "firing" if alert.fires else "resolved",
                "fingerprint": alert.fingerprint,
                "labels": alert.labels,
                "annotations": alert.annotations,
            }
            for alert in message.alerts
        ]
        body = msgspec.json.encode({"text": message.text, "alerts": alerts})
        try:
            reply = self._poster.deliver(body, TIMEOUT)
        except ApiError as error:
            return judge(error)
        status = reply.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return ACCEPTED
        why = f"the fallback at {self._where} answered {status}"
        return Outcome(str(status), why, is_permanent=is_final(status), retry_after=reply.retry_after)


class AppriseChannel:
    """Whatever Apprise knows: mail, SMS, Slack, Telegram and a hundred more."""

    kind = APPRISE

    def __init__(self, address: Secret) -> None:
        # Imported for those who use it; it is an extra.
        import apprise  # noqa: PLC0415

        # It logs addresses, tokens and all, and what else is worth knowing we say ourselves.
        apprise.logger.disabled = True
        self._apprise = apprise.Apprise()
        self._place = place(address)
        if not self._apprise.add(address.reveal()):
            message = f"Apprise can't make anything of the address {self._place}"
            raise ValueError(message)

    def send(self, message: Message) -> Outcome:
        """Send the text; Apprise says only whether it worked."""
        if self._apprise.notify(body=message.text):
            return ACCEPTED
        return Outcome("failed", f"Apprise could not send to {self._place}")


def place(address: Secret) -> str:
    """Say where an address leads without what may be secret: only the scheme and, of http, the host."""
    parts = urlsplit(address.reveal())
    if parts.scheme not in {"http", "https"}:
        return f"{parts.scheme}://…"
    return printable(f"{parts.scheme}://{parts.hostname or ''}/…")


def fallback_channels(addresses: Sequence[Secret], poster: Callable[[Secret], Poster]) -> tuple[Channel, ...]:
    """Make the channels of `pager.fallback`; raises ValueError and ImportError for one that can't be made."""
    return tuple(
        WebhookChannel(poster(address), place(address))
        if address.reveal().lower().startswith(("http://", "https://"))
        else AppriseChannel(address)
        for address in addresses
    )
