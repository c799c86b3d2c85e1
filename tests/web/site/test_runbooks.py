"""The runbooks as the daemon serves them: readable, linked, copyable, and nothing but what ships."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import pytest

from tests.web.fakes import Diary, FakeBackend, Got, a_target, an_application, ask
from tests.web.site.test_status_page import SCRIPT, Elements
from waexporter.config.shipped_files import PACKAGE, find_runbooks
from waexporter.health import PROBLEMS
from waexporter.model import Problem, State
from waexporter.web.routes import ROUTES
from waexporter.web.site.runbooks import render_list, render_runbook

ROOT = Path(__file__).resolve().parents[3]
NAMES = sorted(file.stem for file in (ROOT / "alerts" / "runbooks").glob("*.md"))


def get(path: str, *, package: Path = PACKAGE, **headers: str) -> Got:
    """Ask an installation whose runbooks are in or beside a package."""
    find = partial(find_runbooks, package)
    handlers = {
        "/runbooks/": lambda request, _: render_list(request, find),
        "/runbooks/{name}": lambda request, _: render_runbook(request, find),
    }
    routes = tuple(replace(route, handler=handlers.get(route.path, route.handler)) for route in ROUTES)
    return ask(an_application(FakeBackend(), routes=routes), path, **headers)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return the folder of an installation that has no runbook yet."""
    (tmp_path / "waexporter" / "alerts" / "runbooks").mkdir(parents=True)
    return tmp_path / "waexporter"


@pytest.fixture
def book(package: Path) -> Path:
    """Return where the only runbook of that installation is written."""
    return package / "alerts" / "runbooks" / "Odd.md"


@pytest.mark.parametrize("name", NAMES)
def test_every_runbook_is_a_page_with_its_four_parts(name: str) -> None:
    got = get(f"/runbooks/{name}")

    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert got.headers["vary"] == "Accept, Accept-Encoding"
    assert f"<title>{name} - waexporter</title>" in got.text
    assert f"<h1>{name}</h1>" in got.text
    assert re.findall("<h2>(.*?)</h2>", got.text) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert get(f"/runbooks/{name}.md").body == got.body


@pytest.mark.parametrize("path", ["/runbooks/", *(f"/runbooks/{name}" for name in NAMES)])
def test_every_link_leads_to_a_page_that_is_there(path: str) -> None:
    links = [href for tag, found in Elements(get(path).text).found if tag == "a" and (href := found["href"])]

    answers = {
        link: get(urljoin(path, link)).status for link in links if not link.startswith(("https://", "#"))
    }

    assert {"../", "../runbooks/"} <= set(answers)
    assert set(answers.values()) == {200}


def test_the_list_names_every_runbook_with_its_meaning() -> None:
    got = get("/runbooks/")

    assert re.findall(r'<li><a href="(\w+)">', got.text) == NAMES
    assert "WhatsAppDown</a><p>For three minutes the client <code>target</code> has" in got.text
    assert got.text.count("</a><p>") == len(NAMES)


def test_without_its_slash_the_list_is_found_too() -> None:
    got = get("/runbooks")

    assert (got.status, urljoin("/runbooks", got.headers["location"])) == (308, "/runbooks/")


@pytest.mark.parametrize("path", ["/runbooks/WhatsAppDown", "/runbooks/WhatsAppDown.md"])
def test_a_program_gets_the_text_as_it_ships(path: str) -> None:
    got = get(path, accept="text/markdown, text/html;q=0.5")

    assert got.headers["content-type"] == "text/markdown; charset=utf-8"
    assert got.body == (ROOT / "alerts" / "runbooks" / "WhatsAppDown.md").read_bytes()


def test_the_list_is_markdown_for_a_program() -> None:
    text = get("/runbooks/", accept="text/markdown").text

    assert re.findall(r"^- \[(\w+)\]\(\1\.md\)$", text, re.MULTILINE) == NAMES


@pytest.mark.parametrize(
    "accept", ["", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "text/markdown;q=0.1, text/html"]
)
def test_a_browser_gets_a_page(accept: str) -> None:
    assert get("/runbooks/WhatsAppDown", accept=accept).headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/runbooks/Nothing", "/runbooks/{name}"),
        ("/runbooks/whatsappdown", "/runbooks/{name}"),
        ("/runbooks/WhatsAppDown.md.md", "/runbooks/{name}"),
        ("/runbooks/..", "/runbooks/{name}"),
        ("/runbooks/..%2Falerts.yml", "/runbooks/{name}"),
        ("/runbooks/%3Cscript%3E", "/runbooks/{name}"),
        ("/runbooks/../alerts.yml", "other"),
        ("/runbooks/WhatsAppDown/", "other"),
        ("/runbooks//WhatsAppDown", "other"),
        ("//runbooks/WhatsAppDown", "other"),
        ("/metrics/", "other"),
        ("/metrics/x", "other"),
        ("/-/", "other"),
    ],
)
def test_an_unknown_runbook_is_not_found(path: str, label: str) -> None:
    diary = Diary()

    got = ask(an_application(FakeBackend(), diary), path)

    assert got.status == 404
    assert "<" not in got.text
    assert diary.requests == [(label, 404)]


def test_an_installation_without_runbooks_has_an_empty_list(package: Path) -> None:
    assert get("/runbooks/", package=package).text.count("<li>") == 0
    assert get("/runbooks/WhatsAppDown", package=package).status == 404


def test_a_command_is_copied_without_its_prompt_and_all_at_once(package: Path, book: Path) -> None:
    book.write_text(
        "# Odd\n\n```console\n$ one --flag \\\n    'two'\nsays <this>\n$ three\n```\n\n"
        "```promql\nup == 0\n```\n"
    )

    text = get("/runbooks/Odd", package=package).text

    assert (
        '<pre><code class="command">one --flag \\\n    &#39;two&#39;</code>says &lt;this&gt;\n'
        '<code class="command">three</code></pre>'
    ) in text
    assert '<pre><code class="query">up == 0</code></pre>' in text


def test_html_within_a_runbook_is_text_and_no_script_runs(package: Path, book: Path) -> None:
    book.write_text(
        "# Odd\n\n<script>alert(1)</script> [x](javascript:alert(2)) `<b>`\n\n| a |\n|---|\n| <i> |\n"
    )

    got = get("/runbooks/Odd", package=package)

    elements = Elements(got.text)
    assert {tag for tag, _ in elements.found} & {"b", "i"} == set()
    assert [found["src"] for tag, found in elements.found if tag == "script"] == [f"../{SCRIPT}"]
    assert "javascript:" not in re.sub("<[^>]*>", "", got.text) or 'href="javascript' not in got.text
    assert '<div class="wide"><table>' in got.text


def test_the_markdown_parser_is_imported_at_the_first_request_for_html() -> None:
    script = "import sys, waexporter.web.server, waexporter.web.asgi; print('markdown_it' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


# --- links to them -----------------------------------------------------------------------------


def test_every_problem_has_a_runbook_that_ships() -> None:
    assert {kind.runbook for kind in PROBLEMS.values()} <= set(NAMES)


def test_the_status_page_links_a_problem_to_its_runbook() -> None:
    targets = (
        a_target("a", State.DOWN, Problem("no_coreapp_connected", "no coreapp is connected")),
        a_target("b", State.DEGRADED, Problem("disk_low", "a disk is nearly full")),
    )

    html = ask(an_application(FakeBackend(targets)), "/").text

    assert re.findall(r'href="(runbooks/\w+)"', html) == [
        "runbooks/WhatsAppDown",
        "runbooks/WhatsAppDiskLow",
    ]
