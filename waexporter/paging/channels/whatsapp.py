"""Send messages to WhatsApp through a client of the On-Premises API.

Everything that is specific to this API is here: how a message is sent, ids that are of the other kind of
recipient than configured, and the error codes of messages with their remedies.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from waexporter.errors import ApiError, BodyError
from waexporter.paging.channels import ACCEPTED, TIMEOUT, Outcome
from waexporter.paging.channels.error_outcomes import error_outcome
from waexporter.paging.channels.recipients import GROUP, INDIVIDUAL, Recipient
from waexporter.paging.channels.webhook_replies import is_web_page
from waexporter.paging.messages.markup import escape_markup
from waexporter.transport.exchange import Request
from waexporter.whatsapp.documents.envelope import check
from waexporter.whatsapp.documents.groups import phone_number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from waexporter.paging.messages.message import Message
    from waexporter.transport.exchange import Reply

WHATSAPP: Final = "whatsapp"

# The beginning of errors in a body that was cut off there.
_BEGINNING_OF_ERRORS: Final = re.compile(rb'(?<!\\)"errors"\s*:\s*\[\s*[^\s\]]')


class WhatsAppClient(Protocol):
    """A client that sends requests to the On-Premises API."""

    def send(self, request: Request, timeout: float) -> Reply:
        """Send a request; return the reply of any status, or raise an ApiError."""
        ...


class WhatsAppChannel:
    """POST /v1/messages of one target to one recipient. Accepted is not delivered.

    If an id turns out not to be a group, it may be a person's number, and the reverse. It is then tried as
    the other kind, and `known` remembers the result.
    """

    kind = WHATSAPP

    def __init__(
        self,
        client: WhatsAppClient,
        recipient: Recipient,
        known: dict[Recipient, Recipient] | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._client = client
        self._recipient = recipient
        self._known = known if known is not None else {}
        self._timeout = timeout  # seconds
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
        other = other_recipient(self._recipient) if outcome.code in _WRONG_KIND else None
        return outcome if other is None else self._send_to_other(other, message, outcome)

    def _send_to_other(self, other: Recipient, message: Message, refused: Outcome) -> Outcome:
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
                "text": {"body": escape_markup(message.text)},
            }
        )
        try:
            reply = self._client.send(
                Request("POST", "/v1/messages", body=body, accepts_partial_reply=True), self._timeout
            )
            check(reply)
            if _BEGINNING_OF_ERRORS.search(reply.body):
                raise BodyError("the answer tells of errors that can't be read")
            if is_web_page(reply.body):
                # The API never replies so; a proxy with a login page does.
                raise BodyError("the answer is a web page, not JSON: does the url lead to the webapp?")
        except ApiError as error:
            return whatsapp_error_outcome(error)
        return ACCEPTED


def whatsapp_channel_factory() -> Callable[[WhatsAppClient, Recipient], WhatsAppChannel]:
    """Return a function that opens a channel through a client to a recipient."""
    known: dict[Recipient, Recipient] = {}  # shared by the channels, so that each is found out once
    return lambda client, recipient: WhatsAppChannel(client, recipient, known)


# --- recipients whose id is of the other kind ----------------------------------------------------

# The error codes for an id that is not of the given kind.
_WRONG_KIND: Final = frozenset({"1002", "1012", "1013", "1020", "1021"})
_GROUP_ID: Final = re.compile(r"[1-9][0-9]*-[0-9]+(@g\.us)?|[1-9][0-9]{15,}(@g\.us)?|[0-9-]+@g\.us")


def other_recipient(recipient: Recipient) -> Recipient | None:
    """Return the recipient of the other kind that an id looks like; None if it does not."""
    if recipient.kind == GROUP:
        number = phone_number_of(recipient.to)
        return Recipient(number, INDIVIDUAL) if number else None
    return Recipient(recipient.to, GROUP) if _GROUP_ID.fullmatch(recipient.to) else None


# --- errors --------------------------------------------------------------------------------------

_SETUP: Final = "make a group by `waexporter pager setup`"
_LOGIN: Final = (
    "check api_key, username and password of the target; messages need a login, no API key will do"
)
_LATER: Final = "wait: it is tried again by itself; `waexporter probe TARGET` says more"


class ErrorCode(NamedTuple):
    """One error code of the API."""

    remedy: str  # what a person can do; empty if only a bug of ours can cause it
    is_permanent: bool = False  # the message would be refused again, however often it is sent


# API documentation, error codes.
ERROR_CODES: Final[Mapping[int, ErrorCode]] = {
    1000: ErrorCode(_LATER),
    1001: ErrorCode("report this: waexporter keeps its messages below the limit", is_permanent=True),
    1002: ErrorCode(
        "this version of the client has no groups: give people's numbers in pager.recipients",
        is_permanent=True,
    ),
    1003: ErrorCode(f"the business has left the group: {_SETUP}", is_permanent=True),
    1005: ErrorCode(
        f"{_LOGIN}; or the build has expired: upgrade the client, where there is a newer build",
        is_permanent=True,
    ),
    1006: ErrorCode("check that the url leads to the webapp itself, and pager.group", is_permanent=True),
    1007: ErrorCode("look into the account at Meta: it is blocked", is_permanent=True),
    1008: ErrorCode("", is_permanent=True),
    1009: ErrorCode("", is_permanent=True),
    1010: ErrorCode("", is_permanent=True),
    1011: ErrorCode(_LATER),
    1012: ErrorCode(
        f"check the id of the group, and that somebody has joined by its invite link, or {_SETUP}",
        is_permanent=True,
    ),
    1013: ErrorCode(
        "check the numbers in pager.recipients: with the country's code, without spaces", is_permanent=True
    ),
    1014: ErrorCode(_LATER),
    1015: ErrorCode("wait: the client's limit of requests is used up"),
    1016: ErrorCode(
        "check that your webhook answers 200, and fast: callbacks pile up until messages are refused"
    ),
    1017: ErrorCode(
        "check that a master container runs and reaches the database; it is tried again by itself"
    ),
    1018: ErrorCode(_LATER),
    1019: ErrorCode(_SETUP, is_permanent=True),
    1020: ErrorCode(f"check the id of the group, or {_SETUP}", is_permanent=True),
    1021: ErrorCode("check the numbers in pager.recipients", is_permanent=True),
    1022: ErrorCode("set webhooks.url in the client's application settings: without it messages are refused"),
    1023: ErrorCode("check the database server of the client, its disk and its connections"),
    1024: ErrorCode(
        "log in to the client once and change the account's password, then configure the new one"
    ),
    1025: ErrorCode("", is_permanent=True),
    1026: ErrorCode("page other people: WhatsApp can't reach this one", is_permanent=True),
    1031: ErrorCode("look into the account at Meta: it may send nothing any more", is_permanent=True),
}
# HTTP statuses that come without an error code.
STATUS_REMEDIES: Final[Mapping[int, str]] = {
    401: _LOGIN,
    403: _LOGIN,
    404: "check that the url leads to the webapp itself",
    429: "wait: too many messages were sent",
}
_WORDS_REMEDIES: Final[tuple[tuple[str, str], ...]] = (
    (r"no group is known", f"set pager.group or pager.recipients, or {_SETUP}"),
    (r"login of .* was refused|must change its password", _LOGIN),
    (r"speaks TLS", "let the url of the target begin with https://"),
    (r"a clock is wrong", "set both clocks right, by NTP"),
    (r"not safe any more", "switch TLS 1.2 or newer on at the webapp, or at the proxy before it"),
    (r"certificate|TLS", "check tls.ca_file and tls.server_name of the target, or renew the certificate"),
    (r"a bug", "read the log of waexporter, and report it"),
    (
        r"the answer",
        "check that the url leads to the webapp itself, without a login page or a proxy in between",
    ),
)
_ANSWERED: Final = re.compile(r"answered ([0-9]{3})(?: with errors)?(?:: ([0-9]{1,9}) )?")

_KNOWN_CODES: Final = range(1000, 1032)  # also those that no message is refused with
_PERMANENT_CODES: Final = frozenset(code for code, error in ERROR_CODES.items() if error.is_permanent)
_NUMBER_REMEDIES: Final = {**STATUS_REMEDIES, **{code: error.remedy for code, error in ERROR_CODES.items()}}


def whatsapp_error_outcome(error: ApiError) -> Outcome:
    """Return the outcome of an error of this API."""
    return error_outcome(error, _KNOWN_CODES, _PERMANENT_CODES)


def find_whatsapp_remedy(why: str) -> str:
    """Return what to do about a failure, by the sentence that the pager wrote about it; empty if unknown."""
    answered = _ANSWERED.search(why)
    for number in (answered[2], answered[1]) if answered else ():
        if number and (remedy := _NUMBER_REMEDIES.get(int(number))):
            return remedy
    return next((remedy for pattern, remedy in _WORDS_REMEDIES if re.search(pattern, why)), "")
