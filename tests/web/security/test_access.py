"""Who may send alerts, and who may reload the configuration."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, cast

import pytest

from tests.web.fakes import FakeBackend
from tests.web.pagers import PAIR, RIGHT_PAIR, TOKEN, FakePager, pager_application, post
from waexporter.model import Secret, WebhookAuth
from waexporter.web.responses import IncomingRequest
from waexporter.web.security.access import authenticate_reload, is_authorized, is_loopback

if TYPE_CHECKING:
    from waexporter.paging.pager import Pager
    from waexporter.web.responses import Response

# --- who may deliver ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "shown", "expected"),
    [
        (WebhookAuth(), "", True),
        (WebhookAuth(insecure=True), "", True),
        (TOKEN, "Bearer hunter2", True),
        (TOKEN, "bearer hunter2", True),
        (TOKEN, "Bearer  hunter2 ", True),
        (TOKEN, "", False),
        (TOKEN, "Bearer", False),
        (TOKEN, "Bearer hunter", False),
        (TOKEN, "Bearer hunter22", False),
        (TOKEN, "Bearer HUNTER2", False),
        (TOKEN, "hunter2", False),
        (TOKEN, RIGHT_PAIR, False),
        (TOKEN, "Bearer h\xfcnter2", False),
        (PAIR, RIGHT_PAIR, True),
        (PAIR, RIGHT_PAIR.replace("Basic", "basic"), True),
        (PAIR, "", False),
        (PAIR, "Bearer hunter2", False),
        (PAIR, f"Basic {b64encode(b'me:hunter').decode()}", False),
        (PAIR, f"Basic {b64encode(b'you:hunter2').decode()}", False),
        (PAIR, f"Basic {b64encode(b'me').decode()}", False),
        (PAIR, "Basic me:hunter2", False),
    ],
)
def test_only_the_right_secret_is_authorized(auth: WebhookAuth, shown: str, expected: bool) -> None:  # noqa: FBT001
    assert is_authorized(auth, shown) is expected
    pager = FakePager(auth)

    got = post(pager_application(pager), authorization=shown)

    assert got.status == (200 if expected else 401)
    assert pager.counted() == ({"accepted": 1} if expected else {"refused": 1})
    assert len(pager.received) == expected


def test_a_secret_with_other_characters_than_ascii_is_authorized() -> None:
    shown = "Bearer schlüssel".encode().decode("latin-1")  # as it is on the wire, read as headers are

    assert is_authorized(WebhookAuth(secret=Secret("schlüssel")), shown)


# --- who may reload ----------------------------------------------------------------------------

HERE, ELSEWHERE = ("127.0.0.1", 9847), ("192.0.2.7", 9847)


def rejected(
    auth: WebhookAuth | None, address: tuple[str, int] | None = HERE, **headers: str
) -> Response | None:
    pager = cast("Pager", None if auth is None else FakePager(auth))
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    request = IncomingRequest("/-/reload", "POST", headers=named, address=address)
    return authenticate_reload(request, FakeBackend(pager=pager))


@pytest.mark.parametrize(
    ("auth", "address", "headers", "status"),
    [
        # Without a secret, this machine.
        (None, HERE, {}, 200),
        (WebhookAuth(), HERE, {}, 200),
        (None, ELSEWHERE, {}, 403),
        (None, None, {}, 403),
        (WebhookAuth(insecure=True), ELSEWHERE, {}, 403),
        # With one, whoever has it.
        (TOKEN, HERE, {}, 401),
        (TOKEN, ELSEWHERE, {"authorization": "Bearer wrong"}, 401),
        (TOKEN, ELSEWHERE, {"authorization": "Bearer hunter2"}, 200),
        (PAIR, ELSEWHERE, {"authorization": RIGHT_PAIR}, 200),
        (PAIR, HERE, {"authorization": "Basic bm9uZTpub25l"}, 401),
        # And no web page ever: a browser adds what it knows of the user.
        (None, HERE, {"origin": "http://evil.example"}, 403),
        (None, HERE, {"origin": "null"}, 403),
        (None, HERE, {"origin": "http://127.0.0.1:9847"}, 403),
        (None, HERE, {"sec_fetch_site": "cross-site"}, 403),
        (PAIR, HERE, {"authorization": RIGHT_PAIR, "origin": "http://evil.example"}, 403),
    ],
)
def test_who_may_reload(
    auth: WebhookAuth | None, address: tuple[str, int] | None, headers: dict[str, str], status: int
) -> None:
    rejection = rejected(auth, address, **headers)

    assert (rejection.status if rejection else 200) == status
    assert "hunter2" not in repr(rejection)


@pytest.mark.parametrize(("auth", "scheme"), [(TOKEN, "Bearer"), (PAIR, 'Basic realm="waexporter"')])
def test_the_challenge_names_the_expected_scheme(auth: WebhookAuth, scheme: str) -> None:
    rejection = rejected(auth, HERE)

    assert rejection is not None
    assert dict(rejection.headers)["www-authenticate"] == scheme


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.7", False),
        ("fe80::1%eth0", False),
        ("192.0.2.7", False),
        ("0.0.0.0", False),
        ("", False),
        ("localhost", False),
    ],
)
def test_only_loopback_addresses_are_loopback(address: str, expected: bool) -> None:  # noqa: FBT001
    assert is_loopback(address) is expected
