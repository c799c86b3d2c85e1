"""Alertmanager's webhook: real bodies are understood, and nothing else does any harm."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waexporter.errors import WebhookError
from waexporter.paging.alerts import Alert, Webhook
from waexporter.paging.threads import decide
from waexporter.paging.webhook import read_webhook, thread_of

DATA = Path(__file__).parent / "data"
NOW = 1_800_000_000.0
FIRING = {
    "status": "firing",
    "labels": {"alertname": "Down"},
    "annotations": {"summary": "it is"},
    "startsAt": "2026-01-31T09:30:00.250Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "f1",
}


def a_body(*alerts: dict[str, Any], **more: object) -> bytes:
    return json.dumps({"version": "4", "groupLabels": {}, "alerts": list(alerts), **more}).encode()


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_real_alertmanager_sent_is_understood(path: Path) -> None:
    said = json.loads(path.read_bytes())

    webhook = read_webhook(path.read_bytes(), NOW)

    assert webhook.truncated == said["truncatedAlerts"]
    assert webhook.thread == thread_of(said["groupLabels"])
    assert [each.fires for each in webhook.alerts] == [each["status"] == "firing" for each in said["alerts"]]
    assert [each.fingerprint for each in webhook.alerts] == [each["fingerprint"] for each in said["alerts"]]
    assert [each.labels for each in webhook.alerts] == [each["labels"] for each in said["alerts"]]
    assert [each.annotations for each in webhook.alerts] == [each["annotations"] for each in said["alerts"]]


def test_the_real_false_all_clear_is_none() -> None:
    webhook = read_webhook((DATA / "webhook-false-all-clear.json").read_bytes(), NOW)

    page = decide(webhook, {}, (), NOW, NOW).page

    assert not any(alert.fires for alert in webhook.alerts)
    assert page is not None
    assert not page.is_all_clear


def test_every_field_is_read() -> None:
    resolved = FIRING | {"status": "resolved", "endsAt": "2026-01-31T10:30:00+01:00", "fingerprint": "f2"}

    webhook = read_webhook(a_body(FIRING, resolved, truncatedAlerts=3, groupLabels={"a": "b"}), NOW)

    start = 1_769_851_800.25
    labels, annotations = {"alertname": "Down"}, {"summary": "it is"}
    assert webhook == Webhook(
        thread_of({"a": "b"}),
        # An end before the start is none.
        (Alert("f1", start, None, labels, annotations), Alert("f2", start, NOW, labels, annotations)),
        3,
    )


def test_unknown_keys_are_ignored_wherever_they_are() -> None:
    plain = read_webhook(a_body(FIRING), NOW)

    assert read_webhook(a_body(FIRING | {"new": [1]}, notification_reason="x", routeLabels={}), NOW) == plain


def test_a_byte_order_mark_before_it_is_no_part_of_it() -> None:
    body = a_body(FIRING)

    assert read_webhook(b"\xef\xbb\xbf" + body, NOW) == read_webhook(body, NOW)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_another_unicode_than_utf_8_is_named(encoding: str) -> None:
    with pytest.raises(WebhookError, match="the body is UTF-16 or UTF-32; send it as UTF-8"):
        read_webhook(a_body(FIRING).decode().encode(encoding), NOW)


def test_the_thread_does_not_depend_on_who_delivers_nor_on_the_order_of_labels() -> None:
    one = read_webhook(a_body(groupKey="{}:{a}", externalURL="0", groupLabels={"a": "1", "b": "2"}), 0)
    two = read_webhook(a_body(groupKey="{}/x", externalURL="1", groupLabels={"b": "2", "a": "1"}), 0)

    assert one.thread == two.thread
    assert one.thread != read_webhook(a_body(groupLabels={"a": "12"}), 0).thread


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", None, "2026-01-31T09:29:59Z"])
def test_a_resolved_alert_without_an_end_has_ended_now(end: str | None) -> None:
    [alert] = read_webhook(a_body(FIRING | {"status": "resolved", "endsAt": end}), NOW).alerts

    assert alert.ends_at == NOW


def test_an_alert_without_a_fingerprint_is_known_by_its_labels() -> None:
    bare = {name: value for name, value in FIRING.items() if name != "fingerprint"}
    other = bare | {"labels": {"alertname": "Up"}}

    first, second, third = read_webhook(a_body(bare, bare, other), NOW).alerts

    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_a_count_of_truncated_alerts_below_zero_is_none() -> None:
    assert read_webhook(a_body(FIRING, truncatedAlerts=-1), NOW).truncated == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is empty"),
        (b" \r\n", "the body is empty"),
        (b"hello", "the body is not JSON"),
        (b'{"version": "4"', "the body is not JSON"),
        (
            gzip.compress(a_body(FIRING), mtime=0),
            "the body is packed by gzip, and Content-Encoding does not say so",
        ),
        (b"\xff\xfe", "the body is UTF-16 or UTF-32"),
        (b"\xef\xbb\xbf", "the body is empty"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "the body is not JSON"),
        (b'{"version": "4", "x": ' + b"[" * 100_000, "the body is not JSON"),
        (b"null", "no webhook of Alertmanager"),
        (b"[]", "no webhook of Alertmanager"),
        (b"{}", 'its version must be "4"'),
        (b'{"version": 4, "alerts": []}', 'its version must be "4"'),
        (b'{"version": "5", "alerts": []}', 'the version must be "4"'),
        (b'{"version": "5"}', 'its version must be "4"'),
        (b'{"version": "4"}', "`alerts`"),
        (b'{"version": "4", "alerts": [{}]}', "$.alerts[0]"),
        (a_body(FIRING | {"status": "suppressed"}), "alerts[0].status must be firing or resolved"),
        (a_body(FIRING | {"startsAt": "yesterday"}), "$.alerts[0].startsAt"),
        (a_body(FIRING | {"labels": {"a": 1}}), "$.alerts[0].labels"),
    ],
)
def test_what_is_no_webhook_is_said_to_be_none(body: bytes, words: str) -> None:
    with pytest.raises(WebhookError) as caught:
        read_webhook(body, NOW)

    assert words in str(caught.value)
    assert len(str(caught.value)) <= 300


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["4", "firing"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ALMOST = st.fixed_dictionaries(
    {
        "version": st.just("4") | JSON,
        "alerts": st.lists(
            st.fixed_dictionaries(
                {
                    "status": st.sampled_from(["firing", "resolved"]) | JSON,
                    "labels": st.dictionaries(st.text(), st.text(), max_size=3) | JSON,
                    "startsAt": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | JSON,
                },
                optional={
                    "endsAt": st.datetimes().map(lambda at: f"{at.isoformat()}-23:59") | JSON,
                    "annotations": st.dictionaries(st.text(), st.text(), max_size=3) | JSON,
                    "fingerprint": st.text() | JSON,
                },
            ),
            max_size=3,
        )
        | JSON,
    },
    optional={"truncatedAlerts": st.integers() | JSON, "groupLabels": JSON},
)


@given(st.binary() | JSON.map(json.dumps).map(str.encode) | ALMOST.map(json.dumps).map(str.encode))
def test_whatever_comes_is_a_webhook_or_a_webhook_error(body: bytes) -> None:
    try:
        webhook = read_webhook(body, NOW)
    except WebhookError as error:
        assert str(error)  # noqa: PT017 - either is well
    else:
        decision = decide(webhook, {}, (), NOW, NOW)
        assert (decision.page is None) == (not webhook.alerts)
