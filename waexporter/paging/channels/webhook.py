"""Send messages to a webhook, in the format of its service."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from waexporter.errors import ApiError
from waexporter.model import Reason
from waexporter.paging.channels import OK, TIMEOUT, Outcome
from waexporter.paging.channels.address_redaction import redact_address, redact_secrets
from waexporter.paging.channels.error_outcomes import error_outcome, is_permanent_status
from waexporter.paging.channels.webhook_formats import TEXT_ONLY, WEBHOOK_FORMATS, WebhookFormat
from waexporter.paging.channels.webhook_replies import find_refusal, is_web_page
from waexporter.transport.lenient_json import printable

if TYPE_CHECKING:
    from waexporter.model import Fallback
    from waexporter.paging.messages.message import Message
    from waexporter.transport.exchange import Reply

WEBHOOK: Final = "webhook"

# After a refusal with one of these HTTP statuses, a body with the text alone may be accepted.
_UNREADABLE_BODY: Final = frozenset({"400", "415", "422"})


class HttpPoster(Protocol):
    """A client that posts to one address."""

    def post(self, body: bytes, timeout: float, *, content_type: str) -> Reply:
        """POST a body; return the reply of any status, as far as it can be read, or raise an ApiError."""
        ...


class WebhookChannel:
    """POST to one address in its format; a 2xx is an acceptance, unless its body is a refusal."""

    kind = WEBHOOK

    def __init__(self, poster: HttpPoster, fallback: Fallback, timeout: float = TIMEOUT) -> None:
        self._poster = poster
        self._address = fallback.url
        self._format = fallback.format
        self._webhook_format = WEBHOOK_FORMATS[fallback.format]
        self._timeout = timeout  # seconds
        self.where = redact_address(fallback.url)

    def send(self, message: Message) -> Outcome:
        """Send the text, and the alerts if the format has a place for them."""
        outcome = self._post(self._webhook_format, message)
        if not (self._webhook_format.retries_text_only and outcome.code in _UNREADABLE_BODY):
            return outcome
        again = self._post(TEXT_ONLY, message)
        if not again.is_accepted:
            return again
        self._webhook_format = TEXT_ONLY
        return replace(again, note=f"{again.note} to the text alone, {outcome.code} with the alerts")

    def _post(self, webhook_format: WebhookFormat, message: Message) -> Outcome:
        body = webhook_format.body(message, urlsplit(self._address.reveal()).query)
        try:
            reply = self._poster.post(body, self._timeout, content_type=webhook_format.content_type)
        except ApiError as error:
            return error_outcome(error)
        return self._read_reply(reply)

    def _read_reply(self, reply: Reply) -> Outcome:
        status = reply.status
        answered = f"the fallback at {self.where} answered {status}"
        if not reply.is_success:
            is_permanent = is_permanent_status(status)
            return Outcome(str(status), answered, is_permanent, retry_after=reply.retry_after)
        if is_web_page(reply.body):
            why = f"{answered} with a web page: does the address lead to a webhook, without signing in?"
            return Outcome(Reason.BODY.value, why, may_have_arrived=True)
        if refusal := find_refusal(reply.body, self._format):
            words = printable(redact_secrets(refusal, self._address.reveal()))
            return Outcome(Reason.REFUSED.value, f"{answered}, but says no: {words}")
        return Outcome(OK, note=f"answered {status}")


_WRONG_FORMAT: Final = re.compile(r"answered (400|415|422|2[0-9]{2}, but says no)")


def find_webhook_remedy(why: str) -> str:
    """Return what to do if a webhook does not understand the body; empty for any other failure."""
    if not _WRONG_FORMAT.search(why):
        return ""
    return (
        "check the address in pager.fallback, and what receives it, and the format it wants "
        "(pager.fallback[].format)"
    )
