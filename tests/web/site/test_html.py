"""The layout of all pages: what it loads, allows and links."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from tests.web.site.test_status_page import Elements
from waexporter.web.site.html import NAVIGATION, pick_docs

if TYPE_CHECKING:
    from tests.web.fakes import Got

# A page of each depth.
PAGES = ("/", "/runbooks/", "/runbooks/WhatsAppDown")


def get(path: str, **headers: str) -> Got:
    return ask(an_application(FakeBackend((a_target(),))), path, **headers)


@pytest.mark.parametrize("path", PAGES)
def test_only_our_own_files_are_loaded_and_nothing_is_inline(path: str) -> None:
    got = get(path)

    policy = got.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|<script>|\sstyle=|\son[a-z]+=|javascript:", got.text)
    elements = Elements(got.text).found
    loaded = [found.get("src") or found["href"] or "" for tag, found in elements if tag in ("script", "link")]
    assert [link for link in loaded if not re.match(r"(\./|\.\./)assets/site\.|data:", link)] == []


@pytest.mark.parametrize("path", PAGES)
def test_links_within_the_site_are_relative_so_that_a_proxy_may_move_it(path: str) -> None:
    links = [found.get("href") or "" for tag, found in Elements(get(path).text).found if tag in ("a", "link")]

    assert [link for link in links if link.startswith(("/", "http:"))] == []
    root = "../" * (path.count("/") - 1) or "./"
    assert {f"{root}{address}" for address, _ in NAVIGATION} <= set(links)


@pytest.mark.parametrize(("path", "current"), [("/", "Fleet"), ("/runbooks/WhatsAppDown", "Runbooks")])
def test_the_navigation_names_where_the_reader_is(path: str, current: str) -> None:
    assert re.findall(r'<a [^>]*aria-current="\w+">([^<]+)</a>', get(path).text)[0] == current


def test_a_page_is_compressed_for_a_client_that_accepts_it() -> None:
    plain, packed = get("/"), get("/", accept_encoding="gzip, br")

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize(
    ("links", "docs"),
    [
        (["Source, https://s.example", "Documentation, https://d.example/a, b"], "https://d.example/a, b"),
        (["Homepage, https://h.example"], "https://h.example"),
        (["Source, https://s.example"], None),
        ([], None),
    ],
)
def test_the_link_to_the_documentation_is_that_of_the_package(links: list[str], docs: str | None) -> None:
    assert pick_docs(links) == docs
