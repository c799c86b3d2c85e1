"""The status page."""

from __future__ import annotations

import gzip
import math
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.web.fakes import NOW, FakeBackend, a_target, an_application, ask
from tests.web.site.fleets import HOSTILE_NAMES, a_fleet
from waexporter import __version__
from waexporter.model import Problem, Reason, ReloadCause, Shard, State, Verdict
from waexporter.web.backend import EndpointStatus, RefusedConfig, TargetStatus
from waexporter.web.formatting import link_to
from waexporter.web.site.assets import asset_address
from waexporter.web.site.status_page import SHOWN_TARGETS

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}&amp;"

SCRIPT = asset_address("site.js")


OUTCOMES = (*Reason, "for_admins")


class Elements(HTMLParser):
    """Collects every element and attribute of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Record a text."""
        self.text += data


def page(*targets: TargetStatus) -> str:
    """Return the page with these targets."""
    return ask(an_application(FakeBackend(targets)), "/").text


def test_the_page_says_what_is_wrong_since_when_and_how_polling_goes() -> None:
    problem = Problem("node_unreachable", "The node b doesn't answer.", since=NOW - 7500)
    failed = EndpointStatus("db", 300.0, "timeout", "no answer within 60 s", NOW - 40, 40.0, 60.0)
    target = a_target("support-line", State.DOWN, problem)
    target = replace(
        target,
        verdict=replace(target.verdict, since=NOW - 7500),
        endpoints=(*target.endpoints, failed, EndpointStatus("web", 15.0)),
    )

    text = " ".join(Elements(page(target)).text.split())

    assert f"waexporter {__version__}" in text
    assert "✕down support-line for 2 h 5 min, since 31 Jan 07:25 UTC https://support-line.example" in text
    assert "The node b doesn't answer. node_unreachable" in text
    assert "health ok 12 s ago" in text
    assert "db timeout 40 s ago: no answer within 60 s (no success yet)" in text
    assert "web not polled yet" in text


def test_the_worst_comes_first_then_the_name() -> None:
    states = (("z", State.OK), ("B", State.OK), ("a", State.OK), ("d", State.DEGRADED), ("u", State.UNKNOWN))
    targets = [a_target(name, state) for name, state in states]

    html = page(*targets, a_target("y", State.DOWN), a_target("x", State.DOWN))

    assert re.findall(r"<bdi>(.*?)</bdi>", html) == ["x", "y", "u", "d", "a", "B", "z"]
    assert re.findall(r"<h2 .*?>(.*?)</h2>", html) == ["2 down", "1 unknown", "1 degraded", "3 ok"]
    assert "<title>2 down, 1 unknown, 1 degraded - waexporter</title>" in html


def test_hostile_texts_are_shown_as_text() -> None:
    endpoint = EndpointStatus(HOSTILE, 30.0, HOSTILE, HOSTILE, NOW, 0.0)
    verdict = Verdict(State.DOWN, (Problem(HOSTILE, HOSTILE, since=NOW),))
    target = TargetStatus(HOSTILE, f"https://x/{HOSTILE}", verdict, ((HOSTILE, HOSTILE),), (endpoint,))

    elements = Elements(page(target))

    tags = {tag for tag, _ in elements.found}
    assert not tags & {"img", "iframe", "object"}
    assert [found["src"] for tag, found in elements.found if tag == "script"] == [f"./{SCRIPT}"]
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert elements.text.count(HOSTILE) == 9
    assert "{{ 7 * 7 }}" in elements.text


@pytest.mark.parametrize(
    ("backend", "notice"),
    [
        (FakeBackend(), "No target is configured."),
        (FakeBackend((a_target(),), illness="The scheduler stands still."), "The scheduler stands still."),
        (FakeBackend((a_target(),), waiting="Waiting for 2 targets."), "Waiting for 2 targets."),
    ],
)
def test_problems_of_the_exporter_itself_are_shown(backend: FakeBackend, notice: str) -> None:
    assert notice in ask(an_application(backend), "/").text


def test_among_equals_the_newest_trouble_comes_first() -> None:
    targets = [a_target(name, State.DOWN) for name in ("old", "new", "unknown-since")]
    times = (NOW - 7200, NOW - 60, 0.0)

    html = page(
        *(
            replace(each, verdict=replace(each.verdict, since=since))
            for each, since in zip(targets, times, strict=True)
        )
    )

    assert re.findall(r"<bdi>(.*?)</bdi>", html) == ["new", "old", "unknown-since"]


def test_of_a_thousand_targets_those_in_trouble_are_shown_and_the_rest_is_one_link_away() -> None:
    backend = FakeBackend(a_fleet(1000, 20))

    got, everything = (
        ask(an_application(backend), path, accept_encoding="gzip") for path in ("/", "/?all=1")
    )

    html, long = (gzip.decompress(each.body).decode() for each in (got, everything))
    assert (html.count("<article"), html.count("<tr id=")) == (20, SHOWN_TARGETS - 20)
    assert 'href="./?all=1">Show all 1000 targets</a>' in html
    assert (long.count("<article"), long.count("<tr id=")) == (20, 980)
    assert "Show all" not in long
    assert len(got.body) < 30_000
    assert len(everything.body) < 100_000


def test_every_target_leads_to_its_own_page_whatever_its_name_is() -> None:
    html = page(*(a_target(name) for name in HOSTILE_NAMES))

    shown = Elements(html)

    links = [found["href"] or "" for tag, found in shown.found if tag == "a"]
    assert {link_to("targets", name) for name in HOSTILE_NAMES} <= {*links}
    assert all(shown.text.count(name) == 1 for name in HOSTILE_NAMES)
    assert html.count("<bdi>") == len(HOSTILE_NAMES)


