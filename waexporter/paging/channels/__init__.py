"""The ways a message can leave: WhatsApp through one of the targets, a webhook, or Apprise."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import PurePath
from traceback import extract_tb
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit
from warnings import catch_warnings, simplefilter

import msgspec

from waexporter.errors import ApiError, BodyError
from waexporter.model import Reason
from waexporter.paging.channels.deadline import Patience
from waexporter.paging.channels.recipients import NOT_SUCH, Recipient, other_recipient
from waexporter.paging.channels.webhook_answers import blot_out, find_refusal, is_web_page
from waexporter.paging.channels.webhook_formats import DIALECTS, PLAINER, Dialect
from waexporter.paging.messages.markup import neutralise
from waexporter.paging.telemetry import APPRISE, OK, WEBHOOK, WHATSAPP
from waexporter.transport.exchange import Reply, Request
from waexporter.whatsapp.documents.envelope import check, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from waexporter.model import Fallback, Secret
    from waexporter.paging.messages.message import Message

__all__ = [
    "ACCEPTED",
    "CRASHED",
    "TIMEOUT",
    "AppriseChannel",
    "Channel",
    "Outcome",
    "Poster",
    "Recipient",
    "Sender",
    "WebhookChannel",
    "WhatsAppChannel",
    "fallback_channels",
    "judge",
    "known_to_apprise",
    "place",
    "try_to_send",
]

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
    note: str = field(default="", compare=False)  # what a person may want to know of an acceptance

    @property
    def is_accepted(self) -> bool:
        """Whether the message was taken."""
        return self.code == OK


ACCEPTED = Outcome(OK)
CRASHED = "crashed"  # the code where a way raised what nobody foresaw


class Channel(Protocol):
    """One way out."""

    kind: str  # the label `channel`
    where: str  # who gets the message, or which address: nothing secret

    def send(self, message: Message) -> Outcome:
        """Send once; a failure is an outcome, not an exception."""
        ...


class Sender(Protocol):
    """What sends to a client of WhatsApp."""

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request; gives a reply of any status, or raises an ApiError."""
        ...


def try_to_send(channel: Channel, message: Message, on_crash: Callable[[Exception], None]) -> Outcome:
    """Send once; whatever a channel raises is a failure of this attempt, and of nothing else.

    `on_crash` hears of it: it is a bug of ours, or of Apprise.
    """
    try:
        return channel.send(message)
    except Exception as error:  # noqa: BLE001 - other ways are left
        on_crash(_defused(error))
        # The words of an error may quote an address, and so a secret; its kind and its place can't.
        frame = next(iter(reversed(extract_tb(error.__traceback__))), None)
        at = f" at {PurePath(frame.filename).name}:{frame.lineno}" if frame else ""
        why = f"the attempt ended by a bug ({type(error).__name__}{at})"
        return Outcome(CRASHED, why, may_have_arrived=True)


def _defused(error: Exception) -> Exception:
    """Return an error of the same kind's name and place, without its words, which may quote an address."""
    return RuntimeError(type(error).__name__).with_traceback(error.__traceback__)


# --- WhatsApp ----------------------------------------------------------------------------------


# The beginning of errors, of which too little has come to be read.
_TELLS_OF_ERRORS = re.compile(rb'(?<!\\)"errors"\s*:\s*\[\s*[^\s\]]')


class WhatsAppChannel:
    """POST /v1/messages of one target to one recipient. Accepted is not delivered.

    An id that is no group may be a person's number, and the other way round: it is then tried as the other
    kind, and `known` remembers what a recipient turned out to be.
    """

    kind = WHATSAPP

    def __init__(
        self, client: Sender, recipient: Recipient, known: dict[Recipient, Recipient] | None = None
    ) -> None:
        self._client = client
        self._recipient = recipient
        self._known = known if known is not None else {}
        self.where = recipient.to

    def send(self, message: Message) -> Outcome:
        """Send the text."""
        known = self._known.get(self._recipient)
        if known is not None:
            outcome = self._send_to(known, message)
            if outcome.is_permanent:
                self._known.pop(self._recipient, None)
            return outcome
        outcome = self._send_to(self._recipient, message)
        other = other_recipient(self._recipient) if outcome.code in NOT_SUCH else None
        return outcome if other is None else self._send_otherwise(other, message, outcome)

    def _send_otherwise(self, other: Recipient, message: Message, refused: Outcome) -> Outcome:
        outcome = self._send_to(other, message)
        words = f"sent as {other.in_words}"
        if outcome.is_accepted:
            self._known[self._recipient] = other
            return replace(
                outcome, note=f"{words}, since it is not {self._recipient.in_words} ({refused.code})"
            )
        if outcome.is_permanent:
            return replace(refused, why=f"{refused.why}; {words}: {outcome.why}")
        return replace(outcome, why=f"{words}: {outcome.why}")

    def _send_to(self, recipient: Recipient, message: Message) -> Outcome:
        body = msgspec.json.encode(
            {
                "to": recipient.to,
                "recipient_type": recipient.kind,
                "type": "text",
                "text": {"body": neutralise(message.text)},
            }
        )
        try:
            reply = self._client.send(
                Request("POST", "/v1/messages", body=body, is_done_by_status=True), TIMEOUT
            )
            check(reply)
            if _TELLS_OF_ERRORS.search(reply.body):
                raise BodyError("the answer tells of errors that can't be read")
            if is_web_page(reply.body):
                # The API has no such answer: a proxy that wants somebody to sign in has.
                raise BodyError("the answer is a web page, not JSON: does the url lead to the webapp?")
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

    def deliver(self, body: bytes, content_type: str, timeout: float) -> Reply:
        """POST a body; return the answer of any status, as far as it can be read, or raise an ApiError."""
        ...


