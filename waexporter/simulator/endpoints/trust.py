"""Certificates kept by the API: the webapp's own, and the CA of the webhook."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from waexporter.simulator.endpoints.calls import Access, Call, Row
from waexporter.simulator.envelope import Answer, refusal, success
from waexporter.simulator.faults.faults import find

if TYPE_CHECKING:
    from waexporter.simulator.state.world import World

_PEM = "application/x-pem-file"
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
_GARBAGE = b"\x30\x82\x01\x0a this is not PEM \xff"


def certificates(body: bytes) -> tuple[str, ...]:
    """Return the certificates of a PEM text; refuses anything else."""
    try:
        text = body.decode("ascii")
        blocks = tuple(_BLOCK.findall(text))
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata="".join(blocks) or text)
    except (ValueError, ssl.SSLError):
        blocks = ()
    if not blocks:
        raise refusal(400, 1009, "The body is not a certificate in PEM")
    return blocks


def _show_external(world: World, call: Call) -> Answer:
    if find(world.timeline.active(call.now, call.path), "ca_garbage"):
        return Answer(200, _GARBAGE, _PEM)
    return Answer(200, world.trust.external_ca.encode("ascii"), _PEM)


def _upload_external(world: World, call: Call) -> Answer:
    """Keep the last certificate, which is the CA's; the webapp serves the first one after a restart."""
    world.trust.external_ca = certificates(call.body)[-1]
    return success()


def _show_webhook(world: World, _call: Call) -> Answer:
    if world.trust.webhook_ca is None:
        raise refusal(404, 1006, "There is no certificate of the webhook's authority")
    return Answer(200, world.trust.webhook_ca.encode("ascii"), _PEM)


def _upload_webhook(world: World, call: Call) -> Answer:
    world.trust.webhook_ca = "".join(certificates(call.body))
    return success()


def _delete_webhook(world: World, call: Call) -> Answer:
    _show_webhook(world, call)  # refuses when there is none
    world.trust.webhook_ca = None
    return success()


_WEBHOOK = "/v1/certificates/webhooks/ca"

ROWS = (
    Row("GET", "/v1/certificates/external/ca", Access.USER, _show_external),
    Row("POST", "/v1/certificates/external", Access.ADMIN, _upload_external),
    Row("GET", _WEBHOOK, Access.ADMIN, _show_webhook),
    Row("POST", _WEBHOOK, Access.ADMIN, _upload_webhook),
    Row("DELETE", _WEBHOOK, Access.ADMIN, _delete_webhook),
)
