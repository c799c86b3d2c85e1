"""Paths that try to leave their folder: a name in a path never becomes the name of a file."""

from __future__ import annotations

import pytest

from tests.web.fakes import FakeBackend, a_target, an_application, ask
from waexporter.web.routes import ROUTES

FOLDERS = [route.path.partition("{")[0] for route in ROUTES if "{" in route.path]
TRICKS = (
    "../../etc/passwd",
    "../" * 12 + "etc/passwd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "..%252f..%252f..%252fetc%252fpasswd",
    "..\\..\\..\\etc\\passwd",
    "..%5c..%5cetc%5cpasswd",
    "....//....//etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "..",
    ".",
    "%00",
    "../runbooks/WhatsAppDown",
    "WhatsAppDown/../../alerts.yml",
    "WhatsAppDown%00.md",
    "..;/etc/passwd",
    "%c0%ae%c0%ae/etc/passwd",
    "\uff0e\uff0e/etc/passwd".encode().decode("latin-1"),
    "file:///etc/passwd",
)


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("folder", sorted(set(FOLDERS)))
def test_no_path_leads_out_of_its_folder(folder: str, trick: str) -> None:
    application = an_application(FakeBackend(shown=(a_target(),)))

    got = ask(application, folder + trick)

    assert got.status in {400, 404}
    assert "root:" not in got.text