# Refused with one of these, a body may be taken that has nothing in it but the text.
_UNREAD = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY}
)


class WebhookChannel:
    """POST to an address in its dialect; a 2xx that does not say no is taken for accepted."""

    kind = WEBHOOK

    def __init__(self, poster: Poster, fallback: Fallback) -> None:
        self._poster = poster
        self._address = fallback.url
        self._format = fallback.format
        self._dialect = DIALECTS[fallback.format]
        self.where = place(fallback.url)

    def send(self, message: Message) -> Outcome:
        """Send the text, and where they are taken the alerts."""
        outcome = self._post(self._dialect, message)
        if not self._dialect.may_be_plainer or outcome.code not in {str(int(each)) for each in _UNREAD}:
            return outcome
        again = self._post(PLAINER, message)
        if not again.is_accepted:
            return again
        self._dialect = PLAINER
        return replace(again, note=f"{again.note} to the text alone, {outcome.code} with the alerts")

    def _post(self, dialect: Dialect, message: Message) -> Outcome:
        body = dialect.body(message, urlsplit(self._address.reveal()).query)
        try:
            reply = self._poster.deliver(body, dialect.content_type, TIMEOUT)
        except ApiError as error:
            return judge(error)
        return self._judge(reply)

    def _judge(self, reply: Reply) -> Outcome:
        status = reply.status
        answered = f"the fallback at {self.where} answered {status}"
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            rest = reply.retry_after
            return Outcome(str(status), answered, is_permanent=is_final(status), retry_after=rest)
        if is_web_page(reply.body):
            why = f"{answered} with a web page: does the address lead to a webhook, without signing in?"
            return Outcome(Reason.BODY.value, why, may_have_arrived=True)
        if refusal := find_refusal(reply.body, self._format):
            words = printable(blot_out(refusal, self._address.reveal()))
            return Outcome(Reason.REFUSED.value, f"{answered}, but says no: {words}")
        return Outcome(OK, note=f"answered {status}")


_APPRISE_TIMEOUT = 30.0  # seconds; its plugins may ask several times
_AT_ONCE = 4  # messages under way: one for each worker of the pager


class AppriseChannel:
    """Whatever Apprise knows: mail, SMS, Slack, Telegram and a hundred more."""

    kind = APPRISE

    def __init__(self, address: Secret, timeout: float = _APPRISE_TIMEOUT) -> None:
        # Imported for those who use it; it is an extra.
        import apprise  # noqa: PLC0415

        # It logs addresses, tokens and all, and what else is worth knowing we say ourselves.
        apprise.logger.disabled = True
        self._apprise = apprise.Apprise()
        self._patience = Patience(_AT_ONCE, timeout)
        self.where = place(address)
        if not self._add(address):
            message = f"Apprise can't make anything of the address {self.where}"
            raise ValueError(message)

    def _add(self, address: Secret) -> bool:
        try:
            return bool(self._apprise.add(address.reveal()))
        except Exception:  # noqa: BLE001 - whatever a plugin stumbles over, the address is none for it
            return False

    def send(self, message: Message) -> Outcome:
        """Send the text; Apprise says only whether it worked."""
        try:
            is_sent = self._patience.run(lambda: self._apprise.notify(body=message.text))
        except TimeoutError:
            why = f"Apprise came to no end in time with {self.where}"
            return Outcome(Reason.TIMEOUT.value, why, may_have_arrived=True)
        if is_sent:
            return Outcome(OK, note="Apprise says that it was sent")
        return Outcome("failed", f"Apprise could not send to {self.where}")


def known_to_apprise(address: Secret) -> str:
    """Return the scheme by which Apprise calls an address of http; empty where it knows none."""
    try:
        with catch_warnings():  # of what its plugins import
            simplefilter("ignore")
            import apprise  # noqa: PLC0415

            apprise.logger.disabled = True
            plugin = apprise.Apprise.instantiate(address.reveal(), suppress_exceptions=True)
    except Exception:  # noqa: BLE001 - not installed, or whatever a plugin stumbles over
        return ""
    schemes = (plugin.secure_protocol or plugin.protocol) if plugin else None
    return str(schemes if isinstance(schemes, str) else next(iter(schemes or ()), ""))


def place(address: Secret) -> str:
    """Say where an address leads without what may be secret: only the scheme and, of http, the host."""
    scheme = address.reveal().partition("://")[0].lower()
    if scheme not in {"http", "https"}:
        return printable(f"{scheme}://…", 40)
    return printable(f"{scheme}://{urlsplit(address.reveal()).hostname or ''}/…")


def fallback_channels(
    fallback: Sequence[Fallback], poster: Callable[[Secret], Poster]
) -> tuple[Channel, ...]:
    """Make the channels of `pager.fallback`; raises ValueError and ImportError for one that can't be made."""
    return tuple(
        WebhookChannel(poster(each.url), each) if each.is_webhook else AppriseChannel(each.url)
        for each in fallback
    )
