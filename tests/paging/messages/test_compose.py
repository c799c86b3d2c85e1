"""The message of pages: one text for every shape of alerts, short enough, exact, and true."""

from __future__ import annotations

import re

import pytest

from tests.paging.regenerate import FOLDER
from tests.paging.shapes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    alert,
    fired,
    foreign,
    messages,
    page,
    reminded,
    resolved,
)
from waexporter.commands.rules_render import DASHBOARD_BASE, RUNBOOK_BASE
from waexporter.model import PagerSettings
from waexporter.model.severity import Severity
from waexporter.paging.messages.compose import compose
from waexporter.paging.messages.text import utf16_length
from waexporter.paging.model import Alert, Item, ItemKind, Page


def first_line(*pages: Page) -> str:
    return compose(pages, NOW).split("\n")[0]


def down(count: int, **more: object) -> tuple[Alert, ...]:
    return tuple(alert("WhatsAppDown", f"shop-{place}", **more) for place in range(count))


def over(one: Alert, ago: float) -> Alert:
    return Alert(one.fingerprint, one.starts_at, NOW - ago, one.labels, one.annotations)


# --- golden files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(messages()))
def test_every_shape_of_alerts_has_its_golden_message(name: str) -> None:
    file = FOLDER / name
    recorded = file.read_text(encoding="utf-8") if file.exists() else ""

    text = messages()[name]

    assert text == recorded, (
        "if it is meant to be so, run `python -m tests.paging.regenerate` and read what it wrote"
    )


def test_no_golden_message_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(messages())


# --- the first line ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (page(*fired(*down(1))), "FIRING: 1 alert, 1 critical"),
        (page(*fired(alert("WhatsAppBuildExpiring"))), "FIRING: 1 alert"),
        (
            page(*fired(*down(2), alert("WhatsAppBuildExpiring")), still_firing=1, truncated=7),
            "FIRING: 3 alerts, 2 critical, 1 other still firing, 7 unknown",
        ),
        (page(*reminded(*down(2))), "REMINDER: 2 alerts still firing, 2 critical"),
        (page(*fired(*down(1)), *reminded(*down(3)[1:])), "FIRING: 3 alerts (1 new), 3 critical"),
        (page(*fired(*down(1)), *resolved(*down(3)[1:])), "FIRING: 1 alert, 1 critical, 2 resolved"),
        (page(*resolved(*down(3))), "ALL CLEAR: 3 resolved"),
        (page(*resolved(*down(2)), still_firing=3), "RESOLVED: 2 of 5, 3 still firing"),
        (page(*resolved(*down(2)), truncated=4), "RESOLVED: 2 of 6, 4 unknown"),
        (
            page(*resolved(*down(2)), truncated=4, still_firing=1),
            "RESOLVED: 2 of 7, 1 still firing, 4 unknown",
        ),
        (page(truncated=4, still_firing=1), "NO NEWS: 1 still firing, 4 unknown"),
        (page(), "NO NEWS: no alerts"),
    ],
)
def test_the_first_line_says_state_and_count(given: Page, line: str) -> None:
    assert first_line(given) == line


def test_without_a_page_there_is_no_all_clear() -> None:
    assert compose([], NOW) == "NO NEWS: no alerts"


def test_a_severity_counts_however_it_is_written() -> None:
    shouted = foreign({"alertname": "A", "severity": " Critical "})

    assert first_line(page(*fired(shouted))) == "FIRING: 1 alert, 1 critical"


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["info", "page", "warning", "emergency"], ["emergency", "page", "warning", "info"]),
        (["P4", "ticket", "SEV-1", "disaster"], ["disaster", "sev-1", "ticket", "p4"]),
        (["info", "tier-1", "warning", "", "critical"], ["critical", "", "tier-1", "warning", "info"]),
    ],
)
def test_critical_alerts_come_first_then_those_of_unknown_severity(
    words: list[str], order: list[str]
) -> None:
    alerts = [foreign({"alertname": "A", "severity": word}) for word in words]

    text = compose([page(*fired(*alerts))], NOW)

    assert re.findall("^(.*): A$", text, re.MULTILINE) == [word.upper() or "ALERT" for word in order]


def test_the_configuration_adds_words_for_severities() -> None:
    alerts = [foreign({"alertname": "A", "severity": word}) for word in ("P1", "tier 1", "urgent", "info")]
    settings = PagerSettings(
        severities=(("Tier-1", Severity.CRITICAL), ("p1", Severity.INFO), ("urgent", Severity.WARNING))
    )

    text = compose([page(*fired(*alerts))], NOW, settings=settings)

    assert text.startswith("FIRING: 4 alerts, 1 critical\n")
    assert re.findall("^(.*): A$", text, re.MULTILINE) == ["TIER 1", "URGENT", "INFO", "P1"]


