"""Send messages through Apprise: mail, SMS, Slack, Telegram and a hundred more services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from warnings import catch_warnings, simplefilter

from waexporter.model import Reason
from waexporter.paging.channels import OK, Outcome
from waexporter.paging.channels.address_redaction import redact_address
from waexporter.paging.channels.deadline import DeadlineRunner

if TYPE_CHECKING:
    from waexporter.model import Secret
    from waexporter.paging.messages.message import Message

APPRISE: Final = "apprise"

_TIMEOUT: Final = 30.0  # seconds; its plugins may send several requests
_CONCURRENT: Final = 4  # messages being sent: one for each worker of the pager


class AppriseChannel:
    """An address that Apprise can send to."""

    kind = APPRISE

    def __init__(self, address: Secret, timeout: float = _TIMEOUT) -> None:
        self._apprise = _import_apprise().Apprise()
        self._runner = DeadlineRunner(_CONCURRENT, timeout)
        self.where = redact_address(address)
        if not self._add(address):
            message = f"Apprise can't make anything of the address {self.where}"
            raise ValueError(message)

    def _add(self, address: Secret) -> bool:
        try:
            return bool(self._apprise.add(address.reveal()))
        except Exception:  # noqa: BLE001 - a plugin may raise anything for an address that it can't use
            return False

    def send(self, message: Message) -> Outcome:
        """Send the text; Apprise returns only whether it worked."""
        try:
            is_sent = self._runner.run(lambda: self._apprise.notify(body=message.text))
        except TimeoutError:
            why = f"Apprise came to no end in time with {self.where}"
            return Outcome(Reason.TIMEOUT.value, why, may_have_arrived=True)
        if is_sent:
            return Outcome(OK, note="Apprise says that it was sent")
        return Outcome("failed", f"Apprise could not send to {self.where}")


def _import_apprise() -> Any:  # noqa: ANN401 - it has no types
    """Import Apprise and disable its log; raise ImportError if it is not installed."""
    import apprise  # noqa: PLC0415 - an extra, for those who have it

    # Its log contains addresses with their tokens, and nothing else that our log does not.
    apprise.logger.disabled = True
    return apprise


def find_apprise_scheme(address: Secret) -> str:
    """Return the scheme by which Apprise supports an http(s) address; empty if it does not."""
    try:
        with catch_warnings():  # of what its plugins import
            simplefilter("ignore")
            plugin = _import_apprise().Apprise.instantiate(address.reveal(), suppress_exceptions=True)
    except Exception:  # noqa: BLE001 - Apprise is not installed, or a plugin raises anything
        return ""
    schemes = (plugin.secure_protocol or plugin.protocol) if plugin else None
    return str(schemes if isinstance(schemes, str) else next(iter(schemes or ()), ""))
