"""Whether a 2xx reply of a webhook is a refusal: many chats refuse a message in the body of a 200; pure.

For each format, the fields that its service documents decide if they are present. Otherwise only unmistakable
fields mean a refusal: an acceptance mistaken for a refusal is posted again and again, a refusal mistaken for
an acceptance is a page that nobody reads.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from waexporter.model import Format
from waexporter.transport.lenient_json import parse_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EXAMINED = 2048  # bytes from which a web page or a sentence is recognized
_BEFORE_HTML = re.compile(rb"(?:\s|\xef\xbb\xbf|<!--.*?-->|<\?.*?\?>)*", re.DOTALL)
_BEGINS_HTML = re.compile(
    rb"<(?:!doctype\s+html|(?:html|head|body|title|meta|base|link|script|style|noscript|frameset)[\s/>])",
    re.IGNORECASE,
)
_CONTAINS_HTML = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)


def is_web_page(body: bytes) -> bool:
    """Return whether a body is a web page, such as one to sign in."""
    before = _BEFORE_HTML.match(body)
    begin = before.end() if before else 0
    start = body[begin : begin + _EXAMINED]
    return _BEGINS_HTML.match(start) is not None or (
        start.startswith(b"<") and _CONTAINS_HTML.search(start) is not None
    )


def find_refusal(body: bytes, form: Format = Format.JSON) -> str:
    """Return why the body of a 2xx is a refusal; empty if it is none.

    The words are those of the body: secrets in them have to be redacted before they are shortened.
    """
    text = body[:_EXAMINED].decode("utf-8-sig", errors="replace").strip()
    if text.lower().startswith(_REFUSED_BY_TEAMS) or (form is Format.SLACK and text in _REFUSALS_OF_SLACK):
        return text
    fields = _Fields(parse_answer(body))
    for check in (*_CHECKS_BY_FORMAT.get(form, ()), *_CHECKS):
        for key in check.keys:
            is_refusal = check.is_refusal(fields.value(key), fields)
            if is_refusal is not None:
                return fields.quote(key) if is_refusal else ""
    return ""


# --- the meaning of values --------------------------------------------------------------------------

_SUCCESS_WORDS = frozenset(
    {
        *("ok", "okay", "success", "successful", "succeeded", "accepted", "queued", "enqueued"),
        *("sent", "delivered", "received", "created", "processed", "published", "done"),
    }
)
_FAILURE_WORDS = frozenset(
    {
        *("error", "errors", "fail", "failed", "failure", "rejected", "refused", "denied", "invalid"),
        *("forbidden", "unauthorized", "not ok", "nok"),
    }
)
_TRUE_WORDS = _SUCCESS_WORDS | {"1", "true", "yes"}
_FALSE_WORDS = _FAILURE_WORDS | {"0", "false", "no"}
_EMPTY_WORDS = frozenset(
    {
        *("", "-", "0", "false", "n/a", "nil", "no", "no error"),
        *("no errors", "none", "nothing", "null", "undefined"),
    }
)
_FAILURE_IN_SENTENCE = re.compile(
    r"\b(?<!no )(?<!0 )(?:bad|denied|error|fail(?:ed|ure)?|forbidden|illegal|invalid|refused|rejected"
    r"|unauthori[sz]ed|unknown|not (?:allowed|found|exist))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile("-?[0-9]{1,40}")
_HTTP_STATUS = re.compile(r"[1-5][0-9][0-9]\b")
_MAX_DEPTH = 3  # levels of an error that are examined


class _Fields:
    """The fields of a document; services write one key as errorCode, error_code or ErrorCode."""

    def __init__(self, document: Mapping[str, object]) -> None:
        # The first of two equal keys counts.
        fields = [(re.sub("[_-]", "", key.lower()), (key, document[key])) for key in document]
        self._fields = dict(reversed(fields))

    def value(self, key: str) -> object:
        """Return the value of a key; None if it is absent."""
        return self._fields.get(key, ("", None))[1]

    def words(self, but: str = "") -> str:
        """Return the first sentence for people, other than that of the key `but`; empty if there is none."""
        texts = (self.value(key) for key in _SENTENCE_KEYS if key != but)
        return next((text for text in texts if isinstance(text, str) and text), "")

    def quote(self, key: str) -> str:
        """Return a key with its value, and the sentence for people."""
        name, value = self._fields[key]
        shown = value if isinstance(value, str | int | float) else "…"
        field = f"{name} {str(shown).lower() if isinstance(shown, bool) else shown}"
        words = self.words(key)
        return f"{field}: {words}" if words else field


_SENTENCE_KEYS = (
    *("errmsg", "msg", "description", "error", "message", "statusmessage", "errormessage"),
    *("errors", "detail"),
)


def _normalized(value: object) -> str:
    """Return a string, a number or a boolean as a word in lower case; empty for anything else."""
    return str(value).strip().lower() if isinstance(value, str | int) else ""


def _number(value: object) -> float | None:
    """Return a number, also one in a string; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_boolean(value: object, _: _Fields) -> bool | None:
    """Check a boolean, also one in a number or a string: false is a refusal."""
    word = _normalized(value)
    return False if word in _TRUE_WORDS else True if word in _FALSE_WORDS else None


