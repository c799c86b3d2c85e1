"""The page of the configuration: what is in effect, where it came from, and what is refused."""

from __future__ import annotations

from tests.web.fakes import NOW, FakeBackend, an_application, ask
from tests.web.site.test_status_page import HOSTILE, Elements
from tests.web.site.test_target_page import BROWSER
from waexporter.model import ReloadCause
from waexporter.web.backend import ConfigStatus, RefusedConfig

YAML = 'targets:\n- name: "<b>"\n  auth:\n    password: <secret>\n'
STATUS = ConfigStatus(YAML, "/etc/wa.yml", NOW - 90, ("targets[0].url: http:// carries it in the clear",), 1)


def text_of(backend: FakeBackend) -> str:
    got = ask(an_application(backend), "/config", accept=BROWSER)
    assert (got.status, got.headers["vary"]) == (200, "Accept, Accept-Encoding")
    return " ".join(Elements(got.text).text.split())


def test_a_browser_gets_a_page_with_the_origin_and_the_notes() -> None:
    text = text_of(FakeBackend(config=STATUS))

    assert "Read from /etc/wa.yml and the environment" in text
    assert "Loaded 1 min 30 s ago, at 31 Jan 09:28 UTC" in text
    assert "Targets 1" in text
    assert "Notes targets[0].url: http:// carries it in the clear" in text
    assert 'targets: - name: "<b>" auth: password: <secret>' in text


def test_without_a_file_all_comes_from_the_environment() -> None:
    text = text_of(FakeBackend(config=ConfigStatus("poll: {}\n", None, NOW)))

    assert "Read from the environment alone" in text
    assert "Notes" not in text


def test_many_notes_are_folded() -> None:
    status = ConfigStatus(YAML, None, NOW, tuple(f"note {number}." for number in range(13)))

    text = text_of(FakeBackend(config=status))

    assert "note 9. 3 more note 10." in text


def test_while_the_text_is_made_for_another_request_nobody_waits() -> None:
    got = ask(an_application(FakeBackend(config=ConfigStatus(None, None, NOW))), "/config")

    assert (got.status, got.headers["retry-after"]) == (503, "1")


def test_a_program_gets_the_yaml_as_it_is() -> None:
    got = ask(an_application(FakeBackend(config=STATUS)), "/config")

    assert (got.status, got.headers["content-type"], got.text) == (200, "application/yaml", YAML)


def test_what_is_refused_is_shown_above_what_is_in_effect() -> None:
    refused = RefusedConfig(ReloadCause.FILE, ("targets[0].url: is required",), NOW - 60, NOW - 60)

    text = text_of(FakeBackend(config=STATUS, refused=(refused,)))

    assert "The configuration has been refused since" in text
    assert text.index("targets[0].url: is required") < text.index("In effect")


def test_no_text_becomes_markup() -> None:
    status = ConfigStatus(HOSTILE, HOSTILE, NOW, (HOSTILE,))

    elements = Elements(ask(an_application(FakeBackend(config=status)), "/config", accept=BROWSER).text)

    assert [tag for tag, _ in elements.found].count("script") == 1
    assert "img" not in {tag for tag, _ in elements.found}
    assert elements.text.count(HOSTILE) == 3


def test_a_daemon_without_a_configuration_says_so() -> None:
    got = ask(an_application(FakeBackend(config=None)), "/config")

    assert (got.status, got.text) == (404, "This daemon was started without a configuration.\n")
