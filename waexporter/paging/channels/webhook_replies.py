"""What a 2xx of a webhook really says: many a chat says no in the body of a 200; pure.

Each format has the signs that its service documents, and these decide where they are there. Elsewhere, and
where they are not, only what can't be mistaken says no: an acceptance that is taken for a no is posted again
and again, a no that is taken for an acceptance is a page that nobody reads.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from waexporter.model import Format
from waexporter.transport.lenient_json import parse_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LOOKED_AT = 2048  # bytes in which a page of the web, or a sentence, shows itself as one
_BEFORE_A_PAGE = re.compile(rb"(?:\s|\xef\xbb\xbf|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_BEGINS_A_PAGE = re.compile(
    rb"<(?:!doctype\s+html|(?:html|head|body|title|meta|base|link|script|style|noscript|frameset)[\s/>])",
    re.IGNORECASE,
)
_HAS_A_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)


def is_web_page(body: bytes) -> bool:
    """Return whether an answer is a page for people, such as one to sign in, where none was asked for."""
    before = _BEFORE_A_PAGE.match(body)
    begin = before.end() if before else 0
    start = body[begin : begin + _LOOKED_AT]
    return _BEGINS_A_PAGE.match(start) is not None or (
        start.startswith(b"<") and _HAS_A_PAGE.search(start) is not None
    )


def find_refusal(body: bytes, form: Format = Format.JSON) -> str:
    """Return why the body of a 2xx means that the message was not taken; empty where it does not say so.

    The words are as they were said: what is secret in them is to be blotted out before they are cut.
    """
    text = body[:_LOOKED_AT].decode("utf-8-sig", errors="replace").strip()
    if text.lower().startswith(_NO_IN_WORDS) or (form is Format.SLACK and text in _WORDS_OF_SLACK):
        return text
    said = _Said(parse_answer(body))
    for sign in (*_SIGNS_OF.get(form, ()), *_SIGNS):
        for key in sign.keys:
            verdict = sign.says_no(said.value(key), said)
            if verdict is not None:
                return said.quote(key) if verdict else ""
    return ""


# --- what values mean --------------------------------------------------------------------------

_WELL = frozenset(
    {
        *("ok", "okay", "success", "successful", "succeeded", "accepted", "queued", "enqueued"),
        *("sent", "delivered", "received", "created", "processed", "published", "done"),
    }
)
_ILL = frozenset(
    {
        *("error", "errors", "fail", "failed", "failure", "rejected", "refused", "denied", "invalid"),
        *("forbidden", "unauthorized", "not ok", "nok"),
    }
)
_YES = _WELL | {"1", "true", "yes"}
_NO = _ILL | {"0", "false", "no"}
_NOTHING = frozenset(
    {
        *("", "-", "0", "false", "n/a", "nil", "no", "no error"),
        *("no errors", "none", "nothing", "null", "undefined"),
    }
)
_ILL_WORDS = re.compile(
    r"\b(?<!no )(?<!0 )(?:bad|denied|error|fail(?:ed|ure)?|forbidden|illegal|invalid|refused|rejected"
    r"|unauthori[sz]ed|unknown|not (?:allowed|found|exist))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile("-?[0-9]{1,40}")
_STATUS = re.compile(r"[1-5][0-9][0-9]\b")
_DEEPEST = 3  # levels; what an error holds below is not looked at


class _Said:
    """A document by its keys, which services write as errorCode, error_code and ErrorCode."""

    def __init__(self, document: Mapping[str, object]) -> None:
        # Where two are alike the first counts.
        alike = [(re.sub("[_-]", "", key.lower()), (key, document[key])) for key in document]
        self._said = dict(reversed(alike))

    def value(self, key: str) -> object:
        """Return what is said there; None for nothing."""
        return self._said.get(key, ("", None))[1]

    def words(self, but: str = "") -> str:
        """Return the sentence for people, if there is one."""
        texts = (self.value(key) for key in _SENTENCES if key != but)
        return next((text for text in texts if isinstance(text, str) and text), "")

    def quote(self, key: str) -> str:
        """Return a key with its value, and the words beside it."""
        name, value = self._said[key]
        shown = value if isinstance(value, str | int | float) else "…"
        sign = f"{name} {str(shown).lower() if isinstance(shown, bool) else shown}"
        words = self.words(key)
        return f"{sign}: {words}" if words else sign


_SENTENCES = (
    *("errmsg", "msg", "description", "error", "message", "statusmessage", "errormessage"),
    *("errors", "detail"),
)


def _word(value: object) -> str:
    """Return a word, a number or a truth value as a word in small letters; empty for anything else."""
    return str(value).strip().lower() if isinstance(value, str | int) else ""


def _number(value: object) -> float | None:
    """Return a number, also one that is written as a text."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _truth(value: object, _: _Said) -> bool | None:
    """Judge whether all went well: true or false, also as a number or a text."""
    word = _word(value)
    return False if word in _YES else True if word in _NO else None