def _check_code(value: object, _: _Fields) -> bool | None:
    """Check an error code: every number is a refusal but 0 and the 2xx of HTTP."""
    number = _number(value)
    return None if number is None else _is_failure_number(number)


def _is_failure_number(number: float) -> bool:
    return number != 0 and number // 100 != 2  # noqa: PLR2004


def _check_unknown_code(value: object, fields: _Fields) -> bool | None:
    """Check the code of an unknown service by the words with it: its 1000 may mean success."""
    if _check_code(value, fields) and _FAILURE_IN_SENTENCE.search(fields.words()):
        return True
    return _check_status(value, fields) or None


def _check_status(value: object, fields: _Fields) -> bool | None:
    """Check a status: a word, or an HTTP status. The meaning of 0 and 1 differs between services."""
    word = _normalized(value)
    if _HTTP_STATUS.match(word):
        return word[0] in "45" if word[0] in "245" else None
    return None if word in {"0", "1"} else _check_boolean(value, fields)


def _check_sentence(value: object, _: _Fields) -> bool | None:
    """Check a sentence: one of success is an acceptance, any other decides nothing."""
    return False if _normalized(value) in _SUCCESS_WORDS else None


def _check_error(value: object, _: _Fields) -> bool | None:
    """Check an error: any content is a refusal."""
    return True if _has_content(value) else None


def _has_content(value: object, depth: int = 1) -> bool:
    """Return whether an error has any content."""
    if isinstance(value, dict | list):
        parts = list(value.values() if isinstance(value, dict) else value)
        return bool(parts) if depth == _MAX_DEPTH else any(_has_content(part, depth + 1) for part in parts)
    number = _number(value)
    if number is not None:
        return _is_failure_number(number)
    return bool(value) and _normalized(value) not in _EMPTY_WORDS | _SUCCESS_WORDS


# --- checks -------------------------------------------------------------------------------------


class _Check(NamedTuple):
    """Keys of a reply, and whether a value there is a refusal: True, False, or None for undecided."""

    keys: tuple[str, ...]
    is_refusal: Callable[[object, _Fields], bool | None]


_REFUSED_BY_TEAMS = "webhook message delivery failed"  # of Teams' connectors, in a 200
# The replies of Slack's webhooks instead of "ok".
_REFUSALS_OF_SLACK = frozenset(
    {
        *("action_prohibited", "channel_is_archived", "channel_not_found", "http_error", "invalid_payload"),
        *("invalid_token", "no_active_hooks", "no_service", "no_service_id", "no_team", "no_text"),
        *("posting_to_general_channel_denied", "rollup_error", "team_disabled", "too_many_attachments"),
        *("user_not_found",),
    }
)

# Discord and Google Chat refuse by the HTTP status, and by an error, which is checked for every format.
_CHECKS_BY_FORMAT: Mapping[Format, tuple[_Check, ...]] = {
    Format.SLACK: (_Check(("ok",), _check_boolean),),
    Format.TELEGRAM: (_Check(("ok",), _check_boolean),),
    Format.DINGTALK: (_Check(("errcode",), _check_code),),
    Format.WECOM: (_Check(("errcode",), _check_code),),
    Format.FEISHU: (_Check(("code", "statuscode"), _check_code),),
}
# The first check that is decided counts.
_CHECKS = (
    _Check(("ok", "success"), _check_boolean),
    _Check(("errcode",), _check_code),
    _Check(("status", "statuscode", "result"), _check_status),
    _Check(("message", "msg"), _check_sentence),
    _Check(("code", "statuscode"), _check_unknown_code),
    _Check(("error", "errors", "errormessage", "errorcode"), _check_error),
)
