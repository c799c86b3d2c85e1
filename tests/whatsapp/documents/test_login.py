"""The token of a login, and when it expires."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.whatsapp.documents.bodies import body_of, stored
from waexporter.errors import BodyError
from waexporter.whatsapp.documents.login import read_login


def test_a_login_gives_a_token_and_its_end() -> None:
    token, ends = read_login(stored("login"))

    assert token == "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"
    assert ends == datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC).timestamp()


_ENDS = {"expires_after": "2018-03-01 15:29:26+00:00"}
_END = datetime(2018, 3, 1, 15, 29, 26, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("users", "end"),
    [
        ([{"token": "abc", **_ENDS}], _END),
        # nothing but the token is needed
        ([{"token": "abc"}], None),
        ([{"token": "abc", "expires_after": None}], None),
        ([{"token": "abc", "expires_after": 1_519_918_166}], None),
        ([{"token": "abc", "expires_after": "soon"}], None),
        ([{"token": "abc", "expires_after": ""}], None),
        ([{"token": "abc", "expires_after": []}], None),
        ([{"token": "abc", "expires_after": {"date": "2018-03-01"}}], None),
        # a list with a gap, as PHP writes it, and a map in the place of a list
        ({"1": {"token": "abc", **_ENDS}}, _END),
        ({"7": {"token": "abc"}, "10": {"token": "another"}}, None),
        ({"token": "abc", **_ENDS}, _END),
        # what is no session beside one
        (
            [None, 7, [], {}, {"token": None}, {"token": 17}, {"token": "a b\n"}, {"token": "abc", **_ENDS}],
            _END,
        ),
        ([{"token": "abc", "more": [{"deep": None}], **_ENDS}], _END),
    ],
)
def test_a_login_is_read_for_its_token_whatever_else_is_in_it(users: object, end: float | None) -> None:
    body = body_of({"users": users, "meta": "nothing", "errors": []})

    assert read_login(body) == ("abc", end)


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"users":[{"token":"abc"}]}',
        b'<br />Notice: Undefined index in login.php on line 1<br />{"users":[{"token":"abc"}]}',
        b'{"users":[{"token":"abc","name":"J\xfcrgen"}]}',
        b'{"users":[{"token":"abc","number":1e400}]}',
    ],
)
def test_a_login_is_read_although_its_answer_is_no_sound_json(body: bytes) -> None:
    assert read_login(body) == ("abc", None)


@pytest.mark.parametrize("token", ["", "a\r\nX-Other: header", "ключ", "a\0", "x" * 8193])
def test_a_token_that_fits_in_no_header_is_none(token: str) -> None:
    body = body_of({"users": [{"token": token, "expires_after": "2018-03-01 15:29:26+00:00"}]})

    with pytest.raises(BodyError, match="the answer to the login has no token in it"):
        read_login(body)


@pytest.mark.parametrize("document", [{"users": []}, {"users": [{}]}, {"users": {}}, {}, [], None])
def test_an_answer_without_users_is_no_login(document: object) -> None:
    with pytest.raises(BodyError):
        read_login(body_of(document))
