"""The envelope of every answer: a payload or `errors`, and `meta`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = dict[str, Any]

VERSION = "2.45.1"
META: Mapping[str, str] = {"version": f"v{VERSION}", "api_status": "stable"}

TITLES: Mapping[int, str] = {
    1000: "Generic error",
    1001: "Message too long",
    1002: "Invalid recipient type",
    1003: "Not a group participant",
    1004: "Already exists",
    1005: "Access denied",
    1006: "Resource not found",
    1008: "Required parameter is missing",
    1009: "Parameter value is not valid",
    1010: "Parameter is not required",
    1011: "Service not ready",
    1012: "Group not found",
    1013: "User is not valid",
    1014: "Internal error",
    1015: "Too many requests",
    1016: "System overloaded",
    1017: "Not primary master",
    1018: "Not primary coreapp",
    1019: "Not group admin",
    1021: "Bad user",
    1022: "Webhook URL is not set",
    1023: "Database error",
    1024: "Password change required",
    1025: "Invalid request",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class RefusalError(Exception):
    """Raised to answer a request with an error; `.answer` is that answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.body.decode())


def success(payload: Json | None = None, status: int = 200) -> Answer:
    """Return an answer with this payload."""
    return Answer(status, json.dumps({**(payload or {}), "meta": META}).encode())


def error(code: int, details: str) -> Json:
    """Return the document of one error."""
    return {"code": code, "title": TITLES[code], "details": details}


def failure(status: int, code: int, details: str) -> Answer:
    """Return an answer with one error."""
    return Answer(status, json.dumps({"meta": META, "errors": [error(code, details)]}).encode())


def refusal(status: int, code: int, details: str) -> RefusalError:
    """Return the exception that answers a request with an error."""
    return RefusalError(failure(status, code, details))
