"""The page of one target: everything that is known, nothing that is not, and no text that becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.web.fakes import NOW, FakeBackend, Got, a_target, an_application, ask
from tests.web.site.fleets import HOSTILE_NAMES
from tests.web.site.test_status_page import HOSTILE, Elements
from waexporter.model import Endpoint, Problem, State
from waexporter.polling.history import PastPoll, QueueSizes, SettingChange
from waexporter.polling.tables import NodeRow, NodeTable
from waexporter.web.backend import EndpointStatus, TargetDetails
from waexporter.web.formatting import link_to

NODES = NodeTable(
    ("node", "role", "shards"),
    (
        NodeRow(("core1", "primary_master", "0, 1"), is_well=True),
        NodeRow(("core2", None, None), is_well=False),
    ),
)
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def details(name: str = "support-line", state: State = State.OK, *problems: Problem) -> TargetDetails:
    return TargetDetails(a_target(name, state, *problems), NODES)


def get(shown: TargetDetails, **headers: str) -> Got:
    backend = FakeBackend(details={shown.status.name: shown})
    return ask(an_application(backend), f"/{link_to('targets', shown.status.name)}", **headers)


def text_of(shown: TargetDetails) -> str:
    return " ".join(Elements(get(shown).text).text.split())


def a_poll(ago: float = 5.0, outcome: str = "ok", **others: Any) -> PastPoll:  # noqa: ANN401 - any of its fields
    poll = PastPoll(
        Endpoint.HEALTH, NOW - ago, 0.1, outcome, None, (("dns", 0.01), ("wait", 0.06), ("body", 0.02))
    )
    return poll._replace(**others)


# --- the verdict -------------------------------------------------------------------------------


def test_a_problem_has_its_words_its_advice_and_its_runbook() -> None:
    problem = Problem("disk_low", "The disk of core1 is nearly full.", since=NOW - 7500)

    got = get(details("support-line", State.DEGRADED, problem))

    text = " ".join(Elements(got.text).text.split())
    assert "!degraded" in text
    assert "The disk of core1 is nearly full. What to do:" in text
    assert "disk_low, for 2 h 5 min, since 31 Jan 07:25 UTC" in text
    assert '<a class="nowrap" href="../runbooks/WhatsAppDiskLow">' in got.text
    assert "<title>support-line: degraded - waexporter</title>" in got.text


def test_without_a_problem_the_page_does_not_claim_more_than_is_known() -> None:
    assert "Problems None is known." in text_of(details())
    assert "Problems None is named." in text_of(details("support-line", State.UNKNOWN))


def test_what_is_not_known_of_a_node_is_called_so() -> None:
    text = text_of(details())

    assert "✓ core1 primary_master 0, 1" in text
    assert "✕ core2 not known not known" in text


def test_without_a_fresh_reading_there_are_no_nodes() -> None:
    text = text_of(replace(details(), nodes=NodeTable()))

    assert "Not known: no fresh reading names them." in text


# --- readings ----------------------------------------------------------------------------------


def test_a_stale_reading_is_called_stale_and_its_content_is_not_shown() -> None:
    stale = EndpointStatus("support", 300.0, "ok", "", NOW - 950, 950.0, 0.25, 7, NOW - 950, stale=True)
    failing = EndpointStatus("db", 300.0, "timeout", "no answer in 60 s", NOW - 9, 9.0, 60.0)
    shown = details()
    shown = replace(
        shown,
        status=replace(shown.status, endpoints=(*shown.status.endpoints, stale, failing)),
        summaries={"health": "2 nodes, version 2.53.3", "support": "2 nodes"},
    )

    text = text_of(shown)

    assert "health ✓ ok 12 s 30 s 250 ms 2 nodes, version 2.53.3" in text
    assert (
        "support ✓ ok 15 min 50 s 5 min 250 ms "
        "Stale: the last success was 15 min 50 s ago, so nothing of it is used any more." in text
    )
    assert "db ✕ timeout 9 s 5 min 60.0 s no answer in 60 s" in text


# --- the last polls ----------------------------------------------------------------------------


def test_every_poll_is_a_bar_of_its_phases_and_a_row_of_the_table() -> None:
    polls = (a_poll(20), a_poll(10, "timeout", duration=30.0, phases=(("connect", 0.001),)), a_poll(5))

    got = get(replace(details(), polls=polls))

    heights = re.findall(
        r'<rect class="phase (\w+)" x="1.5" y="([\d.]+)" width="7" height="([\d.]+)"', got.text
    )
    assert heights[:4] == [
        ("dns", "90.0", "10.0"),
        ("wait", "30.0", "60.0"),
        ("body", "10.0", "20.0"),
        ("rest", "0.0", "10.0"),
    ]
    assert [float(y) + float(height) for _, y, height in heights[4:6]] == [100, 99]
    text = " ".join(Elements(got.text).text.split())
    assert "health: timeout 10 s ago, took 30.0 s (connect 1.0 ms, other requests and work 30.0 s)" in text
    assert "3 polls, 1 failed; half of them took at most 100 ms, the longest 30.0 s" in text
    assert "10 s ago health ✕ timeout 30.0 s - - 1.0 ms - - -" in text
    assert len(re.findall(r'<g class="bar', got.text)) == 3


def test_a_failed_poll_differs_by_its_shape_too() -> None:
    good, bad = (
        get(replace(details(), polls=(a_poll(outcome=outcome),))).text for outcome in ("ok", "refused")
    )

    assert good.count('class="cross"') == 0
    assert bad.count('class="cross"') == 2  # the bar's and the legend's


@pytest.mark.parametrize("duration", [0.0, 1e-9, 0.001, 0.0011, 9.9, 59.0, 1e6])
def test_a_bar_stays_within_the_chart(duration: float) -> None:
    polls = (a_poll(duration=duration, phases=(("wait", duration * 2), ("body", duration))),)

    html = get(replace(details(), polls=polls)).text

    for y, height in re.findall(
        r'class="phase \w+" x="1.5" y="([-\d.e]+)" width="7" height="([-\d.e]+)"', html
    ):
        assert 0 <= float(y) <= float(y) + float(height) <= 100


def test_before_the_first_poll_there_is_no_chart() -> None:
    text = text_of(details())

    assert "Last polls Not polled yet." in text
    assert "Queues in the last hour Not known" in text


# --- queues and settings -----------------------------------------------------------------------


def test_a_queue_has_its_last_size_with_its_age_and_a_line_that_breaks_where_nothing_is_known() -> None:
    sizes = (
        (NOW - 3600, 10.0),
        (NOW - 1800, 1500.0),
        (NOW - 1800, None),
        (NOW - 600, 30.0),
        (NOW - 40, 20.0),
    )

    got = get(replace(details(), queues=(QueueSizes("messages to be sent", sizes),)))

    assert re.findall(r'<polyline class="line" points="(.*?)"', got.text) == [
        "0,99.3 300,0",
        "500,98 593.3,98.7",
    ]
    text = " ".join(Elements(got.text).text.split())
    assert "messages to be sent 20 40 s ago" in text
    assert "min 10 · max 1,500" in text
    assert "messages to be sent in the last hour: from 10 to 1,500" in text


@pytest.mark.parametrize("size", [0.0, -5.0, 3e38, 0.25])
def test_a_single_size_is_drawn_too(size: float) -> None:
    got = get(replace(details(), queues=(QueueSizes("callbacks", ((NOW, size),)),)))

    [points] = re.findall(r'<polyline class="line" points="(.*?)"', got.text)
    assert all(0 <= float(each) <= 600 for each in re.split("[ ,]", points))


def test_a_changed_setting_shows_its_values_unless_they_may_be_private() -> None:
    changes = (
        SettingChange("on_call_pager", None, None, NOW - 90),
        SettingChange("sent_status", "true", "false", NOW - 30),
        SettingChange("heartbeat_interval", None, "5", NOW - 30),
    )

    text = text_of(replace(details(), changes=changes))

    assert "heartbeat_interval not known 5 31 Jan 09:29 UTC, 30 s ago" in text
    assert "sent_status true false 31 Jan 09:29 UTC, 30 s ago" in text
    assert "on_call_pager not shown, since it may be private 31 Jan 09:28 UTC, 1 min 30 s ago" in text
    assert text.index("sent_status") < text.index("on_call_pager")


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, HOSTILE, "a/b", "100%", "a?b#c", "ü €", "..", "%2e%2e%2f"])
def test_any_name_is_text_and_its_links_lead_to_it(name: str) -> None:
    problem = Problem("odd", HOSTILE)
    shown = details(name, State.DOWN, problem)
    status = replace(shown.status, url=f"https://x/{HOSTILE}", labels=(("team", HOSTILE),), facts=(HOSTILE,))
    change = SettingChange(HOSTILE, HOSTILE, HOSTILE, NOW)
    rows = NodeTable((HOSTILE,), (NodeRow((HOSTILE,), is_well=None),))
    queue = QueueSizes(HOSTILE, ((NOW, 1.0),))
    shown = TargetDetails(status, rows, {"health": HOSTILE}, (a_poll(),), (queue,), (change,))

    got = get(shown)

    elements = Elements(got.text)
    assert got.status == 200
    assert {"img", "meta"} & {tag for tag, _ in elements.found} <= {"meta"}
    assert [tag for tag, _ in elements.found].count("script") == 1
    assert "49" not in elements.text
    links = [found["href"] for tag, found in elements.found if tag == "a"]
    assert sum("?target=" in str(link) for link in links) == 2
    assert all("<" not in str(link) and '"' not in str(link) for link in links)


def test_a_name_that_there_is_not_gets_404_as_one_sentence_or_as_a_page() -> None:
    application = an_application(FakeBackend((a_target(),)))

    program = ask(application, "/targets/other")
    browser = ask(application, "/targets/%3Cscript%3E", accept=BROWSER)

    assert (program.status, program.text) == (
        404,
        "No target is called 'other'. GET /api/v1/targets lists them all.\n",
    )
    assert (browser.status, browser.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "&lt;script&gt;" in browser.text
    assert '<a href="../">All targets</a>' in browser.text