@pytest.mark.parametrize(
    ("severities", "rest"),
    [
        (["info"] * 5, "+5 more (none critical)"),
        (["ticket", "p4"], "+2 more (none critical)"),
        (["info", "tier-1", ""], "+3 more (2 of unknown severity)"),
        (["emergency", "p1", "sev2", "info"], "+4 more (2 critical, 1 of unknown severity)"),
    ],
)
def test_none_critical_is_said_only_if_it_is_known(severities: list[str], rest: str) -> None:
    first = foreign({"alertname": "A", "severity": "critical"}, {"description": "word " * 40})
    others = [foreign({"alertname": f"B{place}", "severity": word}) for place, word in enumerate(severities)]

    text = compose([page(*fired(first, *others))], NOW, 150)

    assert text.split("\n")[-1] == rest


# --- annotations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("annotations", "lines"),
    [
        ({"message": "The disk is full."}, ["ALERT: A", "The disk is full."]),
        ({"message": "The disk is full.", "description": " "}, ["ALERT: A", "The disk is full."]),
        ({"message": "Old words.", "description": "New words."}, ["ALERT: A", "New words."]),
        ({"summary": "Full.", "message": "The disk is full."}, ["ALERT: Full.", "A", "The disk is full."]),
    ],
)
def test_a_summary_is_found_in_every_well_known_annotation(
    annotations: dict[str, str], lines: list[str]
) -> None:
    text = compose([page(*fired(foreign({"alertname": "A"}, annotations)))], NOW)

    assert text.split("\n")[2:-1] == lines


@pytest.mark.parametrize(
    ("annotations", "lines"),
    [
        ({"runbook": "https://a.example/r"}, ["Runbook: https://a.example/r"]),
        (
            {"runbook": "https://a.example/r", "runbook_url": "https://a.example/u"},
            ["Runbook: https://a.example/u"],
        ),
        (
            {"runbook": "https://a.example/r", "runbook_url": f"{RUNBOOK_BASE}/A.md"},
            ["Runbook: https://a.example/r"],
        ),
        ({"runbook_url": f"{RUNBOOK_BASE}/A.md", "dashboard_url": f"{DASHBOARD_BASE}/d/a"}, []),
        ({"dashboard": "https://a.example/d"}, ["Dashboard: https://a.example/d"]),
        (
            {"dashboardURL": "https://a.example/d", "panelURL": "https://a.example/d?viewPanel=1"},
            ["Dashboard: https://a.example/d?viewPanel=1"],
        ),
        (
            {"silenceURL": "https://a.example/s", "runbook": "https://a.example/r"},
            ["Runbook: https://a.example/r", "Silence: https://a.example/s"],
        ),
        ({"silenceURL": "http://localhost:3000/alerting/silence/new", "panelURL": "no link"}, []),
        (
            {"dashboard_url": "https://a.example/d/a", "runbook_url": "https://a.example/d/a"},
            [
                "Runbook: https://a.example/d/a",
                "Dashboard: https://a.example/d/a?from=1773453360000&to=now",
            ],
        ),
    ],
)
def test_links_are_found_in_every_well_known_annotation(
    annotations: dict[str, str], lines: list[str]
) -> None:
    text = compose([page(*fired(foreign({"alertname": "A"}, annotations)))], NOW)

    assert text.split("\n")[4:] == lines


def test_a_resolved_alert_has_no_link_to_silence_it() -> None:
    annotations = {"silenceURL": "https://a.example/s", "runbook": "https://a.example/r"}
    ended = foreign({"alertname": "A"}, annotations, ends_at=NOW - 60)

    text = compose([page(*resolved(ended))], NOW)

    assert text.split("\n")[4:] == ["Runbook: https://a.example/r"]


@pytest.mark.parametrize(
    ("kind", "until"),
    [(ItemKind.RESOLVED, "1773455400000"), (ItemKind.FIRED, "now"), (ItemKind.REMINDED, "now")],
)
def test_a_dashboard_is_shown_until_the_alert_ended(kind: ItemKind, until: str) -> None:
    (ended,) = down(1, age=HOUR, ends_at=NOW - MINUTE)

    text = compose([page(Item(ended, kind))], NOW)

    assert text.endswith(f"?var-target=shop-0&from=1773450060000&to={until}")


