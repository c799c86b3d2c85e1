"""Wrong answers: complete, but not the requested document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waexporter.simulator.envelope import Answer, failure

if TYPE_CHECKING:
    from collections.abc import Mapping

_PAGE = b"<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>\n"
_NOISE = b"\x1f\x8b\x00\xff{{{ this is not \xc3\x28 JSON \x00"

ANSWERS: Mapping[str, Answer] = {
    "rate_limited": failure(429, 1015, "Rate limiting exceeded"),
    "overload": failure(503, 1016, "System is overloaded. Please try again later"),
    "app_expired": failure(403, 1005, "App Expired"),
    "database": failure(500, 1023, "Database error"),
    "message_fails": failure(500, 1014, "Internal error"),
    "message_unmastered": failure(500, 1017, "No primary master. Please retry"),
    "contacts_fail": failure(500, 1014, "No answer from the server. Please retry"),
    "errors_in_200": Answer(200, failure(500, 1014, "Internal error").body),
    "garbage": Answer(200, _NOISE),
    "html": Answer(200, _PAGE, "text/html; charset=utf-8"),
    "empty": Answer(200, b""),
    "no_groups": failure(404, 1006, "Unknown path"),
    "no_contacts": failure(404, 1006, "Unknown path"),
    "redirect": Answer(302, b"", headers=(("location", "https://elsewhere.invalid/"),)),
}