def test_times_that_make_no_sense_are_left_out() -> None:
    endpoint = EndpointStatus("health", 30.0, "timeout", at=math.inf, age=None, last_success_at=math.nan)
    verdict = Verdict(State.DOWN, (Problem("x", "Something.", since=1e300),))

    html = page(TargetStatus("a", "https://a", verdict, endpoints=(endpoint,)))

    assert "since" not in html.partition("<main ")[2].replace('"since', "")
    assert "no success yet" in html


def test_the_template_engine_is_imported_at_the_first_request() -> None:
    script = "import sys, waexporter.web.server, waexporter.web.asgi; print('jinja2' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_a_refused_configuration_is_shown_with_its_problems_its_cause_and_since_when() -> None:
    problems = ("targets[0].url: must begin with https:// or http://", f"pager.rate: {HOSTILE}")
    refused = RefusedConfig(ReloadCause.FILE, problems, since=NOW - 300, at=NOW)
    backend = FakeBackend((a_target(),), refused=(refused,))

    shown = Elements(ask(an_application(backend), "/").text)

    text = " ".join(shown.text.split())
    assert (
        "The configuration has been refused since 31 Jan 09:25 UTC (5 min), first when a file changed. "
        "The last good one stays in use: targets[0].url: must begin with https:// or http:// pager.rate: "
    ) in text
    assert HOSTILE in shown.text


def test_a_thousand_problems_of_a_reload_do_not_fill_the_page() -> None:
    problems = tuple(f"targets[{number}].url: is required" for number in range(1000))

    refused = RefusedConfig(ReloadCause.SIGNAL, problems, since=NOW, at=NOW)
    text = ask(an_application(FakeBackend((a_target(),), refused=(refused,))), "/").text

    assert text.count("is required") == 10
    assert "and 990 more; POST /-/reload lists them all" in text


def test_of_a_configuration_that_is_in_effect_nothing_is_said() -> None:
    text = ask(an_application(FakeBackend((a_target(),))), "/").text

    assert "refused" not in text


@pytest.mark.parametrize(
    ("reason", "state"),
    [*((reason, State.OK) for reason in Reason), *((reason, State.DOWN) for reason in OUTCOMES)],
)
def test_the_outcome_of_a_poll_is_shown_in_words_and_in_grey_if_nothing_is_wrong(
    reason: str, state: State
) -> None:
    endpoint = EndpointStatus("settings", 300.0, reason, "planted words", NOW, 12.0)

    text = page(replace(a_target(state=state), endpoints=(endpoint,)))

    line = re.search(r'<(?:li|span) class="poll (.*?)">(.*?)(?:</li>|</span> </td>)', text)
    assert line is not None
    assert line[1].split()[0] == ("fact" if reason == "for_admins" else "bad")
    assert "planted words" in line[0]
    assert "12 s" in line[0]
    assert "_" not in line[2]


def test_polls_that_failed_alike_are_one_line_with_the_age_of_each() -> None:
    def failed(endpoint: str, age: float, message: str, last: float | None = None) -> EndpointStatus:
        return EndpointStatus(endpoint, 30.0, "unreachable", message, NOW - age, age, last_success_at=last)

    endpoints = (
        failed("health", 1.0, "no connection", NOW - 600),
        failed("app", 75.0, "no connection", NOW - 300),
        failed("db", 3.0, "no route"),
    )

    shown = Elements(page(replace(a_target(state=State.DOWN), endpoints=endpoints)))

    text = " ".join(shown.text.split())
    assert "unreachable: health 1 s ago, app 1 min 15 s ago: no connection (last success 5 min ago)" in text
    assert "db unreachable 3 s ago: no route (no success yet)" in text


def test_one_shard_of_a_fleet_says_which_it_is_and_where_another_target_is_polled() -> None:
    backend = FakeBackend((a_target("a"), a_target("b")), shard=Shard(1, 4), others={"support-line": 3})

    whole, sought = (ask(an_application(backend), path).text for path in ("/", "/?q=support-line"))

    assert "Shard 1/4 of the fleet. As of" in whole
    assert "is polled by shard" not in whole
    assert "The target &#39;support-line&#39; is polled by shard 3/4; this is shard 1/4." in sought
    empty = ask(an_application(FakeBackend(shard=Shard(1, 4))), "/").text
    assert "No target of the configuration belongs to this shard." in empty


def test_a_target_that_is_ok_has_one_line_without_what_can_not_be_read_there() -> None:
    facts = (
        EndpointStatus("settings", 300.0, "for_admins", "for admins only", NOW, 12.0),
        EndpointStatus("group", 300.0, "not_applicable", "no group is known", NOW, 12.0),
    )
    target = a_target()

    shown = Elements(page(replace(target, endpoints=(*target.endpoints, *facts))))

    assert "for admins only" not in shown.text
    assert "group" not in shown.text


@pytest.mark.parametrize("state", [State.OK, State.DEGRADED])
def test_problems_of_one_kind_share_the_link_to_what_to_do(state: State) -> None:
    problems = [Problem("disk_low", f"little is left on {node}", since=NOW) for node in "abc"]

    text = page(a_target("support-line", state, *problems))

    assert all(f"little is left on {node}" in text for node in "abc")
    assert text.count('href="runbooks/WhatsAppDiskLow"') == 1


def test_whose_login_is_no_admins_is_said_as_the_poll_says_it() -> None:
    words = "for admins only: no admin's login is configured"
    endpoint = EndpointStatus("settings", 300.0, "for_admins", words, NOW, 12.0)

    shown = Elements(page(replace(a_target(state=State.DOWN), endpoints=(endpoint,))))

    assert f"settings {words} 12 s ago" in " ".join(shown.text.split())