@pytest.mark.parametrize("limit", [*range(150, 1000, 7), 4096])
def test_times_in_dashboard_links_take_only_the_room_that_alerts_leave(limit: int) -> None:
    timed, plain = (
        compose([page(*fired(*(_linked(f"A{place}", path) for place in range(9))))], NOW, limit)
        for path in ("d", "x")  # below /x/ is no dashboard
    )

    times = re.findall(r"/d/a(.*)", timed)
    room = (limit - utf16_length(plain)) // len("?from=1773453360000&to=now")
    assert re.sub(r"\?from=.*", "", timed) == plain.replace("/x/", "/d/")
    assert [bool(each) for each in times] == [place < room for place in range(len(times))]


def _linked(name: str, path: str) -> Alert:
    link = f"https://a.example/{path}/a"
    return foreign({"alertname": name}, {"description": "word " * 9, "dashboard_url": link})


# --- times -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (page(*fired(*down(1)), ago=300), "Delayed 5 min, received 03:26 CET"),
        (page(*fired(*down(1))), "Since 03:26 CET (5 min)"),
        (page(*resolved(over(down(1, age=HOUR)[0], 60))), "Fired 02:31, cleared 03:30 CET (59 min)"),
        (page(*reminded(*down(1, age=3 * HOUR))), "still firing since 00:31 CET (3 h)"),
        (page(*reminded(*down(1, age=4 * HOUR))), "still firing since 2026-03-13 23:31 CET (4 h)"),
    ],
)
def test_times_are_in_the_configured_zone_and_name_it(given: Page, said: str) -> None:
    assert said in compose([given], NOW, settings=PagerSettings(timezone="Europe/Berlin"))


def test_the_times_of_an_undelivered_alert_name_the_zone() -> None:
    (one,) = down(1, age=HOUR)

    text = compose(
        [page(*fired(one)), page(*resolved(over(one, 60)))],
        NOW,
        settings=PagerSettings(timezone="America/Sao_Paulo"),
    )

    assert "fired 22:31, cleared 23:30, could not be delivered until 23:31 UTC-03" in text


@pytest.mark.parametrize(
    ("ago", "line"), [(120.0, ""), (121.0, "Delayed 2 min, received 02:28 UTC"), (-HOUR, ""), (NOW, "")]
)
def test_a_page_says_that_it_is_late(ago: float, line: str) -> None:
    text = compose([page(*fired(*down(1)), ago=ago)], NOW)

    assert text.split("\n")[1] == line


# --- several pages -----------------------------------------------------------------------------


def test_every_alert_is_shown_in_its_latest_state() -> None:
    one, two, three = down(3, age=30 * MINUTE)
    pages = [
        page(*fired(one, two), *reminded(three)),
        page(*resolved(over(one, 60), over(three, 60)), still_firing=1),
    ]

    text = compose(pages, NOW)

    assert text.startswith(
        "DIGEST: 2 pages, 1 firing (1 critical), 2 resolved\n\nCRITICAL: A WhatsApp client"
    )
    assert "WhatsAppDown / shop-0: fired 02:01, cleared 02:30, could not be delivered until 02:31 UTC" in text
    assert "Fired 02:01, cleared 02:30 UTC (29 min)" in text  # people know that this one fired
    assert text.count("WhatsAppDown / shop-1\n") == 1


def test_an_alert_that_fires_again_is_firing() -> None:
    one = alert("WhatsAppDown", age=HOUR)
    again = alert("WhatsAppDown", age=MINUTE)

    text = compose([page(*fired(one)), page(*resolved(over(one, 300))), page(*fired(again))], NOW)

    assert text.startswith("DIGEST: 3 pages, 1 firing (1 critical)\n")
    assert "Since 02:30 UTC (1 min)" in text


def test_an_alert_that_is_twice_in_a_page_is_shown_in_its_latest_state() -> None:
    ended, again = over(alert("WhatsAppDown", age=HOUR), 300), alert("WhatsAppDown", age=MINUTE)

    texts = {
        compose([page(*items)], NOW)
        for items in (
            (*resolved(ended), *fired(again)),
            (*fired(again), *resolved(ended)),
            (*fired(again), *resolved(ended), *fired(again)),
        )
    }

    assert texts == {compose([page(*fired(again))], NOW)}


def test_an_alert_that_is_twice_in_a_page_has_ended_if_one_of_them_has() -> None:
    fires = alert("WhatsAppDown", age=HOUR)

    texts = {
        compose([page(*items)], NOW)
        for items in (
            (*fired(fires), *resolved(over(fires, 300))),
            (*resolved(over(fires, 300)), *fired(fires)),
        )
    }

    # Whoever contradicts himself is not believed that all is clear.
    assert [text.split("\n")[0] for text in texts] == ["RESOLVED: 1 of 1"]


def test_an_alert_that_began_in_the_future_has_no_age() -> None:
    text = compose([page(*fired(alert("WhatsAppDown", age=-5 * MINUTE)))], NOW)

    assert "\nSince 02:36 UTC\n" in text


