"""`waexporter pager check` reports the watchdogs and the refused webhooks of the daemon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.commands.conftest import GROUP, SECRET, Workplace
from tests.e2e.exporters import Exporter
from waexporter.commands.pager_checks.finding import Level
from waexporter.commands.pager_checks.received import check_received
from waexporter.web.page_document import PageListDocument, RefusedDocument, WatchdogDocument

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def watchdog(silent: float, *, heard: bool = True) -> WatchdogDocument:
    return WatchdogDocument(source="eu", silent_seconds=silent, max_silence_seconds=180.0, heard=heard)


def pages(
    *watchdogs: WatchdogDocument, refused: tuple[RefusedDocument, ...] = (), strangers: tuple[str, ...] = ()
) -> PageListDocument:
    return PageListDocument(
        at=NOW.isoformat(),
        journal="ok",
        pending=0,
        pages=[],
        watchdogs=list(watchdogs),
        refused=list(refused),
        unexpected_watchdogs=list(strangers),
    )


def refused(status: int | None, ago: float = 15.0) -> RefusedDocument:
    since, last = NOW - timedelta(hours=5), NOW - timedelta(seconds=ago)
    return RefusedDocument(
        sender="10.0.0.7",
        agent="Alertmanager/0.28.0",
        status=status,
        why="Why it was.",
        webhooks=3,
        since=since.isoformat(),
        last=last.isoformat(),
    )


@pytest.mark.parametrize(
    ("document", "level", "words"),
    [
        (watchdog(40.0), Level.OK, "watchdog eu: was last heard 40 s ago, of 3 min"),
        (watchdog(180.0), Level.OK, "watchdog eu: was last heard 3 min ago, of 3 min"),
        (
            watchdog(181.0),
            Level.BAD,
            "watchdog eu: was last heard 3 min 1 s ago, and 3 min are allowed",
        ),
        (
            watchdog(35.0, heard=False),
            Level.NOTE,
            "watchdog eu: has never come, for 35 s of 3 min",
        ),
        (
            watchdog(180.0, heard=False),
            Level.NOTE,
            "watchdog eu: has never come, for 3 min of 3 min",
        ),
        (
            watchdog(181.0, heard=False),
            Level.BAD,
            "watchdog eu: has never come, for 3 min 1 s of 3 min",
        ),
    ],
)
def test_each_watchdog_is_reported_with_the_time_of_its_last_alert(
    document: WatchdogDocument, level: Level, words: str
) -> None:
    (finding,) = check_received(pages(document))

    assert (finding.level, finding.words) == (level, words)
    assert ("global.external_labels" in finding.remedy) is (level is not Level.OK)


def test_the_labels_of_an_unexpected_watchdog_are_the_remedy() -> None:
    strangers = ("alertname=Watchdog prometheus=us",)

    (finding,) = check_received(pages(watchdog(5.0, heard=False), strangers=strangers))

    assert finding.remedy == (
        "another one has come: alertname=Watchdog prometheus=us; correct match of the entry"
    )


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "send Alertmanager's own webhooks there"),
        (401, "give Alertmanager the secret of pager.webhook: http_config.authorization"),
        (403, "deliver from Alertmanager and not from a web page"),
        (413, "make Alertmanager's groups smaller"),
        (415, "let the sender pack the body once"),
        (500, "read the daemon's log"),
        (503, "read the daemon's log"),
        (None, "look at the network"),
    ],
)
def test_a_refused_sender_is_reported_with_what_to_do(status: int | None, remedy: str) -> None:
    (finding,) = check_received(pages(refused=(refused(status),)))

    answered = "cut off" if status is None else f"answered {status}"
    assert finding.level is Level.BAD
    assert finding.words == (
        f"refused: 3 webhooks from 10.0.0.7 (Alertmanager/0.28.0), {answered}, the first at 31 Jan 04:30 "
        "UTC, the last 15 s ago: Why it was."
    )
    assert finding.remedy.startswith(remedy)


@pytest.mark.parametrize(("ago", "level"), [(3600.0, Level.BAD), (3601.0, Level.NOTE)])
def test_an_old_refusal_is_only_a_note(ago: float, level: Level) -> None:
    (finding,) = check_received(pages(refused=(refused(401, ago),)))

    assert finding.level is level


def test_a_refused_webhook_is_shown_everywhere_until_one_is_accepted(
    workplace: Workplace,
) -> None:
    dog = {"name": "eu", "match": {"alertname": "Watchdog", "prometheus": "eu"}, "max_silence": "3m"}
    file = workplace.configure(fallback=["http://127.0.0.1:9/hook"], group=GROUP, watchdogs=[dog])
    with Exporter.run(file, f"--listen=127.0.0.1:{workplace.port}") as exporter:
        url, headers = f"{exporter.url}/api/v1/alerts", {"User-Agent": "Alertmanager/0.28.0"}
        alert = {
            "status": "firing",
            "labels": {"alertname": "Watchdog", "prometheus": "us"},
            "startsAt": "2026-01-31T09:30:00Z",
        }
        body = {"version": "4", "groupKey": "{}", "status": "firing", "groupLabels": {}, "alerts": [alert]}
        with httpx.Client(headers=headers, trust_env=False) as sender:
            for _ in range(3):
                assert (
                    sender.post(url, json=body, headers={"Authorization": "Bearer wr0ng"}).status_code == 401
                )
            page = sender.get(exporter.url).text
            wrong = workplace.run("pager", "check")
            good = sender.post(url, json=body, headers={"Authorization": f"Bearer {SECRET}"})
            after = workplace.run("pager", "check")
        log = exporter.log()

    assert "3 webhooks were refused" in page
    assert wrong.status == 1
    (line,) = wrong.lines("NOT OK  refused: 3 webhooks from 127.0.0.1 (Alertmanager/0.28.0), answered 401")
    assert "Another secret was sent than that of pager.webhook" in line
    assert "-> give Alertmanager the secret of pager.webhook" in line
    assert wrong.lines("note    watchdog eu: has never come, for ")
    assert (good.status_code, after.lines("NOT OK  refused")) == (200, [])
    assert "another one has come: alertname=Watchdog prometheus=us" in after.output
    events = [line["msg"].partition(":")[0] for line in log]
    assert (events.count("A WEBHOOK IS REFUSED"), events.count("webhooks are taken again")) == (1, 1)
    assert ["eu: alertname=Watchdog prometheus=eu"] in [line.get("expected") for line in log]
    assert not [secret for secret in ("wr0ng", SECRET) if secret in f"{log}{page}{wrong.output}"]
