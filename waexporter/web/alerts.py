"""POST /api/v1/alerts: the webhook of Alertmanager; GET /api/v1/pages: what became of what it sent."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from http import HTTPStatus
from typing import TYPE_CHECKING

from waexporter.errors import JournalError, WebhookError
from waexporter.web.exchange import Answer, Question, give_json, refuse
from waexporter.web.wording import iso

if TYPE_CHECKING:
    from waexporter.model import Gate
    from waexporter.paging.alerts import Item
    from waexporter.paging.entries import Attempt, Entry
    from waexporter.paging.pager import PagerStatus
    from waexporter.web.exporter import Exporter

_NUMBER = re.compile(r"[0-9]{1,6}")
_SHOWN_PAGES = 100
_MOST_PAGES = 1000
_SHOWN_ALERTS = 20  # of one page
_UNREAD: dict[int, str] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.SERVICE_UNAVAILABLE: "failed",
}
_NO_PAGER = "No pager is configured: add a block pager to the configuration."


def admits(gate: Gate, authorization: str) -> bool:
    """Tell whether what a client shows is what the gate asks for; takes as long for wrong as for right."""
    if not gate.is_guarded:
        return True
    if gate.token is not None:
        expected = f"Bearer {gate.token.reveal()}"
    else:
        password = gate.password.reveal() if gate.password else ""
        expected = f"Basic {b64encode(f'{gate.username}:{password}'.encode()).decode()}"
    kind, _, shown = authorization.partition(" ")
    given = f"{kind.capitalize()} {shown.strip()}"
    # Headers were read as Latin-1, whatever a client wrote there.
    return hmac.compare_digest(given.encode("latin-1", "replace"), expected.encode())


def challenge(gate: Gate) -> tuple[str, str]:
    """Give the header that tells what has to be shown."""
    return "www-authenticate", "Bearer" if gate.token is not None else 'Basic realm="waexporter"'


def admit_alerts(question: Question, exporter: Exporter) -> Answer | None:
    """Refuse, before its body is read, whoever may not page people."""
    pager = exporter.pager
    if pager is None:
        return refuse(question, 404, _NO_PAGER)
    gate = pager.settings.gate
    if not gate.is_guarded and question.header("origin"):
        # Without a secret only this machine is trusted, and not every page that its browser shows.
        pager.count_webhook("refused")
        return refuse(question, 403, "Alerts are not taken from web pages.")
    if admits(gate, question.header("authorization")):
        return None
    pager.count_webhook("refused")
    words = "The secret of pager.webhook is missing or wrong; set http_config.authorization in Alertmanager."
    return refuse(question, 401, words, challenge(gate), ("connection", "close"))


def count_refused(status: int, exporter: Exporter) -> None:
    """Count a webhook whose body was not taken."""
    if exporter.pager is not None:
        exporter.pager.count_webhook(_UNREAD.get(status, "invalid"))


def receive_alerts(question: Question, exporter: Exporter) -> Answer:
    """Take in a webhook: 200 once it is on disk, 400 for what is none, 503 while it can't be kept."""
    pager = exporter.pager
    if pager is None:
        return refuse(question, 404, _NO_PAGER)
    try:
        pager.receive(question.body)
    except WebhookError as error:
        pager.count_webhook("invalid")
        return refuse(question, 400, f"{error}.")
    except JournalError:
        # The reason names a path of this machine; the log and the status page have it.
        pager.count_webhook("failed")
        return refuse(question, 503, "The journal of pages can't be written; the log says why.")
    pager.count_webhook("accepted")
    return give_json({"status": "accepted"})


def list_pages(question: Question, exporter: Exporter) -> Answer:
    """Give the newest pages, `?limit=` of them, the newest first."""
    pager = exporter.pager
    if pager is None:
        return refuse(question, 404, _NO_PAGER)
    limits = question.values("limit") or (str(_SHOWN_PAGES),)
    limit = int(limits[0]) if _NUMBER.fullmatch(limits[0]) else 0
    if len(limits) > 1 or not 0 < limit <= _MOST_PAGES:
        return refuse(question, 400, f"The parameter limit must be a number from 1 to {_MOST_PAGES}.")
    return give_json(describe(pager.status(limit), question.at))


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
            }
            for silence in status.silences
        ],
        "pages": [describe_entry(entry) for entry in status.latest],
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
        "firing": sum(1 for item in items if item.alert.fires),
        "truncated": entry.page.truncated,
        "unheard": len(entry.page.doubts),
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