def test_alerts_without_labels_are_shown_one_by_one() -> None:
    text = compose([page(*fired(Alert("a", NOW), Alert("b", NOW)))], NOW)

    assert text.count("ALERT: an alert without a name\nSince 02:31 UTC (0 s)") == 2


def test_an_alert_that_ended_on_another_day_than_it_began_has_its_date() -> None:
    one = alert("WhatsAppDown", age=DAY)

    text = compose([page(*fired(one)), page(*resolved(over(one, 60)))], NOW)

    assert "fired 2026-03-13 02:31, cleared 02:30, could not be delivered until 02:31 UTC" in text


@pytest.mark.parametrize(
    ("first", "second", "line"),
    [
        # Of the two others that fired with the second page, the first page tells one.
        (
            page(*fired(*down(1))),
            page(*resolved(*down(2)[1:]), still_firing=2),
            "DIGEST: 2 pages, 1 firing (1 critical), 1 resolved, 1 other still firing",
        ),
        (
            page(*resolved(*down(1)), still_firing=1),
            page(*resolved(*down(2)[1:])),
            "DIGEST: 2 pages, ALL CLEAR: 2 resolved",
        ),
        (
            page(*resolved(*down(1)), truncated=3),
            page(*resolved(*down(2)[1:])),
            "DIGEST: 2 pages, ALL CLEAR: 2 resolved",
        ),
        (
            page(*resolved(*down(1))),
            page(*resolved(*down(2)[1:]), truncated=3),
            "DIGEST: 2 pages, 0 firing, 2 resolved, 3 unknown",
        ),
        (
            page(*resolved(*down(1)), still_firing=1, thread="a"),
            page(*resolved(*down(2)[1:]), thread="b"),
            "DIGEST: 2 pages, 0 firing, 2 resolved, 1 other still firing",
        ),
        # The second page can't be right that all is clear, for nobody said that the first alert ended.
        (
            page(*fired(*down(1))),
            page(*resolved(*down(2)[1:])),
            "DIGEST: 2 pages, 1 firing (1 critical), 1 resolved",
        ),
    ],
)
def test_all_is_clear_if_the_last_page_of_every_thread_is(first: Page, second: Page, line: str) -> None:
    assert first_line(first, second) == line


@pytest.mark.parametrize("kind", list(ItemKind))
def test_nothing_is_clear_while_an_alert_of_the_message_is_not_over(kind: ItemKind) -> None:
    first = page(Item(alert("WhatsAppBuildExpiring"), kind))
    second = page(*resolved(*down(1)))

    assert ("ALL CLEAR" in first_line(first, second)) is kind.is_over


# --- room --------------------------------------------------------------------------------------


def test_alerts_that_do_not_fit_are_counted_by_kind() -> None:
    alerts = [*down(3), *(alert("WhatsAppNodeUnreachable", node=f"core-{place}") for place in range(2))]
    given = page(*fired(*alerts), *resolved(*down(5)[3:]), truncated=5)

    lasts = [compose([given], NOW, limit).split("\n")[-1] for limit in (500, 930)]

    assert lasts == [
        "+11 more (2 critical, 2 resolved), 5 of them left out by Alertmanager: their state is unknown.",
        "+9 more (2 resolved), 5 of them left out by Alertmanager: their state is unknown.",
    ]


def test_long_descriptions_are_shortened_before_alerts_are_left_out() -> None:
    texts = [foreign({"alertname": f"A{place}"}, {"description": "word " * 500}) for place in range(6)]

    text = compose([page(*fired(*texts))], NOW)

    assert "more" not in text
    assert text.count("word…") == 6
    assert utf16_length(text) <= 4096


def test_a_description_in_a_page_with_room_is_whole() -> None:
    description = " ".join(["word"] * 750)

    text = compose([page(*fired(foreign({"alertname": "A"}, {"description": description})))], NOW)

    assert description in text


@pytest.mark.parametrize("limit", [4096, 1000, 300, 120])
def test_an_alert_longer_than_a_message_is_shortened_and_not_left_out(limit: int) -> None:
    long = foreign({"alertname": "DiskFull"}, {"description": "🔥 " * 5000})

    text = compose([page(*fired(long))], NOW, limit)

    assert text.startswith("FIRING: 1 alert\n\nALERT: DiskFull\n🔥")
    assert "🔥…\nSince 02:26 UTC (5 min)" in text
    assert utf16_length(text) <= limit


def test_ten_thousand_alerts_are_counted() -> None:
    text = compose([page(*fired(*down(10_000)), truncated=2_500)], NOW)

    shown = text.count("Since 02:26")
    assert f"+{12_500 - shown} more ({10_000 - shown} critical), 2500 of them" in text
