"""POST /api/v1/alerts: the webhook of Alertmanager; GET /api/v1/pages: what became of what it sent."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.errors import JournalError, WebhookError
from waexporter.paging.intake.refusals import Refusal, WebhookSender
from waexporter.transport.lenient_json import printable
from waexporter.web.formatting import iso
from waexporter.web.responses import IncomingRequest, Response, error_response, json_response

if TYPE_CHECKING:
    from waexporter.model import WebhookAuth
    from waexporter.paging.intake.refusals import RefusedSender
    from waexporter.paging.journal.entry import Attempt, Entry
    from waexporter.paging.model import Item
    from waexporter.paging.pager import PagerStatus
    from waexporter.web.backend import Backend

_NUMBER = re.compile(r"[0-9]{1,6}")
_SHOWN_PAGES = 100
_MOST_PAGES = 1000
_SHOWN_ALERTS = 20  # of one page
_LONGEST_AGENT = 60  # characters
_RESULTS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "refused",
    HTTPStatus.FORBIDDEN: "refused",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}
_CUT_OFF = "The connection ended before the body was complete."
_SCHEMES = frozenset({"basic", "bearer"})  # all else that is shown may be a secret itself
_NO_PAGER = "No pager is configured: add a block pager to the configuration."


def admits(auth: WebhookAuth, authorization: str) -> bool:
    """Tell whether what a client shows is what the webhook demands; takes as long for wrong as for right."""
    if not auth.is_guarded:
        return True
    if auth.secret is not None:
        expected = f"Bearer {auth.secret.reveal()}"
    else:
        password = auth.password.reveal() if auth.password else ""
        expected = f"Basic {b64encode(f'{auth.username}:{password}'.encode()).decode()}"
    kind, _, shown = authorization.partition(" ")
    given = f"{kind.capitalize()} {shown.strip()}"
    # Headers were read as Latin-1, whatever a client wrote there.
    return hmac.compare_digest(given.encode("latin-1", "replace"), expected.encode())


def challenge(auth: WebhookAuth) -> tuple[str, str]:
    """Give the header that tells what has to be shown."""
    return "www-authenticate", "Bearer" if auth.secret is not None else 'Basic realm="waexporter"'


def admit_alerts(request: IncomingRequest, backend: Backend) -> Response | None:
    """Refuse, before its body is read, whoever may not page people."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, _NO_PAGER)
    auth = pager.settings.webhook
    if not auth.is_guarded and request.header("origin"):
        # Without a secret only this machine is trusted, and not every page that its browser shows.
        return error_response(request, 403, "Alerts are not taken from web pages.")
    shown = request.header("authorization")
    if admits(auth, shown):
        return None
    words = f"{_explain_secret(auth, shown)}; set http_config.authorization or basic_auth in Alertmanager."
    return error_response(request, 401, words, challenge(auth), ("connection", "close"))


def _explain_secret(auth: WebhookAuth, shown: str) -> str:
    """Say what is wrong with the secret that was shown, and nothing of the secret."""
    expected_scheme = "Bearer" if auth.secret is not None else "Basic"
    kind = shown.partition(" ")[0].capitalize()
    if not shown.strip():
        return "No secret was sent, and pager.webhook has one"
    if kind == expected_scheme:
        return "Another secret was sent than that of pager.webhook"
    named = kind if kind.lower() in _SCHEMES else "another kind"
    return f"A secret of {named} was sent, and pager.webhook has one of {expected_scheme}"


def witness_alerts(request: IncomingRequest, response: Response | None, backend: Backend) -> None:
    """Count a webhook by what became of it, and remember whose are refused and why."""
    pager = backend.pager
    if pager is None:
        return
    sender = WebhookSender(
        request.peer or "an unknown address", printable(request.header("user-agent"), _LONGEST_AGENT)
    )
    if response is not None and response.status < HTTPStatus.BAD_REQUEST:
        pager.count_webhook("accepted")
        pager.refusals.note_taken(sender)
        return
    if response is None:
        pager.count_webhook("failed")
        pager.refusals.note(sender, Refusal(None, _CUT_OFF))
        return
    is_ours = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    pager.count_webhook("failed" if is_ours else _RESULTS.get(response.status, "invalid"))
    pager.refusals.note(sender, Refusal(response.status, response.refusal))


