"""Statuses, `errors[]`, and foreign text in a form that can be logged."""

from __future__ import annotations

import pytest

from tests.whatsapp.documents.bodies import body_of, stored
from waexporter.errors import ApiError, BodyError, RefusedError, StatusError
from waexporter.model import Reason
from waexporter.transport.exchange import Reply
from waexporter.transport.lenient_json import printable
from waexporter.whatsapp.documents.envelope import (
    ApiFault,
    check,
    is_refused,
    read_errors,
    status_of,
)


def _errors(*errors: object) -> bytes:
    return body_of({"errors": errors})


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_a_2xx_without_errors_passes(status: int) -> None:
    reply = Reply(status, b'{"health":{"gateway_status":"connected"},"errors":[]}')

    assert check(reply) is None  # type: ignore[func-returns-value]


_FAILURES: list[tuple[str, tuple[type[ApiError], Reason, int, int, str]]] = [
    (
        "error-401",
        (
            RefusedError,
            Reason.REFUSED,
            1005,
            401,
            "answered 401: 1005 Access denied: Missing or invalid authentication credentials",
        ),
    ),
    (
        "error-1024",
        (
            RefusedError,
            Reason.REFUSED,
            1024,
            401,
            "answered 401: 1024 Password change required: Password must be changed",
        ),
    ),
    (
        "error-429",
        (
            StatusError,
            Reason.RATE_LIMITED,
            1015,
            429,
            "answered 429: 1015 Too many requests: Rate limiting exceeded on health check",
        ),
    ),
    (
        "error-500",
        (
            StatusError,
            Reason.STATUS,
            1014,
            500,
            (
                "answered 500: 1014 Internal error: "
                "Connection refused. Please check if wacore is running: core-a:6252"
            ),
        ),
    ),
]


@pytest.mark.parametrize(("name", "expected"), _FAILURES)
def test_an_error_of_the_api_is_raised_with_its_words_and_code(
    name: str, expected: tuple[type[ApiError], Reason, int, int, str]
) -> None:
    reply = Reply(expected[3], stored(name), "application/json")

    with pytest.raises(ApiError) as caught:
        check(reply)

    error = caught.value
    assert (type(error), error.reason, error.code, error.status, str(error)) == expected


_BARE: list[tuple[Reply, type[ApiError], Reason, str]] = [
    (
        Reply(502, b"<html>", "text/html"),
        StatusError,
        Reason.STATUS,
        "answered 502: no error of the API in it, but 6 bytes of text/html",
    ),
    (
        Reply(403, b""),
        RefusedError,
        Reason.REFUSED,
        "answered 403: no error of the API in it, but an empty body",
    ),
    (
        Reply(429, b"slow down"),
        StatusError,
        Reason.RATE_LIMITED,
        "answered 429: no error of the API in it, but 9 bytes of an unknown type",
    ),
    (
        Reply(503, _errors({"code": 1015, "title": "Too many requests"})),
        StatusError,
        Reason.RATE_LIMITED,
        "answered 503: 1015 Too many requests",
    ),
    (
        Reply(600, b"{}", "a\r\nb\x1b[31m"),
        StatusError,
        Reason.STATUS,
        "answered 600: no error of the API in it, but 2 bytes of a  b [31m",
    ),
    (
        Reply(301, b""),
        StatusError,
        Reason.STATUS,
        "answered 301, a redirect; redirects are not followed: correct the url",
    ),
    (
        Reply(308, b"", location="//user:pass@host/a?b#c"),
        StatusError,
        Reason.STATUS,
        "answered 308, a redirect to //host/a; redirects are not followed: correct the url",
    ),
    (Reply(103, b""), StatusError, Reason.STATUS, "answered 103, which ends no request"),
    (
        Reply(200, _errors({"code": 1014, "title": "Internal error"})),
        BodyError,
        Reason.BODY,
        "answered 200 with errors: 1014 Internal error",
    ),
    (
        Reply(200, _errors({"code": 1005, "title": "Access denied"})),
        RefusedError,
        Reason.REFUSED,
        "answered 200 with errors: 1005 Access denied",
    ),
    (
        Reply(200, _errors({"code": 1015, "title": "Too many requests"})),
        StatusError,
        Reason.RATE_LIMITED,
        "answered 200 with errors: 1015 Too many requests",
    ),
    (
        Reply(500, _errors({"code": 1024, "title": "Password change required"})),
        RefusedError,
        Reason.REFUSED,
        "answered 500: 1024 Password change required",
    ),
    (
        Reply(401, _errors({"title": "who knows"}, {"code": 1014, "title": "Internal error"})),
        StatusError,
        Reason.STATUS,
        "answered 401: no code who knows; 1014 Internal error",
    ),
]


@pytest.mark.parametrize(("reply", "kind", "reason", "words"), _BARE)
def test_any_other_answer_is_raised_with_what_is_known_of_it(
    reply: Reply, kind: type[ApiError], reason: Reason, words: str
) -> None:
    with pytest.raises(ApiError) as caught:
        check(reply)

    assert (type(caught.value), caught.value.reason, str(caught.value)) == (kind, reason, words)


@pytest.mark.parametrize(
    ("status", "code", "amounts_to"),
    [
        (200, 1005, 401),
        (403, 1005, 403),
        (500, 1005, 401),
        (200, 1006, 404),
        (400, 1012, 404),
        (200, 1014, 500),
        (401, 1014, 500),
        (500, 1015, 429),
        (200, 1016, 503),
        (418, 1099, 418),
        (401, None, 401),
    ],
)
def test_the_code_of_the_api_outweighs_the_status_it_came_with(
    status: int, code: int | None, amounts_to: int
) -> None:
    reply = Reply(status, _errors({"code": code, "title": "words"}))

    with pytest.raises(ApiError) as caught:
        check(reply)

    assert (caught.value.status, caught.value.code) == (amounts_to, code)
    assert status_of(reply) == amounts_to
    assert is_refused(reply) == (amounts_to in {401, 403})


