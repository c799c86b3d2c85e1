"""What a 2xx of a webhook really says: many a chat says no in the body of a 200; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec

from waexporter.whatsapp.liberal import UNREADABLE, printable

if TYPE_CHECKING:
    from collections.abc import Callable

_ANYTHING: msgspec.json.Decoder[object] = msgspec.json.Decoder()
_PARTS = re.compile("[/?&=:@#;,]")
_SHORTEST_SECRET = 6  # letters; what is shorter keeps no secret
_LOOKED_AT = 2048  # bytes in which a page of the web shows itself as one
_WEB_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WELL = frozenset({"", "ok", "success", "successful", "succeeded"})
_ILL = frozenset({"error", "fail", "failed", "failure"})
_NO_IN_WORDS = b"webhook message delivery failed"  # of Teams' connectors, with 200


def is_web_page(body: bytes) -> bool:
    """Return whether an answer is a page for people, such as one to sign in, where none was asked for."""
    start = body.removeprefix(_BYTE_ORDER_MARK)[:_LOOKED_AT].lstrip()
    return start.startswith(b"<") and _WEB_PAGE.search(start) is not None


def find_refusal(body: bytes) -> str:
    """Return why the body of a 2xx means that the message was not taken; empty where it does not say so.

    What can't be read says nothing.
    """
    if body[:_LOOKED_AT].strip().lower().startswith(_NO_IN_WORDS):
        return printable(body[:_LOOKED_AT].decode(errors="replace"))
    try:
        said = _ANYTHING.decode(body)
    except UNREADABLE:
        return ""
    if not isinstance(said, dict):
        return ""
    found = next((key for key, says_no in _SIGNS if key in said and says_no(said)), None)
    return _quote(said, found) if found is not None else ""


def blot_out(words: str, address: str) -> str:
    """Return words of a chat without what may be secret in its address, which they may repeat."""
    said = urlsplit(address)
    given = "/".join((said.netloc.rpartition("@")[0], said.path, said.query, said.fragment))
    parts = {part for each in (given, unquote(given)) for part in _PARTS.split(each)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST_SECRET:
            words = words.replace(part, "<secret>")
    return words


def _is_code(said: dict[str, Any], key: str) -> bool:
    """Return whether a number stands for a failure: not 0, which is well, and no good status of HTTP."""
    value = said[key]
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value):
        value = int(value)
    return isinstance(value, int) and not isinstance(value, bool) and value != 0 and value // 100 != 2  # noqa: PLR2004


def _is_bad_code(said: dict[str, Any]) -> bool:
    """Return whether Feishu's `code` says no; others that have one beside a good word mean it well."""
    word = said.get("msg", said.get("message"))
    return isinstance(word, str) and word.strip().lower() not in _WELL and _is_code(said, "code")


# Key by key, the first that says no decides: Slack's and Telegram's, DingTalk's and WeCom's, Feishu's and
# Lark's of now and of before, and what many others have in common.
_SIGNS: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("ok", lambda said: said["ok"] is False),
    ("errcode", lambda said: _is_code(said, "errcode")),
    ("code", _is_bad_code),
    ("StatusCode", lambda said: _is_code(said, "StatusCode")),
    ("success", lambda said: said["success"] is False),
    ("errors", lambda said: bool(said["errors"]) and isinstance(said["errors"], list | dict | str)),
    ("error", lambda said: bool(said["error"]) and said.get("ok") is not True),
    ("status", lambda said: isinstance(said["status"], str) and said["status"].lower() in _ILL),
)
_WORDS = ("errmsg", "msg", "description", "error", "message", "StatusMessage", "errors", "detail")


def _quote(said: dict[str, Any], key: str) -> str:
    """Return the key that says no with its value, and the words beside it."""
    words = next((said[each] for each in _WORDS if isinstance(said.get(each), str) and each != key), "")
    value = said[key]
    shown = value if isinstance(value, str | int | float) else "…"
    sign = f"{key} {str(shown).lower() if isinstance(shown, bool) else shown}"
    return printable(f"{sign}: {words}" if words else sign)