def receive_alerts(request: IncomingRequest, backend: Backend) -> Response:
    """Take in a webhook: 200 once it is on disk, 400 for what is none, 503 while it can't be kept."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, _NO_PAGER)
    try:
        pager.receive(request.body)
    except WebhookError as error:
        return error_response(request, 400, f"{error}.")
    except JournalError:
        # The reason names a path of this machine; the log and the status page have it.
        return error_response(request, 503, "The journal of pages can't be written; the log says why.")
    return json_response({"status": "accepted"})


def list_pages(request: IncomingRequest, backend: Backend) -> Response:
    """Give the newest pages, `?limit=` of them, the newest first."""
    pager = backend.pager
    if pager is None:
        return error_response(request, 404, _NO_PAGER)
    limits = request.values("limit") or (str(_SHOWN_PAGES),)
    limit = int(limits[0]) if _NUMBER.fullmatch(limits[0]) else 0
    if len(limits) > 1 or not 0 < limit <= _MOST_PAGES:
        return error_response(request, 400, f"The parameter limit must be a number from 1 to {_MOST_PAGES}.")
    return json_response(describe(pager.status(limit), request.at))


def describe(status: PagerStatus, now: float) -> dict[str, object]:
    """Give the pager's state as a document."""
    return {
        "at": iso(now),
        "pending": status.pending,
        "oldest_pending_seconds": round(status.oldest, 3),
        "journal": status.problem or "ok",
        "watchdogs": [
            {
                "source": silence.source,
                "silent_seconds": round(silence.seconds, 3),
                "max_silence_seconds": silence.limit,
                "heard": silence.is_heard,
            }
            for silence in status.silences
        ],
        "unexpected_watchdogs": status.strangers,
        "refused": [_describe_refused(each) for each in status.refused],
        "pages": [describe_entry(entry) for entry in status.latest],
    }


def _describe_refused(refused: RefusedSender) -> dict[str, object]:
    return {
        "sender": refused.sender.address,
        "agent": refused.sender.agent,
        "status": refused.refusal.status,
        "why": refused.refusal.why,
        "webhooks": refused.count,
        "since": iso(refused.since.wall),
        "last": iso(refused.last.wall),
    }


def describe_entry(entry: Entry) -> dict[str, object]:
    """Give one page as a document."""
    items = entry.page.items
    return {
        "number": entry.number,
        "state": entry.state,
        "channel": entry.channel,
        "destination": entry.destination,
        "attempts": entry.attempts,
        "repeats": entry.repeats,
        "why": entry.why,
        "tried": [_describe_attempt(attempt) for attempt in entry.tried],
        "received": iso(entry.page.received_at),
        "done": iso(entry.done_at),
        "alerts": len(items),
        "firing": sum(1 for item in items if item.kind.fires),
        "truncated": entry.page.truncated,
        "unlisted": len(entry.page.doubts),
        "unread": entry.page.unread,
        "shown": [_describe_item(item) for item in items[:_SHOWN_ALERTS]],
    }


def _describe_attempt(attempt: Attempt) -> dict[str, object]:
    return {
        "at": iso(attempt.at),
        "way": attempt.way,
        "recipient": attempt.recipient,
        "code": attempt.code,
        "why": attempt.why,
    }


def _describe_item(item: Item) -> dict[str, object]:
    alert = item.alert
    return {
        "kind": item.kind,
        "alertname": alert.labels.get("alertname", ""),
        "target": alert.labels.get("target", ""),
        "severity": alert.labels.get("severity", ""),
        "summary": alert.annotations.get("summary", ""),
        "fingerprint": alert.fingerprint,
        "starts": iso(alert.starts_at),
        "ends": iso(alert.ends_at),
    }