@pytest.mark.parametrize(
    ("body", "is_foreign"),
    [
        (b"<html>", True),
        (b"", True),
        (b'{"message":"no healthy upstream"}', True),
        (_errors({"title": "Service overloaded"}), False),
        (b'{"errors":[{"code":1016,"title":"Service over', False),
        (b'{"meta":{"version":"v2.45.1"}}', False),
        (b'{"health":{"gateway_status":"connected"}}', False),
    ],
)
def test_an_answer_without_a_key_of_the_api_is_foreign(body: bytes, is_foreign: bool) -> None:  # noqa: FBT001 - a column
    with pytest.raises(ApiError) as caught:
        check(Reply(503, body))

    assert caught.value.is_foreign is is_foreign


def test_errors_deep_inside_a_document_are_not_those_of_the_envelope() -> None:
    reply = Reply(200, stored("health-node-down"))

    assert check(reply) is None  # type: ignore[func-returns-value]


_FAULTS: dict[str, tuple[bytes, tuple[ApiFault, ...]]] = {
    "several": (
        _errors({"code": 1, "title": "a"}, {"code": 2, "details": "b"}),
        (ApiFault(1, "a"), ApiFault(2, "b")),
    ),
    "code zero": (_errors({"code": 0, "title": "a"}), (ApiFault(0, "a"),)),
    "code as text": (_errors({"code": "1014", "title": "a"}), (ApiFault(1014, "a"),)),
    "code of other digits": (_errors({"code": "١٠١٤"}), (ApiFault(None, "no words given"),)),
    "code of 5000 digits": (_errors({"code": "1" * 5000}), (ApiFault(None, "no words given"),)),
    "code too large": (b'{"errors":[{"code":%s}]}' % (b"1" * 400), (ApiFault(None, "no words given"),)),
    "code of the wrong type": (
        _errors({"code": True}, {"code": [1]}, {"code": 1.5}),
        (ApiFault(None, "no words given"),) * 3,
    ),
    "words of the wrong type": (
        _errors({"code": 1, "title": ["a"], "details": {"b": 1}}),
        (ApiFault(1, "no words given"),),
    ),
    "words of many lines": (_errors({"title": "a\nb\0\x1b\u202e"}), (ApiFault(None, "a b   "),)),
    "words without end": (_errors({"title": "a" * 5000}), (ApiFault(None, "a" * 200 + "…"),)),
    "entries of the wrong type": (_errors(1, None, [], {}), ()),
    "words in the place of entries": (_errors("Internal\nerror", ""), (ApiFault(None, "Internal error"),)),
    "words in the place of a list": (b'{"errors":"a"}', ()),
    "a list too long": (_errors(*[{"code": 1}] * 10_000), (ApiFault(None, "130000 bytes of errors"),)),
    "one error in the place of a list": (b'{"errors":{"code":1}}', (ApiFault(1, "no words given"),)),
    "a list with a gap, as PHP writes it": (
        b'{"errors":{"1":{"code":1014,"title":"a"},"10":{"code":2},"2":{"code":3}}}',
        (ApiFault(1014, "a"), ApiFault(3, "no words given"), ApiFault(2, "no words given")),
    ),
    "no list": (b'{"errors":{"later":{"code":1}}}', ()),
    "an empty map": (b'{"errors":{}}', ()),
    "code as a fraction that is none": (b'{"errors":[{"code":1014.0}]}', (ApiFault(1014, "no words given"),)),
    "nothing": (b'{"errors":null}', ()),
    "twice": (b'{"errors":[{"code":1}],"errors":[{"code":2}]}', (ApiFault(2, "no words given"),)),
    "no map": (b"[]", ()),
    "nesting without end": (b'{"errors":' + b"[" * 100_000, ()),
    "nesting beside it": (b'{"x":' + b"[" * 100_000, ()),
    "no JSON": (b"\0", ()),
    "no Unicode": (
        b'{"errors":[{"code":1014,"title":"h\xf4te"}]}',
        (ApiFault(1014, "hôte"),),
    ),
    "a number without end beside it": (
        b'{"x":1e400,"errors":[{"code":1014}]}',
        (ApiFault(1014, "no words given"),),
    ),
    "a warning of PHP before it": (
        b'<br />\n<b>Notice</b>: {x}\n{"errors":[{"code":1014}]}',
        (ApiFault(1014, "no words given"),),
    ),
}


@pytest.mark.parametrize("case", _FAULTS)
def test_errors_are_read_as_far_as_they_make_sense(case: str) -> None:
    body, expected = _FAULTS[case]

    assert read_errors(body) == expected


def test_of_many_errors_three_are_shown() -> None:
    reply = Reply(500, _errors(*({"code": number, "title": "x"} for number in range(9))))

    with pytest.raises(StatusError, match=r"^answered 500: 0 x; 1 x; 2 x$"):
        check(reply)


def test_foreign_text_becomes_one_short_line() -> None:
    text = "é\r\n\t\x00\x7f\u2028\ud800" + "x" * 300

    shown = printable(text, 20)

    assert shown == "é       " + "x" * 12 + "…"


def test_an_error_has_the_retry_after_of_its_answer() -> None:
    with pytest.raises(StatusError) as caught:
        check(Reply(429, b"", retry_after=7.0))

    assert caught.value.retry_after == 7.0
