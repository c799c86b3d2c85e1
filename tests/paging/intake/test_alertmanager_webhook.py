"""Alertmanager's webhook: real bodies are read, and no other body does any harm."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.json_values import json_values
from waexporter.errors import WebhookError
from waexporter.paging.dedup import deduplicate
from waexporter.paging.intake.alertmanager_webhook import read_webhook, thread_of
from waexporter.paging.messages.compose import compose
from waexporter.paging.model import Alert, AlertGroup, Webhook

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
def test_bodies_of_a_real_alertmanager_are_read(path: Path) -> None:
    document = json.loads(path.read_bytes())

    webhook = read_webhook(path.read_bytes(), NOW)

    assert webhook.truncated == document["truncatedAlerts"]
    assert webhook.thread == thread_of(document["groupLabels"])
    assert [each.fires for each in webhook.alerts] == [
        each["status"] == "firing" for each in document["alerts"]
    ]
    assert [each.fingerprint for each in webhook.alerts] == [
        each["fingerprint"] for each in document["alerts"]
    ]
    assert [each.labels for each in webhook.alerts] == [each["labels"] for each in document["alerts"]]
    assert [each.annotations for each in webhook.alerts] == [
        each["annotations"] for each in document["alerts"]
    ]


def test_a_truncated_body_of_a_real_alertmanager_is_no_all_clear() -> None:
    webhook = read_webhook((DATA / "webhook-false-all-clear.json").read_bytes(), NOW)

    page = deduplicate(webhook, {}, (), NOW, NOW).page

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
        AlertGroup(labels={"a": "b"}),
    )


def test_unknown_keys_are_ignored_wherever_they_are() -> None:
    plain = read_webhook(a_body(FIRING), NOW)

    assert read_webhook(a_body(FIRING | {"new": [1]}, notification_reason="x", routeLabels={}), NOW) == plain


def test_a_byte_order_mark_is_ignored() -> None:
    body = a_body(FIRING)

    assert read_webhook(b"\xef\xbb\xbf" + body, NOW) == read_webhook(body, NOW)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_an_encoding_other_than_utf_8_is_named(encoding: str) -> None:
    with pytest.raises(WebhookError, match="the body is UTF-16 or UTF-32; send it as UTF-8"):
        read_webhook(a_body(FIRING).decode().encode(encoding), NOW)


def test_the_thread_depends_neither_on_the_sender_nor_on_the_order_of_labels() -> None:
    one = read_webhook(a_body(groupKey="{}:{a}", externalURL="0", groupLabels={"a": "1", "b": "2"}), 0)
    two = read_webhook(a_body(groupKey="{}/x", externalURL="1", groupLabels={"b": "2", "a": "1"}), 0)

    assert one.thread == two.thread
    assert one.thread != read_webhook(a_body(groupLabels={"a": "12"}), 0).thread


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", None, "2026-01-31T09:29:59Z"])
def test_a_resolved_alert_without_an_end_has_ended_now(end: str | None) -> None:
    [alert] = read_webhook(a_body(FIRING | {"status": "resolved", "endsAt": end}), NOW).alerts

    assert alert.ends_at == NOW


def test_an_alert_without_a_fingerprint_is_identified_by_its_labels() -> None:
    bare = {name: value for name, value in FIRING.items() if name != "fingerprint"}
    other = bare | {"labels": {"alertname": "Up"}}

    first, second, third = read_webhook(a_body(bare, bare, other), NOW).alerts

    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_a_negative_count_of_truncated_alerts_is_zero() -> None:
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
        (b"{}", "it has no list of alerts"),
        (b'{"version": "4", "alerts": {}}', "it has no list of alerts"),
        (b'{"version": "4", "alerts": null}', "it has no list of alerts"),
        (b'{"version": "4", "alerts": [{}]}', "none of its alerts can be read"),
        (b'{"version": "4", "alerts": [17, "x", null, []]}', "none of its alerts can be read"),
    ],
)
def test_anything_but_a_webhook_is_refused_with_the_reason(body: bytes, words: str) -> None:
    with pytest.raises(WebhookError) as caught:
        read_webhook(body, NOW)

    assert words in str(caught.value)
    assert len(str(caught.value)) <= 300


JSON = json_values(
    st.text(),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["4", "firing"]),
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
def test_any_body_is_a_webhook_or_a_webhook_error(body: bytes) -> None:
    try:
        webhook = read_webhook(body, NOW)
    except WebhookError as error:
        assert str(error)  # noqa: PT017 - either is well
    else:
        decision = deduplicate(webhook, {}, (), NOW, NOW)
        assert (decision.page is None) == (not webhook.alerts and not webhook.unread)


# --- what is odd ---------------------------------------------------------------------------------


def bare(**fields: object) -> dict[str, Any]:
    return {name: value for name, value in {**FIRING, **fields}.items() if value is not ...}


START = 1_769_851_800.25


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"annotations": None}, {"annotations": {}}),
        ({"annotations": []}, {"annotations": {}}),
        ({"annotations": "text"}, {"annotations": {}}),
        (
            {"annotations": {"summary": None, "n": 1.5, "b": True, "x": {}}},
            {"annotations": {"n": "1.5", "b": "true"}},
        ),
        (
            {"labels": {"alertname": "Down", "shard": 3, "x": None}},
            {"labels": {"alertname": "Down", "shard": "3"}},
        ),
        ({"labels": None}, {"labels": {}}),
        ({"status": "Firing "}, {}),
        ({"status": "suppressed"}, {}),
        ({"status": None}, {}),
        ({"status": 7, "endsAt": "2026-01-31T10:00:00Z"}, {"ends_at": START + 1_799.75}),
        ({"status": ..., "endsAt": "2126-01-31T10:00:00Z"}, {}),
        ({"status": "alerting", "endsAt": "nonsense"}, {}),
        ({"startsAt": ...}, {"starts_at": NOW}),
        ({"startsAt": None}, {"starts_at": NOW}),
        ({"startsAt": "yesterday"}, {"starts_at": NOW}),
        ({"startsAt": 17}, {"starts_at": NOW}),
        ({"startsAt": "0001-01-01T00:00:00Z"}, {"starts_at": NOW}),
        ({"endsAt": {}}, {}),
        ({"endsAt": "later"}, {}),
        ({"status": "resolved", "endsAt": "later"}, {"ends_at": NOW}),
        (
            {"status": "resolved", "startsAt": None, "endsAt": "2026-01-31T09:30:00.250Z"},
            {"starts_at": START, "ends_at": START},
        ),
        ({"fingerprint": 17}, {"fingerprint": "17"}),
    ],
)
def test_an_invalid_field_of_an_alert_is_left_out(
    fields: dict[str, object], expected: dict[str, object]
) -> None:
    labels, annotations = {"alertname": "Down"}, {"summary": "it is"}
    usual = {"fingerprint": "f1", "starts_at": START, "labels": labels, "annotations": annotations}

    webhook = read_webhook(a_body(bare(**fields)), NOW)

    assert webhook.alerts == (Alert(**{**usual, **expected}),)  # type: ignore[arg-type]
    assert webhook.unread == 0


@pytest.mark.parametrize("odd", [None, 17, "text", [], {}, {"status": "firing"}])
def test_an_alert_that_can_not_be_read_is_counted(odd: object) -> None:
    webhook = read_webhook(a_body(FIRING, odd), NOW)  # type: ignore[arg-type]

    assert [alert.fingerprint for alert in webhook.alerts] == ["f1"]
    assert webhook.unread == 1
    assert not webhook.is_whole


@pytest.mark.parametrize("version", ["1", "5", 4, None, [], ...])
def test_any_version_is_accepted(version: object) -> None:
    body = json.loads(a_body(FIRING)) | {"version": version}
    body = {name: value for name, value in body.items() if value is not ...}

    read, usual = read_webhook(json.dumps(body).encode(), NOW), read_webhook(a_body(FIRING), NOW)

    assert read.group is not None
    assert read.group.is_of_alertmanager is (version == 4), "nobody else can be asked"
    assert structs.replace(read, group=usual.group) == usual


@pytest.mark.parametrize(
    ("field", "value"),
    [("groupLabels", None), ("groupLabels", 7), ("groupKey", 5), ("receiver", {}), ("truncatedAlerts", None)],
)
def test_an_invalid_field_of_the_webhook_loses_no_alert(field: str, value: object) -> None:
    assert (
        read_webhook(a_body(FIRING, **{field: value}), NOW).alerts == read_webhook(a_body(FIRING), NOW).alerts
    )


@pytest.mark.parametrize(
    ("value", "truncated", "is_whole"),
    [
        (0, 0, True),
        (None, 0, True),
        ("2", 2, False),
        (2.0, 2, False),
        (-1, 0, True),
        ("some", 0, False),
        ([], 0, False),
    ],
)
def test_a_count_of_truncated_alerts_is_read_or_the_list_is_partial(
    value: object,
    truncated: int,
    is_whole: bool,  # noqa: FBT001
) -> None:
    webhook = read_webhook(a_body(FIRING, groupKey="{}:{}", truncatedAlerts=value), NOW)

    assert (webhook.truncated, webhook.is_whole) == (truncated, is_whole)


def test_the_webhook_of_grafana_is_read() -> None:
    more = {
        "valueString": "[ var='A' ]",
        "silenceURL": "http://g/s",
        "dashboardURL": "",
        "panelURL": "",
        "values": None,
    }
    body = a_body(FIRING | more, version="1", orgId=1, title="[FIRING:1]", state="alerting", message="text")

    assert read_webhook(body, NOW).alerts == read_webhook(a_body(FIRING), NOW).alerts


@pytest.mark.parametrize(
    ("bad", "read"),
    [(b"\xe9", "\xe9"), (b"\\ud800", "\ufffd"), (b"\x01", "\x01"), (b"\\q", "\\q")],
)
def test_a_byte_that_is_not_utf_8_loses_nothing_else(bad: bytes, read: str) -> None:
    body = a_body(FIRING | {"annotations": {"summary": "caf@"}}, FIRING | {"fingerprint": "f2"})

    first, second = read_webhook(body.replace(b"@", bad), NOW).alerts

    assert first.annotations == {"summary": f"caf{read}"}
    assert second.fingerprint == "f2"


def test_a_group_is_its_key_and_its_receiver_and_without_a_key_there_is_none() -> None:
    def group(**fields: object) -> tuple[str, bool]:
        webhook = read_webhook(a_body(FIRING, **fields), NOW)
        assert webhook.group is not None
        return webhook.group.key, webhook.is_whole

    assert group(groupKey="a", receiver="b") == group(groupKey="a", receiver="b", externalURL="http://other")
    assert (
        len({group(groupKey="a", receiver="b"), group(groupKey="a", receiver="c"), group(groupKey="b")}) == 3
    )
    assert group() == ("", False)


FIELDS = [*FIRING, "generatorURL", "labels.alertname", "annotations.summary"]


@given(st.sampled_from(FIELDS), JSON, st.integers(0, 2), st.booleans())
def test_no_field_of_one_alert_changes_the_message_about_the_others(
    field: str,
    value: object,
    place: int,
    is_missing: bool,  # noqa: FBT001
) -> None:
    good = [
        FIRING
        | {
            "fingerprint": f"f{number}",
            "labels": {"alertname": f"A{number}"},
            "annotations": {"summary": f"S{number}."},
        }
        for number in range(3)
    ]
    alerts = json.loads(json.dumps(good))
    holder, _, name = field.rpartition(".")
    spoiled = alerts[place][holder] if holder else alerts[place]
    spoiled[name] = value
    if is_missing:
        del spoiled[name]

    page = deduplicate(read_webhook(a_body(*alerts), NOW), {}, (), NOW, NOW).page

    assert page is not None
    others = [each for number, each in enumerate(good) if number != place]
    whole = deduplicate(read_webhook(a_body(*others), NOW), {}, (), NOW, NOW).page
    assert whole is not None
    blocks = compose([page], NOW).split("\n\n")
    for block in compose([whole], NOW).split("\n\n")[1:]:
        assert block in blocks