def _code(value: object, _: _Said) -> bool | None:
    """Judge a number that stands for a failure: all but 0, which is well, and the good statuses of HTTP."""
    number = _number(value)
    return None if number is None else _is_bad(number)


def _is_bad(number: float) -> bool:
    return number != 0 and number // 100 != 2  # noqa: PLR2004


def _code_in_words(value: object, said: _Said) -> bool | None:
    """Judge the number of an unknown service, where 1000 may well mean that all went well, by its words."""
    if _code(value, said) and _ILL_WORDS.search(said.words()):
        return True
    return _status(value, said) or None


def _status(value: object, said: _Said) -> bool | None:
    """Judge a status: a word, or a number of HTTP. What 0 and 1 mean depends on whom one asks."""
    word = _word(value)
    if _STATUS.match(word):
        return word[0] in "45" if word[0] in "245" else None
    return None if word in {"0", "1"} else _truth(value, said)


def _well(value: object, _: _Said) -> bool | None:
    """Judge a sentence: one that says that all went well is no error."""
    return False if _word(value) in _WELL else None


def _error(value: object, _: _Said) -> bool | None:
    """Judge what is said of an error: something, or that there is none."""
    return True if _holds(value) else None


def _holds(value: object, depth: int = 1) -> bool:
    """Return whether there is anything in an error."""
    if isinstance(value, dict | list):
        parts = list(value.values() if isinstance(value, dict) else value)
        return bool(parts) if depth == _DEEPEST else any(_holds(part, depth + 1) for part in parts)
    number = _number(value)
    if number is not None:
        return _is_bad(number)
    return bool(value) and _word(value) not in _NOTHING | _WELL


# --- signs -------------------------------------------------------------------------------------


class _Sign(NamedTuple):
    """Where a service says no, and what it says there: True for no, False for yes, None for neither."""

    keys: tuple[str, ...]
    says_no: Callable[[object, _Said], bool | None]


_NO_IN_WORDS = "webhook message delivery failed"  # of Teams' connectors, with 200
# What Slack's webhooks answer instead of "ok".
_WORDS_OF_SLACK = frozenset(
    {
        *("action_prohibited", "channel_is_archived", "channel_not_found", "http_error", "invalid_payload"),
        *("invalid_token", "no_active_hooks", "no_service", "no_service_id", "no_team", "no_text"),
        *("posting_to_general_channel_denied", "rollup_error", "team_disabled", "too_many_attachments"),
        *("user_not_found",),
    }
)

# Discord and Google Chat say no by their status, and by an error, which says so anywhere.
_SIGNS_OF: Mapping[Format, tuple[_Sign, ...]] = {
    Format.SLACK: (_Sign(("ok",), _truth),),
    Format.TELEGRAM: (_Sign(("ok",), _truth),),
    Format.DINGTALK: (_Sign(("errcode",), _code),),
    Format.WECOM: (_Sign(("errcode",), _code),),
    Format.FEISHU: (_Sign(("code", "statuscode"), _code),),
}
# The first that says yes or no decides.
_SIGNS = (
    _Sign(("ok", "success"), _truth),
    _Sign(("errcode",), _code),
    _Sign(("status", "statuscode", "result"), _status),
    _Sign(("message", "msg"), _well),
    _Sign(("code", "statuscode"), _code_in_words),
    _Sign(("error", "errors", "errormessage", "errorcode"), _error),
)
